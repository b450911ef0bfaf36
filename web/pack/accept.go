package pack

import (
	"strconv"
	"strings"
)

// Coding is a way in which the bytes of an answer travel (Content-Encoding).
type Coding string

const (
	Identity Coding = "" // as they are
	Gzip     Coding = "gzip"
	Brotli   Coding = "br"
)

// codings are those there are; of what a browser likes alike, the first is the smallest.
var codings = []Coding{Brotli, Gzip, Identity}

// Accepted returns the coding that the values of Accept-Encoding like most (RFC 9110,
// 12.5.3). One that refuses all there are is answered as it is: a page that can perhaps be
// read is better than none.
func Accepted(header []string) Coding {
	likes := map[string]float64{}
	for part := range strings.SplitSeq(strings.ToLower(strings.Join(header, ",")), ",") {
		name, weight, weighed := strings.Cut(part, ";")
		q := 1.0
		if weighed {
			value, ok := strings.CutPrefix(strings.ReplaceAll(weight, " ", ""), "q=")
			var err error
			if q, err = strconv.ParseFloat(value, 64); !ok || err != nil || !(q >= 0 && q <= 1) {
				q = 0 // what cannot be read likes nothing
			}
		}
		if name = strings.TrimPrefix(strings.TrimSpace(name), "x-"); name != "" {
			likes[name] = q
		}
	}
	best, most := Identity, 0.0
	for _, c := range codings {
		if q := liked(likes, c); q > most {
			best, most = c, q
		}
	}
	return best
}

// liked returns how much a coding is liked, 0 to 1. A star speaks for what is not named;
// bytes as they are may always be sent, and last, where nothing is said of them.
func liked(likes map[string]float64, c Coding) float64 {
	name := string(c)
	if c == Identity {
		name = "identity"
	}
	if q, named := likes[name]; named {
		return q
	}
	if q, star := likes["*"]; star {
		return q
	}
	if c == Identity {
		return 1e-9
	}
	return 0
}
