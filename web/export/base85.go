package export

import "strings"

// base85 writes bytes as text, four as five characters, most significant first, where base64
// would take six (static/js/handout/base85.js reads it). The digits are the characters from "("
// to "|"; instead of "<", which could end a script, stands "}". Fewer than four bytes at the
// end are one character more than they are.
func base85(data []byte) string {
	var out strings.Builder
	out.Grow((len(data)*5 + 3) / 4)
	for len(data) > 0 {
		n := min(4, len(data))
		var four [4]byte
		copy(four[:], data[:n])
		word := uint32(four[0])<<24 | uint32(four[1])<<16 | uint32(four[2])<<8 | uint32(four[3])
		var five [5]byte
		for i := 4; i >= 0; i-- {
			five[i] = '(' + byte(word%85)
			if five[i] == '<' {
				five[i] = '}'
			}
			word /= 85
		}
		out.Write(five[:n+1])
		data = data[n:]
	}
	return out.String()
}
