package web

import (
	"embed"
	"encoding/json"
	"fmt"
	"html"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
)

//go:embed assets
var embedded embed.FS

// Config is what [New] needs.
type Config struct {
	Room    string // its name
	Private bool   // the room has a secret: whoever asks is told nothing of it but that
	Self    mesh.Peer
	Version func() string // of this program; asked for when a page asks
	Files   http.Handler  // of /files/; nil: no files are moved for pages
}

// New returns what answers browsers.
func New(cfg Config) http.Handler {
	assets, err := fs.Sub(embedded, "assets")
	if err != nil {
		panic(err) // the name is no path
	}
	return newHandler(cfg, assets)
}

type handler struct {
	Config
	site *site
}

func newHandler(cfg Config, assets fs.FS) *handler { return &handler{cfg, newSite(assets)} }

// headers are sent with whatever is sent. What a policy names is all that the page
// may do. WebRTC is not subject to it. Cross-Origin-Opener-Policy is for secure
// contexts; elsewhere browsers complain of it.
var headers = map[string]string{
	"Content-Security-Policy": strings.Join([]string{
		"default-src 'none'",
		"script-src 'self' 'wasm-unsafe-eval'",
		"style-src 'self'",
		"connect-src 'self' ws:", // the watch of a link to any node
		"img-src 'self' data: blob:",
		"media-src 'self'",
		"base-uri 'none'",
		"form-action 'none'",
		"frame-ancestors 'none'",
	}, "; "),
	"X-Content-Type-Options":       "nosniff",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}

// sendLimit is how long what is sent may take to be taken in.
const sendLimit = time.Minute

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for name, value := range headers {
		w.Header().Set(name, value)
	}
	path := r.URL.Path
	if strings.HasPrefix(path, "/files/") && h.Files != nil {
		h.Files.ServeHTTP(w, r)
		return
	}
	// A writer without deadlines is one in a test.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(sendLimit))
	name, isAsset := strings.CutPrefix(path, "/"+assetsDir)
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "this can only be read", http.StatusMethodNotAllowed)
	case path == "/":
		h.page(w, r)
	case path == "/page.json":
		h.about(w, r)
	case isAsset && h.site.serve(w, r, name):
	default:
		sorry(w, "Nothing is here", "The page is one step up.")
	}
}

// page sends the page, if it is that of the room that is asked for.
func (h *handler) page(w http.ResponseWriter, r *http.Request) {
	if at, ok := addressOfName(r); ok {
		w.Header().Set("Cache-Control", "no-store")
		http.Redirect(w, r, "http://"+at.String()+r.URL.RequestURI(), http.StatusTemporaryRedirect)
		return
	}
	query := r.URL.Query()
	if room := query.Get("room"); room != "" && room != h.Room && !h.Private {
		sorry(w, "This is another room",
			fmt.Sprintf("You asked for the room “%s”; this node is in “%s”.", room, h.Room),
			link{"Join “" + h.Room + "”", "/" + only(query, "name")})
		return
	}
	h.site.serveIndex(w, r)
}

// addressOfName returns the address, if a browser has been given a name (localhost). A
// page has nobody to ask what that is the name of, and has to know where its node
// answers.
func addressOfName(r *http.Request) (netip.AddrPort, bool) {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if name, _, _ := strings.Cut(r.Host, ":"); name != "localhost" || !ok {
		return netip.AddrPort{}, false
	}
	at := local.AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port()), true
}

// only returns the query with one of its keys, if that is there.
func only(query url.Values, key string) string {
	if !query.Has(key) {
		return ""
	}
	return "?" + url.Values{key: {query.Get(key)}}.Encode()
}

// aboutNode is /page.json.
type aboutNode struct {
	Room    string    `json:"room,omitempty"`
	Private bool      `json:"private,omitempty"`
	Tag     string    `json:"tag"` // of the room, as the network is told it anyhow
	Node    aboutSelf `json:"node"`
	You     string    `json:"you"` // the address that the browser has here
	Version string    `json:"version,omitempty"`
	Files   bool      `json:"files"` // can be moved
}

type aboutSelf struct {
	Name     string        `json:"name,omitempty"`
	ID       *peer.ID      `json:"id,omitempty"`
	Instance peer.Instance `json:"instance"`
}

// about says what a page has to know. Of a private room it says no more than what the
// network is told by mDNS and the port's headers: a tag and an instance.
func (h *handler) about(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	about := aboutNode{
		Private: h.Private, Tag: peer.RoomTag(h.Room),
		Node:  aboutSelf{Instance: h.Self.Instance},
		Files: h.Files != nil,
	}
	if !h.Private {
		about.Room, about.Version = h.Room, h.Version()
		about.Node.Name, about.Node.ID = h.Self.Name, &h.Self.ID
	}
	if from, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		about.You = from.Addr().Unmap().WithZone("").String()
	}
	_ = json.NewEncoder(w).Encode(about) // whoever is gone does not want to know
}

// link is somewhere to go on.
type link struct{ text, to string }

// sorry says that there is nothing, and where to go on. It has no script: it is for
// every browser. Texts may come from whoever asks.
func sorry(w http.ResponseWriter, title, text string, to ...link) {
	if len(to) == 0 {
		to = []link{{"Open the page", "/"}}
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusNotFound)
	esc := html.EscapeString
	_, _ = fmt.Fprintf(w, `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%s · lanyap</title>
<link rel="stylesheet" href="/assets/style.css">
<main class="sorry">
<h1>%s</h1>
<p>%s</p>
<p><a href="%s">%s</a></p>
</main>
</html>
`, esc(title), esc(title), esc(text), esc(to[0].to), esc(to[0].text))
}
