package bundle

import (
	"fmt"
	"regexp"

	"github.com/evanw/esbuild/pkg/api"
)

// moduleSyntax is what a bundle cannot say, as it stands in a minified script. What is imported by an address
// that only the page knows is another script.
var moduleSyntax = regexp.MustCompile("(?:^|[;}\\n])(?:import[\\s{*\"'`]|export\\b)[^;]*|\\bimport(?:\\(\\s*[\"'`]|\\.meta\\b)")

// minified leaves out of a script what a browser does not read: comments, space, and of names inside a
// function their letters. Module syntax is refused, and what is no script.
func minified(source string) (string, error) {
	code, err := smaller(source, api.LoaderJS)
	if err != nil {
		return "", err
	}
	if bad := moduleSyntax.FindString(code); bad != "" {
		return "", fmt.Errorf("%q is nothing that a bundle can say", bad)
	}
	return code, nil
}

// smaller returns a script or a style sheet in as few bytes as say the same.
func smaller(source string, kind api.Loader) (string, error) {
	r := api.Transform(source, api.TransformOptions{
		Loader: kind, MinifyWhitespace: true, MinifySyntax: true, MinifyIdentifiers: true,
		LegalComments: api.LegalCommentsNone, Charset: api.CharsetUTF8, LogLevel: api.LogLevelSilent,
		Target: api.ESNext,
	})
	if len(r.Errors) > 0 {
		return "", fmt.Errorf("%s", r.Errors[0].Text)
	}
	return string(r.Code), nil
}
