package share_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh/share"
	"github.com/lanyap/lanyap/mesh/share/internal/proto"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// coming is a file on its way at 1 MiB/s, and its bytes.
func coming(t *testing.T, size int) (sent, got *share.Transfer, data []byte) {
	t.Helper()
	ana, bo, path := slow(t, size)
	sent = ana.send(collect(t, path), bo)
	got = bo.accept()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return sent, got, data
}

func open0(t *testing.T, tr *share.Transfer) *share.Reader {
	t.Helper()
	r, err := tr.Open(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// A file is read while it comes, and after it has landed.
func TestReadWhileItLands(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		sent, got, data := coming(t, 3<<20+17)
		r := open0(t, got)
		begun := time.Now()
		first := make([]byte, 1000)
		if _, err := io.ReadFull(r, first); err != nil || !bytes.Equal(first, data[:1000]) {
			t.Errorf("the first bytes: %v", err)
		}
		if took := time.Since(begun); took > 2*time.Second {
			t.Errorf("the first bytes came after %v", took)
		}
		rest, err := io.ReadAll(r)
		if err != nil || !bytes.Equal(rest, data[1000:]) {
			t.Errorf("%d bytes came, want %d: %v", 1000+len(rest), len(data), err)
		}
		done(t, sent, got)
		if err := iotest.TestReader(open0(t, got), data); err != nil {
			t.Errorf("after it has landed: %v", err)
		}
		var buf bytes.Buffer
		if n, err := open0(t, got).WriteTo(&buf); n != int64(len(data)) || err != nil || !bytes.Equal(buf.Bytes(), data) {
			t.Errorf("wrote %d bytes, %v", n, err)
		}
	})
}

// WriteTo of a reader goes on where the transfer has ended meanwhile.
func TestWriteWhileItLands(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		_, got, data := coming(t, 5<<20)
		out := filepath.Join(t.TempDir(), "out")
		w, err := os.Create(out)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		r := open0(t, got)
		if n, err := io.CopyN(struct{ io.Writer }{w}, r, 2<<20); n != 2<<20 || err != nil {
			t.Fatal(n, err)
		}
		done(t, got)
		if n, err := r.WriteTo(w); n != 3<<20 || err != nil { // which copies from file to file
			t.Errorf("wrote %d bytes, %v", n, err)
		}
		if written, err := os.ReadFile(out); err != nil || !bytes.Equal(written, data) {
			t.Errorf("%d bytes were written, %v", len(written), err)
		}
	})
}

// What somebody reads is fetched before what lies before it.
func TestReaderIsServedFirst(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		_, got, data := coming(t, 64<<20)
		r := open0(t, got)
		begun := time.Now()
		const at = 50 << 20
		if _, err := r.Seek(at-100, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		part := make([]byte, 2<<20)
		if _, err := io.ReadFull(r, part); err != nil || !bytes.Equal(part, data[at-100:][:len(part)]) {
			t.Errorf("a part: %v", err)
		}
		if took := time.Since(begun); took > 25*time.Second { // in order it is after 52
			t.Errorf("it was there after %v", took)
		}
		if _, err := r.Seek(-5, io.SeekEnd); err != nil {
			t.Fatal(err)
		}
		if rest, err := io.ReadAll(r); err != nil || !bytes.Equal(rest, data[len(data)-5:]) {
			t.Errorf("the end: %v", err)
		}
	})
}

func TestServeWhileItLands(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		_, got, data := coming(t, 8<<20)
		for _, tt := range []struct {
			header     string
			from, size int
			code       int
		}{
			{"", 0, len(data), http.StatusOK},
			{"bytes=5000000-5000099", 5_000_000, 100, http.StatusPartialContent},
			{"bytes=-10", len(data) - 10, 10, http.StatusPartialContent},
		} {
			req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/film", nil)
			req.Header.Set("Range", tt.header)
			w := httptest.NewRecorder()
			http.ServeContent(w, req, "film", time.Time{}, open0(t, got))
			if w.Code != tt.code || !bytes.Equal(w.Body.Bytes(), data[tt.from:tt.from+tt.size]) {
				t.Errorf("%q is answered with %d and %d bytes", tt.header, w.Code, w.Body.Len())
			}
		}
	})
}

// Whoever reads slowly, or not at all, holds up nobody.
func TestSlowReaderHoldsUpNobody(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		sent, got, data := coming(t, 20<<20)
		slow, idle := open0(t, got), open0(t, got)
		go io.ReadFull(idle, make([]byte, 1))
		var all []byte
		begun := time.Now()
		go func() {
			done(t, sent, got)
			if took := time.Since(begun); took > 25*time.Second {
				t.Errorf("it took %v", took)
			}
		}()
		for part := make([]byte, 100<<10); ; time.Sleep(time.Second) {
			n, err := io.ReadFull(slow, part)
			if all = append(all, part[:n]...); err != nil {
				break
			}
		}
		if !bytes.Equal(all, data) {
			t.Errorf("%d bytes were read, want %d", len(all), len(data))
		}
	})
}

// What does not come ends a reader that waits for it, with the reason.
func TestReaderThatWaitsInVain(t *testing.T) {
	for name, tt := range map[string]struct {
		end  func(sent, got *share.Transfer, r *share.Reader, cancel func())
		want error
	}{
		"the receiver cancels": {func(_, got *share.Transfer, _ *share.Reader, _ func()) { got.Cancel() }, share.ErrCanceled},
		"the sender cancels":   {func(sent, _ *share.Transfer, _ *share.Reader, _ func()) { sent.Cancel() }, share.ErrCanceled},
		"it is closed":         {func(_, _ *share.Transfer, r *share.Reader, _ func()) { r.Close() }, share.ErrClosed},
		"its context ends":     {func(_, _ *share.Transfer, _ *share.Reader, cancel func()) { cancel() }, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T) {
				sent, got, _ := coming(t, 20<<20)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				r, err := got.Open(ctx, 0)
				if err != nil {
					t.Fatal(err)
				}
				time.AfterFunc(5*time.Second, func() { tt.end(sent, got, r, cancel) })
				n, err := io.Copy(io.Discard, r)
				if !errors.Is(err, tt.want) || n == 0 || n > 8<<20 {
					t.Errorf("%d bytes, and then %v, want %v", n, err, tt.want)
				}
				r.Close()
				if _, err := r.Read(make([]byte, 1)); !errors.Is(err, share.ErrClosed) {
					t.Errorf("read after it was closed: %v", err)
				}
				sent.Cancel()
				got.Cancel()
			})
		})
	}
}

// A file that does not come is an error to its readers alone.
func TestReaderOfAFileThatFails(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, _ := pair(t, 0)
		u := expect(t, map[string]int{"a": 2 << 20, "b": 3 << 20})
		ana.send(u.content, bo)
		got := bo.accept()
		a, err := got.Open(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		b, err := got.Open(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		<-u.in.Wanted()
		u.give(u.number("b"), 1<<20)
		go func() {
			time.Sleep(time.Second)
			u.in.Fail(u.number("b"), errors.New("gone"))
			time.Sleep(time.Second)
			u.give(u.number("a"), 2<<20)
		}()
		var failure share.Failure
		if n, err := io.Copy(io.Discard, b); n != 1<<20 || !errors.As(err, &failure) || failure.Path != "b" || !errors.Is(err, share.ErrUnreadable) {
			t.Errorf("%d bytes, and then %v", n, err)
		}
		if data, err := io.ReadAll(a); err != nil || !bytes.Equal(data, u.data[u.number("a")]) {
			t.Errorf("the other file: %d bytes, %v", len(data), err)
		}
		wantErr(t, got, share.ErrUnreadable)
		for i, want := range []error{nil, share.ErrUnreadable} {
			r, err := got.Open(t.Context(), i)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.Copy(io.Discard, r); !errors.Is(err, want) {
				t.Errorf("file %d after the end: %v, want %v", i, err, want)
			}
			r.Close()
		}
	})
}

// The end of a file that is not what it should be is never read.
func TestReaderOfALie(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		m, data, offered := film(t, 3*tree.MinPiece)
		bo, c := withCrook(t, share.Config{Receive: true})
		l := c.dial(bo)
		l.say(proto.AppendOffer(nil, offered))
		got := take(t, bo)
		go func() {
			l.hear(proto.Describe)
			l.say(proto.AppendManifest(nil, m.Encoding(), true))
			l.hear(proto.Get)
			l.say(slicesConcat(piece(m, data, 0), piece(m, data, 1), piece(m, data, 2)))
			l.hear(proto.AskRoots)
			time.Sleep(time.Minute)
			l.say(proto.AppendRoots(nil, proto.Root{Root: tree.Hash{1}}))
			l.hear(proto.Bye)
		}()
		r := open0(t, got)
		if n, err := io.Copy(io.Discard, r); n != 2*tree.MinPiece || !errors.Is(err, share.ErrMismatch) {
			t.Errorf("%d bytes were read, and then %v", n, err)
		}
		wantErr(t, got, share.ErrMismatch)
	})
}

func TestEntries(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		ana, bo, path := pair(t, 1000)
		top := folder(t, filepath.Join(t.TempDir(), "slides"), 3, 100)
		sent := ana.send(collect(t, path, top), bo)
		got := bo.accept()
		all, err := got.Entries(t.Context())
		if err != nil || len(all) != 8 {
			t.Fatal(all, err)
		}
		for i, want := range []string{"film 1000 false", "slides 0 true", "slides/dir0 0 true", "slides/dir0/file0 100 false"} {
			if is := fmt.Sprintln(all[i].Path, all[i].Size, all[i].Dir); is != want+"\n" {
				t.Errorf("entry %d is %q, want %q", i, is, want)
			}
		}
		if info, err := os.Stat(path); err != nil || !all[0].Time.Equal(info.ModTime()) {
			t.Errorf("changed %v, want %v", all[0].Time, info.ModTime())
		}
		for _, i := range []int{-1, 1, 8} {
			if _, err := got.Open(t.Context(), i); !errors.Is(err, fs.ErrInvalid) {
				t.Errorf("opened %d: %v", i, err)
			}
		}
		if _, err := sent.Entries(t.Context()); err == nil {
			t.Error("what is sent has entries")
		}
		done(t, sent, got)
	})
}

// Nothing is known of a transfer whose sender says nothing, and whoever asks does
// not wait longer than it.
func TestEntriesThatAreNeverTold(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		_, _, offered := film(t, 3*tree.MinPiece)
		bo, c := withCrook(t, share.Config{Receive: true})
		l := c.dial(bo)
		l.say(proto.AppendOffer(nil, offered))
		got := take(t, bo)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, err := got.Entries(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after an hour: %v", err)
		}
		time.AfterFunc(time.Minute, got.Cancel)
		if _, err := got.Open(t.Context(), 0); !errors.Is(err, share.ErrCanceled) {
			t.Errorf("canceled: %v", err)
		}
		synctest.Wait()
	})
}

// Several who read the same while it comes still help each other.
func TestReadersOfASwarm(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		const size = 24 << 20
		ana, others := crowd(t, 3)
		path := file(t, filepath.Join(t.TempDir(), "film"), size)
		sent, got := sendAll(t, ana, others, path)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		read := make(chan []byte)
		for _, tr := range got {
			r := open0(t, tr)
			go func() {
				all, err := io.ReadAll(r)
				if err != nil {
					t.Error(err)
				}
				read <- all
			}()
		}
		for range got {
			if all := <-read; !bytes.Equal(all, data) {
				t.Errorf("%d bytes were read, want %d", len(all), len(data))
			}
		}
		if took := time.Since(begun); took > 60*time.Second { // 72 if each had it of its sender
			t.Errorf("it took %v", took)
		}
		if up := total(sent, func(p share.Progress) int64 { return p.Sent }); up > 2*size {
			t.Errorf("its sender uploaded %d bytes of %d", up, size)
		}
		done(t, append(sent, got...)...)
	})
}
