package landing_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/lanyap/lanyap/mesh/share/internal/landing"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// childVariable makes the test binary a process that receives, and is killed.
const childVariable = "LANYAP_TEST_LANDING_CHILD"

func TestMain(m *testing.M) {
	if text := os.Getenv(childVariable); text != "" {
		os.Exit(child(strings.Split(text, "\n")))
	}
	os.Exit(m.Run())
}

// killed is what the child receives.
func killed(t testing.TB) *content {
	files := map[string][]byte{
		"film":              noise(1, 2*tree.MinPiece+5),
		"folder/large":      noise(2, tree.MinPiece+5),
		"folder/empty/":     nil,
		"folder/in/nothing": {},
	}
	for i := range 40 {
		files[fmt.Sprintf("folder/%d/%d", i%4, i)] = noise(uint64(i), 100+i)
		files[fmt.Sprintf("item%d.txt", i)] = noise(uint64(i), 50+i)
	}
	return send(t, files)
}

// child receives with the options in args, a line for each step, until it is
// killed or is done.
func child(args []string) int {
	conflict, _ := strconv.Atoi(args[2])
	seed, _ := strconv.ParseUint(args[3], 10, 64)
	random := rand.New(rand.NewPCG(seed, 0))
	c := killed(&testing.T{})
	fail := func(err error) int {
		fmt.Println("failed:", err)
		return 1
	}
	l, err := landing.Open(c.Manifest, landing.Options{State: args[0], Dir: args[1], Conflict: landing.Conflict(conflict)})
	if err != nil {
		return fail(err)
	}
	if err := l.Verify(context.Background(), nil); err != nil {
		return fail(err)
	}
	fmt.Println("open")
	for e := range c.Len() {
		if c.PiecesOf(e).Count > 0 {
			if err := l.SetRoot(e, c.root(e)); err != nil {
				return fail(err)
			}
		}
	}
	for _, e := range l.Existing() {
		if _, err := l.Adopt(context.Background(), e); err != nil {
			return fail(err)
		}
	}
	for _, i := range random.Perm(c.Pieces()) {
		data, hash := c.piece(i)
		if err := l.WritePiece(i, hash, data); err != nil {
			return fail(err)
		}
		fmt.Println("piece")
		if _, err := l.Finish(context.Background()); err != nil {
			return fail(err)
		}
	}
	fmt.Println("closing")
	if err := l.Close(); err != nil {
		return fail(err)
	}
	fmt.Println("done")
	return 0
}

// run starts a child and kills it after a number of its lines, at whatever it
// does by then. It returns whether the child was done first.
func (p place) run(t *testing.T, random *rand.Rand, lines int) bool {
	t.Helper()
	args := []string{p.State, p.Dir, strconv.Itoa(int(p.Conflict)), strconv.FormatUint(random.Uint64(), 10)}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"="+strings.Join(args, "\n"))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()
	in := bufio.NewScanner(out)
	for n := 0; in.Scan(); n++ {
		switch line := in.Text(); {
		case strings.HasPrefix(line, "failed"):
			t.Fatal(line)
		case line == "done":
			return true
		}
		if n == lines {
			break
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, out)
	return false
}

// wantWhole fails the test if something has a final name and is not all of what
// is sent, nor what was there before.
func (p place) wantWhole(t *testing.T, c *content, before map[string][]byte) {
	t.Helper()
	for path, data := range read(t, p.Dir) {
		top, _, _ := strings.Cut(path, "/")
		if strings.HasPrefix(top, ".lanyap-") || strings.HasSuffix(path, "/") {
			continue
		}
		sent, known := c.data[path]
		old, there := before[path]
		if known && bytes.Equal(data, sent) || there && bytes.Equal(data, old) {
			continue
		}
		t.Errorf("%s has %d bytes that nobody sent", path, len(data))
	}
}

func TestKilledAtAnyMoment(t *testing.T) {
	c := killed(t)
	old := map[string][]byte{
		"item1.txt":    []byte("old"),
		"folder/1/1":   []byte("old"),
		"folder/large": []byte("old"),
		"folder/mine":  []byte("mine"),
	}
	tests := []struct {
		name     string
		conflict landing.Conflict
		before   map[string][]byte
		want     map[string][]byte
	}{
		{"nothing is there", landing.Rename, nil, c.data},
		{"some is skipped", landing.Skip, old, with(c.data, old)},
		{"some is overwritten", landing.Overwrite, old, with(old, c.data)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, uint64(test.conflict)))
			enough := 20
			if testing.Short() {
				enough = 5
			}
			for kills := 0; kills < enough; {
				p := newPlace(t)
				p.Conflict = test.conflict
				fill(t, p.Dir, test.before)
				for !p.run(t, random, random.IntN(c.Pieces()+3)) {
					kills++
					p.wantWhole(t, c, test.before)
					if t.Failed() {
						return
					}
				}
				p.want(t, test.want)
				p.wantNothingLeft(t)
			}
		})
	}
}

func TestKilledAndGoesOnWithoutWhatWasVerified(t *testing.T) {
	c := killed(t)
	p := newPlace(t)
	random := rand.New(rand.NewPCG(2, 3))
	const lines = 30
	if p.run(t, random, lines) {
		t.Fatal("it was not killed")
	}
	l := p.open(t, c)
	for i := range c.Pieces() {
		if !l.Has(i) {
			continue
		}
		want, _ := c.piece(i)
		if _, got, err := l.ReadPiece(i, make([]byte, tree.MaxPiece)); err != nil || !bytes.Equal(got, want) {
			t.Errorf("piece %d: %v", i, err)
		}
	}
	c.finish(t, l)
	l.Close()
	p.want(t, c.data)
	p.wantNothingLeft(t)
}
