package pack

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
)

// TestAccepted: what browsers and others say, and what nobody should.
func TestAccepted(t *testing.T) {
	for header, want := range map[string]Coding{
		"": Identity, "gzip, deflate, br, zstd": Brotli, "gzip, deflate": Gzip, "GZIP": Gzip, "x-gzip": Gzip, "deflate": Identity,
		"br;q=0, gzip": Gzip, "br;q=0.5, gzip;q=0.6": Gzip, "br; q=1.0, gzip;q=0.8, *;q=0.1": Brotli, "gzip;q=0": Identity,
		"*": Brotli, "*;q=0": Identity, "*, br;q=0": Gzip, "*;q=0, gzip": Gzip, "identity": Identity, "identity, br;q=0.5": Identity,
		"identity;q=0": Identity, "identity;q=0, gzip;q=0.001": Gzip, "gzip;q=x": Identity, "gzip;q=2, br": Brotli, "gzip;q=-1": Identity,
		"gzip;q=NaN": Identity, "br;level=9": Identity, ",,;,": Identity, "brotli": Identity, "gzip;q=0.5;x=1": Identity,
	} {
		if got := Accepted([]string{header}); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
	if got := Accepted([]string{"gzip", "br;q=0.9"}); got != Gzip {
		t.Errorf("two lines: %q", got)
	}
}

// ask serves a content to a request with headers.
func ask(c Content, method string, header ...string) *http.Response {
	r := httptest.NewRequest(method, "/", nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	c.Serve(w, r)
	return w.Result()
}

// decoded returns the body of an answer as it is meant.
func decoded(t *testing.T, r *http.Response) string {
	t.Helper()
	var from io.Reader = r.Body
	switch Coding(r.Header.Get("Content-Encoding")) {
	case Gzip:
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		from = z
	case Brotli:
		from = brotli.NewReader(r.Body)
	}
	data, err := io.ReadAll(from)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestServe: each coding has the bytes, its own name, and 304 for whoever has that; HEAD has
// the head alone.
func TestServe(t *testing.T) {
	text := strings.Repeat("All that is said twice is said shorter. ", 200)
	c := New("text/plain", []byte(text))
	tags := map[string]bool{}
	for _, coding := range codings {
		r := ask(c, "GET", "Accept-Encoding", string(coding))
		tag := r.Header.Get("ETag")
		if got := decoded(t, r); r.StatusCode != 200 || got != text || r.Header.Get("Content-Encoding") != string(coding) || tags[tag] || r.Header.Get("Vary") != "Accept-Encoding" || r.Header.Get("Content-Type") != "text/plain" {
			t.Errorf("%q: %d, %d bytes, %v", coding, r.StatusCode, len(got), r.Header)
		}
		if coding != Identity && r.ContentLength > int64(len(text))/10 {
			t.Errorf("%q: %d bytes", coding, r.ContentLength)
		}
		tags[tag] = true
		for header, want := range map[string]int{tag: 304, "W/" + tag: 304, `"x", ` + tag: 304, "*": 304, `"x"`: 200, tag[1:]: 200} {
			if again := ask(c, "GET", "Accept-Encoding", string(coding), "If-None-Match", header); again.StatusCode != want || want == 304 && (again.ContentLength > 0 || again.Header.Get("ETag") != tag) {
				t.Errorf("%q with %s: %d, want %d", coding, header, again.StatusCode, want)
			}
		}
		head := ask(c, "HEAD", "Accept-Encoding", string(coding))
		if body, _ := io.ReadAll(head.Body); len(body) > 0 || head.Header.Get("Content-Length") != r.Header.Get("Content-Length") || head.Header.Get("ETag") != tag {
			t.Errorf("%q: HEAD %v with %d bytes", coding, head.Header, len(body))
		}
	}
	if other := New("text/plain", []byte(text+".")); other.Tag() == c.Tag() {
		t.Error("another content has the same name")
	}
}

// TestRanges: parts are parts of what travels, and belong to the coding that they were cut from.
func TestRanges(t *testing.T) {
	text := []byte(strings.Repeat("All that is said twice is said shorter. ", 200))
	c := New("text/plain", text)
	for _, coding := range codings {
		whole, err := io.ReadAll(ask(c, "GET", "Accept-Encoding", string(coding)).Body)
		if err != nil {
			t.Fatal(err)
		}
		r := ask(c, "GET", "Accept-Encoding", string(coding), "Range", "bytes=10-29")
		part, err := io.ReadAll(r.Body)
		if err != nil || r.StatusCode != 206 || !bytes.Equal(part, whole[10:30]) || r.Header.Get("Content-Range") != fmt.Sprintf("bytes 10-29/%d", len(whole)) || r.Header.Get("Content-Length") != "20" {
			t.Errorf("%q: %d %v: %q", coding, r.StatusCode, r.Header, part)
		}
		other := ask(c, "GET", "Accept-Encoding", string(coding), "Range", "bytes=10-29", "If-Range", `"`+c.Tag()+`-other"`)
		if other.StatusCode != 200 {
			t.Errorf("%q: a part of another coding: %d", coding, other.StatusCode)
		}
		if r := ask(c, "GET", "Accept-Encoding", string(coding), "Range", "bytes=999999-"); r.StatusCode != 416 {
			t.Errorf("%q: beyond the end: %d", coding, r.StatusCode)
		}
	}
}

// TestWhatCannotBePackedIsNot: noise goes as it is, and nothing of it is lost.
func TestWhatCannotBePackedIsNot(t *testing.T) {
	noise := make([]byte, 5000)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	for _, data := range [][]byte{noise, {}, {1}} {
		r := ask(New("application/octet-stream", data), "GET", "Accept-Encoding", "br, gzip")
		if got := decoded(t, r); r.Header.Get("Content-Encoding") != "" || got != string(data) {
			t.Errorf("%d bytes: %v, %d came", len(data), r.Header, len(got))
		}
	}
}

// TestWrite: a refusal has its status, and no name that somebody could keep it by.
func TestWrite(t *testing.T) {
	text := strings.Repeat("no ", 100)
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	r.Header.Set("If-None-Match", "*")
	w := httptest.NewRecorder()
	New("text/plain", []byte(text)).Write(w, r, 503)
	if got := w.Result(); got.StatusCode != 503 || got.Header.Get("ETag") != "" || decoded(t, got) != text {
		t.Errorf("%d %v", got.StatusCode, got.Header)
	}
}

// TestCodersAreUsedAgain: what a coder wrote before leaves nothing in what it writes next.
func TestCodersAreUsedAgain(t *testing.T) {
	for _, coding := range []Coding{Gzip, Brotli} {
		text := []byte(strings.Repeat("abcdefgh", 500))
		first := Encode(coding, text)
		for n := range 20 {
			Encode(coding, []byte(strings.Repeat(fmt.Sprint(n), 100*n)))
			if again := Encode(coding, text); !bytes.Equal(again, first) {
				t.Fatalf("%q: other bytes after %d others", coding, n)
			}
		}
	}
}

// FuzzAccepted: whatever is said, the answer is one that there is, and never one that is
// refused by name.
func FuzzAccepted(f *testing.F) {
	f.Add("gzip;q=0.5, br;q=0, *")
	f.Fuzz(func(t *testing.T, header string) {
		got := Accepted([]string{header})
		if got != Identity && coders[got] == nil {
			t.Errorf("%q: %q", header, got)
		}
		if refusing := header + ", br;q=0, gzip;q=0"; Accepted([]string{refusing}) != Identity {
			t.Errorf("%q: %q", refusing, Accepted([]string{refusing}))
		}
	})
}

func BenchmarkEncode(b *testing.B) {
	text := []byte(strings.Repeat("All that is said twice is said shorter. ", 5000))
	for _, coding := range []Coding{Gzip, Brotli} {
		b.Run(string(coding), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Encode(coding, text)
			}
		})
	}
}
