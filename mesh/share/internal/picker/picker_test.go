package picker

import (
	"runtime"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
)

var (
	start  = time.Unix(1000, 0)
	origin = Holder{1}
	ann    = Holder{2}
	bo     = Holder{3}
)

// content is a picker that needs all of so many pieces of a size.
func content(pieces int, size int64, several bool) *Picker {
	return New(Config{
		Self:    Holder{9},
		Pieces:  pieces,
		Offset:  func(i int) int64 { return int64(i) * size },
		Need:    bits.Full(pieces),
		Several: several,
	})
}

// asks are all requests that a picker makes now.
func (p *Picker) asks(now time.Time) map[Holder]*bits.Set {
	asks := make(map[Holder]*bits.Set)
	for {
		r, ok := p.Next(now)
		if !ok {
			return asks
		}
		if asks[r.Holder] == nil {
			asks[r.Holder] = bits.New(p.pieces)
		}
		asks[r.Holder].AddRun(r.Run)
	}
}

func count(s *bits.Set) int {
	if s == nil {
		return 0
	}
	return s.Count()
}

func TestOneHolderIsAskedInOrder(t *testing.T) {
	for _, size := range []int64{10, 4 << 10, 256 << 10, 4 << 20} {
		p := content(5000, size, false)
		p.Joined(start, origin, nil, true)
		next := 0
		for {
			r, ok := p.Next(start)
			if !ok {
				break
			}
			if r.First != next || r.Count > maxCount || r.Count > 1 && p.bytes(r.Run) > maxRun {
				t.Fatalf("pieces of %d bytes: %v, want a run from %d on", size, r, next)
			}
			next = r.End()
		}
		if flying := int64(next) * size; next < 5000 && flying < aheadAlone || flying > aheadMost+maxRun {
			t.Errorf("pieces of %d bytes: %d bytes are in flight", size, flying)
		}
	}
}

func TestEachNewBlockHasOneOwner(t *testing.T) {
	receivers := []Holder{ann, bo, {7}, {8}}
	owners := make(map[int]int)
	shares := make([]int, len(receivers))
	for k, self := range receivers {
		p := content(1000, 256<<10, true)
		p.self = self
		for _, other := range receivers {
			p.Joined(start, other, bits.New(1000), false)
		}
		for b := range p.grid.len() {
			if p.ours(b) {
				owners[b]++
				shares[k]++
			}
		}
	}
	for b := range 1000 {
		if owners[b] != 1 {
			t.Fatalf("block %d has %d owners", b, owners[b])
		}
	}
	for k, n := range shares {
		if n < 150 || n > 350 {
			t.Errorf("receiver %d has %d of 1000 blocks", k, n)
		}
	}
}

func TestWhatOthersGetIsLeftToThem(t *testing.T) {
	p := content(100, 256<<10, true)
	p.Joined(start, origin, nil, true)
	p.Joined(start, ann, bits.New(100), false)
	p.Fetching(start, ann, bits.Run{First: 0, Count: 99}, true)
	if asks := p.asks(start); count(asks[origin]) != 1 || !asks[origin].Has(99) {
		t.Errorf("asked the origin for %d pieces", count(asks[origin]))
	}
	p.Got(start, origin, 99)
	p.Has(start, ann, bits.Run{First: 5, Count: 1})
	if asks := p.asks(start); count(asks[ann]) != 1 || count(asks[origin]) != 0 {
		t.Errorf("asked the origin for %d and who has it for %d", count(asks[origin]), count(asks[ann]))
	}
	// Nothing is heard of her: the rest is anybody's.
	later := start.Add(lapse + time.Second)
	if asks := p.asks(later); count(asks[origin]) == 0 {
		t.Error("she is believed for ever")
	}
}

func TestWhatIsSaidToBeOnItsWayIsBounded(t *testing.T) {
	p := content(1000, 256<<10, true)
	p.Joined(start, ann, bits.New(1000), false)
	p.Fetching(start, ann, bits.Run{First: 0, Count: 1000}, true)
	if n := p.known.Count(); n != maxAnnounced/(256<<10) {
		t.Errorf("%d pieces are believed to be on their way", n)
	}
}

func TestWhatWasAskedOfWhoLeftIsFree(t *testing.T) {
	p := content(100, 256<<10, true)
	p.Joined(start, ann, nil, false)
	p.Joined(start, bo, nil, false)
	before := p.asks(start)
	p.Left(start, ann)
	if p.open.CountIn(before[ann]) != count(before[ann]) {
		t.Error("what she was asked for is not free")
	}
	if p.open.CountIn(before[bo]) != 0 {
		t.Error("what he was asked for is free")
	}
}

func TestLiarIsNotTakenAgain(t *testing.T) {
	p := content(100, 256<<10, true)
	p.Joined(start, ann, nil, false)
	p.Lied(start, ann)
	if p.Joined(start, ann, nil, false) || len(p.asks(start)) > 0 {
		t.Error("she is asked again")
	}
}

func TestWhoHasItNotIsNotAskedAgain(t *testing.T) {
	p := content(100, 256<<10, true)
	p.Joined(start, ann, nil, false)
	r, _ := p.Next(start)
	p.Failed(start, ann, r.Run)
	if asks := p.asks(start); asks[ann].CountRun(r.Run) > 0 {
		t.Error("she is asked again")
	}
	for range maxFailures {
		p.Has(start, ann, r.Run)
		p.Failed(start, ann, r.Run)
	}
	if p.Joined(start, ann, nil, false) {
		t.Error("she may fail for ever")
	}
}

func TestStalledHolderIsRelieved(t *testing.T) {
	p := content(20, 256<<10, true)
	p.Joined(start, ann, nil, false)
	p.Joined(start, bo, nil, false)
	now := start
	left := p.asks(now)
	held := left[ann]
	for now.Sub(start) < time.Minute && !p.Done() {
		now = now.Add(100 * time.Millisecond)
		if bos := left[bo]; bos != nil {
			for i := bos.Next(0); i < 20; i = bos.Next(i + 1) {
				p.Got(now, bo, i)
			}
		}
		left = p.asks(now)
	}
	if !p.Done() {
		n, _ := p.Remaining()
		t.Fatalf("%d pieces are waited for from who gives nothing", n)
	}
	if took := now.Sub(start); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	cancelled := bits.New(20)
	for {
		r, ok := p.Cancelled()
		if !ok {
			break
		}
		if r.Holder == ann {
			cancelled.AddRun(r.Run)
		}
	}
	if cancelled.CountIn(held) != count(held) {
		t.Errorf("%d of %d are cancelled", cancelled.CountIn(held), count(held))
	}
}

func TestWhatIsAskedOfTwoIsBounded(t *testing.T) {
	const pieces = 400
	p := content(pieces, 256<<10, true)
	p.Joined(start, ann, nil, false)
	p.Joined(start, bo, nil, false)
	now, twice := start, int64(0)
	asked := bits.New(pieces)
	for range 200 {
		for h, set := range p.asks(now) {
			twice += int64(asked.CountIn(set)) * (256 << 10)
			asked.Union(set)
			if h == bo {
				for i := set.Next(0); i < pieces; i = set.Next(i + 1) {
					p.Got(now, bo, i)
				}
			}
		}
		now = now.Add(9 * time.Millisecond) // she has not stalled yet
	}
	if most := p.offset(pieces)/maxDoubled + 256<<10; twice > most {
		t.Errorf("%d bytes are asked of two, want %d at most", twice, most)
	}
}

func TestHoldersAreBounded(t *testing.T) {
	p := content(100, 256<<10, true)
	for i := range MaxHolders {
		if !p.Joined(start, Holder{100, byte(i)}, nil, false) {
			t.Fatalf("holder %d is not taken", i)
		}
	}
	if p.Joined(start, ann, nil, false) {
		t.Error("there may be more than a byte counts")
	}
}

func TestSkippedIsNotAsked(t *testing.T) {
	p := content(100, 256<<10, false)
	p.Joined(start, origin, nil, true)
	p.Skip(bits.Run{First: 0, Count: 90})
	if asks := p.asks(start); count(asks[origin]) != 10 {
		t.Errorf("asked for %d pieces", count(asks[origin]))
	}
	p.Need(bits.Run{First: 50, Count: 5})
	if asks := p.asks(start); count(asks[origin]) != 5 {
		t.Errorf("asked for %d of those that are needed after all", count(asks[origin]))
	}
	if n, bytes := p.Remaining(); n != 15 || bytes != 15*256<<10 {
		t.Errorf("%d pieces and %d bytes remain", n, bytes)
	}
}

// A million pieces that eight others have take some MiB.
func TestMillionPiecesTakeLittle(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	p := content(1_000_000, 4<<10, true)
	p.Joined(start, origin, nil, true)
	for i := range 8 {
		p.Joined(start, Holder{100, byte(i)}, nil, false)
		p.Fetching(start, Holder{100, byte(i)}, bits.Run{First: 0, Count: 100}, true)
	}
	p.asks(start)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if used := after.HeapAlloc - before.HeapAlloc; int64(used) > 8<<20 {
		t.Errorf("they take %d KiB", used>>10)
	}
	runtime.KeepAlive(p)
}

// What somebody reads is asked for before the rest, and what is near behind it.
func TestWhereSomebodyReadsComesFirst(t *testing.T) {
	p := content(1000, 256<<10, false)
	p.Joined(start, origin, nil, true)
	p.First([]int{500})
	r, ok := p.Next(start)
	if !ok || r.First != 500 {
		t.Errorf("asks for %v first, want 500", r)
	}
	for ok && r.First >= 500 {
		for i := r.First; i < r.End(); i++ {
			p.Got(start, origin, i)
		}
		r, ok = p.Next(start)
	}
	if r.First != 0 {
		t.Errorf("goes on with %v, want 0", r)
	}
	if end := p.needed.Next(500); end < 500+near/(256<<10) || end > 500+(near+maxRun)/(256<<10) {
		t.Errorf("goes on after %d pieces from there", end-500)
	}

	p = content(1000, 256<<10, true)
	p.Joined(start, origin, nil, true)
	p.Joined(start, ann, bits.Full(1000), false)
	p.First([]int{500})
	if asks := p.asks(start)[ann]; asks.Next(0) != 500 {
		t.Errorf("asks another receiver for %d first, want 500", asks.Next(0))
	}
}

// What the origin gets while it gives it is asked for from the first on.
func TestWhatComesIsAskedForInOrder(t *testing.T) {
	p := New(Config{
		Self: Holder{9}, Pieces: 1000, Offset: func(i int) int64 { return int64(i) * (256 << 10) },
		Need: bits.Full(1000), Several: true, Ordered: true,
	})
	p.Joined(start, origin, nil, true)
	p.Joined(start, ann, bits.New(1000), false)
	asks := p.asks(start)[origin]
	if first := asks.Next(0); count(asks) == 0 || first > 20 {
		t.Errorf("asks for %d first", first)
	}
}
