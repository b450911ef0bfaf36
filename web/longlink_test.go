package web

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"kvstep/sim"
	"kvstep/sim/recipe"
	"kvstep/web/wire"
)

// TestTheLongestLinkOpens: a run that the socket has accepted is there again when its page
// is reloaded, its socket comes back, its file is taken away, and its table is asked for.
func TestTheLongestLinkOpens(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped in short mode: runs the embedded model")
	}
	addr, stop := start(t)
	defer stop()
	longest := recipe.Complete(sim.Recipe{Model: "story", Prompt: "Once upon a time", MaxNew: 2})
	for n := 29_000; ; n-- { // some 28,000 Chinese characters
		longest.Stop = []string{strings.Repeat("猫", n)}
		if wire.CheckLink(longest) == nil {
			break
		}
	}
	conn, _, err := websocket.DefaultDialer.Dial("ws://"+addr+"/live", http.Header{"Origin": {"http://" + addr}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	do := func(command map[string]any) string {
		t.Helper()
		data, _ := json.Marshal(command)
		if err := conn.WriteMessage(websocket.TextMessage, data); err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		_, answer, err := conn.ReadMessage()
		if err != nil {
			t.Fatalf("%v: %v", command["cmd"], err)
		}
		return string(answer)
	}
	do(map[string]any{"cmd": "open", "link": "?new=2"})
	if answer := do(map[string]any{"cmd": "run", "recipe": longest}); strings.Contains(answer, `"problem"`) {
		t.Fatalf("refused: %.200s", answer)
	}
	link := wire.Link{Recipe: longest, Step: 3}.Query()
	for _, path := range []string{"/lab" + link, "/take/csv" + link + "&to=3", "/variants" + link} {
		if resp, body := ask(t, addr, path, nil); resp.StatusCode != 200 {
			t.Errorf("%.20s of %d bytes: %s %.100s", path, len(path), resp.Status, body)
		}
	}
	if answer := do(map[string]any{"cmd": "open", "link": link}); strings.Contains(answer[:60], "problem") {
		t.Errorf("the socket comes back: %.200s", answer)
	}
	// What is too long is told in words, by link as by message.
	over := "?stop=" + url.QueryEscape(strings.Repeat("猫", 40_000))
	if resp, body := ask(t, addr, "/take/csv"+over, nil); resp.StatusCode != 431 && !strings.Contains(body, "link.long") {
		t.Errorf("a longer link: %s %.100s", resp.Status, body)
	}
	longest.Stop = append(longest.Stop, "more and more")
	if answer := do(map[string]any{"cmd": "run", "recipe": longest}); !strings.Contains(answer, "link.room") {
		t.Errorf("a longer run: %.100s", answer)
	}
	if _, frame, err := conn.ReadMessage(); err != nil || strings.HasPrefix(string(frame), "{") { // the old run is still there
		t.Errorf("%.100s %v", frame, err)
	}
	longest.Stop = []string{strings.Repeat("\x01", 60_000)}
	if answer := do(map[string]any{"cmd": "run", "recipe": longest}); !strings.Contains(answer, "command.long") {
		t.Errorf("a message that is too long, of a link that is not: %.100s", answer)
	}
}
