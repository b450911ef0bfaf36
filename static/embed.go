// Package static is the page's stylesheet and plain ES modules, served as they
// are written. The tests of the modules are in static/test.
package static

import "embed"

// Files are served under /static/.
//
//go:embed css js favicon.svg
var Files embed.FS
