package known

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
)

// member returns somebody of that name, one of its programs.
func member(n int, name string, program byte) mesh.Peer {
	return mesh.Peer{Member: mesh.Member{ID: id(n), Instance: peer.Instance{program}}, Name: name}
}

// at returns p as it answers there.
func at(p mesh.Peer, addr string) mesh.Peer {
	p.Addr = netip.MustParseAddrPort(addr)
	return p
}

// open returns a book in dir that is closed with the test, and what it warns of.
func open(t *testing.T, cfg Config) (*Book, func() []string) {
	t.Helper()
	var mu sync.Mutex
	var warnings []string
	b := Open(cfg)
	b.Watch(func(text string) {
		mu.Lock()
		defer mu.Unlock()
		warnings = append(warnings, text)
	})
	t.Cleanup(func() { b.Close() })
	return b, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(warnings)
	}
}

// look has a book look whether others have written the file, now.
func look(b *Book) {
	b.mu.Lock()
	b.looked = time.Time{}
	b.mu.Unlock()
}

func TestBook(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	b, _ := open(t, Config{Dir: dir})
	bo := member(1, "bo", 1)
	if got := b.Judge(bo).Standing; got != New {
		t.Errorf("before it has come: %s", got)
	}
	if m := b.Meet(bo); m.Standing != New {
		t.Errorf("here for the first time: %+v", m)
	}
	if got := b.Judge(bo).Standing; got != New {
		t.Errorf("as long as it is here: %s", got)
	}
	b.Part(bo.Member)
	if m := b.Meet(bo); m.Standing != Seen {
		t.Errorf("here again: %+v", m)
	}
	if b.Trusts(bo.ID) {
		t.Error("trusts who was seen alone")
	}
	must(t, b.Trust(bo.ID, "bo"))
	must(t, b.Block(id(2), "cy"))
	must(t, b.Close())

	info, err := os.Stat(filepath.Join(dir, fileName))
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("the file: %v, %v", info.Mode(), err)
	}
	again, warnings := open(t, Config{Dir: dir})
	if !again.Trusts(bo.ID) || again.Trusts(id(2)) || !again.Blocked(id(2)) || again.Blocked(bo.ID) {
		t.Errorf("read again: %+v", again.People())
	}
	if m := again.Meet(bo); m.Standing != Verified {
		t.Errorf("verified before: %+v", m)
	}
	if m := again.Meet(member(3, "Bo", 1)); m.Standing != Changed || m.Like.ID != bo.ID {
		t.Errorf("another of that name: %+v", m)
	}
	must(t, again.Unblock(id(2)))
	must(t, again.Distrust(bo.ID))
	if again.Trusts(bo.ID) || again.Blocked(id(2)) {
		t.Error("what was taken back stays")
	}
	if len(warnings()) > 0 {
		t.Errorf("warned: %q", warnings())
	}
}

// TestTwoBooks holds that two processes lose nothing of each other, and each comes to
// know what the other was told.
func TestTwoBooks(t *testing.T) {
	dir := t.TempDir()
	one, _ := open(t, Config{Dir: dir})
	two, _ := open(t, Config{Dir: dir})
	var all sync.WaitGroup
	for n, b := range []*Book{one, two} {
		all.Go(func() {
			for i := range 20 {
				b.Meet(member(100*n+i, fmt.Sprintf("%d of %d", i, n), 1))
				if err := b.Trust(id(1000+100*n+i), "trusted"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	must(t, one.Close())
	must(t, two.Close())
	three, _ := open(t, Config{Dir: dir})
	if got := len(three.People()); got != 80 {
		t.Errorf("%d people, want 80", got)
	}
	must(t, three.Trust(id(5000), "bo"))
	four, _ := open(t, Config{Dir: dir})
	must(t, four.Block(id(5001), "cy"))
	look(three)
	if !four.Trusts(id(5000)) || !three.Blocked(id(5001)) {
		t.Error("what another process was told is not known")
	}
}

func TestDamaged(t *testing.T) {
	dir := t.TempDir()
	b, _ := open(t, Config{Dir: dir})
	for n := range 3 {
		must(t, b.Trust(id(n+1), "somebody"))
	}
	path := filepath.Join(dir, fileName)
	whole, err := os.ReadFile(path)
	must(t, err)
	lines := strings.SplitAfter(string(whole), "\n")
	for name, tt := range map[string]struct {
		file string
		keep int
	}{
		"a line":       {lines[0] + lines[1] + "{\"id\":\n" + lines[3], 2},
		"cut off":      {lines[0] + lines[1] + lines[2][:10], 1},
		"end missing":  {lines[0] + lines[1], 1},
		"head missing": {lines[1] + lines[2] + lines[3], 3},
		"all of it":    {strings.Repeat("\x00", 5000), 0},
		"no such ID":   {lines[0] + lines[1] + lines[2] + strings.Replace(lines[3], id(3).String(), "bo", 1), 2},
		"no such name": {lines[0] + lines[1] + lines[2] + strings.Replace(lines[3], "somebody", `a\u001b[2J`, 1), 2},
	} {
		t.Run(name, func(t *testing.T) {
			must(t, os.WriteFile(path, []byte(tt.file), 0o600))
			b, warnings := open(t, Config{Dir: dir})
			if got := len(b.People()); got != tt.keep {
				t.Errorf("%d people, want %d", got, tt.keep)
			}
			if told := warnings(); len(told) != 1 || !strings.Contains(told[0], "damaged") {
				t.Fatalf("told %q", told)
			}
			aside, err := filepath.Glob(path + ".damaged-*")
			if err != nil || len(aside) != 1 {
				t.Fatalf("set aside: %q, %v", aside, err)
			}
			if kept, err := os.ReadFile(aside[0]); err != nil || string(kept) != tt.file {
				t.Errorf("set aside is %q, %v", kept, err)
			}
			must(t, os.Remove(aside[0]))
			if _, again := open(t, Config{Dir: dir}); len(again()) > 0 {
				t.Errorf("told again: %q", again())
			}
		})
	}
}

// TestDamagedAtOnce holds that what is damaged a second time in the same moment takes no
// copy's place.
func TestDamagedAtOnce(t *testing.T) {
	dir := t.TempDir()
	b, _ := open(t, Config{Dir: dir})
	b.now = func() time.Time { return monday }
	path := filepath.Join(dir, fileName)
	want := []string{"first\n", "second\n"}
	for n, text := range want {
		must(t, os.WriteFile(path, []byte(text), 0o600))
		must(t, b.Trust(id(n+1), "bo"))
	}
	aside, err := filepath.Glob(path + ".damaged-*")
	must(t, err)
	var got []string
	for _, name := range aside {
		text, err := os.ReadFile(name)
		must(t, err)
		got = append(got, string(text))
		if info, err := os.Stat(name); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
			t.Errorf("%s is %v, %v", name, info.Mode(), err)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("set aside: %q, want %q", got, want)
	}
}

func TestLaterVersion(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, fileName)
	const later = "{\"v\":2,\"people\":1}\nwhatever\n"
	must(t, os.WriteFile(path, []byte(later), 0o600))
	b, warnings := open(t, Config{Dir: dir})
	if told := warnings(); len(told) != 1 || !strings.Contains(told[0], "later version") {
		t.Errorf("told %q", told)
	}
	b.Meet(member(1, "bo", 1))
	if err := b.Trust(id(1), "bo"); !errors.Is(err, errVersion) {
		t.Errorf("trust: %v", err)
	}
	if !b.Trusts(id(1)) {
		t.Error("it does not count while the program runs")
	}
	must(t, b.Close())
	if data, err := os.ReadFile(path); err != nil || string(data) != later {
		t.Errorf("the file is %q, %v", data, err)
	}
}

// TestNoTrace holds that nothing is written of who is met where that is not wanted,
// and that who is known is known all the same.
func TestNoTrace(t *testing.T) {
	dir := t.TempDir()
	b, _ := open(t, Config{Dir: dir})
	must(t, b.Trust(id(1), "bo"))
	before, err := os.ReadFile(filepath.Join(dir, fileName))
	must(t, err)
	for _, cfg := range []Config{{Dir: dir, ReadOnly: true}, {}} {
		b, _ := open(t, cfg)
		b.Meet(member(2, "cy", 1))
		must(t, b.Trust(id(3), "dora"))
		if !b.Trusts(id(3)) || b.Trusts(id(1)) != (cfg.Dir != "") {
			t.Errorf("%+v: %+v", cfg, b.People())
		}
		must(t, b.Close())
	}
	if after, err := os.ReadFile(filepath.Join(dir, fileName)); err != nil || string(after) != string(before) {
		t.Errorf("%q, before %q, %v", after, before, err)
	}
	var none *Book
	none.Part(member(1, "bo", 1).Member)
	if none.Meet(member(1, "bo", 1)).Standing != New || none.Judge(member(1, "bo", 1)).Standing != New || none.Trusts(id(1)) || none.Blocked(id(1)) {
		t.Error("no book knows somebody")
	}
	must(t, none.Close())
}

// TestSavedSoon holds that who is met is in the file while the program runs.
func TestSavedSoon(t *testing.T) {
	dir := t.TempDir()
	b, _ := open(t, Config{Dir: dir})
	b.Meet(member(1, "bo", 1))
	b.Meet(member(2, "cy", 1))
	for until := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		people, _, err := b.file.read()
		if err == nil && len(people) == 2 {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("%d people are in the file, %v", len(people), err)
		}
	}
}

// TestUnwritable holds that a place that takes nothing is told of once, and that
// trust says so each time.
func TestUnwritable(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	b, warnings := open(t, Config{Dir: filepath.Join(dir, "file", "state")})
	for range 2 {
		if err := b.Trust(id(1), "bo"); err == nil {
			t.Error("trust without a file says nothing")
		}
	}
	for until := time.Now().Add(30 * time.Second); len(warnings()) == 0 && time.Now().Before(until); {
		time.Sleep(time.Millisecond)
	}
	if told := warnings(); len(told) != 1 {
		t.Errorf("told %q", told)
	}
}

// TestTwoHosts tells of a key that two hosts have, once, and of none that a host has
// twice, by whichever of its addresses.
func TestTwoHosts(t *testing.T) {
	b, _ := open(t, Config{})
	self := member(9, "ana", 1)
	b.Self(self, []netip.AddrPort{netip.MustParseAddrPort("10.0.0.9:7475"), netip.MustParseAddrPort("[fe80::9%eth0]:7475")})
	for _, tt := range []struct {
		p    mesh.Peer
		want string // the other host
	}{
		{at(member(1, "bo", 1), "10.0.0.1:7475"), ""},
		{at(member(1, "bo", 2), "10.0.0.1:7476"), ""},
		{at(member(1, "bo", 3), "[fd00::1]:7477"), ""},
		{member(1, "bo", 4), ""},
		{at(member(1, "bo", 5), "10.0.0.2:7475"), "10.0.0.1"},
		{at(member(1, "bo", 6), "10.0.0.3:7475"), ""},
		{at(member(9, "ana", 2), "10.0.0.9:7476"), ""},
		{at(member(9, "ana", 3), "127.0.0.1:7476"), ""},
		{at(member(9, "ana", 4), "[fe80::9%eth1]:7476"), ""},
		{at(member(9, "ana", 5), "10.0.0.4:7476"), "10.0.0.9"},
	} {
		got := ""
		if m := b.Meet(tt.p); m.Twice != nil {
			got = m.Twice[0].Addr().String()
			if m.Twice[1] != tt.p.Addr {
				t.Errorf("%v is elsewhere than %v", m.Twice[1], tt.p.Addr)
			}
		}
		if got != tt.want {
			t.Errorf("%s at %v: also at %q, want %q", tt.p.Name, tt.p.Addr, got, tt.want)
		}
	}
	if !b.Trusts(self.ID) || b.Blocked(self.ID) || b.Judge(member(9, "anything", 2)).Standing != Verified {
		t.Error("who has the key is the user")
	}
}

// TestMadeUpTwoHosts holds that made-up IDs on two hosts are told of no more often than
// some times a day, and are not remembered for longer; that of who was verified is, and
// the own.
func TestMadeUpTwoHosts(t *testing.T) {
	b, _ := open(t, Config{})
	now := monday
	b.now = func() time.Time { return now }
	self, bo := member(1, "ana", 1), member(2, "bo", 1)
	b.Self(self, []netip.AddrPort{netip.MustParseAddrPort("10.0.0.9:7475")})
	must(t, b.Trust(bo.ID, "bo"))
	isTold := func(p mesh.Peer) bool {
		other := p
		other.Instance[0]++
		first, second := b.Meet(at(p, "10.0.0.1:7475")), b.Meet(at(other, "10.0.0.2:7475"))
		b.Remain(nil)
		return first.Twice != nil || second.Twice != nil
	}
	guests := 2
	for day := range 3 {
		told := 0
		for range 200 {
			if guests++; isTold(member(guests, "guest", 1)) {
				told++
			}
		}
		if told != maxTwice || len(b.twice) > maxTwice+2 {
			t.Errorf("day %d: told of %d, want %d; %d are remembered", day, told, maxTwice, len(b.twice))
		}
		if !isTold(bo) || !isTold(self) {
			t.Errorf("day %d: not told of who was verified, or the own", day)
		}
		if isTold(bo) || isTold(self) {
			t.Errorf("day %d: told again", day)
		}
		now = now.Add(twiceAgain)
	}
}

// TestRemain holds that of thousands who were met those alone are here who remain.
func TestRemain(t *testing.T) {
	b, _ := open(t, Config{})
	stays := member(1, "bo", 1)
	b.Meet(stays)
	for n := range 3000 {
		p := member(2+n, "guest", 1)
		b.Remain([]mesh.Peer{stays, p})
		b.Meet(p)
		if len(b.present) != 2 {
			t.Fatalf("%d are here, want 2", len(b.present))
		}
	}
	if got := b.Judge(stays).Standing; got != New {
		t.Errorf("who stayed is %s", got)
	}
	b.Remain(nil)
	if got := b.Judge(stays).Standing; got != Seen {
		t.Errorf("who left is %s", got)
	}
}

// TestPages holds that a page is not remembered, and that its name is no claim.
func TestPages(t *testing.T) {
	b, _ := open(t, Config{})
	page := member(1, "bo", 1)
	page.Web = true
	if m := b.Meet(page); m.Standing != New || len(b.People()) > 0 {
		t.Errorf("%+v, %v", m, b.People())
	}
	if m := b.Meet(member(2, "bo", 1)); m.Standing != New {
		t.Errorf("who bears the name of a page: %+v", m)
	}
	b.now = func() time.Time { return time.Now().Add(time.Hour) }
	b.Part(page.Member)
	if m := b.Meet(page); m.Standing != Changed {
		t.Errorf("a page by the name of somebody: %+v", m)
	}
}

func FuzzParse(f *testing.F) {
	whole, err := appendPeople(nil, []Person{{ID: id(1), Name: "bo", Since: monday, First: monday, Last: monday, Days: 1}, {ID: id(2), Verified: monday, As: "cy", Blocked: true}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte("{\"v\":2}\n"))
	f.Add([]byte("{}\n{}\nnull\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		people, damaged, err := parsePeople(data)
		if err != nil {
			return
		}
		table := NewTable(people)
		written, err := appendPeople(nil, table.People())
		if err != nil {
			t.Fatalf("%q: %v", data, err)
		}
		again, bad, err := parsePeople(written)
		if err != nil || bad != 0 || len(again) != len(table.People()) {
			t.Fatalf("%q is %d people, %d damaged; written again %d, %d, %v", data, len(people), damaged, len(again), bad, err)
		}
	})
}

// TestStrangersWhileNothingIsWritten has strangers come and go without end where the file
// cannot be written: no more waits for it than there is room for in it, and what its user
// enters is not among what is left out.
func TestStrangersWhileNothingIsWritten(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	b, _ := open(t, Config{Dir: dir})
	must(t, os.WriteFile(dir, nil, 0o600)) // in the place of the directory
	for n := range 2 * Limit {
		p := member(n, fmt.Sprint("stranger ", n), 1)
		b.Meet(p)
		b.Part(p.Member)
	}
	if err := b.Trust(id(-1), "bo"); err == nil {
		t.Error("it can be written all the same")
	}
	b.mu.Lock()
	waits := len(b.pending)
	b.mu.Unlock()
	if waits > maxPending+1 {
		t.Errorf("%d changes wait", waits)
	}
	must(t, os.Remove(dir))
	must(t, b.Close())
	again, _ := open(t, Config{Dir: dir})
	if !again.Trusts(id(-1)) {
		t.Error("who was trusted is not")
	}
}

// TestNothingIsWrittenAfterClose holds that a write which was due at that very moment does
// not come behind it.
func TestNothingIsWrittenAfterClose(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	b, _ := open(t, Config{Dir: dir})
	b.Meet(member(1, "bo", 1))
	must(t, b.Close())
	must(t, os.RemoveAll(dir))
	must(t, b.save()) // as the timer does that could not be stopped any more
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it was: %v", err)
	}
}
