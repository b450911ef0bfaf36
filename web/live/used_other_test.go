//go:build !unix

package live

import "time"

// used is not told here.
func used() time.Duration { return 0 }
