package docs_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// look asks for what the example shows: commands first, then the server.
func (w *workshop) look(t *testing.T, x example) {
	t.Helper()
	var asked []expect
	for _, e := range x.shows {
		if strings.HasPrefix(e.ask, "GET ") || strings.HasPrefix(e.ask, "OPEN ") {
			asked = append(asked, e)
		} else if out := w.must(t, e.ask); !strings.Contains(out, e.shows) {
			t.Errorf("%s does not say %q:\n%s", e.ask, e.shows, out)
		}
	}
	host, stop := w.serve(t)
	defer stop()
	for _, e := range asked {
		var answer string
		if path, ok := strings.CutPrefix(e.ask, "GET "); ok {
			answer = get(t, "http://"+host+path)
		} else {
			answer = open(t, host, strings.TrimPrefix(e.ask, "OPEN "), e.shows)
		}
		if !strings.Contains(answer, e.shows) {
			t.Errorf("%s does not show %q in %d bytes: %.300s", e.ask, e.shows, len(answer), answer)
		}
	}
}

// serve starts the program that was built and returns its address.
func (w *workshop) serve(t *testing.T) (host string, stop func()) {
	t.Helper()
	cmd := exec.Command(filepath.Join(w.bin, "kvstep"), "serve", "--no-open", "--addr", "127.0.0.1:0", "--models", filepath.Join(w.bin, "models"))
	cmd.Env = w.env
	said, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if m := regexp.MustCompile(`http://([^/ ]+)/`).FindStringSubmatch(lines.Text()); m != nil {
			go func() { _, _ = io.Copy(io.Discard, said) }()
			return m[1], stop
		}
	}
	stop()
	t.Fatal("the server does not say where it listens")
	return "", nil
}

// packedFrames are what a handout has of frames, in base 85 as web/export writes it.
var packedFrames = regexp.MustCompile(`id="frames"[^>]*>([(-;=-}]+)<`)

// unpack reads base 85: five digits are four bytes, fewer at the end one byte less than they are.
func unpack(digits []byte) (data []byte) {
	for five := range slices.Chunk(digits, 5) {
		word := uint32(0)
		for i := range 5 {
			digit := byte(84) // rounds up what the missing ones would be
			if i < len(five) {
				digit = five[i] - '('
				if five[i] == '}' {
					digit = '<' - '('
				}
			}
			word = word*85 + uint32(digit)
		}
		four := []byte{byte(word >> 24), byte(word >> 16), byte(word >> 8), byte(word)}
		data = append(data, four[:len(five)-1]...)
	}
	return data
}

// get is an answer; frames inside a handout are read too.
func get(t *testing.T, url string) string {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	body, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Errorf("%s: %s %v", url, r.Status, err)
	}
	all := bytes.NewBuffer(body)
	for _, m := range packedFrames.FindAllSubmatch(body, -1) {
		packed, err := gzip.NewReader(bytes.NewReader(unpack(m[1])))
		if err == nil {
			_, err = io.Copy(all, packed)
		}
		if err != nil {
			t.Errorf("%s: %v", url, err)
		}
	}
	return all.String()
}

// open is what a socket hears that opens a link, up to what is looked for.
func open(t *testing.T, host, link, shows string) string {
	t.Helper()
	socket, _, err := websocket.DefaultDialer.Dial("ws://"+host+"/live", http.Header{"Origin": {"http://" + host}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = socket.Close() }()
	if err := socket.WriteMessage(websocket.TextMessage, []byte(`{"cmd":"open","link":`+strconv.Quote(link)+`}`)); err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	_ = socket.SetReadDeadline(time.Now().Add(20 * time.Second))
	for {
		_, data, err := socket.ReadMessage()
		if err != nil {
			t.Errorf("%s: %v after %d bytes", link, err, all.Len())
			return all.String()
		}
		all.Write(data)
		if strings.Contains(string(data), shows) {
			return all.String()
		}
	}
}
