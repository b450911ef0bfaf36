package mat

// RoundToLine rounds n numbers up to the end of the last cache line that they touch: where many
// matrices are cut out of one piece of memory, each of them should begin with a line.
// A pass over ones that do not takes a tenth longer.
func RoundToLine(n int) int { return (n + 15) / 16 * 16 }
