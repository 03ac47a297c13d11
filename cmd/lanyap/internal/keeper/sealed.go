package keeper

import (
	"context"
	"io"
	"net/http"
	"strconv"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/sealed"
)

// In a private room what goes by HTTP is sealed, by a key that the page is told over
// its stream, which is encrypted. Neither an address nor an answer names a file or a
// member then.

// newKey returns that of something that is to be moved; nil: in clear.
func (k *Keeper) newKey() *sealed.Key {
	if !k.Sealed {
		return nil
	}
	key := sealed.NewKey()
	return &key
}

func bytesOf(key *sealed.Key) []byte {
	if key == nil {
		return nil
	}
	return key[:]
}

// from is what is authenticated beside a body: where in the file it begins.
func from(offset int64) string { return strconv.FormatInt(offset, 10) }

// extent returns how long a body of n bytes of the file is.
func (u *upload) extent(n int64) int64 {
	if u.key == nil {
		return n
	}
	return sealed.Size(n)
}

// opened returns what a body is in clear.
func (u *upload) opened(body io.Reader, offset int64) io.Reader {
	if u.key == nil {
		return body
	}
	return sealed.NewReader(body, *u.key, from(offset))
}

// why says what went wrong, to whoever asks: in a private room the page is told more
// over its stream.
func (u *upload) why(err error) string {
	if u.key != nil {
		return "the disk is full"
	}
	return reason(err).Error()
}

func (in *incoming) why(err error) string {
	if in.key != nil {
		return "it did not arrive"
	}
	return "it did not arrive: " + because(err)
}

func (in *incoming) disposition() string {
	if in.key != nil {
		return "attachment"
	}
	return disposition(in.name)
}

// sendSealed sends what was accepted, or with ?from=N, if it is one file, what begins
// there.
func (in *incoming) sendSealed(ctx context.Context, w *patientWriter, r *http.Request) (whole bool, err error) {
	content, size, offset, err := in.content(ctx, r.URL.Query().Get("from"))
	if err != nil {
		return false, err
	}
	if c, ok := content.(io.Closer); ok {
		defer c.Close()
	}
	w.Header().Set("Content-Length", strconv.FormatInt(sealed.Size(size-offset), 10))
	if r.Method == http.MethodHead {
		return false, nil
	}
	out := sealed.NewWriter(w, *in.key, from(offset))
	if _, err := content.WriteTo(out); err != nil {
		return false, err
	}
	err = out.Close()
	return err == nil, err
}

// content returns what was accepted from an offset on.
func (in *incoming) content(ctx context.Context, at string) (content io.WriterTo, size, offset int64, err error) {
	if in.isArchive() {
		archive, err := in.transfer.Zip(ctx)
		if err != nil {
			return nil, 0, 0, err
		}
		return archive, archive.Size(), 0, nil
	}
	file, err := in.open(ctx)
	if err != nil {
		return nil, 0, 0, err
	}
	if n, err := strconv.ParseInt(at, 10, 64); err == nil && n > 0 && n <= file.Size() {
		offset = n
	}
	if _, err := file.Seek(offset, io.SeekStart); err != nil {
		file.Close()
		return nil, 0, 0, err
	}
	return file, file.Size(), offset, nil
}
