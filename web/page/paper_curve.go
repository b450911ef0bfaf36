package page

import (
	"fmt"
	"strconv"
	"strings"

	taught "kvstep/sim/lesson" // this package has a component of that name
)

// The box of a curve to be drawn, in units of its own.
const (
	curveWidth, curveHeight        = 640.0, 200.0
	curveLeft, curveTop, curveFoot = 84.0, 14.0, 28.0
	curveLines                     = 4 // across, above the lowest
)

// across returns where the line of a point stands.
func (b PaperBeat) across(point int) float64 {
	return curveLeft + (curveWidth-curveLeft-20)*float64(point)/float64(max(b.Ask.Points-1, 1))
}

// up returns where a share of the largest number stands.
func up(share float64) float64 {
	return curveHeight - curveFoot - (curveHeight-curveFoot-curveTop)*share
}

// most returns the number at the top of the axis.
func (b PaperBeat) most() float64 {
	if b.Ask.Most > 0 {
		return b.Ask.Most
	}
	return 1
}

// scale writes the number at a line across.
func (b PaperBeat) scale(line int) string {
	return taught.Format(b.most()*float64(line)/curveLines, b.Ask.Unit)
}

// curve returns the right curve as the points of a polyline, "" where none is printed.
func (b PaperBeat) curve() string {
	var points []string
	for i, text := range strings.Split(b.right(), ",") {
		x, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return ""
		}
		points = append(points, fmt.Sprintf("%.1f,%.1f", b.across(i), up(x/b.most())))
	}
	return strings.Join(points, " ")
}

// px writes a coordinate.
func px(x float64) string { return strconv.FormatFloat(x, 'f', 1, 64) }
