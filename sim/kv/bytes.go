package kv

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"kvstep/sim"
)

// units of a number of bytes.
var units = []struct {
	name string
	size int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"GB", 1e9}, {"MB", 1e6}, {"KB", 1e3}, {"kB", 1e3}, {"B", 1}, {"", 1}}

// ParseBytes reads a number of bytes such as "65536", "64 KiB" or "8GB"; "" is 0.
func ParseBytes(text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	for _, u := range units {
		number, ok := strings.CutSuffix(strings.TrimSpace(text), u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		if errors.Is(err, strconv.ErrRange) || err == nil && (n < 0 || n > maxBudget/u.size) {
			return 0, Budget.Refuse(text)
		}
		if err != nil {
			return 0, sim.NewProblem("cache.bytes", "Have", fmt.Sprintf("%.40s", text))
		}
		return n * u.size, nil
	}
	return 0, nil // not reached: every text ends with the last unit
}
