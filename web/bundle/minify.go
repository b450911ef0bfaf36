package bundle

import (
	"fmt"
	"regexp"

	"github.com/evanw/esbuild/pkg/api"
)

// moduleSyntax is what a bundle cannot say, as it stands in a minified script.
var moduleSyntax = regexp.MustCompile(`(?:^|[;}\n])(?:import|export)\b[^;]*|\bimport(?:\(|\.meta\b)`)

// minified leaves out of a script comments and space, which a browser does not read; names and
// statements stay, so that a person can follow it in a browser. Module syntax is refused, and
// what is no script.
func minified(source string) (string, error) {
	r := api.Transform(source, api.TransformOptions{
		MinifyWhitespace: true, LegalComments: api.LegalCommentsNone, Charset: api.CharsetUTF8, LogLevel: api.LogLevelSilent,
	})
	if len(r.Errors) > 0 {
		return "", fmt.Errorf("%s", r.Errors[0].Text)
	}
	if bad := moduleSyntax.Find(r.Code); bad != nil {
		return "", fmt.Errorf("%q is nothing that a bundle can say", bad)
	}
	return string(r.Code), nil
}
