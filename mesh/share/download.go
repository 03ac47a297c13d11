package share

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share/internal/bits"
	"github.com/lanyap/lanyap/mesh/share/internal/landing"
	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	"github.com/lanyap/lanyap/mesh/share/internal/picker"
	"github.com/lanyap/lanyap/mesh/share/internal/proto"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
	"github.com/lanyap/lanyap/peer"
)

const (
	// beat is how often a download tells how far it is, and looks after what has
	// stopped.
	beat = 200 * time.Millisecond
	// writers is how many goroutines verify and write small files: creating them is
	// mostly waiting for the system.
	writers = 2
	// lastWord is how long the sender has to take in that all has arrived.
	lastWord = 5 * time.Second
)

// download is a content on its way to us. Its sources are streams to members who
// have it, or some of it; each is read by its own goroutine. What arrives is
// verified and written by others, so that a slow disk, or a busy processor, stops
// the reading once maxArrived waits, and so the senders.
type download struct {
	s       *Sharer
	t       *Transfer
	ctx     context.Context
	key     tree.Hash
	offerer mesh.Peer
	items   []Item // as it was offered, at most 64
	count   int    // of items, the same
	files   int    // the same
	size    int64  // the same
	dest    Destination
	path    string        // on a shelf of offerer's, if it was not offered
	poke    chan struct{} // a token: there is something new for run
	small   chan arrival  // files of one piece
	large   chan arrival  // pieces of others
	quit    chan struct{} // closed when nothing is written any more
	hurry   chan struct{} // a token: others are not served any longer
	known   chan struct{} // closed when the manifest is
	ended   chan struct{} // closed when nothing is left of it
	room    *allowance
	wg      sync.WaitGroup // of what writes

	mu          sync.Mutex // guards what follows
	sources     map[peer.Instance]*source
	describer   *source // who sends the manifest
	parts       []byte  // of it
	m           *manifest.Manifest
	land        *landing.Landing
	plan        *picker.Picker
	missing     *bits.Set   // pieces that are not here, or not counted yet
	left        []int32     // of each entry: how many are
	stage       []fileStage // of each entry
	adopt       chan int    // files that may be there and whose root is known; nil: none
	doubts      []int       // files whose roots are to be asked for because of that
	doubtsAsked int
	open        int // files that are neither done nor failed
	failures    IncompleteError
	several     bool // others fetch the same
	ordered     bool // who offers it gets it meanwhile
	mates       map[mesh.Member]*mate
	hashes      map[int]tree.Hash // of pieces that are missing, by the word of who offers it
	hashesAsked *bits.Set         // of which pieces it was asked for them
	news        []bits.Run        // what has come and mates do not know
	readers     map[*Reader]int   // with the piece that each reads next, and 1
	far, told   proto.Far
	err         error // why it cannot go on
	retry       retry
	over        bool // nothing is fetched any more
	shut        bool // nor served
}

// fileStage is what has become of a file.
type fileStage uint8

const (
	fileOpen fileStage = iota
	fileRootAsked
	fileDoubted // it may be there: see doubtLocked
	fileDoubtAsked
	fileAdopting
	fileDone
	fileFailed
)

// arrival is a piece that has come and is to be verified and written.
type arrival struct {
	from *source
	i    int
	hash tree.Hash
	data []byte
}

// newDownload begins to fetch what was offered.
func (s *Sharer) newDownload(ctx context.Context, o *Offer, dest Destination, path string) (*download, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	if s.downloads[o.key] != nil {
		return nil, ErrInUse
	}
	d := &download{
		s:       s,
		key:     o.key,
		offerer: o.From,
		items:   o.Items,
		count:   o.Count,
		files:   o.Files,
		size:    o.Size,
		dest:    dest,
		path:    path,
		ordered: o.coming,
		poke:    make(chan struct{}, 1),
		small:   make(chan arrival, 64),
		large:   make(chan arrival, 64),
		quit:    make(chan struct{}),
		hurry:   make(chan struct{}, 1),
		known:   make(chan struct{}),
		ended:   make(chan struct{}),
		room:    newAllowance(),
		sources: make(map[peer.Instance]*source),
		mates:   make(map[mesh.Member]*mate),
		hashes:  make(map[int]tree.Hash),
		readers: make(map[*Reader]int),
	}
	d.t, d.ctx = s.newTransfer(ctx, true, o.key)
	d.t.in = d
	d.t.update(func(p *Progress) {
		*p = Progress{Phase: Connecting, Peer: o.From, Files: o.Files, Bytes: o.Size}
	})
	s.downloads[o.key] = d
	s.wg.Go(d.run)
	return d, nil
}

// downloadOf returns what fetches a content.
func (s *Sharer) downloadOf(key tree.Hash) *download {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.downloads[key]
}

// run is the download's own goroutine, from acceptance to the end.
func (d *download) run() {
	err := d.main()
	if err == nil {
		err = d.incomplete(nil)
	}
	d.cease(err)
	d.room.close()
	close(d.quit)
	d.wg.Wait()
	lingers := d.needed()
	if lingers {
		d.s.keepServing(d)
		d.t.end(err)
		d.linger()
	}
	d.endStreams()
	if land := d.landing(); land != nil {
		if err := land.Close(); err != nil {
			d.s.log.Warn("what has arrived could not be put away", "err", err)
		}
	}
	d.s.forget(d)
	close(d.ended)
	if !lingers {
		d.t.end(err)
	}
}

func (d *download) main() error {
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for d.manifest() == nil {
		if err := d.wait(ticker.C); err != nil {
			return d.incomplete(err)
		}
	}
	if err := d.begin(); err != nil {
		return d.incomplete(err)
	}
	d.wg.Go(func() { d.write(d.large) })
	for range writers {
		d.wg.Go(func() { d.write(d.small) })
	}
	for {
		d.tell()
		over, err := d.landReady()
		if err != nil {
			return d.incomplete(err)
		}
		if over && !d.landed() {
			return d.incomplete(errNotLanded)
		}
		if over {
			return d.depart()
		}
		if err := d.wait(ticker.C); err != nil {
			return d.incomplete(err)
		}
	}
}

// wait waits for something new, or the next beat.
func (d *download) wait(beat <-chan time.Time) error {
	select {
	case <-d.poke:
	case <-beat:
		d.pump()
		d.redial()
		d.meet()
		d.concludeAlone()
	case <-d.ctx.Done():
		return context.Cause(d.ctx)
	}
	if d.ctx.Err() != nil {
		return context.Cause(d.ctx)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

func (d *download) rouse() {
	select {
	case d.poke <- struct{}{}:
	default:
	}
}

func (d *download) manifest() *manifest.Manifest {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.m
}

func (d *download) landing() *landing.Landing {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.land
}

// begin prepares the landing, and takes up what is there.
func (d *download) begin() error {
	d.t.phase(Verifying)
	state, err := d.s.state.path()
	if err != nil {
		return err
	}
	d.s.hasten(d.key)
	land, err := landing.Open(d.m, landing.Options{
		State:    state,
		Dir:      d.dest.Dir,
		Conflict: landing.Conflict(d.dest.Conflict),
		Plain:    d.dest.Plain,
		From:     d.offerer.ID.String(),
		Name:     d.offerer.Name,
	})
	if err != nil {
		return localError(err)
	}
	if err := land.Verify(d.ctx, nil); err != nil {
		land.Close()
		return localError(err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.land = land
	d.takeStockLocked()
	for _, src := range d.sources {
		d.joinLocked(src)
	}
	d.meetLocked()
	d.pumpLocked()
	d.stirLocked()
	d.t.phase(Moving)
	return nil
}

// takeStockLocked counts what is there already.
func (d *download) takeStockLocked() {
	wanted := d.land.Wanted()
	d.plan = picker.New(picker.Config{
		Self:   d.s.node.Self().Instance,
		Pieces: d.m.Pieces(),
		Offset: offsets(d.m),
		Need:   wanted.Clone(),
		Seed:   rand.Uint64(),

		Several: d.several,
		Ordered: d.ordered,
	})
	d.readFirstLocked()
	d.hashesAsked = bits.New(d.m.Pieces())
	d.missing = wanted
	d.left = make([]int32, d.m.Len())
	d.stage = make([]fileStage, d.m.Len())
	for e := range d.m.Len() {
		if d.m.Kind(e) == manifest.Folder {
			d.stage[e] = fileDone
			continue
		}
		run := d.m.PiecesOf(e)
		d.left[e] = int32(wanted.CountRun(run))
		if d.land.Settled(e) {
			d.stage[e] = fileDone
			d.far.Files++
		} else {
			d.open++
		}
	}
	d.far.Bytes = d.m.Size()
	for run := range wanted.Runs() {
		d.far.Bytes -= d.m.Bytes(run)
	}
	d.far.Skipped = d.far.Bytes
	d.doubtLocked(d.land.Existing())
	d.showLocked()
}

// offsets returns where each piece begins in all of a content.
func offsets(m *manifest.Manifest) func(piece int) int64 {
	starts := make([]int64, m.Len()) // of entries
	for e := 1; e < len(starts); e++ {
		starts[e] = starts[e-1] + m.FileSize(e-1)
	}
	return func(piece int) int64 {
		if piece >= m.Pieces() {
			return m.Size()
		}
		at := m.Piece(piece)
		return starts[at.Entry] + at.Offset
	}
}

// showLocked brings the transfer's progress up to date.
func (d *download) showLocked() {
	far, holders := d.far, len(d.sources)
	d.t.update(func(p *Progress) {
		p.FilesDone, p.BytesDone, p.Skipped, p.Holders = far.Files, far.Bytes, far.Skipped, holders
	})
}

// landReady lands what is ready, and reports whether that was all: a file that is
// complete only after it was looked for what is ready is for the next time.
func (d *download) landReady() (over bool, err error) {
	over = d.complete()
	return over, d.finish()
}

// finish lands what is ready.
func (d *download) finish() error {
	items, err := d.land.Finish(d.ctx)
	for _, it := range items {
		d.t.land(Landed{
			Item:    itemOf(d.m, it.Item),
			Path:    it.Path,
			Root:    it.Root,
			Skipped: it.Skipped,
		})
	}
	return localError(err)
}

// errNotLanded is a fault of ours: nobody is told that something is here which is not.
var errNotLanded = errors.New("share: all of it has come, and it did not land")

// landed reports whether all that could be fetched is where it belongs.
func (d *download) landed() bool {
	d.mu.Lock()
	failed := d.failures.Failed
	d.mu.Unlock()
	return failed > 0 || d.land.Done()
}

// complete reports whether nothing is left to be fetched.
func (d *download) complete() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.open == 0
}

// incomplete is how a download ends that was not given up before it began, or nil
// if all of it has arrived.
func (d *download) incomplete(cause error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if cause == nil && d.failures.Failed == 0 {
		return nil
	}
	whole := d.failures
	whole.Cause = cause
	return &whole
}

// depart tells whoever offered it that all has arrived, and waits until that has
// come through.
func (d *download) depart() error {
	d.tell()
	d.mu.Lock()
	d.over = true
	var origins []*source
	for _, src := range d.sources {
		if src.origin {
			src.sess.send(func(b []byte) []byte { return proto.Empty(b, proto.Done) })
			origins = append(origins, src)
		}
	}
	d.mu.Unlock()
	patience := time.NewTimer(lastWord)
	defer patience.Stop()
	for _, src := range origins {
		select {
		case <-src.ended:
		case <-patience.C:
			return nil
		case <-d.ctx.Done():
			return nil
		}
	}
	return nil
}

// cease ends the fetching: nothing is asked of anybody any more. After a fault all
// streams end, else those to other receivers go on.
func (d *download) cease(err error) {
	code := proto.Finished
	var whole *IncompleteError
	failed := errors.As(err, &whole) && whole.Cause != nil
	if failed {
		code = codeOf(whole.Cause)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.over = true
	d.shut = failed
	for _, src := range d.sources {
		if src.origin || failed {
			src.sess.part(code)
		}
	}
}

// tell says how far we are to whoever offered it.
func (d *download) tell() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.showLocked()
	if d.far == d.told {
		return
	}
	d.told = d.far
	for _, src := range d.sources {
		if src.origin {
			src.sess.send(func(b []byte) []byte { return proto.AppendProgress(b, d.far) })
		}
	}
}

// tellFailedLocked says to whoever offered it that a file is not what it should
// be.
func (d *download) tellFailedLocked(e int, c proto.Code) {
	for _, src := range d.sources {
		if src.origin {
			src.sess.send(func(b []byte) []byte { return proto.AppendFailed(b, e, c) })
		}
	}
}

// add counts a failure.
func (e *IncompleteError) add(path string, err error) {
	e.Failed++
	if len(e.Failures) < maxWarnings {
		e.Failures = append(e.Failures, Failure{Path: path, Err: err})
	}
}
