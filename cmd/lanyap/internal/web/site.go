package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	assetsDir = "assets/"
	indexName = "index.html"
	packed    = ".gz" // of a file that is kept compressed, and served without
)

// media are what assets may be. Nothing else is served: a node's /etc/mime.types is
// not asked.
var media = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".wasm": "application/wasm",
	".svg":  "image/svg+xml",
	".png":  "image/png",
	".ico":  "image/x-icon",
	".mp3":  "audio/mpeg",
	".wav":  "audio/wav",
}

// site is the assets. They are looked at when the first of them is asked for.
type site struct {
	files fs.FS
	look  func() *looked
}

// looked is what there is, by the names under which it is served.
type looked struct {
	hash   string // of all
	index  []byte // the page, with the hash in it
	assets map[string]*asset
}

type asset struct {
	file   string // its name in files
	media  string
	packed bool   // the file is compressed
	small  []byte // compressed; nil: it is not smaller, or packed already
}

func newSite(files fs.FS) *site {
	s := &site{files: files}
	s.look = sync.OnceValue(s.read)
	return s
}

// read looks at all assets. What cannot be read is not there.
func (s *site) read() *looked {
	l := &looked{assets: make(map[string]*asset)}
	hash := sha256.New()
	_ = fs.WalkDir(s.files, ".", func(file string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			s.add(l, hash, file)
		}
		return nil
	})
	l.hash = hex.EncodeToString(hash.Sum(nil)[:8])
	if page, err := fs.ReadFile(s.files, indexName); err == nil {
		l.index = bytes.ReplaceAll(page, []byte(`"`+assetsDir), []byte(`"`+assetsDir+l.hash+"/"))
	}
	delete(l.assets, indexName)
	return l
}

// add adds a file to what there is, if it is of a kind that is served.
func (s *site) add(l *looked, hash io.Writer, file string) {
	name, isPacked := strings.CutSuffix(file, packed)
	kind := media[path.Ext(name)]
	if kind == "" {
		return
	}
	size, err := s.hash(hash, file)
	if err != nil {
		return
	}
	a := &asset{file: file, media: kind, packed: isPacked}
	if !isPacked && strings.Contains(kind, "charset") {
		a.small = s.compress(file, size)
	}
	l.assets[name] = a
}

// hash adds a file with its name and length.
func (s *site) hash(to io.Writer, file string) (int64, error) {
	f, err := s.files.Open(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	_, _ = fmt.Fprintf(to, "%q %d ", file, info.Size())
	return io.Copy(to, f)
}

// compress returns a text compressed, if that is worth it.
func (s *site) compress(file string, size int64) []byte {
	data, err := fs.ReadFile(s.files, file)
	if err != nil {
		return nil
	}
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, _ = z.Write(data) // a Buffer takes all
	_ = z.Close()
	if int64(out.Len()) >= size {
		return nil
	}
	return out.Bytes()
}

// serveIndex sends the page. It is asked about each time, and has changed when any
// asset has.
func (s *site) serveIndex(w http.ResponseWriter, r *http.Request) {
	l := s.look()
	if l.index == nil {
		sorry(w, "There is no page in this program", "It was built without.")
		return
	}
	h := w.Header()
	h.Set("Content-Type", media[".html"])
	h.Set("Cache-Control", "no-cache")
	h.Set("ETag", `"`+l.hash+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(l.index))
}

// serve sends an asset, and reports whether there is one of that name.
func (s *site) serve(w http.ResponseWriter, r *http.Request, name string) bool {
	l := s.look()
	cache := "no-cache"
	if rest, ok := strings.CutPrefix(name, l.hash+"/"); ok {
		name, cache = rest, "public, max-age=31536000, immutable"
	}
	a := l.assets[name]
	if a == nil {
		return false
	}
	h := w.Header()
	h.Set("Content-Type", a.media)
	h.Set("Cache-Control", cache)
	h.Set("Vary", "Accept-Encoding")
	tag := `"` + l.hash
	small := takesGzip(r.Header.Get("Accept-Encoding"))
	if small && (a.packed || a.small != nil) {
		h.Set("Content-Encoding", "gzip")
		tag += "-gzip"
	}
	h.Set("ETag", tag+`"`)
	switch {
	case small && a.small != nil:
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.small))
	case a.packed && !small:
		s.unpack(w, r, a)
	default:
		s.send(w, r, a)
	}
	return true
}

// send sends a file as it is.
func (s *site) send(w http.ResponseWriter, r *http.Request, a *asset) {
	f, err := s.files.Open(a.file)
	if err != nil {
		http.Error(w, "the file cannot be read", http.StatusInternalServerError)
		return
	}
	defer f.Close()
	content, ok := f.(io.ReadSeeker)
	if !ok {
		http.Error(w, "the file cannot be read", http.StatusInternalServerError)
		return
	}
	http.ServeContent(w, r, "", time.Time{}, content)
}

// unpack sends a compressed file to who does not take it so.
func (s *site) unpack(w http.ResponseWriter, r *http.Request, a *asset) {
	if r.Header.Get("If-None-Match") == w.Header().Get("ETag") {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	f, err := s.files.Open(a.file)
	if err == nil {
		defer f.Close()
		var z *gzip.Reader
		if z, err = gzip.NewReader(f); err == nil {
			if r.Method != http.MethodHead {
				_, _ = io.Copy(w, z) // who is gone is gone
			}
			return
		}
	}
	http.Error(w, "the file cannot be read", http.StatusInternalServerError)
}

// takesGzip reports whether an Accept-Encoding has gzip, and not with a weight of
// zero (RFC 9110 §12.5.3).
func takesGzip(accept string) bool {
	for one := range strings.SplitSeq(accept, ",") {
		coding, params, _ := strings.Cut(one, ";")
		if strings.TrimSpace(coding) != "gzip" {
			continue
		}
		weight, ok := strings.CutPrefix(strings.TrimSpace(params), "q=")
		if !ok {
			return true
		}
		q, err := strconv.ParseFloat(weight, 64)
		return err == nil && q > 0
	}
	return false
}
