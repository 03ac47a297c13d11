package share

import (
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share/internal/bits"
	"github.com/lanyap/lanyap/mesh/share/internal/landing"
	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	"github.com/lanyap/lanyap/mesh/share/internal/picker"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
	"github.com/lanyap/lanyap/peer"
)

// oneFile is a download of a file of one piece, and its bytes.
func oneFile(t *testing.T) (*download, []byte, tree.Hash) {
	t.Helper()
	data := make([]byte, 1000)
	m, err := manifest.New(manifest.Entry{Path: "film", Size: int64(len(data))})
	if err != nil {
		t.Fatal(err)
	}
	land, err := landing.Open(m, landing.Options{State: t.TempDir(), Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { land.Close() })
	d := &download{
		t: &Transfer{more: make(chan struct{})}, ctx: t.Context(), m: m, land: land, poke: make(chan struct{}, 1),
		missing: bits.Full(1), left: []int32{1}, stage: []fileStage{fileOpen}, open: 1,
		hashes: map[int]tree.Hash{},
	}
	d.plan = picker.New(picker.Config{Pieces: 1, Offset: offsets(m), Need: bits.Full(1)})
	return d, data, tree.Sum(data, int64(len(data)), 0)
}

// What is complete by the time that the download looks whether it is has landed
// when it ends, however late its last piece came.
func TestLastPieceLands(t *testing.T) {
	d, data, hash := oneFile(t)
	d.mu.Lock()
	over := make(chan bool)
	go func() {
		is, err := d.landReady()
		if err != nil {
			t.Error(err)
		}
		over <- is
	}()
	time.Sleep(50 * time.Millisecond) // until it waits for the lock
	if err := d.land.WritePiece(0, hash, data); err != nil {
		t.Fatal(err)
	}
	d.doneLocked(0)
	d.mu.Unlock()
	if <-over && !d.land.Done() {
		t.Error("it is over, and its file has not landed")
	}
}

// A piece that was asked of two counts once, also when the second copy of it comes
// between the writing of the first and its counting.
func TestPieceThatComesTwiceCounts(t *testing.T) {
	d, data, hash := oneFile(t)
	first := &source{d: d, sess: &session{who: mesh.Peer{Member: mesh.Member{Instance: peer.Instance{1}}}}}
	second := &source{d: d, sess: &session{who: mesh.Peer{Member: mesh.Member{Instance: peer.Instance{2}}}}}
	for _, src := range []*source{first, second} {
		d.plan.Joined(time.Now(), src.holder(), bits.Full(1), false)
	}
	if err := d.land.WritePiece(0, hash, data); err != nil {
		t.Fatal(err)
	}
	d.vouchedLocked(second, 0, len(data), &hash)
	for range 2 {
		d.good(arrival{from: first, i: 0, hash: hash, data: data}, len(data))
	}
	if d.left[0] != 0 || d.far.Bytes != 1000 || d.open != 0 || d.far.Files != 1 {
		t.Errorf("%d pieces are left, %d bytes are here, %d files are open", d.left[0], d.far.Bytes, d.open)
	}
}
