//go:build !amd64

package mat

// These report that there is no kernel here; see codes_amd64.go.
func fastGroups([]float32, Codes, int, []uint16, []uint16, int) bool  { return false }
func fastColumns([]float32, Codes, int, []uint16, []uint16, int) bool { return false }
