package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/transfer"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/meshtest"
	"github.com/lanyap/lanyap/mesh/share"
)

// program is one run of the program in a test.
type program struct {
	t        *testing.T
	stdin    *io.PipeWriter // unless it was started with an input
	out, err buffer
	started  time.Time
	cancel   context.CancelCauseFunc
	code     chan int
}

// setting is what a program runs in; the zero value is a network of its own.
type setting struct {
	network mesh.Network
	join    func(context.Context, mesh.Config) (*mesh.Node, error) // nil: mesh.Join
	sharer  func(*mesh.Node, share.Config) (transfer.Full, error)  // nil: share.Open
	handle  func(*mesh.Node, http.Handler) error                   // nil: mesh.Node.Handle
	env     map[string]string
	stdin   io.Reader // nil: a pipe that the test holds
	stdout  io.Writer // nil: program.out
	stderr  io.Writer // nil: program.err
}

// start runs the program in the background. In a synctest bubble its time is
// the bubble's.
func (s setting) start(t *testing.T, args ...string) *program {
	t.Helper()
	p := &program{t: t, started: time.Now(), code: make(chan int, 1)}
	a := &app{
		stdin:   s.stdin,
		stdout:  s.stdout,
		stderr:  s.stderr,
		network: s.network,
		env:     func(key string) (string, bool) { v, ok := s.env[key]; return v, ok },
	}
	if a.stderr == nil {
		a.stderr = &p.err
	}
	a.interrupt = func() { p.cancel(&signalError{signal: syscall.SIGINT}) }
	if a.openSharer = s.sharer; a.openSharer == nil {
		a.openSharer = openSharer
	}
	a.openTerminal = func() (*os.File, error) { return nil, os.ErrNotExist }
	if a.joinMesh = s.join; a.joinMesh == nil {
		a.joinMesh = mesh.Join
	}
	if a.handle = s.handle; a.handle == nil {
		a.handle = (*mesh.Node).Handle
	}
	if a.network == nil {
		a.network = meshtest.NewLAN().Host("alone")
	}
	if a.stdin == nil {
		r, w := io.Pipe()
		a.stdin, p.stdin = r, w
		t.Cleanup(func() { w.Close() })
	}
	if a.stdout == nil {
		a.stdout = &p.out
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	p.cancel = cancel
	go func() { p.code <- a.run(ctx, args) }()
	return p
}

// say writes to standard input.
func (p *program) say(text string) {
	p.t.Helper()
	if _, err := io.WriteString(p.stdin, text); err != nil {
		p.t.Fatal(err)
	}
}

// exit waits for the end of the program.
func (p *program) exit() int {
	p.t.Helper()
	code := <-p.code
	if p.stdin != nil {
		p.stdin.Close()
	}
	return code
}

// wantExit waits for the end of the program and fails the test if it does not
// exit with code. An error has exactly one error and one hint line.
func (p *program) wantExit(code int) {
	p.t.Helper()
	got := p.exit()
	if got != code {
		p.t.Fatalf("exit %d, want %d\nstdout:\n%s\nstderr:\n%s", got, code, p.out.String(), p.err.String())
	}
}

// wantError is wantExit for an end with one error and one hint line, which
// have to contain the words.
func (p *program) wantError(code int, words ...string) {
	p.t.Helper()
	p.wantExit(code)
	text := p.err.String()
	if strings.Count("\n"+text, "\nerror: ") != 1 || strings.Count(text, "\nhint: ") != 1 {
		p.t.Errorf("stderr has not one error and one hint line:\n%s", text)
	}
	for _, word := range words {
		if !strings.Contains(text, word) {
			p.t.Errorf("stderr does not contain %q:\n%s", word, text)
		}
	}
}

// running fails the test if the program has ended.
func (p *program) running() {
	p.t.Helper()
	synctest.Wait()
	select {
	case code := <-p.code:
		p.t.Fatalf("exit %d after %v, want it running\n%s", code, time.Since(p.started), p.err.String())
	default:
	}
}

// object is a line of JSON output.
type object map[string]any

// objects parses the JSON output so far.
func (p *program) objects() []object {
	p.t.Helper()
	var list []object
	for line := range strings.Lines(p.out.String()) {
		var o object
		if err := json.Unmarshal([]byte(line), &o); err != nil {
			p.t.Fatalf("output line %q: %v", line, err)
		}
		list = append(list, o)
	}
	return list
}

// of returns the objects of one type.
func (p *program) of(kind string) []object {
	p.t.Helper()
	var list []object
	for _, o := range p.objects() {
		if o["type"] == kind {
			list = append(list, o)
		}
	}
	return list
}

// texts returns the texts of the messages that came.
func (p *program) texts() []string {
	p.t.Helper()
	var list []string
	for _, o := range p.of("message") {
		list = append(list, o["text"].(string))
	}
	return list
}

// buffer is a bytes.Buffer for several goroutines.
type buffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// network is a LAN with hosts that start programs.
type network struct {
	t   *testing.T
	lan *meshtest.LAN
}

func newNetwork(t *testing.T) network { return network{t, meshtest.NewLAN()} }

// on starts a program on a host, under the host's name and with an identity of
// its own.
func (n network) on(host string, args ...string) *program {
	n.t.Helper()
	return setting{network: n.lan.Host(host)}.start(n.t, n.args(host, args)...)
}

// reading starts a program whose input is text.
func (n network) reading(host, text string, args ...string) *program {
	n.t.Helper()
	return setting{network: n.lan.Host(host), stdin: strings.NewReader(text)}.start(n.t, n.args(host, args)...)
}

func (n network) args(host string, args []string) []string {
	return append(args, "--name", host, "--ephemeral")
}

// settle lets what is under way come to its end.
func settle() {
	time.Sleep(2 * time.Second) // of the bubble's time
	synctest.Wait()
}
