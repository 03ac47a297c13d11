package keeper

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/lanyap/lanyap/mesh/share"
)

// stall is how long a browser may give no byte, or take none.
const stall = time.Minute

const (
	offsetHeader = "Upload-Offset"
	lengthHeader = "Upload-Length"
)

// ServeHTTP implements [http.Handler] for /files/TOKEN and what is below it.
func (k *Keeper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	token, name, isDownload := strings.Cut(strings.TrimPrefix(r.URL.Path, "/files/"), "/")
	_ = name // is for people
	switch t := k.lookup(token).(type) {
	case *upload:
		if !isDownload {
			t.serve(w, r)
			return
		}
	case *incoming:
		if isDownload {
			t.serve(w, r)
			return
		}
	}
	http.Error(w, "there is nothing here, or no longer", http.StatusNotFound)
}

// allow reports whether a request has one of these methods.
func allow(w http.ResponseWriter, r *http.Request, methods ...string) bool {
	for _, m := range methods {
		if r.Method == m {
			return true
		}
	}
	w.Header().Set("Allow", strings.Join(methods, ", "))
	http.Error(w, "that cannot be done with it", http.StatusMethodNotAllowed)
	return false
}

// serve takes in a part of a file.
func (u *upload) serve(w http.ResponseWriter, r *http.Request) {
	if !allow(w, r, http.MethodPut, http.MethodHead) {
		return
	}
	if r.Method == http.MethodHead {
		w.Header().Set(lengthHeader, strconv.FormatInt(u.size(), 10))
		u.answer(w, http.StatusNoContent, "")
		return
	}
	offset, err := strconv.ParseInt(r.Header.Get(offsetHeader), 10, 64)
	if err != nil || offset < 0 {
		u.answer(w, http.StatusBadRequest, "Upload-Offset says from where on it is")
		return
	}
	if r.ContentLength > u.extent(u.size()-offset) {
		u.answer(w, http.StatusRequestEntityTooLarge, "that is more than was announced")
		return
	}
	body := &patientReader{r: r.Body, control: http.NewResponseController(w)}
	n, err := u.o.intake.Write(u.file, offset, u.opened(body, offset))
	u.came(n)
	_ = body.control.SetWriteDeadline(time.Now().Add(stall))
	switch {
	case err == nil:
		u.answer(w, http.StatusNoContent, "")
	case errors.Is(err, share.ErrOffset):
		u.answer(w, http.StatusConflict, "the file does not end there")
	case errors.Is(err, share.ErrTooMuch):
		u.answer(w, http.StatusRequestEntityTooLarge, "that is more than was announced")
	case errors.Is(err, share.ErrNoSpace):
		u.o.cancel(err)
		u.answer(w, http.StatusInsufficientStorage, u.why(err))
	case errors.Is(err, os.ErrDeadlineExceeded):
		u.answer(w, http.StatusRequestTimeout, "nothing came for too long")
	case errors.Is(err, share.ErrClosed):
		http.Error(w, "there is nothing here, or no longer", http.StatusNotFound)
	default:
		u.answer(w, http.StatusRequestTimeout, "not all of it came")
	}
}

// answer says where a file ends now.
func (u *upload) answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set(offsetHeader, strconv.FormatInt(u.offset(), 10))
	if text == "" {
		w.WriteHeader(status)
		return
	}
	http.Error(w, text, status)
}

// patientReader reads for as long as something comes.
type patientReader struct {
	r       io.Reader
	control *http.ResponseController
	set     time.Time // when the deadlines were set
}

func (p *patientReader) Read(b []byte) (int, error) {
	if now := time.Now(); now.Sub(p.set) > time.Second {
		p.set = now
		// A writer without deadlines is one in a test.
		_ = p.control.SetReadDeadline(now.Add(stall))
		_ = p.control.SetWriteDeadline(time.Time{})
	}
	return p.r.Read(b)
}

// serve sends what was accepted.
func (in *incoming) serve(w http.ResponseWriter, r *http.Request) {
	if !allow(w, r, http.MethodGet, http.MethodHead) || !in.enter() {
		return
	}
	whole := false
	defer func() { in.leave(whole) }()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	stop := context.AfterFunc(in.ctx, cancel)
	defer stop()
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", in.disposition())
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'")
	out := &patientWriter{ResponseWriter: w, control: http.NewResponseController(w)}
	out.extend()
	var err error
	switch {
	case in.key != nil:
		whole, err = in.sendSealed(ctx, out, r)
	case in.isArchive():
		whole, err = in.sendArchive(ctx, out, r)
	default:
		whole, err = in.sendFile(ctx, out, r)
	}
	switch {
	case err == nil:
	case out.begun:
		// A browser takes what ends early for a failure only if the connection does.
		panic(http.ErrAbortHandler)
	default:
		for _, name := range []string{"Content-Disposition", "Content-Length", "Accept-Ranges", "ETag"} {
			h.Del(name)
		}
		http.Error(w, in.why(err), http.StatusGone)
	}
}

// enter notes that a browser fetches it.
func (in *incoming) enter() bool {
	in.s.mu.Lock()
	defer in.s.mu.Unlock()
	in.readers++
	return true
}

// leave notes that a browser has ended, with all of it or not.
func (in *incoming) leave(whole bool) {
	in.s.mu.Lock()
	defer in.s.mu.Unlock()
	in.readers--
	if whole {
		in.fetched = time.Now()
	}
	in.s.rouse()
}

// sendFile sends the one file that it is, or a part of it.
func (in *incoming) sendFile(ctx context.Context, w *patientWriter, r *http.Request) (whole bool, err error) {
	file, err := in.open(ctx)
	if err != nil {
		return false, err
	}
	defer file.Close()
	w.Header().Set("ETag", `"`+in.transfer.Key()+`"`)
	if r.Header.Get("Range") != "" || r.Method == http.MethodHead {
		http.ServeContent(w, r, "", time.Time{}, &noting{Reader: file, err: &err, end: file.Size(), whole: &whole})
		return whole, err
	}
	w.Header().Set("Accept-Ranges", "bytes")
	w.Header().Set("Content-Length", strconv.FormatInt(file.Size(), 10))
	_, err = file.WriteTo(w)
	return err == nil, err
}

// open opens the one file that it is.
func (in *incoming) open(ctx context.Context) (*share.Reader, error) {
	entries, err := in.transfer.Entries(ctx)
	if err != nil {
		return nil, err
	}
	if len(entries) != 1 {
		return nil, share.ErrMismatch
	}
	return in.transfer.Open(ctx, 0)
}

// sendArchive sends all of it as one archive.
func (in *incoming) sendArchive(ctx context.Context, w *patientWriter, r *http.Request) (whole bool, err error) {
	archive, err := in.transfer.Zip(ctx)
	if err != nil {
		return false, err
	}
	w.Header().Set("Content-Type", "application/zip")
	w.Header().Set("Content-Length", strconv.FormatInt(archive.Size(), 10))
	if r.Method == http.MethodHead {
		return false, nil
	}
	_, err = archive.WriteTo(w)
	return err == nil, err
}

// noting is a file that notes what http.ServeContent does not tell: an error, and
// whether the last byte was read.
type noting struct {
	*share.Reader
	err   *error
	at    int64
	end   int64
	whole *bool
}

func (n *noting) Seek(offset int64, whence int) (int64, error) {
	at, err := n.Reader.Seek(offset, whence)
	n.at = at
	return at, err
}

func (n *noting) Read(p []byte) (int, error) {
	got, err := n.Reader.Read(p)
	n.at += int64(got)
	if err != nil && !errors.Is(err, io.EOF) {
		*n.err = err
	}
	*n.whole = n.at == n.end
	return got, err
}

// patientWriter writes for as long as somebody takes it.
type patientWriter struct {
	http.ResponseWriter
	control *http.ResponseController
	set     time.Time // when the deadline was set
	begun   bool      // the header is sent
}

// extend gives a browser more time.
func (p *patientWriter) extend() {
	if now := time.Now(); now.Sub(p.set) > time.Second {
		p.set = now
		// A writer without deadlines is one in a test.
		_ = p.control.SetWriteDeadline(now.Add(stall))
		_ = p.control.SetReadDeadline(time.Time{})
	}
}

func (p *patientWriter) WriteHeader(status int) {
	p.begun = true
	p.ResponseWriter.WriteHeader(status)
}

func (p *patientWriter) Write(b []byte) (total int, err error) {
	p.begun = true
	for {
		p.extend()
		part := b[:min(len(b), writeAtOnce)]
		n, err := p.ResponseWriter.Write(part)
		total += n
		b = b[n:]
		if err != nil || len(b) == 0 {
			return total, err
		}
	}
}

// How many bytes are written, and how many the system copies, at once: whoever takes
// less in the time of a stall is cut off.
const (
	writeAtOnce = 64 << 10
	sendAtOnce  = 256 << 10
)

// ReadFrom has the system copy what is a file.
func (p *patientWriter) ReadFrom(r io.Reader) (total int64, err error) {
	p.begun = true
	to, direct := p.ResponseWriter.(io.ReaderFrom)
	file, limited := r.(*io.LimitedReader)
	if !direct || !limited {
		return io.Copy(struct{ io.Writer }{p}, r)
	}
	for file.N > 0 {
		p.extend()
		part := &io.LimitedReader{R: file.R, N: min(file.N, sendAtOnce)}
		n, err := to.ReadFrom(part)
		total += n
		file.N -= n
		if err != nil || n == 0 {
			return total, err
		}
	}
	return total, nil
}
