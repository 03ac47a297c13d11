//go:build linux

package hosts

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lukechampine.com/blake3"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// moving is an event about files, all types in one struct.
type moving struct {
	Type     string    `json:"type"`
	Offer    string    `json:"offer"`
	From     lab.Ident `json:"from"`
	To       lab.Ident `json:"to"`
	Items    []struct{ Name, Kind string }
	Phase    string    `json:"phase"`
	Files    int       `json:"files"`
	Size     int64     `json:"size"`
	Here     int64     `json:"here"`
	Done     int64     `json:"done"`
	Skipped  any       `json:"skipped"` // bytes, or of one item whether
	Sent     int64     `json:"sent"`
	Received int64     `json:"received"`
	Path     string    `json:"path"`
	Root     string    `json:"root"`
	Reason   string    `json:"reason"`
	Text     string    `json:"text"`
	Time     time.Time `json:"time"`
}

// movings returns the events of one type that a program has written.
func movings(p *lab.Process, kind string) []moving {
	var all []moving
	for _, line := range p.Stdout() {
		var m moving
		if strings.Contains(line, `"type":"`+kind+`"`) && json.Unmarshal([]byte(line), &m) == nil {
			all = append(all, m)
		}
	}
	return all
}

// last returns the last event of a type; zero if there was none.
func last(p *lab.Process, kind string) moving {
	if all := movings(p, kind); len(all) > 0 {
		return all[len(all)-1]
	}
	return moving{}
}

// send starts a program that sends.
func send(t testing.TB, h *lab.Host, args ...string) *lab.Process {
	t.Helper()
	return run(t, h, append([]string{"send", "--json", "--name", h.Name}, args...)...)
}

// receive starts a program that takes all, into a directory of its host, and
// waits until it is ready.
func receive(t testing.TB, l *lab.Lab, h *lab.Host, args ...string) *lab.Process {
	t.Helper()
	p := run(t, h, append([]string{"receive", inbox(t, h), "--json", "--yes", "--name", h.Name}, args...)...)
	l.Await(patience, h.Name+" receives", p.Ready)
	return p
}

// inbox is where a host receives.
func inbox(t testing.TB, h *lab.Host) string {
	t.Helper()
	dir := filepath.Join(h.StateDir, "inbox")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// file makes one of that many bytes, which nobody can compress.
func file(t testing.TB, h *lab.Host, name string, size int) string {
	t.Helper()
	data := make([]byte, size)
	rand.NewChaCha8([32]byte([]byte(fmt.Sprintf("%32s", name)))).Read(data)
	return put(t, filepath.Join(h.StateDir, name), data, 0o600)
}

// put writes a file, and the directories that it is in.
func put(t testing.TB, path string, data []byte, mode fs.FileMode) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// alike checks that what was received is what was sent, byte for byte, with the
// same executable bits and times, and that nothing else lies beside it.
func alike(t testing.TB, sent, received string) {
	t.Helper()
	entries := func(root string) map[string]fs.FileInfo {
		all := make(map[string]fs.FileInfo)
		err := filepath.Walk(root, func(path string, info fs.FileInfo, err error) error {
			if err == nil {
				all[strings.TrimPrefix(path, root)] = info
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	want, got := entries(sent), entries(received)
	for name := range got {
		if want[name] == nil {
			t.Errorf("%s%s was not sent", received, name)
		}
	}
	for name, info := range want {
		other := got[name]
		switch {
		case other == nil:
			t.Errorf("%s%s is missing", received, name)
		case info.IsDir() != other.IsDir():
			t.Errorf("%s%s is %v, want %v", received, name, other.Mode(), info.Mode())
		case info.IsDir():
		case info.Mode()&0o111 != 0 != (other.Mode()&0o111 != 0):
			t.Errorf("%s%s has mode %v, want %v", received, name, other.Mode(), info.Mode())
		case !info.ModTime().Equal(other.ModTime()):
			t.Errorf("%s%s is of %v, want %v", received, name, other.ModTime(), info.ModTime())
		case !bytes.Equal(read(t, sent+name), read(t, received+name)):
			t.Errorf("%s%s is not what was sent", received, name)
		}
	}
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// holds checks that a host's inbox holds these names and nothing else, not even
// what is hidden.
func holds(t testing.TB, h *lab.Host, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(inbox(t, h))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	slices.Sort(names)
	if !slices.Equal(got, names) {
		t.Errorf("%s has received %q, want %q", h.Name, got, names)
	}
}

// arrives waits until both sides have ended well and checks that what was sent
// from a path is there.
func arrives(t testing.TB, from, to *lab.Process, path string) {
	t.Helper()
	exits(t, from, 4*patience, 0)
	exits(t, to, patience, 0)
	name := filepath.Base(path)
	alike(t, path, filepath.Join(inbox(t, to.Host), name))
	holds(t, to.Host, name)
	rooted(t, to, path)
}

// rooted checks that the root that was told of a file is its BLAKE3 hash.
func rooted(t testing.TB, p *lab.Process, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.IsDir() {
		return
	}
	want := blake3.Sum256(read(t, path))
	if got := last(p, "received").Root; got != hex.EncodeToString(want[:]) {
		t.Errorf("%s was told the root %s, want %x", p.Host.Name, got, want)
	}
}

func TestSendFile(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int{"empty": 0, "short": 1, "one piece": 256 << 10, "more": 5<<20 + 17} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, a, b := pair(t)
			path := file(t, a, "holiday.zip", size)
			to := receive(t, l, b)
			from := send(t, a, path, "--to", b.Name)
			arrives(t, from, to, path)
			if got := last(from, "completed"); got.Size != int64(size) || got.To.Name != b.Name {
				t.Errorf("completed says %+v, want %d bytes to %s", got, size, b.Name)
			}
		})
	}
}

// TestSendFolder keeps what is in a folder as it is, names that begin with a dot
// too, and names what it leaves out.
func TestSendFolder(t *testing.T) {
	t.Parallel()
	l, a, b := pair(t)
	trust(t, b, idOf(t, a)) // whose files may be executed
	dir := filepath.Join(a.StateDir, "src")
	put(t, filepath.Join(dir, "run"), []byte("#!/bin/sh\n"), 0o755)
	put(t, filepath.Join(dir, ".git", "config"), []byte("[core]\n"), 0o644)
	put(t, filepath.Join(dir, ".git", "objects", "ab", "cd"), make([]byte, 300<<10), 0o444)
	put(t, filepath.Join(dir, "a name with spaces, ü and 日本"), nil, 0o600)
	for i := range 200 {
		put(t, filepath.Join(dir, "many", fmt.Sprint(i)), bytes.Repeat([]byte{byte(i)}, i*40), 0o600)
	}
	old := time.Date(2001, 2, 3, 4, 5, 6, 789_000_000, time.UTC)
	for _, err := range []error{
		os.MkdirAll(filepath.Join(dir, "empty", "within"), 0o700),
		os.Chtimes(filepath.Join(dir, "run"), old, old),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	to := receive(t, l, b)
	from := send(t, a, dir)
	arrives(t, from, to, dir)

	// A link leads nowhere on the other side, and a FIFO has no end.
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(inbox(t, b), "src")); err != nil {
		t.Fatal(err)
	}
	to = receive(t, l, b)
	from = send(t, a, dir)
	exits(t, from, patience, 0)
	exits(t, to, patience, 0)
	if !strings.Contains(strings.Join(from.Stdout(), "\n"), `"omitted"`) {
		t.Error("the link that was left out is not named")
	}
	if _, err := os.Lstat(filepath.Join(inbox(t, b), "src", "link")); err == nil {
		t.Error("the link was received")
	}
}

// TestSendTwo has two send to one at once.
func TestSendTwo(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	to := receive(t, l, hosts[0], "--loop")
	paths := []string{file(t, hosts[1], "one", 3<<20), file(t, hosts[2], "two", 3<<20)}
	from := []*lab.Process{
		send(t, hosts[1], paths[0], "--to", hosts[0].Name, "--limit", "4M"),
		send(t, hosts[2], paths[1], "--to", hosts[0].Name, "--limit", "4M"),
	}
	for _, p := range from {
		exits(t, p, 2*patience, 0)
	}
	l.Await(patience, "both are here", func() bool { return len(movings(to, "received")) == 2 })
	holds(t, hosts[0], "one", "two")
	for _, path := range paths {
		alike(t, path, filepath.Join(inbox(t, hosts[0]), filepath.Base(path)))
	}
	quit(t, to)
}

// TestSendToAll has everybody who receives get it.
func TestSendToAll(t *testing.T) {
	t.Parallel()
	l := lab.New(t)
	hosts := l.Switch().Hosts(4, lab.HostConfig{})
	var to []*lab.Process
	for _, h := range hosts[1:] {
		to = append(to, receive(t, l, h))
	}
	path := file(t, hosts[0], "slides", 2<<20)
	from := send(t, hosts[0], path)
	exits(t, from, 2*patience, 0)
	if got := len(movings(from, "completed")); got != len(to) {
		t.Errorf("completed %d times, want %d", got, len(to))
	}
	for _, p := range to {
		arrives(t, from, p, path)
	}
}

// TestSendToNobody tells at once of somebody who is here and does not receive, and
// after a while of somebody who is not here.
func TestSendToNobody(t *testing.T) {
	t.Parallel()
	l, a, b := pair(t)
	path := file(t, a, "unwanted", 1000)
	none := send(t, a, path, "--timeout", "1s")
	exits(t, none, patience, 3)
	hinted(t, none)
	// Who only sends is here, and receives nothing.
	busy := send(t, b, file(t, b, "other", 10), "--to", "somebody else", "--timeout", "1h")
	l.Await(patience, "the other is here", busy.Ready)
	for _, args := range [][]string{{}, {"--to", b.Name}} {
		none = send(t, a, append([]string{path, "--timeout", "1h"}, args...)...)
		exits(t, none, patience, 3)
		hinted(t, none)
	}
	absent := send(t, a, path, "--to", "dora", "--timeout", "1s")
	exits(t, absent, patience, 3)
	hinted(t, absent)
}

func TestSendDeclined(t *testing.T) {
	t.Parallel()
	l, a, b := pair(t)
	to := run(t, b, "receive", inbox(t, b), "--json", "--from", "somebody else", "--name", b.Name)
	l.Await(patience, "it receives", to.Ready)
	from := send(t, a, file(t, a, "unwanted", 1000), "--to", b.Name)
	exits(t, from, patience, 5)
	hinted(t, from)
	if got := last(from, "refused").Reason; got != "declined" {
		t.Errorf("refused for the reason %q, want declined", got)
	}
	holds(t, b)
}
