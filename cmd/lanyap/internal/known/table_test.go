package known

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/lanyap/lanyap/peer"
)

// id returns an ID made of n.
func id(n int) peer.ID {
	var id peer.ID
	id[0], id[1], id[2], id[31] = byte(n>>16), byte(n>>8), byte(n), 1
	return id
}

// monday is when tests begin.
var monday = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

// judged fails unless somebody is judged so.
func judged(t *testing.T, table *Table, came time.Time, who peer.ID, name string, want Standing, like peer.ID) {
	t.Helper()
	v := table.Judge(came, who, name, false)
	got := peer.ID{}
	if v.Like != nil {
		got = v.Like.ID
	}
	if v.Standing != want || got != like {
		t.Errorf("%s as %q is %s, like %s; want %s, like %s", who.Short(), name, v.Standing, got.Short(), want, like.Short())
	}
}

var nobody peer.ID

func TestSeen(t *testing.T) {
	table := NewTable(nil)
	judged(t, table, monday, id(1), "bo", New, nobody)
	if met := table.Meet(monday, id(1), "bo"); !met.New || !met.News || met.Was != "" {
		t.Errorf("met for the first time: %+v", met)
	}
	if v := table.Judge(monday, id(1), "bo", true); v.Standing != New {
		t.Errorf("while it is here for the first time it is %s", v.Standing)
	}
	judged(t, table, monday, id(1), "bo", Seen, nobody)
	if met := table.Meet(monday.Add(time.Minute), id(1), "bo"); met.New || met.News {
		t.Errorf("met again: %+v", met)
	}
	if met := table.Meet(monday.Add(2*time.Hour), id(1), "bo"); met.New || !met.News {
		t.Errorf("met again later: %+v", met)
	}
	table.Meet(monday.Add(day), id(1), "bo")
	if p, _ := table.Person(id(1)); p.Days != 2 || !p.First.Equal(monday) || !p.Last.Equal(monday.Add(day)) {
		t.Errorf("%+v", p)
	}
}

// TestBorrowedName holds that a name that somebody has is that one's, also while it is
// away, and however its letters are written.
func TestBorrowedName(t *testing.T) {
	table := NewTable(nil)
	table.Meet(monday, id(1), "bo")
	table.Meet(monday.Add(day), id(2), "bo")
	for _, name := range []string{"bo", "Bo", "b o", "bо", "b0", "b\u200bo"} {
		judged(t, table, monday.Add(day), id(3), name, Changed, id(1))
	}
	judged(t, table, monday.Add(2*day), id(2), "bo", Changed, id(1)) // and stays so
	judged(t, table, monday.Add(2*day), id(1), "bo", Seen, nobody)
	judged(t, table, monday.Add(day), id(3), "bob", New, nobody)
}

// TestVerifiedName holds that who was verified has the name, whoever had it first.
func TestVerifiedName(t *testing.T) {
	table := NewTable(nil)
	table.Meet(monday, id(1), "bo")
	table.Meet(monday.Add(day), id(2), "bo")
	must(t, table.Trust(monday.Add(day), id(2), "bo"))
	judged(t, table, monday.Add(day), id(2), "bo", Verified, nobody)
	judged(t, table, monday, id(1), "bo", Changed, id(2))
	must(t, table.Trust(monday.Add(day), id(1), "bo")) // two people, and the user knows both
	judged(t, table, monday, id(1), "bo", Verified, nobody)
	judged(t, table, monday, id(2), "bo", Verified, nobody)
	judged(t, table, monday.Add(2*day), id(3), "BO", Changed, id(1))
	if !table.Distrust(id(1)) || table.Distrust(id(1)) || table.Distrust(id(9)) {
		t.Error("trust is taken back once")
	}
	judged(t, table, monday, id(1), "bo", Changed, id(2))
}

// TestOneHonestName holds that neither of two who bear one name is suspected because
// the other was a moment faster.
func TestOneHonestName(t *testing.T) {
	table := NewTable(nil)
	table.Meet(monday, id(1), "pi@raspberrypi")
	table.Meet(monday.Add(time.Second), id(2), "pi@raspberrypi")
	for _, at := range []time.Time{monday, monday.Add(day)} {
		judged(t, table, at, id(1), "pi@raspberrypi", Seen, nobody)
		judged(t, table, at, id(2), "pi@raspberrypi", Seen, nobody)
	}
	judged(t, table, monday.Add(time.Hour), id(3), "pi@raspberrypi", Changed, id(1))
}

// TestRace holds that of two that look alike, and came at the same moment, neither
// passes for the other.
func TestRace(t *testing.T) {
	table := NewTable(nil)
	table.Meet(monday, id(1), "bo")
	table.Meet(monday.Add(time.Second), id(2), "bо")
	judged(t, table, monday, id(1), "bo", Changed, id(2))
	judged(t, table, monday, id(2), "bо", Changed, id(1))
	table = NewTable(nil)
	table.Meet(monday, id(1), "bo")
	table.Meet(monday.Add(2*time.Minute), id(2), "bо")
	judged(t, table, monday, id(1), "bo", Seen, nobody)
	judged(t, table, monday, id(2), "bо", Changed, id(1))
}

// TestRename holds that a name is nobody's because its bearer was known by another.
func TestRename(t *testing.T) {
	table := NewTable(nil)
	table.Meet(monday, id(1), "zed")
	table.Meet(monday.Add(day), id(2), "bo")
	if met := table.Meet(monday.Add(2*day), id(1), "bo"); met.Was != "zed" {
		t.Errorf("was %q before, want zed", met.Was)
	}
	judged(t, table, monday.Add(2*day), id(1), "bo", Changed, id(2))
	judged(t, table, monday.Add(2*day), id(2), "bo", Seen, nobody)
	table.Meet(monday.Add(3*day), id(1), "Zeta")
	judged(t, table, monday.Add(3*day), id(1), "Zeta", Seen, nobody)

	must(t, table.Trust(monday.Add(3*day), id(1), "Zeta"))
	judged(t, table, monday.Add(3*day), id(1), "zeta", Verified, nobody)
	judged(t, table, monday.Add(3*day), id(1), "Eta", Verified, nobody)
	judged(t, table, monday.Add(3*day), id(1), "Bo", Changed, id(2))
	judged(t, table, monday.Add(3*day), id(3), "Zeta", Changed, id(1))
	table.Meet(monday.Add(4*day), id(1), "Eta")
	judged(t, table, monday.Add(4*day), id(3), "Zeta", Changed, id(1)) // the name it was verified by
	judged(t, table, monday.Add(4*day), id(3), "eta", Changed, id(1))
	for _, name := range []string{"Zeta", "Eta"} {
		if like := table.Judge(monday.Add(5*day), id(3), name, false).Like; like == nil || like.Name != name {
			t.Errorf("%q is like %+v", name, like)
		}
	}
}

// TestTrustBeforeMeeting enters an ID that somebody has read out.
func TestTrustBeforeMeeting(t *testing.T) {
	table := NewTable(nil)
	must(t, table.Trust(monday, id(1), ""))
	judged(t, table, monday, id(2), "", New, nobody)
	judged(t, table, monday.Add(day), id(1), "bo", Verified, nobody)
	table.Meet(monday.Add(day), id(1), "bo")
	judged(t, table, monday.Add(day), id(1), "bo", Verified, nobody)
	judged(t, table, monday.Add(2*day), id(2), "bo", Changed, id(1))
}

func TestBlocked(t *testing.T) {
	table := NewTable(nil)
	table.Meet(monday, id(1), "bo")
	must(t, table.Block(monday, id(1), "bo"))
	judged(t, table, monday.Add(day), id(2), "bo", New, nobody) // who is blocked owns no name
	if p, _ := table.Person(id(1)); !p.Blocked || p.Name != "bo" {
		t.Errorf("%+v", p)
	}
	if !table.Unblock(id(1)) || table.Unblock(id(1)) {
		t.Error("a block is taken back once")
	}
	must(t, table.Block(monday, id(7), "ana")) // who was never met
	if p, _ := table.Person(id(7)); p.Name != "ana" {
		t.Errorf("%+v", p)
	}
}

func TestFind(t *testing.T) {
	table := NewTable(nil)
	table.Meet(monday, id(1), "bo")
	table.Meet(monday, id(2), "bo")
	table.Meet(monday, id(3), "x: y")
	must(t, table.Trust(monday, id(3), ""))
	table.Meet(monday.Add(day), id(3), "cy")
	for who, want := range map[string][]peer.ID{
		"bo":               {id(2), id(1)},
		id(1).String():     {id(1)},
		id(3).Short():      {id(3)},
		"cy":               {id(3)},
		"x: y":             {id(3)},
		`"x: y"`:           {id(3)},
		"dora":             nil,
		"":                 nil,
		id(4).String():     nil,
		id(1).String()[1:]: nil,
	} {
		var got []peer.ID
		for _, p := range table.Find(who) {
			got = append(got, p.ID)
		}
		if !sameIDs(got, want) {
			t.Errorf("Find(%q) = %v, want %v", who, got, want)
		}
	}
}

// TestStrangersPushOutStrangers holds that no number of strangers has those forgotten
// who were met again.
func TestStrangersPushOutStrangers(t *testing.T) {
	table := NewTable(nil)
	for d := range 2 {
		for n := range 100 {
			table.Meet(monday.Add(time.Duration(d)*day), id(n), fmt.Sprintf("friend %d", n))
		}
	}
	for n := range Limit + 1000 {
		table.Meet(monday.Add(2*day).Add(time.Duration(n)*time.Second), id(1000+n), fmt.Sprintf("stranger %d", n))
	}
	if got := len(table.People()); got != Limit {
		t.Errorf("%d people, want %d", got, Limit)
	}
	for n := range 100 {
		if _, known := table.Person(id(n)); !known {
			t.Fatalf("friend %d was forgotten", n)
		}
	}
	if _, known := table.Person(id(1000)); known {
		t.Error("the first stranger was not forgotten")
	}
	if _, known := table.Person(id(1000 + Limit + 1000 - 1)); !known {
		t.Error("the last stranger was")
	}
	if len(table.byKey) > 2*Limit {
		t.Errorf("%d keys of %d people", len(table.byKey), Limit)
	}
}

// TestNewFriends holds that a table full of those who were met again still takes in
// somebody new for long enough.
func TestNewFriends(t *testing.T) {
	table := NewTable(nil)
	for n := range Limit {
		table.Meet(monday, id(n), "regular")
		table.Meet(monday.Add(day), id(n), "regular")
	}
	for n := range nursery {
		table.Meet(monday.Add(2*day), id(10000+n), "new")
	}
	for n := range nursery {
		if _, known := table.Person(id(10000 + n)); !known {
			t.Fatalf("new friend %d was forgotten", n)
		}
	}
	table.Meet(monday.Add(2*day).Add(time.Minute), id(20000), "one more")
	if _, known := table.Person(id(20000)); !known || len(table.People()) != Limit {
		t.Error("the next pushes out another new one")
	}
}

// TestNeverForgotten holds that who is verified or blocked stays, and that it is said
// when there is room for nobody more.
func TestNeverForgotten(t *testing.T) {
	table := NewTable(nil)
	for n := range Limit - 1 {
		var err error
		if n%2 == 0 {
			err = table.Trust(monday, id(n), "verified")
		} else {
			err = table.Block(monday, id(n), "blocked")
		}
		must(t, err)
	}
	table.Meet(monday, id(10000), "a")
	if met := table.Meet(monday.Add(day), id(10001), "b"); !met.News {
		t.Error("who was seen did not give way to who is")
	}
	must(t, table.Trust(monday, id(10002), "last"))
	if met := table.Meet(monday, id(10003), "c"); met.News || !met.New {
		t.Errorf("met in a full table: %+v", met)
	}
	judged(t, table, monday.Add(day), id(10003), "c", New, nobody)
	if err := table.Trust(monday, id(10003), "c"); !errors.Is(err, ErrFull) {
		t.Errorf("trust in a full table: %v", err)
	}
	if err := table.Block(monday, id(10003), "c"); !errors.Is(err, ErrFull) {
		t.Errorf("block in a full table: %v", err)
	}
	for n := range Limit - 1 {
		if _, known := table.Person(id(n)); !known {
			t.Fatalf("%d was forgotten", n)
		}
	}
}

func sameIDs(a, b []peer.ID) bool {
	less := func(x, y peer.ID) int { return slices.Compare(x[:], y[:]) }
	return slices.Equal(slices.SortedFunc(slices.Values(a), less), slices.SortedFunc(slices.Values(b), less))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestWords holds that the words are those of both IDs and of the link, whoever asks.
func TestWords(t *testing.T) {
	link, other := [32]byte{1}, [32]byte{2}
	words := Words(id(1), id(2), link)
	if len(words) != wordCount {
		t.Fatalf("%d words: %q", len(words), words)
	}
	if again := Words(id(2), id(1), link); !slices.Equal(words, again) {
		t.Errorf("%q here, %q there", words, again)
	}
	for what, differ := range map[string][]string{"another link": Words(id(1), id(2), other), "another person": Words(id(1), id(3), link)} {
		if slices.Equal(words, differ) {
			t.Errorf("%s has the same words", what)
		}
	}
}

// TestManyWhoAreCalledAlike holds that a table full of people who are called alike is not
// looked through again for each message of one of them, until somebody is entered.
func TestManyWhoAreCalledAlike(t *testing.T) {
	table := NewTable(nil)
	for n := range Limit {
		table.Meet(monday.Add(time.Duration(n)*time.Hour), id(n), "ana")
	}
	now := monday.Add(Limit * time.Hour)
	last := id(Limit - 1)
	first := table.Judge(now, last, "ana", false)
	if first.Standing != Changed || first.Like.ID != id(0) {
		t.Fatalf("the last of them is %+v", first)
	}
	byKey := table.byKey
	table.byKey = nil // there is nothing to look through
	if again := table.Judge(now, last, "ana", false); again.Standing != Changed || again.Like.ID != id(0) {
		t.Errorf("asked again it is %+v", again)
	}
	table.byKey = byKey
	must(t, table.Block(now, id(0), "ana"))
	if then := table.Judge(now, last, "ana", false); then.Standing != Changed || then.Like.ID != id(1) {
		t.Errorf("with the first blocked it is %+v", then)
	}
	for n := range 2 * maxOwners {
		table.Judge(now.Add(time.Duration(n)), id(-1), "bo", false)
	}
	if n := len(table.owners); n > maxOwners {
		t.Errorf("%d claims are remembered", n)
	}
}
