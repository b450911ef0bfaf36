package browsertest

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"kvstep/sim/checkpoint"
	"kvstep/sim/library"
	"kvstep/web"
	"kvstep/web/limits"
)

// asChild in the environment makes this binary a server of its own, so that a test can
// tell what the server costs from what the browser and the test do.
const asChild = "KVSTEP_TEST_SERVER"

// child is such a server.
type child struct {
	t    testing.TB
	base string
	ask  *os.File
	said *bufio.Scanner
}

// serveChild serves until its input ends. To "used" it answers with the microseconds of
// processor that it has used and how often its model "victim" was opened.
func serveChild() error {
	opened := 0
	models := library.New()
	models.Add(library.Source{Name: "victim", Open: func(checkpoint.Progress) (*library.Loaded, error) {
		opened++
		m, err := library.Open("story")
		if err == nil {
			m.Name = "victim"
		}
		return m, err
	}})
	l, err := web.Listen("127.0.0.1:0")
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- web.Serve(ctx, l, models, web.Lessons(), "test", limits.Default()) }()
	fmt.Println("http://" + l.Addr().String())
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		fmt.Println(used().Microseconds(), opened)
	}
	cancel()
	return <-done
}

func startChild(t testing.TB) *child {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(self)
	command.Env = append(os.Environ(), asChild+"=1")
	command.Stdin, command.Stderr = read, os.Stderr
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	read.Close()
	t.Cleanup(func() {
		write.Close()
		if err := command.Wait(); err != nil {
			t.Errorf("the server: %v", err)
		}
	})
	c := &child{t: t, ask: write, said: bufio.NewScanner(out)}
	c.base = c.line()
	return c
}

func (c *child) line() string {
	c.t.Helper()
	if !c.said.Scan() {
		c.t.Fatal("the server says nothing")
	}
	return c.said.Text()
}

// used is the processor's time that the server has used, and how often its model was opened.
func (c *child) used() (time.Duration, int) {
	c.t.Helper()
	fmt.Fprintln(c.ask, "used")
	micro, opened, _ := strings.Cut(c.line(), " ")
	n, err1 := strconv.Atoi(micro)
	m, err2 := strconv.Atoi(opened)
	if err1 != nil || err2 != nil {
		c.t.Fatalf("the server says %q %q", micro, opened)
	}
	return time.Duration(n) * time.Microsecond, m
}
