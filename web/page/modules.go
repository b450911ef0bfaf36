package page

import (
	"io/fs"
	"strings"

	"kvstep/static"
)

// modules are all that main.js comes to import. Told of them at once, a browser
// fetches them side by side instead of one after the other down the chain.
var modules = func() (all []string) {
	_ = fs.WalkDir(static.Files, "js", func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".js") && !strings.Contains(path, "handout") && path != "js/early.js" && path != "js/plots.js" {
			all = append(all, path)
		}
		return nil // embedded files can be read
	})
	return all
}()
