package landing

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// The files of a journal, in STATE/partials/KEY.
const (
	partialsDir  = "partials"
	lockFile     = "lock"     // locked by the process that receives
	aboutFile    = "about"    // JSON: about
	manifestFile = "manifest" // in its canonical encoding
	haveFile     = "have"     // records of runs of pieces that were written
	hashesFile   = "hashes"   // of the pieces, 32 bytes each in their order; zero: unknown
	rootsFile    = "roots"    // of the entries, likewise
	movesFile    = "moves"    // a line of JSON for each item that is about to move
)

// What waits to be written to the journal is at most this much: a crash loses
// no more of what has come. The data itself is written at once.
const (
	maxUnsaidBytes  = 1 << 20
	maxUnsaidPieces = 512
)

const aboutVersion = 1

// about is what the journal says of the content as a whole.
type about struct {
	Version int       `json:"version"`
	Key     string    `json:"key"`   // in hex
	Dir     string    `json:"dir"`   // the destination, absolute
	Stage   string    `json:"stage"` // name of the directory in it where the data lies
	Owner   int64     `json:"owner"` // of that one
	From    string    `json:"from"`
	Name    string    `json:"name"`
	Items   []Item    `json:"items"` // the first of them
	Files   int       `json:"files"`
	Size    int64     `json:"size"`
	Since   time.Time `json:"since"`
}

// record is a line of the file of runs.
type record struct {
	First, Count, Bytes uint64
}

const recordSize = 24

// move is a line of the file of moves.
type move struct {
	Item   int    `json:"item"`
	As     string `json:"as"`
	Number uint64 `json:"number"` // of the inode that moves; 0: unknown
	Merge  bool   `json:"merge"`  // its files move one by one into a folder of that name
	Done   bool   `json:"done"`
}

// A journal is what the state directory knows of a content that is being
// received. One process has it at a time.
type journal struct {
	dir  string
	lock *os.File
	about

	mu          sync.Mutex // guards all below, and the files against half a change
	have        *os.File
	hashes      *os.File
	roots       *os.File
	moves       *os.File
	unsaid      []piece // had, and not in the files yet
	unsaidBytes int64
}

// piece is one that was written.
type piece struct {
	i     int
	bytes int
	hash  tree.Hash
}

// openJournal opens the journal of a content, or makes one: then about is zero.
func openJournal(state string, key manifest.Key) (*journal, error) {
	j := &journal{dir: filepath.Join(state, partialsDir, hex.EncodeToString(key[:]))}
	if err := j.take(true); err != nil {
		return nil, err
	}
	if err := j.read(); err != nil {
		j.lock.Close()
		return nil, err
	}
	for _, f := range []struct {
		to   **os.File
		name string
	}{{&j.have, haveFile}, {&j.hashes, hashesFile}, {&j.roots, rootsFile}, {&j.moves, movesFile}} {
		var err error
		*f.to, err = os.OpenFile(filepath.Join(j.dir, f.name), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			_ = j.close()
			return nil, err
		}
	}
	return j, nil
}

// take locks the journal. Another process may remove it meanwhile: what is
// locked has to be what has the name.
func (j *journal) take(create bool) error {
	path := filepath.Join(j.dir, lockFile)
	for {
		if create {
			if err := os.MkdirAll(j.dir, 0o700); err != nil {
				return err
			}
		}
		flag := os.O_RDWR
		if create {
			flag |= os.O_CREATE
		}
		f, err := os.OpenFile(path, flag, 0o600)
		if create && errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := lock(f); err != nil {
			f.Close()
			return err
		}
		if sameFile(f, path) {
			j.lock = f
			return nil
		}
		f.Close()
		if !create {
			return fs.ErrNotExist
		}
	}
}

func sameFile(f *os.File, path string) bool {
	a, err := f.Stat()
	if err != nil {
		return false
	}
	b, err := os.Stat(path)
	return err == nil && os.SameFile(a, b)
}

// read reads what the journal says of the content as a whole. What cannot be
// read, or is of another version, is as good as nothing.
func (j *journal) read() error {
	text, err := os.ReadFile(filepath.Join(j.dir, aboutFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if json.Unmarshal(text, &j.about) != nil || j.Version != aboutVersion || !isStage(j.Stage) {
		j.about = about{}
	}
	return nil
}

// write says what the content is. It is the last that is written of a new
// journal: one without it is none.
func (j *journal) write(a about) error {
	a.Version = aboutVersion
	text, err := json.Marshal(a)
	if err != nil {
		return err
	}
	path := filepath.Join(j.dir, aboutFile)
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	j.about = a
	return nil
}

// begin empties the journal for a content that is begun anew.
func (j *journal) begin(encoding []byte) error {
	if err := os.Remove(filepath.Join(j.dir, aboutFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	j.about = about{}
	for _, f := range []*os.File{j.have, j.hashes, j.roots, j.moves} {
		if err := f.Truncate(0); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(j.dir, manifestFile), encoding, 0o600)
}

// claims returns the pieces that the journal says were written, of n.
func (j *journal) claims(n int) (*bits.Set, error) {
	set := bits.New(n)
	err := readRecords(j.have, func(r record) {
		run := bits.Run{First: int(r.First), Count: int(r.Count)}
		if r.First < 1<<62 && r.Count < 1<<62 && run.In(n) {
			set.AddRun(run)
		}
	})
	return set, err
}

// readRecords calls do with each whole record. A broken one is told like any.
func readRecords(f io.ReaderAt, do func(record)) error {
	in := io.NewSectionReader(f, 0, 1<<62)
	buf := make([]byte, 1024*recordSize)
	for {
		n, err := io.ReadFull(in, buf)
		for b := buf[:n]; len(b) >= recordSize; b = b[recordSize:] {
			do(record{
				binary.LittleEndian.Uint64(b),
				binary.LittleEndian.Uint64(b[8:]),
				binary.LittleEndian.Uint64(b[16:]),
			})
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// rewrite replaces the records by those of a set. size tells the bytes of a run.
func (j *journal) rewrite(set *bits.Set, size func(bits.Run) int64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	var text []byte
	for run := range set.Runs() {
		text = appendRecord(text, record{uint64(run.First), uint64(run.Count), uint64(size(run))})
	}
	// In this order: killed between the two, there are old claims behind the
	// new ones, and not none.
	if _, err := j.have.WriteAt(text, 0); err != nil {
		return err
	}
	return j.have.Truncate(int64(len(text)))
}

func appendRecord(b []byte, r record) []byte {
	b = binary.LittleEndian.AppendUint64(b, r.First)
	b = binary.LittleEndian.AppendUint64(b, r.Count)
	return binary.LittleEndian.AppendUint64(b, r.Bytes)
}

// add enters a piece that was written.
func (j *journal) add(p piece) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.unsaid = append(j.unsaid, p)
	j.unsaidBytes += int64(p.bytes)
	if len(j.unsaid) < maxUnsaidPieces && j.unsaidBytes < maxUnsaidBytes {
		return nil
	}
	return j.flushLocked()
}

// flush writes what waits.
func (j *journal) flush() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.flushLocked()
}

// flushLocked writes the hashes first: a piece that is claimed has one.
func (j *journal) flushLocked() error {
	if len(j.unsaid) == 0 {
		return nil
	}
	slices.SortFunc(j.unsaid, func(a, b piece) int { return a.i - b.i })
	var records, hashes []byte
	for rest := j.unsaid; len(rest) > 0; {
		n, r := 0, record{First: uint64(rest[0].i)}
		hashes = hashes[:0]
		for ; n < len(rest) && rest[n].i == rest[0].i+n; n++ {
			hashes = append(hashes, rest[n].hash[:]...)
			r.Count++
			r.Bytes += uint64(rest[n].bytes)
		}
		if _, err := j.hashes.WriteAt(hashes, int64(rest[0].i)*32); err != nil {
			return err
		}
		records = appendRecord(records, r)
		rest = rest[n:]
	}
	end, err := j.have.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if _, err := j.have.WriteAt(records, end-end%recordSize); err != nil {
		return err
	}
	j.unsaid, j.unsaidBytes = j.unsaid[:0], 0
	return nil
}

// readHashes fills to with the hashes from first on. What nobody said is zero.
func (j *journal) readHashes(first int, to []tree.Hash) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := readSums(j.hashes, first, to); err != nil {
		return err
	}
	for _, p := range j.unsaid {
		if p.i >= first && p.i < first+len(to) {
			to[p.i-first] = p.hash
		}
	}
	return nil
}

// writeHashes enters hashes of pieces that may not be there yet.
func (j *journal) writeHashes(first int, hashes []tree.Hash) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.flushLocked(); err != nil {
		return err // what waits would be written over them
	}
	return writeSums(j.hashes, first, hashes)
}

// readRoots and writeRoot do the same for entries.
func (j *journal) readRoots(first int, to []tree.Hash) error {
	return readSums(j.roots, first, to)
}

func (j *journal) writeRoot(entry int, root tree.Hash) error {
	return writeSums(j.roots, entry, []tree.Hash{root})
}

func readSums(f io.ReaderAt, first int, to []tree.Hash) error {
	buf := make([]byte, 32*len(to))
	n, err := f.ReadAt(buf, int64(first)*32)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	clear(buf[n:])
	for i := range to {
		copy(to[i][:], buf[32*i:])
	}
	return nil
}

func writeSums(f io.WriterAt, first int, sums []tree.Hash) error {
	buf := make([]byte, 0, 32*len(sums))
	for _, s := range sums {
		buf = append(buf, s[:]...)
	}
	_, err := f.WriteAt(buf, int64(first)*32)
	return err
}

// writeMove enters that an item is about to move, or has.
func (j *journal) writeMove(m move) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.moves.Seek(0, io.SeekEnd); err != nil {
		return err
	}
	_, err = j.moves.Write(append(text, '\n'))
	return err
}

// readMoves returns the last that was entered of each item. What cannot be read
// is cut off: it was being written when an earlier run ended.
func (j *journal) readMoves() (map[int]move, error) {
	moves := make(map[int]move)
	in := json.NewDecoder(io.NewSectionReader(j.moves, 0, 1<<40))
	for {
		end := in.InputOffset()
		var m move
		if in.Decode(&m) != nil {
			return moves, j.moves.Truncate(end)
		}
		moves[m.Item] = m
	}
}

// close writes what waits, and lets others have the journal.
func (j *journal) close() error {
	var err error
	if j.have != nil && j.hashes != nil {
		err = j.flush()
	}
	for _, f := range []*os.File{j.have, j.hashes, j.roots, j.moves} {
		if f != nil {
			f.Close()
		}
	}
	j.lock.Close()
	return err
}

// remove closes the journal and removes it.
func (j *journal) remove() error {
	j.mu.Lock()
	j.unsaid = nil
	j.mu.Unlock()
	names := []string{aboutFile, aboutFile + ".new", manifestFile, haveFile, hashesFile, rootsFile, movesFile}
	for _, f := range []*os.File{j.have, j.hashes, j.roots, j.moves} {
		if f != nil {
			f.Close()
		}
	}
	var errs []error
	for _, name := range names {
		if err := os.Remove(filepath.Join(j.dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	// The lock goes last, and before it is let go, where an open file can be
	// removed; elsewhere after that.
	path := filepath.Join(j.dir, lockFile)
	first := os.Remove(path)
	j.lock.Close()
	if first != nil {
		_ = os.Remove(path)
	}
	_ = os.Remove(j.dir) // unless somebody has begun anew
	return errors.Join(errs...)
}
