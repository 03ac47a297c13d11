package share_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/share"
)

// crowd is a sender and n receivers, each of whom sends a MiB a second at most.
func crowd(t *testing.T, n int) (ana *person, others []*person) {
	t.Helper()
	return crowdAt(t, n, 1<<20)
}

func crowdAt(t *testing.T, n int, uploadLimit int64) (ana *person, others []*person) {
	t.Helper()
	r := newRoom(t)
	cfg := share.Config{Receive: true, UploadLimit: uploadLimit}
	ana = r.with("ana", cfg)
	for i := range n {
		others = append(others, r.with(fmt.Sprint("bo", i), cfg))
	}
	meet(t, append([]*person{ana}, others...)...)
	return ana, others
}

// sendAll sends a file to all.
func sendAll(t *testing.T, ana *person, others []*person, path string) (sent, got []*share.Transfer) {
	t.Helper()
	c := collect(t, path)
	for _, p := range others {
		sent = append(sent, ana.send(c, p))
	}
	for _, p := range others {
		got = append(got, p.accept())
	}
	return sent, got
}

func total(transfers []*share.Transfer, of func(share.Progress) int64) (sum int64) {
	for _, tr := range transfers {
		sum += of(tr.Progress())
	}
	return sum
}

// Whoever has a piece passes it on: the sender uploads about once what many get, and not
// half of what it would without. That is 1.0 to 1.2 times.
func TestReceiversHelpEachOther(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, others := crowd(t, 4)
		path := file(t, filepath.Join(t.TempDir(), "film"), 40<<20)
		begun := time.Now()
		sent, got := sendAll(t, ana, others, path)
		helpedEachOther(t, begun, others, path, sent, got)
	})
}

// All who accept at the same moment are told of all. Who is not uploads and gets no part
// of what the others have.
func TestReceiversThatAcceptAtOnce(t *testing.T) {
	for range 12 {
		inBubble(t, func(t *testing.T) {
			ana, others := crowdAt(t, 4, 256<<10)
			path := file(t, filepath.Join(t.TempDir(), "film"), 10<<20)
			c := collect(t, path)
			var sent []*share.Transfer
			for _, p := range others {
				sent = append(sent, ana.send(c, p))
			}
			var offers []*share.Offer
			for _, p := range others {
				offers = append(offers, p.offer())
			}
			begun := time.Now()
			got := make([]*share.Transfer, len(others))
			var all sync.WaitGroup
			for i, o := range offers {
				all.Go(func() {
					var err error
					if got[i], err = o.Accept(context.Background(), share.Destination{Dir: others[i].home}); err != nil {
						t.Error(err)
					}
				})
			}
			all.Wait()
			helpedEachOther(t, begun, others, path, sent, got)
		})
	}
}

// helpedEachOther waits until a file that takes 40 s to upload once has arrived at all,
// who get it from each other, too.
func helpedEachOther(t *testing.T, begun time.Time, others []*person, path string, sent, got []*share.Transfer) {
	t.Helper()
	done(t, slices.Concat(sent, got)...)
	took := time.Since(begun)
	for _, p := range others {
		same(t, filepath.Dir(path), p.home)
	}
	size, n := sent[0].Progress().Bytes, int64(len(others))
	uploaded := total(sent, func(p share.Progress) int64 { return p.Sent })
	received := total(got, func(p share.Progress) int64 { return p.Received })
	t.Logf("%v, %.2f of it uploaded by its sender, %.3f received by each", took, float64(uploaded)/float64(size), float64(received)/float64(size*n))
	if uploaded > size*3/2 || received > n*size*105/100 || took > 80*time.Second {
		t.Errorf("%v, %d uploaded by its sender, %d received in all", took, uploaded, received)
	}
}

// One that comes late, and one that leaves in the middle, disturb nobody.
func TestReceiverJoinsLateAndOneLeaves(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const size = 20 << 20
		ana, others := crowd(t, 4)
		path := file(t, filepath.Join(t.TempDir(), "film"), size)
		c := collect(t, path)
		sent, got := sendAll(t, ana, others[:3], path)
		time.Sleep(8 * time.Second)
		late := ana.send(c, others[3])
		lateGot := others[3].accept()
		time.Sleep(2 * time.Second)
		others[0].host.Kill()
		done(t, sent[1], sent[2], got[1], got[2], late, lateGot)
		for _, p := range others[1:] {
			same(t, filepath.Dir(path), p.home)
		}
		sent[0].Cancel()
	})
}

// With the sender gone, the others give what they have.
func TestReceiversGoOnWithoutTheSender(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const size = 10 << 20
		ana, others := crowd(t, 2)
		path := file(t, filepath.Join(t.TempDir(), "film"), size)
		c := collect(t, path)
		first := ana.send(c, others[0])
		second, err := ana.sharer.Send(context.Background(), c, others[1].node.Self().ID)
		if err != nil {
			t.Fatal(err)
		}
		got := []*share.Transfer{others[0].accept(), others[1].accept()}
		for got[0].Progress().BytesDone < size/2 || got[1].Progress().BytesDone < size/2 {
			time.Sleep(100 * time.Millisecond)
		}
		ana.host.Kill()
		time.Sleep(time.Minute)
		a, b := got[0].Progress(), got[1].Progress()
		t.Logf("%d and %d of %d", a.BytesDone, b.BytesDone, size)
		ana.stop()
		_, _ = first, second
		ana.start(share.Config{})
		meet(t, append([]*person{ana}, others...)...)
		sent, again := ana.send(c, others[0]), ana.send(c, others[1])
		done(t, append(got, sent, again)...)
	})
}

// anyHas reports whether one of several who receive the same has all of it.
func anyHas(got []*share.Transfer, size int64) bool {
	return slices.ContainsFunc(got, func(tr *share.Transfer) bool { return tr.Progress().BytesDone == size })
}

// reopen opens another Sharer on somebody's node.
func reopen(t *testing.T, p *person, cfg share.Config) *share.Sharer {
	t.Helper()
	cfg.StateDir = p.state
	sharer, err := share.Open(p.node, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return sharer
}

// When the sender is gone after all of it is out, the others finish: they have
// been told what each piece should be.
func TestReceiversFinishWithoutTheSender(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const size = 40 << 20
		ana, others := crowd(t, 4)
		ana.sharer.Close()
		ana.sharer = reopen(t, ana, share.Config{UploadLimit: 4 << 20})
		path := file(t, filepath.Join(t.TempDir(), "film"), size)
		sent, got := sendAll(t, ana, others, path)
		for total(sent, func(p share.Progress) int64 { return p.Sent }) < size || !anyHas(got, size) {
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(100 * time.Millisecond) // the root is told
		for _, tr := range got {
			t.Logf("killed when %.3f is there", float64(tr.Progress().BytesDone)/size)
		}
		ana.host.Kill()
		done(t, got...)
		for _, p := range others {
			same(t, filepath.Dir(path), p.home)
		}
	})
}

// Whom the same is offered apart does not learn of another who gets it.
func TestOffersApartAreToldOfNobody(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const size = 5 << 20
		ana, others := crowd(t, 2)
		path := file(t, filepath.Join(t.TempDir(), "film"), size)
		var all []*share.Transfer
		for _, p := range others {
			all = append(all, ana.send(collect(t, path), p))
		}
		var got []*share.Transfer
		for _, p := range others {
			got = append(got, p.accept())
		}
		done(t, append(all, got...)...)
		if given := total(got, func(p share.Progress) int64 { return p.Sent }); given != 0 {
			t.Errorf("they gave each other %d bytes", given)
		}
	})
}
