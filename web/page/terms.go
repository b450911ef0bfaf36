package page

import (
	"context"
	"io"
	"strings"

	"kvstep/web/text"

	"github.com/a-h/templ"
)

// pieces writes a message without a space beside its terms, which a template would add.
func pieces(all []text.Piece) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		var b strings.Builder
		for _, p := range all {
			if p.Term == "" {
				b.WriteString(templ.EscapeString(p.Text))
				continue
			}
			b.WriteString(`<span class="term" role="button" tabindex="-1" data-term="` + templ.EscapeString(p.Term) +
				`" aria-haspopup="dialog">` + templ.EscapeString(p.Text) + `</span>`)
		}
		_, err := io.WriteString(w, b.String())
		return err
	})
}
