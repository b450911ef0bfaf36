package checkpoint

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// AppendSafetensors appends f to dst as one safetensors file. The bytes are a
// function of f alone: metadata keys sorted, tensors in the order given, the
// header padded with spaces so that the data begins at a multiple of 8 bytes
// of the file. Every frame to the browser is written by it, so it allocates
// nothing but what dst needs to grow.
//
// Names must be distinct and not "__metadata__". Data that is not what DType
// and Shape ask for is a mistake of the program, and panics. Invalid UTF-8 in
// names and metadata becomes U+FFFD, since JSON cannot hold it.
func AppendSafetensors(dst []byte, f File) []byte {
	dst = slices.Grow(dst, sizeHint(f))
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0, 0, 0, 0, 0) // the length, known at the end
	dst = append(dst, '{')
	if len(f.Meta) > 0 {
		dst = appendMeta(dst, f.Meta)
	}
	at := 0 // where the next tensor's data begins, from the end of the header
	for _, t := range f.Tensors {
		if want, ok := byteSize(t.DType, t.Shape); dtypeSize(t.DType) == 0 || !ok || want != int64(len(t.Data)) {
			panic(fmt.Sprintf("checkpoint.AppendSafetensors: tensor %q has %d bytes for %s %v", t.Name, len(t.Data), t.DType, t.Shape))
		}
		if dst[len(dst)-1] != '{' { // after metadata or a tensor
			dst = append(dst, ',')
		}
		dst = appendEntry(dst, t, at)
		at += len(t.Data)
	}
	dst = append(dst, '}')
	// The format allows spaces after the JSON; a browser can then view F32 and
	// F64 data in place, since typed arrays must begin at a multiple of their size.
	for (len(dst)-start)%8 != 0 {
		dst = append(dst, ' ')
	}
	binary.LittleEndian.PutUint64(dst[start:], uint64(len(dst)-start-8))
	for _, t := range f.Tensors {
		dst = append(dst, t.Data...)
	}
	return dst
}

// sizeHint estimates how many bytes f needs; escapes may need a few more.
func sizeHint(f File) int {
	n := 64
	for key, value := range f.Meta {
		n += len(key) + len(value) + len(value)/4 + 8
	}
	for _, t := range f.Tensors {
		n += len(t.Name) + len(t.Data) + 20*len(t.Shape) + 96
	}
	return n
}

// appendMeta appends "__metadata__":{..} with sorted keys.
func appendMeta(dst []byte, meta map[string]string) []byte {
	var few [32]string // on the stack; more keys than this allocate once
	keys := few[:0]
	for key := range meta {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	dst = append(dst, `"__metadata__":{`...)
	for i, key := range keys {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendString(dst, key)
		dst = append(dst, ':')
		dst = appendString(dst, meta[key])
	}
	return append(dst, '}')
}

// appendEntry appends one tensor of the header; its data begins at byte at.
func appendEntry(dst []byte, t Tensor, at int) []byte {
	dst = appendString(dst, t.Name)
	dst = append(dst, `:{"dtype":"`...)
	dst = append(dst, t.DType...)
	dst = append(dst, `","shape":[`...)
	for i, d := range t.Shape {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = strconv.AppendInt(dst, int64(d), 10)
	}
	dst = append(dst, `],"data_offsets":[`...)
	dst = strconv.AppendInt(dst, int64(at), 10)
	dst = append(dst, ',')
	dst = strconv.AppendInt(dst, int64(at+len(t.Data)), 10)
	return append(dst, "]}"...)
}

// appendString appends s as a JSON string. Text of every language stays as it
// is; only quotes, backslashes and control characters are escaped.
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	from := 0 // s[from:i] needs no escape
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			// Past ASCII only invalid bytes need anything.
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				dst = append(append(dst, s[from:i]...), `\ufffd`...)
				from = i + 1
			}
			i += size
			continue
		}
		i++
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[from:i-1]...)
		from = i
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		default: // U+0000 to U+001F
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	dst = append(dst, s[from:]...)
	return append(dst, '"')
}
