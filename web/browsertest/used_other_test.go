//go:build !unix

package browsertest

import "time"

// used is not told here.
func used() time.Duration { return 0 }
