package known

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
)

// Config is what [Open] needs.
type Config struct {
	Dir      string // the state directory; empty: nothing is read or written
	ReadOnly bool   // nothing is written: what is entered is forgotten at the end
}

// saveAfter is how long it takes until somebody who was met is in the file: several
// come at once, as a rule.
const saveAfter = time.Second

// lookEvery is how often at most it is looked whether another process has written
// the file.
const lookEvery = 100 * time.Millisecond

// Book is who is known, with the file it is kept in. It is safe for concurrent use. A
// nil Book knows nobody.
type Book struct {
	cfg  Config
	file file
	now  func() time.Time

	saving sync.Mutex // held while the file is read or written

	mu       sync.Mutex // guards what follows
	table    *Table
	pending  []edit      // made to table, and not in the file yet
	timer    *time.Timer // will save; nil: none
	warn     func(text string)
	warnings []string // before there was warn
	failed   bool     // the last write did, and was told
	broken   error    // the file is not to be touched
	stamp    stamp    // of the file when it was read
	looked   time.Time
	self     mesh.Peer
	here     []netip.AddrPort            // where we answer
	present  map[mesh.Member]*attendance // who is here
	twice    map[peer.ID]time.Time       // when it was told that two hosts have the key
	closed   bool
}

// edit is a change to a table, which may be made to another as well.
type edit func(*Table) error

// attendance is somebody's being here.
type attendance struct {
	mesh.Peer
	came  time.Time
	fresh bool // it was not known before
}

// Open reads the book. What is wrong with its file is told by Watch; it is used as
// far as it can be.
func Open(cfg Config) *Book {
	b := &Book{
		cfg: cfg, file: file{cfg.Dir}, now: time.Now,
		table: NewTable(nil), present: make(map[mesh.Member]*attendance), twice: make(map[peer.ID]time.Time),
	}
	if cfg.Dir == "" {
		return b
	}
	b.saving.Lock()
	damaged := b.readLocked()
	b.saving.Unlock()
	if damaged > 0 && !cfg.ReadOnly {
		_ = b.save() // which sets it aside, and tells
	}
	return b
}

// readLocked takes in the file, and returns how many of its lines are damaged.
func (b *Book) readLocked() (damaged int) {
	at := b.file.stamp()
	people, damaged, err := b.file.read()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.stamp, b.broken = at, err
	if err != nil {
		b.tellLocked(b.complaint(err))
		return 0
	}
	b.replaceLocked(NewTable(people))
	return damaged
}

// complaint is what is told of an error of the file.
func (b *Book) complaint(err error) string {
	if path := (*fs.PathError)(nil); errors.As(err, &path) {
		return fmt.Sprintf("whom you know is not remembered: %v", err)
	}
	return fmt.Sprintf("whom you know is not remembered: %s: %v", b.file.path(), err)
}

// replaceLocked takes another table, with the edits that are not in it yet.
func (b *Book) replaceLocked(t *Table) {
	for _, e := range b.pending {
		_ = e(t) // what failed was told, or will be
	}
	b.table = t
}

// tellLocked warns whoever uses the program.
func (b *Book) tellLocked(text string) {
	if b.warn == nil {
		b.warnings = append(b.warnings, text)
		return
	}
	go b.warn(text) // it may ask us
}

// Watch has what is wrong with the file told to warn, from now on and before.
func (b *Book) Watch(warn func(text string)) {
	if b == nil {
		return
	}
	b.mu.Lock()
	b.warn = warn
	before := b.warnings
	b.warnings = nil
	b.mu.Unlock()
	for _, text := range before {
		warn(text)
	}
}

// Self tells the book who uses it, and where that answers.
func (b *Book) Self(self mesh.Peer, here []netip.AddrPort) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.self, b.here = self, here
}

// edit makes a change now, in the file as well. The error says that it is not there,
// and is made in memory alone all the same, or why it cannot be made.
func (b *Book) edit(e edit) error {
	b.mu.Lock()
	err := e(b.table)
	if err == nil && b.keepsLocked() {
		b.pending = append(b.pending, e)
	}
	broken := b.broken
	b.mu.Unlock()
	switch {
	case err != nil:
		return err
	case broken != nil:
		return fmt.Errorf("%s: %w", b.file.path(), broken)
	}
	return b.save()
}

// keepsLocked reports whether anything is written.
func (b *Book) keepsLocked() bool { return b.cfg.Dir != "" && !b.cfg.ReadOnly && b.broken == nil }

// save makes the pending edits to the file as it is now.
func (b *Book) save() error {
	b.saving.Lock()
	defer b.saving.Unlock()
	b.mu.Lock()
	keeps, edits := b.keepsLocked(), b.pending
	if b.closed && len(edits) == 0 {
		keeps = false // the timer's turn came behind Close
	}
	b.timer = nil
	b.mu.Unlock()
	if !keeps {
		return nil
	}
	t, told, at, err := b.rewrite(edits)
	b.mu.Lock()
	defer b.mu.Unlock()
	if told != "" {
		b.tellLocked(told)
	}
	if err != nil {
		if !b.failed {
			b.tellLocked(b.complaint(err))
		}
		b.failed = true
		return err
	}
	b.failed = false
	b.stamp = at
	b.pending = slices.Clone(b.pending[len(edits):])
	b.replaceLocked(t)
	return nil
}

// rewrite makes edits to the file, and returns what it is then. told is about what
// was damaged.
func (b *Book) rewrite(edits []edit) (t *Table, told string, at stamp, err error) {
	unlock, err := b.file.lock()
	if err != nil {
		return nil, "", at, err
	}
	defer unlock()
	people, damaged, err := b.file.read()
	if err != nil {
		return nil, "", at, err
	}
	if damaged > 0 {
		aside, err := b.file.setAside(b.now())
		if err != nil {
			return nil, "", at, err
		}
		told = fmt.Sprintf("%s was damaged: %d of its lines are lost; as it was it is %s", b.file.path(), damaged, aside)
	}
	t = NewTable(people)
	for _, e := range edits {
		_ = e(t) // there is no room, which was told
	}
	err = b.file.write(t.People())
	return t, told, b.file.stamp(), err
}

// refreshLocked takes in what other processes wrote. It is called with mu held, which
// it lets go of meanwhile.
func (b *Book) refreshLocked() {
	now := b.now()
	if b.cfg.Dir == "" || b.closed || now.Sub(b.looked) < lookEvery {
		return
	}
	b.looked = now
	before := b.stamp
	b.mu.Unlock()
	defer b.mu.Lock()
	if !b.file.stamp().equal(before) && b.saving.TryLock() {
		defer b.saving.Unlock()
		b.readLocked()
	}
}

// Close writes what is not in the file yet. The error is that of writing it.
func (b *Book) Close() error {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	b.closed = true
	if b.timer != nil {
		b.timer.Stop()
	}
	waits := len(b.pending) > 0
	b.mu.Unlock()
	if !waits {
		return nil
	}
	return b.save()
}
