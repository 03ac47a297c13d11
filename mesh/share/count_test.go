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

// A piece that was asked of two counts once, also when the second copy of it comes
// between the writing of the first and its counting.
func TestPieceThatComesTwiceCounts(t *testing.T) {
	data := make([]byte, 1000)
	m, err := manifest.New(manifest.Entry{Path: "film", Size: int64(len(data))})
	if err != nil {
		t.Fatal(err)
	}
	land, err := landing.Open(m, landing.Options{State: t.TempDir(), Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer land.Close()
	d := &download{
		t: &Transfer{}, m: m, land: land, poke: make(chan struct{}, 1),
		missing: bits.Full(1), left: []int32{1}, stage: []fileStage{fileOpen}, open: 1,
		hashes: map[int]tree.Hash{},
	}
	d.plan = picker.New(picker.Config{Pieces: 1, Offset: offsets(m), Need: bits.Full(1)})
	first := &source{d: d, sess: &session{who: mesh.Peer{Member: mesh.Member{Instance: peer.Instance{1}}}}}
	second := &source{d: d, sess: &session{who: mesh.Peer{Member: mesh.Member{Instance: peer.Instance{2}}}}}
	for _, src := range []*source{first, second} {
		d.plan.Joined(time.Now(), src.holder(), bits.Full(1), false)
	}
	hash := tree.Sum(data, int64(len(data)), 0)
	if err := land.WritePiece(0, hash, data); err != nil {
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
