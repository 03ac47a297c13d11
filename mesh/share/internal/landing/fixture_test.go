package landing_test

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/landing"
	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// content is what somebody sends.
type content struct {
	*manifest.Manifest
	data map[string][]byte // by path; what ends in a slash is a folder
}

// changed is when all files of a test were changed.
var changed = time.Date(2020, 5, 4, 3, 2, 1, 0, time.UTC)

// send makes a content of files. One whose name begins with "run" may be
// executed.
func send(t testing.TB, files map[string][]byte) *content {
	t.Helper()
	var entries []manifest.Entry
	for path, data := range files {
		e := manifest.Entry{Path: path, Size: int64(len(data)), Changed: changed.UnixNano()}
		if folder, ok := strings.CutSuffix(path, "/"); ok {
			e = manifest.Entry{Path: folder, Kind: manifest.Folder}
		}
		e.Executable = strings.HasPrefix(filepath.Base(path), "run")
		entries = append(entries, e)
	}
	m, err := manifest.New(entries...)
	if err != nil {
		t.Fatal(err)
	}
	return &content{m, files}
}

// noise returns bytes that are the same for the same seed.
func noise(seed uint64, n int) []byte {
	data := make([]byte, n)
	source := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)})
	_, _ = source.Read(data)
	return data
}

// sample is a content of everything there is.
func sample(t testing.TB) *content {
	return send(t, map[string][]byte{
		"film":                noise(1, 3*tree.MinPiece+5),
		"slides/":             nil,
		"slides/empty/":       nil,
		"slides/nothing":      {},
		"slides/run.sh":       []byte("#!/bin/sh\n"),
		"slides/one":          noise(2, 1000),
		"slides/deep/er/":     nil,
		"slides/deep/er/wide": noise(3, tree.MinPiece+1),
		"slides/.git/config":  []byte("[core]\n"),
		"text.txt":            []byte("hello"),
	})
}

// piece returns the bytes and the hash of a piece.
func (c *content) piece(i int) ([]byte, tree.Hash) {
	p := c.Piece(i)
	data := c.data[c.Path(p.Entry)][p.Offset:][:p.Length]
	return data, tree.Sum(data, c.FileSize(p.Entry), p.Index)
}

func (c *content) hashes(e int) []tree.Hash {
	var all []tree.Hash
	run := c.PiecesOf(e)
	for i := run.First; i < run.End(); i++ {
		_, hash := c.piece(i)
		all = append(all, hash)
	}
	return all
}

// root is the root of an entry's file.
func (c *content) root(e int) tree.Hash { return tree.Root(c.hashes(e), c.FileSize(e)) }

// entry is the index of a path.
func (c *content) entry(t testing.TB, path string) int {
	t.Helper()
	for e := range c.Len() {
		if c.Path(e) == path {
			return e
		}
	}
	t.Fatalf("%s is not sent", path)
	return 0
}

// setRoots says all roots.
func (c *content) setRoots(t testing.TB, l *landing.Landing) {
	t.Helper()
	for e := range c.Len() {
		if c.Kind(e) != manifest.File {
			continue
		}
		if err := l.SetRoot(e, c.root(e)); err != nil {
			t.Fatal(err)
		}
	}
}

// write writes pieces.
func (c *content) write(t testing.TB, l *landing.Landing, pieces ...int) {
	t.Helper()
	for _, i := range pieces {
		data, hash := c.piece(i)
		if err := l.WritePiece(i, hash, data); err != nil {
			t.Fatal(err)
		}
	}
}

// wanted are the pieces that are wanted.
func wanted(l *landing.Landing) []int {
	var all []int
	for run := range l.Wanted().Runs() {
		for i := run.First; i < run.End(); i++ {
			all = append(all, i)
		}
	}
	return all
}

// place is where something is received.
type place struct {
	landing.Options
}

func newPlace(t testing.TB) place {
	t.Helper()
	return place{landing.Options{State: t.TempDir(), Dir: t.TempDir(), From: "ID", Name: "bo"}}
}

// open opens a content, and verifies what is there.
func (p place) open(t testing.TB, c *content) *landing.Landing {
	t.Helper()
	l, err := landing.Open(c.Manifest, p.Options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	if err := l.Verify(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	return l
}

// receive receives all of it.
func (p place) receive(t testing.TB, c *content) []landing.Landed {
	t.Helper()
	l := p.open(t, c)
	landed := c.finish(t, l)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return landed
}

// finish writes what is wanted, and lands it.
func (c *content) finish(t testing.TB, l *landing.Landing) []landing.Landed {
	t.Helper()
	c.setRoots(t, l)
	c.write(t, l, wanted(l)...)
	landed, err := l.Finish(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !l.Done() {
		t.Fatal("all has come, and it is not done")
	}
	return landed
}

// want fails the test unless there is at the destination what is said, and
// nothing else.
func (p place) want(t testing.TB, files map[string][]byte) {
	t.Helper()
	got := read(t, p.Dir)
	for path, data := range files {
		have, ok := got[path]
		if !ok {
			t.Errorf("%s is not there", path)
		} else if !bytes.Equal(have, data) {
			t.Errorf("%s has %d bytes that are not the %d that it should have", path, len(have), len(data))
		}
	}
	for path := range files {
		delete(got, path)
		for up := filepath.Dir(path); up != "."; up = filepath.Dir(up) {
			delete(got, up+"/")
		}
	}
	for path := range got {
		t.Errorf("%s is there and should not", path)
	}
}

// wantNothingLeft fails the test unless neither a stage nor a journal is left.
func (p place) wantNothingLeft(t testing.TB) {
	t.Helper()
	for path := range read(t, p.Dir) {
		if strings.HasPrefix(path, ".lanyap-") {
			t.Errorf("%s is left", path)
		}
	}
	p.wantNothingLeftInState(t)
}

func (p place) wantNothingLeftInState(t testing.TB) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(p.State, "partials"))
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Errorf("the journal %s is left", e.Name())
	}
}

// stage is where the data lies of what is under way.
func (p place) stage(t testing.TB) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(p.Dir, ".lanyap-*"))
	if err != nil || len(found) != 1 {
		t.Fatalf("stages: %v, %v", found, err)
	}
	return found[0]
}

// read returns all there is in a directory. A folder ends in a slash; of what is
// neither file nor folder the bytes are its type.
func read(t testing.TB, dir string) map[string][]byte {
	t.Helper()
	all := make(map[string][]byte)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		name, err := filepath.Rel(dir, path)
		name = filepath.ToSlash(name)
		switch {
		case err != nil:
		case d.IsDir():
			all[name+"/"] = nil
		case d.Type().IsRegular():
			all[name], err = os.ReadFile(path)
		default:
			all[name] = []byte(d.Type().String())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// fill writes files into a directory.
func fill(t testing.TB, dir string, files map[string][]byte) {
	t.Helper()
	for path, data := range files {
		full := filepath.Join(dir, path)
		if strings.HasSuffix(path, "/") {
			if err := os.MkdirAll(full, 0o777); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if err := os.MkdirAll(filepath.Dir(full), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(full, data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// names are where items landed.
func names(p place, landed []landing.Landed) []string {
	var all []string
	for _, l := range landed {
		name, err := filepath.Rel(p.Dir, l.Path)
		if err != nil {
			name = err.Error()
		}
		if l.Skipped {
			name += ", skipped"
		}
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

func wantNames(t testing.TB, p place, landed []landing.Landed, want ...string) {
	t.Helper()
	if got := names(p, landed); !slices.Equal(got, want) {
		t.Errorf("landed %q, want %q", got, want)
	}
}

// with returns files with others in addition.
func with(files, others map[string][]byte) map[string][]byte {
	all := make(map[string][]byte)
	for path, data := range files {
		all[path] = data
	}
	for path, data := range others {
		all[path] = data
	}
	return all
}

// adopt has what is there already counted, as an engine does.
func (c *content) adopt(t testing.TB, l *landing.Landing) int {
	t.Helper()
	n := 0
	for _, e := range l.Existing() {
		if err := l.SetRoot(e, c.root(e)); err != nil {
			t.Fatal(err)
		}
		ok, err := l.Adopt(context.Background(), e)
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			n++
		}
	}
	return n
}

func numbered(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

func mustExist(t testing.TB, path string) fs.FileInfo {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

var _ = fmt.Sprint
