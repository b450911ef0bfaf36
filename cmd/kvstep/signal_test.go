//go:build unix

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// folder has what the tests build.
var folder string

func TestMain(m *testing.M) {
	code := m.Run()
	if folder != "" {
		os.RemoveAll(folder)
	}
	os.Exit(code)
}

// built is the command as people have it, built by the first test that wants it.
var built = sync.OnceValues(func() (binary string, err error) {
	if folder, err = os.MkdirTemp("", "kvstep-signal-"); err != nil {
		return "", err
	}
	binary = filepath.Join(folder, "kvstep")
	out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return binary, nil
})

// process is a running kvstep.
type process struct {
	*exec.Cmd
	stderr bytes.Buffer
}

func launch(t *testing.T, stdout io.Writer, args ...string) *process {
	t.Helper()
	if testing.Short() {
		t.Skip("skipped in short mode: builds the command")
	}
	binary, err := built()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{Cmd: exec.Command(binary, args...)}
	p.Stdout, p.Stderr = stdout, &p.stderr
	p.Env = append(os.Environ(), "LC_ALL=C", "GOMAXPROCS=2")
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.ProcessState == nil {
			_ = p.Process.Kill()
			_ = p.Wait()
		}
	})
	return p
}

// works waits until the process is at its work, or stands before a full pipe: it has
// used a third of a second of processor, or uses none any more.
func (p *process) works(t *testing.T) {
	t.Helper()
	const ticks = 33 // of 10 ms
	before, still := 0, 0
	for range 100 {
		time.Sleep(100 * time.Millisecond)
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.Process.Pid))
		if err != nil {
			continue // not Linux
		}
		_, rest, _ := strings.Cut(string(data), ") ")
		f := strings.Fields(rest)
		user, _ := strconv.Atoi(f[11])
		system, _ := strconv.Atoi(f[12])
		now := user + system
		if still++; now != before || now == 0 {
			before, still = now, 0
		}
		if now >= ticks || still == 4 {
			return
		}
	}
}

// ends sends a signal, or two, and waits for the end. A stop must take two seconds at
// most; the margin is for a machine that does other things.
func (p *process) ends(t *testing.T, signals ...os.Signal) *os.ProcessState {
	t.Helper()
	started := time.Now()
	_ = p.Process.Signal(signals[0])
	over := make(chan struct{})
	defer close(over)
	if len(signals) > 1 { // until it is heard: a busy machine takes a while over the first
		go func() {
			for {
				select {
				case <-over:
					return
				case <-time.After(200 * time.Millisecond):
					_ = p.Process.Signal(signals[1])
				}
			}
		}()
	}
	late := time.AfterFunc(20*time.Second, func() { _ = p.Process.Kill() })
	_ = p.Wait()
	late.Stop()
	took := time.Since(started)
	t.Logf("ended after %v: %v %s", took.Round(time.Millisecond), p.ProcessState, p.stderr.String())
	if took > 4*time.Second {
		t.Errorf("it took %v to end", took)
	}
	return p.ProcessState
}

var served = regexp.MustCompile(`http://([^/]+)/`)

// launchServer starts kvstep serve and gives its address.
func launchServer(t *testing.T, args ...string) (p *process, addr string) {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	if testing.Short() {
		t.Skip("skipped in short mode: builds the command")
	}
	binary, err := built()
	if err != nil {
		t.Fatal(err)
	}
	p = &process{Cmd: exec.Command(binary, append([]string{"serve", "--no-open", "--addr", "127.0.0.1:0"}, args...)...)}
	p.Stderr = write
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close()
	t.Cleanup(func() {
		if p.ProcessState == nil {
			_ = p.Process.Kill()
			_ = p.Wait()
		}
	})
	line, err := bufio.NewReader(read).ReadString('\n')
	m := served.FindStringSubmatch(line)
	if m == nil {
		t.Fatalf("it says %q %v", line, err)
	}
	return p, m[1]
}

// request sends a request and reads nothing but its first bytes, if it is to.
func request(t *testing.T, addr, head string, first bool) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: %s\r\nContent-Length: 0\r\n\r\n", head, addr)
	if !first {
		return
	}
	answer := make([]byte, 15)
	_ = conn.SetReadDeadline(time.Now().Add(60 * time.Second))
	if _, err := io.ReadFull(conn, answer); err != nil || string(answer) != "HTTP/1.1 200 OK" {
		t.Fatalf("%s: %q %v", head, answer, err)
	}
}

// deaf is a viewer that asks for frame after frame and reads none.
func deaf(t *testing.T, addr string) {
	t.Helper()
	dialer := websocket.Dialer{NetDial: func(network, addr string) (net.Conn, error) {
		conn, err := net.Dial(network, addr)
		if err == nil {
			_ = conn.(*net.TCPConn).SetReadBuffer(4 << 10)
		}
		return conn, err
	}}
	conn, _, err := dialer.Dial("ws://"+addr+"/live", http.Header{"Origin": {"http://" + addr}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.WriteMessage(websocket.TextMessage, []byte(`{"cmd":"open","link":"?new=10&step=4&show=heads,history,rows&prompt=`+strings.Repeat("Once+upon+a+time+", 40)+`"}`))
	for i, until := 0, time.Now().Add(2*time.Second); time.Now().Before(until); i++ {
		_ = conn.SetWriteDeadline(time.Now().Add(time.Second))
		if conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"cmd":"seek","step":%d}`, i%5)) != nil {
			return
		}
		time.Sleep(4 * time.Millisecond)
	}
}

const longRun = "?prompt=Once+upon+a+time&new=400&to=100000&sampler=sample&t=9&seed=1" // which seldom ends by itself

// TestServerEndsWhateverRuns: asked to end, it does so within two seconds and says that
// all is well, whoever does not read and whatever is being computed.
func TestServerEndsWhateverRuns(t *testing.T) {
	for name, busy := range map[string]func(addr string){
		"nothing":                     func(string) {},
		"a viewer that does not read": func(addr string) { deaf(t, addr) },
		"a file is made":              func(addr string) { request(t, addr, "GET /take/html"+longRun, false) },
		"a download that is not read": func(addr string) {
			request(t, addr, "GET /take/safetensors?prompt=Once+upon+a+time&new=150&to=100000&sampler=sample&t=9&seed=1", true)
		},
		"a measurement":          func(addr string) { request(t, addr, "POST /plots/measure?model=story&prompt=200&new=240", false) },
		"every way of attending": func(addr string) { request(t, addr, "GET /variants"+longRun, false) },
		"a request that is half a head": func(addr string) {
			c, _ := net.Dial("tcp", addr)
			t.Cleanup(func() { c.Close() })
			fmt.Fprint(c, "GET / HT")
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, addr := launchServer(t)
			busy(addr)
			time.Sleep(300 * time.Millisecond)
			if state := p.ends(t, syscall.SIGTERM); state.ExitCode() != 0 {
				t.Errorf("%v", state)
			}
		})
	}
}

// TestCommandsEndOnASignal: they say that they failed, and leave nothing behind but the
// journal of a sweep.
func TestCommandsEndOnASignal(t *testing.T) {
	for name, args := range map[string][]string{
		"sweep":         {"sweep", "--lengths", "1:400:1", "--repeats", "50", "--out", "FOLDER/growth.csv"},
		"sweep to hand": {"sweep", "--lengths", "1:400:1", "--repeats", "50"},
		"plot":          {"plot", "time", "--prompt", "200", "--new", "300", "--out", "FOLDER/time.svg"},
		"bench":         {"bench", "--prompt", "200", "--new", "200", "--repeats", "1000"},
		"trace unread":  {"trace", "--prompt", "Once upon a time", "--max-new", "400", "--sampler", "sample", "--temperature", "9", "--format", "jsonl"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for i := range args {
				args[i] = strings.Replace(args[i], "FOLDER", dir, 1)
			}
			read, write, err := os.Pipe() // nobody reads it
			if err != nil {
				t.Fatal(err)
			}
			defer read.Close()
			defer write.Close()
			p := launch(t, write, args...)
			p.works(t)
			if state := p.ends(t, os.Interrupt); state.ExitCode() != 1 {
				t.Errorf("%v", state)
			}
			left, _ := os.ReadDir(dir)
			for _, f := range left {
				if f.Name() != "growth.csv.part" {
					t.Errorf("%s is left", f.Name())
				}
			}
		})
	}
}

// TestASecondSignalEndsAtOnce: the process does not outlive it to see how it ends.
func TestASecondSignalEndsAtOnce(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	defer write.Close()
	p := launch(t, write, "trace", "--prompt", "Once upon a time", "--max-new", "400", "--sampler", "sample", "--temperature", "9", "--format", "jsonl")
	p.works(t)
	state := p.ends(t, syscall.SIGTERM, syscall.SIGTERM)
	if s, ok := state.Sys().(syscall.WaitStatus); !ok || !s.Signaled() || s.Signal() != syscall.SIGTERM {
		t.Errorf("it ended by itself: %v", state)
	}
}
