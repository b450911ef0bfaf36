package export

import (
	"fmt"
	"strings"

	"rsc.io/qr"

	"kvstep/sim"
)

// QR returns an address as a QR code: an SVG of one path, dark modules on white with
// the quiet zone of four modules that readers need.
func QR(address string) (*File, error) {
	code, err := qr.Encode(address, qr.L) // a screen is clean; the lowest level keeps modules large
	if err != nil {
		return nil, sim.NewProblem("take.qr", "Bytes", len(address)).Because(err)
	}
	const quiet = 4
	side := code.Size + 2*quiet
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			from := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			if x > from {
				fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", from+quiet, y+quiet, x-from, x-from)
			}
		}
	}
	svg := fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges">`+
		`<rect width="%d" height="%d" fill="#fff"/><path d="%s" fill="#000"/></svg>`+"\n", side, side, side, side, path.String())
	return &File{"kvstep-link.svg", "image/svg+xml", []byte(svg)}, nil
}
