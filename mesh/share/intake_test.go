package share_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh/share"
)

// upload is a content that comes later, and its bytes.
type upload struct {
	t       *testing.T
	content *share.Content
	in      *share.Intake
	files   []share.Expected
	data    [][]byte
}

// expect makes a content of files of those sizes.
func expect(t *testing.T, sizes map[string]int) *upload {
	t.Helper()
	u := &upload{t: t}
	for path, size := range sizes { // in any order
		u.files = append(u.files, share.Expected{Path: path, Size: int64(size), Time: time.Unix(1_700_000_000, 0)})
		data := make([]byte, size)
		var seed [32]byte
		copy(seed[:], path)
		rand.NewChaCha8(seed).Read(data)
		u.data = append(u.data, data)
	}
	var err error
	if u.content, u.in, err = share.Expect(t.TempDir(), u.files); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { u.content.Close() })
	return u
}

// give writes the next n bytes of a file, or all that are left.
func (u *upload) give(file, n int) {
	u.t.Helper()
	from := int(u.in.Offset(file))
	part := u.data[file][from:min(from+n, len(u.data[file]))]
	if got, err := u.in.Write(file, int64(from), bytes.NewReader(part)); err != nil || got != int64(len(part)) {
		u.t.Fatalf("%s: took %d of %d bytes: %v", u.files[file].Path, got, len(part), err)
	}
}

func (u *upload) giveAll() {
	u.t.Helper()
	for _, file := range u.in.Order() {
		u.give(file, len(u.data[file]))
	}
}

// number is that of a file.
func (u *upload) number(path string) int {
	for i, f := range u.files {
		if f.Path == path {
			return i
		}
	}
	u.t.Fatal("no file", path)
	return -1
}

// landed compares what has landed with what was given.
func (u *upload) landed(dir string) {
	u.t.Helper()
	got := contents(u.t, dir)
	if len(got) != len(u.files) {
		u.t.Errorf("%d files have landed, want %d", len(got), len(u.files))
	}
	for i, f := range u.files {
		if got[filepath.FromSlash(f.Path)] != string(u.data[i]) {
			u.t.Errorf("%s is not what was given", f.Path)
		}
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// It is offered before its bytes are here, asks for them when somebody accepts, and
// passes on what has come.
func TestBytesThatComeLater(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, _ := pair(t, 0)
		u := expect(t, map[string]int{"film": 5<<20 + 17})
		sent := ana.send(u.content, bo)
		o := bo.offer()
		synctest.Wait()
		if o.Size != 5<<20+17 || isClosed(u.in.Wanted()) {
			t.Errorf("offered: %+v, wanted: %v", o, isClosed(u.in.Wanted()))
		}
		got, err := o.Accept(t.Context(), share.Destination{Dir: bo.home})
		if err != nil {
			t.Fatal(err)
		}
		<-u.in.Wanted()
		for _, part := range []int{100_000, 2 << 20, 300_000, 1} {
			u.give(0, part)
			time.Sleep(time.Second)
			here := u.in.Offset(0) &^ (256<<10 - 1) // in whole pieces
			if p := got.Progress(); p.BytesDone != here || p.Phase != share.Moving {
				t.Errorf("%d bytes of %d are through, %v", p.BytesDone, here, p.Phase)
			}
		}
		u.give(0, 5<<20)
		done(t, sent, got)
		u.landed(bo.home)
	})
}

// A hundred directories of small files, and empty ones.
func TestManyFilesThatComeLater(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, _ := pair(t, 0)
		sizes := make(map[string]int)
		for i := range 10_000 {
			sizes[fmt.Sprintf("album/%d/%d", i%100, i)] = i % 300
		}
		u := expect(t, sizes)
		sent := ana.send(u.content, bo)
		got := bo.accept()
		<-u.in.Wanted()
		u.giveAll()
		done(t, sent, got)
		u.landed(bo.home)
	})
}

// What has come goes through whatever was asked for before it, and roots are told
// of files that are complete while others are not.
func TestWhatHasComeWaitsForNothing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, _ := pair(t, 0)
		u := expect(t, map[string]int{"a": 3 << 20, "b": 3 << 20, "c": 1000, "d": 0})
		sent := ana.send(u.content, bo)
		got := bo.accept()
		<-u.in.Wanted()
		for _, path := range []string{"c", "b"} {
			u.give(u.number(path), 3<<20)
			time.Sleep(time.Second)
		}
		if p := got.Progress(); p.FilesDone != 3 || p.BytesDone != 3<<20+1000 {
			t.Errorf("all but one are here: %+v", p)
		}
		if _, err := os.Stat(filepath.Join(bo.home, "b")); err != nil {
			t.Errorf("a file has not landed before another has come: %v", err)
		}
		u.giveAll()
		done(t, sent, got)
		u.landed(bo.home)
	})
}

// Several receivers of what is still coming share it out as it comes: they have all
// of it soon after its sender has, who sends each piece about once.
func TestReceiversOfWhatIsComing(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const size = 32 << 20
		ana, others := crowd(t, 3)
		u := expect(t, map[string]int{"film": size})
		var sent, got []*share.Transfer
		for _, p := range others {
			sent = append(sent, ana.send(u.content, p))
			got = append(got, p.accept())
		}
		<-u.in.Wanted()
		for u.in.Offset(0) < size {
			u.give(0, 128<<10)
			time.Sleep(160 * time.Millisecond) // 0.8 MB/s, and everybody sends 1
		}
		begun := time.Now()
		done(t, append(sent, got...)...)
		if took := time.Since(begun); took > 16*time.Second { // 32 MiB take 32
			t.Errorf("the last receiver has it %v after its sender", took)
		}
		if up := total(sent, func(p share.Progress) int64 { return p.Sent }); up > 2*size {
			t.Errorf("the sender uploaded %d bytes of %d", up, size)
		}
		for _, p := range others {
			u.landed(p.home)
		}
	})
}

// Whoever has accepted waits for an upload as long as it may still come.
func TestUploadThatDoesNotCome(t *testing.T) {
	for name, end := range map[string]struct {
		by   func(u *upload, sent, got *share.Transfer)
		want error
	}{
		"the sender cancels":    {func(_ *upload, sent, _ *share.Transfer) { sent.Cancel() }, share.ErrCanceled},
		"the receiver cancels":  {func(_ *upload, _, got *share.Transfer) { got.Cancel() }, share.ErrCanceled},
		"the content is closed": {func(u *upload, _, _ *share.Transfer) { u.content.Close() }, share.ErrUnreadable},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				ana, bo, _ := pair(t, 0)
				u := expect(t, map[string]int{"film": 5 << 20})
				sent := ana.send(u.content, bo)
				got := bo.accept()
				<-u.in.Wanted()
				u.give(0, 1<<20)
				time.Sleep(24 * time.Hour)
				for _, tr := range []*share.Transfer{sent, got} {
					if p := tr.Progress(); p.Phase != share.Moving || p.BytesDone != 1<<20 {
						t.Errorf("incoming %v, after a day: %+v", tr.Incoming(), p)
					}
				}
				end.by(u, sent, got)
				wantErr(t, sent, end.want)
				wantErr(t, got, end.want)
				nothing(t, bo.home)
			})
		})
	}
}

// A file that the other side cannot give is told to both, and the others go on.
func TestUploadThatFails(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, _ := pair(t, 0)
		u := expect(t, map[string]int{"a": 2 << 20, "b": 3 << 20, "c": 300_000})
		sent := ana.send(u.content, bo)
		got := bo.accept()
		<-u.in.Wanted()
		for _, path := range []string{"a", "c"} {
			u.give(u.number(path), 2<<20)
		}
		u.give(u.number("b"), 1<<20)
		gone := errors.New("gone")
		u.in.Fail(u.number("b"), gone)
		u.in.Fail(u.number("a"), gone) // which is complete
		for _, tr := range []*share.Transfer{sent, got} {
			var whole *share.IncompleteError
			if err := ended(t, tr); !errors.As(err, &whole) || whole.Failed != 1 || whole.Failures[0].Path != "b" || !errors.Is(err, share.ErrUnreadable) {
				t.Errorf("incoming %v: ended with %v", tr.Incoming(), err)
			}
		}
		if _, err := u.in.Write(u.number("b"), 1<<20, strings.NewReader("x")); !errors.Is(err, gone) {
			t.Errorf("more of it: %v", err)
		}
		for path, want := range map[string]bool{"a": true, "b": false, "c": true} {
			if _, err := os.Stat(filepath.Join(bo.home, path)); (err == nil) != want {
				t.Errorf("%s: %v", path, err)
			}
		}
	})
}

// What the receiver has already is not sent, but its sender has to have it to know.
func TestWhatComesLaterIsThere(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, _ := pair(t, 0)
		u := expect(t, map[string]int{"film": 3 << 20})
		if err := os.WriteFile(filepath.Join(bo.home, "film"), u.data[0], 0o600); err != nil {
			t.Fatal(err)
		}
		sent := ana.send(u.content, bo)
		got := bo.accept()
		<-u.in.Wanted()
		u.giveAll()
		done(t, sent, got)
		if p := got.Progress(); p.Skipped != 3<<20 || p.Received != 0 {
			t.Errorf("%+v", p)
		}
	})
}

func TestIntakeErrors(t *testing.T) {
	u := expect(t, map[string]int{"film": 1000})
	write := func(offset int64, r io.Reader, taken int64, want error) {
		t.Helper()
		before := u.in.Offset(0)
		n, err := u.in.Write(0, offset, r)
		if n != taken || !errors.Is(err, want) {
			t.Errorf("at %d: took %d, %v; want %d, %v", offset, n, err, taken, want)
		}
		if got := u.in.Offset(0); got != before+taken {
			t.Errorf("the file ends at %d, want %d", got, before+taken)
		}
	}
	cut := errors.New("cut")
	write(1, strings.NewReader("x"), 0, share.ErrOffset)
	write(0, strings.NewReader("0123456789"), 10, nil)
	write(0, strings.NewReader("0123456789"), 0, share.ErrOffset)
	write(10, io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(cut)), 3, cut)
	write(13, strings.NewReader(""), 0, nil)
	write(13, bytes.NewReader(make([]byte, 1000)), 987, share.ErrTooMuch)
	write(1000, strings.NewReader(""), 0, nil)
	write(1000, strings.NewReader("x"), 0, share.ErrTooMuch)
	u.content.Close()
	write(1000, strings.NewReader(""), 0, share.ErrClosed)
}

// A connection that is cut may hang a while longer: whoever goes on is not held up
// by it, and it changes nothing any more.
func TestUploadThatIsTakenUp(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		u := expect(t, map[string]int{"film": 1000})
		r, w := io.Pipe()
		old := make(chan error)
		go func() {
			_, err := u.in.Write(0, 0, r)
			old <- err
		}()
		w.Write(u.data[0][:100])
		synctest.Wait()
		u.give(0, 400)
		w.Write([]byte("something else"))
		if err := <-old; err == nil {
			t.Error("the old one has not ended")
		}
		if got := u.in.Offset(0); got != 500 {
			t.Errorf("the file ends at %d, want 500", got)
		}
		u.give(0, 500)
		ana, bo, _ := pair(t, 0)
		sent := ana.send(u.content, bo)
		done(t, bo.accept(), sent)
		u.landed(bo.home)
	})
}

func TestPathsThatCannotBeExpected(t *testing.T) {
	for name, paths := range map[string][]string{
		"nothing":             {},
		"an empty path":       {""},
		"one that leads up":   {"../secret"},
		"up in the middle":    {"a/../../b"},
		"here":                {"./a"},
		"absolute":            {"/etc/passwd"},
		"an empty part":       {"a//b"},
		"ends with a slash":   {"a/"},
		"a line break":        {"a\nb"},
		"turns its direction": {"a\u202egpj.exe"},
		"no text":             {"a\xff"},
		"too long":            {strings.Repeat("x", 256)},
		"twice":               {"a/b", "c", "a/b"},
		"a file in a file":    {"a", "a/b"},
		"too deep":            {strings.Repeat("a/", 256) + "b"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var files []share.Expected
			for _, path := range paths {
				files = append(files, share.Expected{Path: path, Size: 1})
			}
			if c, _, err := share.Expect(dir, files); err == nil {
				c.Close()
				t.Error("it is expected")
			}
			nothing(t, dir)
		})
	}
	for name, size := range map[string]int64{"a negative size": -1, "more than there can be": 1 << 50} {
		if _, _, err := share.Expect(t.TempDir(), []share.Expected{{Path: "a", Size: size}}); err == nil {
			t.Errorf("%s is expected", name)
		}
	}
}

func TestNothingIsLeftOfAnUpload(t *testing.T) {
	dir := t.TempDir()
	c, in, err := share.Expect(dir, []share.Expected{{Path: "a", Size: 100}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := in.Write(0, 0, strings.NewReader("some of it")); err != nil {
		t.Fatal(err)
	}
	c.Close()
	c.Close()
	nothing(t, dir)
}
