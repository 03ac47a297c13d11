package transfer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share"
	"github.com/lanyap/lanyap/peer"
)

// fakeShelves is what members have on shelves. Who is not in it has no Sharer.
type fakeShelves struct {
	has    map[peer.Instance]map[string][]share.Entry // by path
	slow   peer.Instance                              // never answers
	script func(*fakeTransfer)

	mu     sync.Mutex // guards the rest
	shared []string
	got    []string
	closed bool
}

func (s *fakeShelves) Share(dir string, readers ...peer.ID) (*share.Shelf, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if strings.HasSuffix(dir, "broken") {
		return nil, share.ErrUnreadable
	}
	s.shared = append(s.shared, fmt.Sprint(dir, len(readers)))
	return nil, nil
}

func (s *fakeShelves) Shelves(ctx context.Context, m mesh.Member) ([]share.Entry, error) {
	entries, err := s.List(ctx, m, "")
	if errors.Is(err, share.ErrNotFound) {
		err = nil
	}
	return entries, err
}

func (s *fakeShelves) List(ctx context.Context, m mesh.Member, path string) ([]share.Entry, error) {
	if m.Instance == s.slow {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	places, is := s.has[m.Instance]
	if !is {
		return nil, share.ErrNotReceiving
	}
	entries, is := places[path]
	if !is {
		return nil, share.ErrNotFound
	}
	return entries, nil
}

func (s *fakeShelves) Get(ctx context.Context, m mesh.Member, path string, d share.Destination) (Transfer, error) {
	if _, err := s.List(ctx, m, path); err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.got = append(s.got, fmt.Sprintf("%s from %d into %s", path, m.Instance[0], d.Dir))
	s.mu.Unlock()
	t := newTransfer(1<<20, 1)
	go s.script(t)
	return t, nil
}

func (s *fakeShelves) Close() error { s.closed = true; return nil }

// twice is bo on another terminal.
func twice() mesh.Peer {
	p := bo
	p.Instance[0] = 9
	return p
}

var jazz = share.Entry{Path: "music/jazz", Dir: true}

func TestList(t *testing.T) {
	music := map[string][]share.Entry{"": {{Path: "music", Dir: true}}, "music": {jazz}, "music/empty": {}}
	namesake := member("bo", 7)
	tests := []struct {
		name    string
		present []mesh.Peer
		has     map[peer.Instance]map[string][]share.Entry
		place   Place
		want    string // names and paths, or what is in the error
		err     bool
	}{
		{"of all", []mesh.Peer{cy, bo, ana}, map[peer.Instance]map[string][]share.Entry{bo.Instance: music, ana.Instance: music}, Place{}, "[ana music bo music]", false},
		{"of all, and nobody shares", []mesh.Peer{bo, cy}, map[peer.Instance]map[string][]share.Entry{bo.Instance: {}}, Place{}, ErrNoShelves.Error(), true},
		{"of all, and nobody is here", nil, nil, Place{}, ErrNobody.Error(), true},
		{"of one", []mesh.Peer{bo, cy}, map[peer.Instance]map[string][]share.Entry{bo.Instance: music, cy.Instance: music}, Place{Name: "bo"}, "[bo music]", false},
		{"of one by ID", []mesh.Peer{bo, namesake}, map[peer.Instance]map[string][]share.Entry{bo.Instance: music}, Place{Name: bo.ID.String()}, "[bo music]", false},
		{"of one on two terminals", []mesh.Peer{twice(), bo}, map[peer.Instance]map[string][]share.Entry{twice().Instance: music}, Place{Name: "bo", Path: "music"}, "[bo music/jazz]", false},
		{"an empty folder", []mesh.Peer{bo}, map[peer.Instance]map[string][]share.Entry{bo.Instance: music}, Place{"bo", "music/empty"}, "[bo]", false},
		{"not there", []mesh.Peer{bo}, map[peer.Instance]map[string][]share.Entry{bo.Instance: music}, Place{"bo", "nothing"}, "bo:nothing is not on a shelf", true},
		{"no shelf", []mesh.Peer{bo}, map[peer.Instance]map[string][]share.Entry{bo.Instance: {}}, Place{Name: "bo"}, `"bo" shares nothing with you`, true},
		{"no Sharer", []mesh.Peer{bo}, nil, Place{"bo", "music"}, `"bo" shares nothing with you`, true},
		{"absent", []mesh.Peer{cy}, nil, Place{Name: "bo"}, `"bo" is not in the room`, true},
		{"two of one name", []mesh.Peer{bo, namesake}, nil, Place{Name: "bo"}, `"bo" is the name of 2 people`, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				node, shelves := &fakeNode{present: tt.present, settles: time.Second}, &fakeShelves{has: tt.has}
				listed, err := List(t.Context(), ListConfig{Node: node, Shelves: shelves, Place: tt.place, Timeout: 10 * time.Second})
				var got []string
				for _, l := range listed {
					got = append(got, l.Peer.Name)
					for _, e := range l.Entries {
						got = append(got, e.Path)
					}
				}
				text := fmt.Sprint(got)
				if err != nil {
					text = err.Error()
				}
				if (err != nil) != tt.err || !strings.Contains(text, tt.want) {
					t.Errorf("listed %v, %v; want %s", got, err, tt.want)
				}
				if !shelves.closed || !node.left || !node.closed {
					t.Error("the node or the Sharer is still open")
				}
			})
		})
	}
}

func TestListWaitsForWhoComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		node := &fakeNode{}
		time.AfterFunc(5*time.Second, func() { node.join(bo) })
		listed, err := List(t.Context(), ListConfig{
			Node: node, Shelves: &fakeShelves{has: map[peer.Instance]map[string][]share.Entry{bo.Instance: {"": {jazz}}}},
			Place: Place{Name: "bo"}, Timeout: 10 * time.Second,
		})
		if err != nil || len(listed) != 1 {
			t.Errorf("listed %v, %v", listed, err)
		}
	})
}

// TestListOfWhoDoesNotAnswer holds that one who never answers keeps the others
// waiting for a bounded time.
func TestListOfWhoDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started := time.Now()
		listed, err := List(t.Context(), ListConfig{
			Node:    &fakeNode{present: []mesh.Peer{bo, cy}},
			Shelves: &fakeShelves{has: map[peer.Instance]map[string][]share.Entry{bo.Instance: {"": {jazz}}}, slow: cy.Instance},
			Timeout: time.Minute,
		})
		if err != nil || len(listed) != 1 || time.Since(started) > askLimit+time.Second {
			t.Errorf("listed %v, %v after %v", listed, err, time.Since(started))
		}
	})
}

// gets runs Get.
func gets(ctx context.Context, s *fakeShelves, face Face, place Place, present ...mesh.Peer) error {
	return Get(ctx, GetConfig{
		Node: &fakeNode{self: ana, present: present}, Room: "lan", Shelves: s, Place: place,
		Destination: share.Destination{Dir: "inbox"}, Timeout: 10 * time.Second, Face: face,
	})
}

func onShelf(p mesh.Peer, path string) map[peer.Instance]map[string][]share.Entry {
	return map[peer.Instance]map[string][]share.Entry{p.Instance: {path: {jazz}}}
}

func TestGet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		face := &recorder{}
		s := &fakeShelves{has: onShelf(twice(), "music/jazz"), script: lands([]share.Item{{Name: "jazz", Dir: true, Files: 1, Size: 1 << 20}})}
		if err := gets(t.Context(), s, face, Place{"bo", "music/jazz"}, bo, twice(), cy); err != nil {
			t.Fatal(err)
		}
		if want := []string{"music/jazz from 9 into inbox"}; !slices.Equal(s.got, want) || !s.closed {
			t.Errorf("got %q, want %q", s.got, want)
		}
		if got := of[Received](face); len(got) != 1 || got[0].Item.Path != "inbox/jazz" || got[0].Peer.Instance != twice().Instance {
			t.Errorf("received %v", got)
		}
		wantWords(t, face.notices(), "* taking jazz, 1.0 MiB, from bo", "* received jazz from bo: 1.0 MiB, verified")
	})
}

func TestGetFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for want, tt := range map[string]struct {
			shelves *fakeShelves
			kind    Kind
		}{
			"bo:music/jazz is not on a shelf that you may read": {&fakeShelves{has: onShelf(bo, "music/rock")}, Missing},
			`"bo" shares nothing with you`:                      {&fakeShelves{}, Missing},
			"jazz from bo: changed while it was sent":           {&fakeShelves{has: onShelf(bo, "music/jazz"), script: ends(share.ErrChanged)}, Broken},
			"jazz from bo: found no space left":                 {&fakeShelves{has: onShelf(bo, "music/jazz"), script: ends(&share.IncompleteError{Cause: share.ErrNoSpace})}, Incomplete},
			"vanished, and did not come back within 10 s":       {&fakeShelves{has: onShelf(bo, "music/jazz"), script: stays(share.Waiting)}, Incomplete},
		} {
			err := gets(t.Context(), tt.shelves, &recorder{}, Place{"bo", "music/jazz"}, bo)
			if err == nil || !strings.Contains(strings.Replace(err.Error(), "10s", "10 s", 1), want) || KindOf(err) != tt.kind {
				t.Errorf("error is %v of kind %v, want %s of kind %v", err, KindOf(err), want, tt.kind)
			}
		}
		err := gets(t.Context(), &fakeShelves{}, &recorder{}, Place{"bo", "music/jazz"})
		if err == nil || KindOf(err) != Absent {
			t.Errorf("of somebody who is not here: %v", err)
		}
	})
}

func TestGetInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		stop := errors.New("stop")
		time.AfterFunc(3*time.Second, func() { cancel(stop) })
		s := &fakeShelves{has: onShelf(bo, "music/jazz"), script: stays(share.Moving)}
		if err := gets(ctx, s, &recorder{}, Place{"bo", "music/jazz"}, bo); !errors.Is(err, stop) || !s.closed {
			t.Errorf("error is %v, want the context's", err)
		}
	})
}

// deaf is a face that nothing can be shown on.
type deaf struct{}

func (deaf) Show(ev Event) error {
	if _, is := ev.(Progress); is {
		return errors.New("closed")
	}
	return nil
}

func TestGetThatCannotBeShown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &fakeShelves{has: onShelf(bo, "music/jazz"), script: stays(share.Moving)}
		var broken *FaceError
		if err := gets(t.Context(), s, deaf{}, Place{"bo", "music/jazz"}, bo); !errors.As(err, &broken) {
			t.Errorf("error is %v, want a FaceError", err)
		}
	})
}

func TestShare(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "music/a", "music/.hidden/b", "music/c")
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		face, s := &recorder{}, &fakeShelves{}
		ended := make(chan error, 1)
		away := member("", 8)
		go func() {
			ended <- Share(ctx, ShareConfig{
				Node: &fakeNode{self: ana, present: []mesh.Peer{bo}}, Room: "lan", Shelves: s, Dirs: []string{dir + "/music"},
				For: []string{"bo", away.ID.String()}, Timeout: time.Minute, Face: face,
			})
		}()
		synctest.Wait()
		time.Sleep(time.Hour) // it stays there
		synctest.Wait()
		if want := []string{dir + "/music2"}; !slices.Equal(s.shared, want) {
			t.Errorf("shared %q, want %q", s.shared, want)
		}
		wantWords(t, face.notices(), "* bo ("+bo.ID.Short()+"), "+away.ID.Short(), "can read all of music/: 3 files, 12 B, in "+dir+"/music\n* 1 file of it hidden, such as .hidden/b")
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) || !s.closed {
			t.Errorf("ended with %v", err)
		}
	})
}

func TestShareFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		run := func(dir string, readers ...string) error {
			return Share(t.Context(), ShareConfig{
				Node: &fakeNode{self: ana, present: []mesh.Peer{bo, member("bo", 7)}}, Shelves: &fakeShelves{},
				Dirs: []string{dir}, For: readers, Timeout: time.Second, Face: &recorder{},
			})
		}
		if err := run("broken"); !errors.Is(err, share.ErrUnreadable) {
			t.Errorf("of what cannot be read: %v", err)
		}
		var two *AmbiguousError
		if err := run("x", "bo"); !errors.As(err, &two) {
			t.Errorf("for one of two: %v", err)
		}
		if err := run("x", "nobody"); err == nil || KindOf(err) != Absent {
			t.Errorf("for nobody: %v", err)
		}
	})
}

// write makes files of four bytes.
func write(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("1234"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
