package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"unicode/utf8"

	"kvstep/sim/plain"
	"kvstep/web/text"
)

// Names, words and messages come from files, hubs and arguments, and a terminal obeys
// what is written to it. So texts from elsewhere are written out (plain.Text) where they
// enter a sentence or a table (words, quoted), and whatever else the command prints
// goes through screen, which lets no order through, to a pipe neither: what reads
// it often prints it. Files that are asked for by name keep every byte.

// screen is standard output or standard error without orders to a terminal. What the
// catalogue puts around text of another direction stays.
type screen struct {
	mu  sync.Mutex
	to  io.Writer
	cut []byte // the start of a character whose rest has not been written yet
}

func (p *screen) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(b)
	if len(p.cut) > 0 {
		b = append(p.cut, b...)
	}
	end := len(b)
	for back := 1; back < utf8.UTFMax && back <= len(b); back++ {
		if at := len(b) - back; utf8.RuneStart(b[at]) {
			if !utf8.FullRune(b[at:]) {
				end = at
			}
			break
		}
	}
	p.cut = append([]byte(nil), b[end:]...)
	if err := p.put(b[:end]); err != nil {
		return 0, err
	}
	return n, nil
}

// flush writes what is left of a text that ended within a character.
func (p *screen) flush() {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.put(p.cut)
	p.cut = nil
}

func (p *screen) put(b []byte) error {
	if !slices.ContainsFunc(b, func(c byte) bool { return c != '\n' && c != '\t' && (c < ' ' || c >= 0x7f) }) {
		if len(b) == 0 {
			return nil
		}
		_, err := p.to.Write(b) // nearly always
		return err
	}
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		switch {
		case r == '\n' || r == '\t' || r == '\u2068' || r == '\u2069':
			out = append(out, b[:n]...)
		case plain.Orders(r) || r == utf8.RuneError && n == 1:
			out = append(out, plain.Text(string(b[:n]))...)
		default:
			out = append(out, b[:n]...)
		}
		b = b[n:]
	}
	_, err := p.to.Write(out)
	return err
}

// beneath returns the writer itself, for what draws on the terminal (progress bars).
func beneath(w io.Writer) io.Writer {
	if p, ok := w.(*screen); ok {
		return p.to
	}
	return w
}

func isTerminal(w io.Writer) bool {
	f, ok := beneath(w).(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// quoted writes a text from elsewhere in a table or beside a message.
func quoted(s string) string { return text.Isolate(plain.Text(s)) }

// message returns a message in the person's language. What fills it is written out.
func message(id string, args map[string]any) string { return catalogue().T(id, shown(args)) }

// shown returns values for a message, with every text written out.
func shown(args map[string]any) map[string]any {
	out := make(map[string]any, len(args))
	for name, v := range args {
		switch v := v.(type) {
		case string:
			out[name] = plain.Text(v)
		case []string:
			list := make([]string, len(v))
			for i, s := range v {
				list[i] = plain.Text(s)
			}
			out[name] = list
		case error, fmt.Stringer:
			out[name] = plain.Text(fmt.Sprint(v))
		default:
			out[name] = v
		}
	}
	return out
}
