//go:build linux

package hosts

import (
	"archive/zip"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"lukechampine.com/blake3"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/browser"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// fileRoot returns the root of a file, which is its BLAKE3 hash.
func fileRoot(t testing.TB, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h := blake3.New(32, nil)
	if _, err := io.CopyBuffer(h, f, make([]byte, 1<<20)); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// sameRoot checks that two files have the same root.
func sameRoot(t testing.TB, sent, received string) {
	t.Helper()
	if want, got := fileRoot(t, sent), fileRoot(t, received); want != got {
		t.Errorf("%s has the root %s, want that of %s, %s", received, got, sent, want)
	}
}

// offered is the selector of an offer that a page shows, of that name.
const offered = `#offers [data-offer]`

// awaitOffer waits until a page shows an offer of a name, from somebody.
func (p *page) awaitOffer(name, from string) {
	p.Wait(fmt.Sprintf(`[...document.querySelectorAll(%q)].some(o => o.textContent.includes(%q) && o.textContent.includes(%q))`, offered, name, from))
}

// awaitKeeper waits until files can be offered: the node that serves the page handles
// them for it.
func (p *page) awaitKeeper() { p.Wait(`!document.querySelector("#attach").disabled`) }

// accept takes the only offer that a page shows and returns what its browser has
// downloaded then.
func (p *page) accept(b *browser.Browser, patience time.Duration) browser.Download {
	n := len(b.Downloads())
	p.Click(offered + ` [data-do="accept"]`)
	return b.Downloaded(patience, n)
}

// arrived waits until a page says that somebody has what it offered.
func (p *page) arrived(d time.Duration, who string) bool {
	return p.Until(d, fmt.Sprintf(`[...document.querySelectorAll("#messages .notice")].some(n => n.textContent.startsWith(%q))`, who+" has "))
}

// TestPhone is what somebody does who reads an address off a terminal: the phone
// opens it, chats, and sends a file to a terminal and to another page and gets one
// of each.
func TestPhone(t *testing.T) {
	t.Parallel()
	l := browse(t)
	hosts := l.Switch().Hosts(4, lab.HostConfig{})
	desk := run(t, hosts[0], "chat", "--name", "desk") // prints for people
	var url string
	l.Await(patience, "the address is printed", func() bool {
		_, rest, _ := strings.Cut(desk.Stderr(), "page: ")
		line, _, whole := strings.Cut(rest, "\n")
		url = strings.TrimSpace(line)
		return whole
	})
	phones := browser.Start(t, browser.Config{On: hosts[1]})
	others := browser.Start(t, browser.Config{On: hosts[2]})

	blank := phones.Tab()
	blank.Phone()
	t1 := newTab(l, blank, "phone")
	t1.Go(named(url, "phone"))
	phone := t1.document(0)
	t2 := newTab(l, others.Tab(), "laptop")
	t2.Go(named(url, "laptop"))
	laptop := t2.document(0)
	l.Await(patience, "the pages see each other and the terminal", func() bool {
		return phone.Present() == 2 && laptop.Present() == 2 && phone.Sees(laptop) && laptop.Sees(phone)
	})

	phone.Tap("#say")
	phone.Keys("typed on a phone")
	phone.Tap("#send")
	l.Await(patience, "the terminal shows it", func() bool { return slices.Contains(desk.Stdout(), "phone: typed on a phone") })
	laptop.shows("phone", "typed on a phone")
	desk.Say("typed on a terminal")
	phone.shows("desk", "typed on a terminal")
	laptop.Say("typed on a laptop")
	phone.shows("laptop", "typed on a laptop")

	// To a terminal, and from one.
	phone.awaitKeeper()
	photo := file(t, hosts[1], "photo.jpg", 3<<20+17)
	to := receive(t, l, hosts[3])
	phone.Choose("#files", photo)
	exits(t, to, 2*patience, 0)
	if !phone.arrived(patience, hosts[3].Name) {
		t.Errorf("the phone does not say that %s has it", hosts[3].Name)
	}
	sameRoot(t, photo, filepath.Join(inbox(t, hosts[3]), "photo.jpg"))
	if got := movings(to, "offer"); len(got) > 0 && got[0].From.Name != "phone" {
		t.Errorf("offered by %q, want the phone itself", got[0].From.Name)
	}

	// To another page: it was offered to everybody.
	laptop.awaitOffer("photo.jpg", "phone")
	got := laptop.accept(others, 2*patience)
	sameRoot(t, photo, got.Path)
	if got.Name != "photo.jpg" {
		t.Errorf("it is downloaded as %q", got.Name)
	}

	slides := file(t, hosts[3], "slides.pdf", 2<<20+3)
	from := send(t, hosts[3], slides, "--to", "phone")
	phone.awaitOffer("slides.pdf", hosts[3].Name)
	sameRoot(t, slides, phone.accept(phones, 2*patience).Path)
	exits(t, from, 2*patience, 0)

	notes := file(t, hosts[2], "notes.txt", 1000)
	laptop.Choose("#files", notes)
	phone.awaitOffer("notes.txt", "laptop")
	sameRoot(t, notes, phone.accept(phones, 2*patience).Path)
	if !laptop.arrived(patience, "phone") {
		t.Error("the laptop does not say that the phone has it")
	}
	verify(t, l, member(phone), member(laptop), unheard(l, "desk"))
}

// TestPageFolder: a folder that is dropped on a page arrives as one, and one that
// is offered to a page is downloaded as an archive.
func TestPageFolder(t *testing.T) {
	t.Parallel()
	l, nodes, browsers, pages := roomWithPages(t, 1, 1)
	visitor, b := pages[0], browsers[0]
	visitor.awaitKeeper()
	dir := filepath.Join(visitor.host.StateDir, "album")
	for i := range 20 {
		put(t, filepath.Join(dir, fmt.Sprint("year ", i%3), fmt.Sprint(i, ".jpg")), []byte(strings.Repeat("x", i*1000)), 0o600)
	}
	to := receive(t, l, nodes[0].Host)
	visitor.Drop("#messages", dir)
	exits(t, to, 2*patience, 0)
	for i := range 20 {
		name := filepath.Join(fmt.Sprint("year ", i%3), fmt.Sprint(i, ".jpg"))
		sameRoot(t, filepath.Join(dir, name), filepath.Join(inbox(t, nodes[0].Host), "album", name))
	}
	from := send(t, nodes[0].Host, dir, "--to", visitor.Self().Name)
	visitor.awaitOffer("album", nodes[0].Host.Name)
	got := visitor.accept(b, 2*patience)
	if !strings.HasSuffix(got.Name, ".zip") {
		t.Errorf("a folder is downloaded as %q", got.Name)
	}
	unzipped(t, got.Path, dir)
	exits(t, from, patience, 0)
}

// large is a gibibyte, and less where a test is not to take long.
func large() int64 {
	if testing.Short() {
		return 64 << 20
	}
	return 1 << 30
}

// unzipped checks that an archive holds the files of a folder under its name.
func unzipped(t testing.TB, archive, dir string) {
	t.Helper()
	z, err := zip.OpenReader(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	into := t.TempDir()
	for _, f := range z.File {
		if f.FileInfo().IsDir() {
			continue
		}
		if !filepath.IsLocal(f.Name) {
			t.Fatalf("the archive has a file %q", f.Name)
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(into, f.Name), data, 0o600)
	}
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			sameRoot(t, path, filepath.Join(into, filepath.Base(dir), strings.TrimPrefix(path, dir)))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestPageGibibyte moves one each way, and its root is the same on the other side.
func TestPageGibibyte(t *testing.T) {
	t.Parallel()
	l, nodes, browsers, pages := roomWithPages(t, 2, 1)
	visitor, b := pages[0], browsers[0]
	visitor.awaitKeeper()
	up := film(t, visitor.host, large())
	to := receive(t, l, nodes[1].Host)
	visitor.Choose("#files", up)
	exits(t, to, 10*patience, 0)
	sameRoot(t, up, filepath.Join(inbox(t, nodes[1].Host), "film"))
	if !visitor.arrived(patience, nodes[1].Host.Name) {
		t.Error("the page does not say that it has arrived")
	}
	down := film(t, nodes[1].Host, large())
	from := send(t, nodes[1].Host, down, "--to", visitor.Self().Name)
	visitor.awaitOffer("film", nodes[1].Host.Name)
	got := visitor.accept(b, 10*patience)
	exits(t, from, 2*patience, 0)
	sameRoot(t, down, got.Path)
	if got.State != "completed" || got.Bytes != large() {
		t.Errorf("downloaded %+v", got)
	}
	verify(t, l, members(nodes, visitor)...)
}

// TestPageUploadIsCut pulls the cable of a page in the middle of an upload. It goes
// on from where it was.
func TestPageUploadIsCut(t *testing.T) {
	t.Parallel()
	l, nodes, _, pages := roomWithPages(t, 2, 1)
	visitor := pages[0]
	visitor.awaitKeeper()
	visitor.host.Shape(80)
	path := file(t, visitor.host, "film", 24<<20)
	to := receive(t, l, nodes[1].Host)
	visitor.Choose("#files", path)
	underWay(t, l, to, 20)
	visitor.host.Unplug()
	pause(l, 2*time.Second)
	visitor.host.Plug()
	exits(t, to, 4*patience, 0)
	sameRoot(t, path, filepath.Join(inbox(t, nodes[1].Host), "film"))
	sent, _ := visitor.host.Traffic()
	if sent > 2*24<<20 {
		t.Errorf("it has sent %d bytes for a file of %d", sent, 24<<20)
	}
}

// TestPageIsGoneInTheMiddle kills the browser while it uploads: nothing of the file
// has its name at who receives, and everything else goes on.
func TestPageIsGoneInTheMiddle(t *testing.T) {
	t.Parallel()
	l, nodes, browsers, pages := roomWithPages(t, 2, 1)
	visitor := pages[0]
	visitor.awaitKeeper()
	visitor.host.Shape(80)
	path := file(t, visitor.host, "film", 24<<20)
	to := receive(t, l, nodes[1].Host)
	visitor.Choose("#files", path)
	underWay(t, l, to, 20)
	visitor.Record.Kill()
	browsers[0].Kill()
	// It waits for the member, which may come back.
	for _, p := range nodes {
		leftWith(t, l, p, visitor)
	}
	if _, err := os.Stat(filepath.Join(inbox(t, nodes[1].Host), "film")); err == nil {
		t.Error("half a file looks like a whole one")
	}
	awaitMesh(t, l, nodes)
	talk(t, l, nodes)
}

// TestPageServedFromAFullDisk: what a page uploads does not fit where the node that
// serves it keeps files. The page says so, and everything
// else goes on.
func TestPageServedFromAFullDisk(t *testing.T) {
	t.Parallel()
	l := browse(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	script := `mount --make-rprivate / && mkdir -p tmp && mount -t tmpfs -o size=48m tmpfs tmp && TMPDIR=$PWD/tmp exec "$0" chat --json --name serves`
	serves := hosts[0].Start(lab.Program{Path: "/bin/sh", Args: []string{"-c", script, lab.Build(t, program)}, Mount: true})
	l.Await(patience, "the node is ready", serves.Ready)
	visitor := visit(l, browser.Start(t, browser.Config{On: hosts[1]}), serves, "visitor")
	all := members([]*lab.Process{serves}, visitor)
	awaitMesh(t, l, all)
	visitor.awaitKeeper()
	to := receive(t, l, hosts[2], "--loop")
	visitor.Choose("#files", file(t, hosts[1], "film", 64<<20))
	visitor.Wait(`[...document.querySelectorAll("#messages .notice.bad")].some(n => /full|room|space/.test(n.textContent))`)
	tell(t, l, serves, []*page{visitor})
	tell(t, l, visitor, []*lab.Process{serves})
	// What fits is taken afterwards.
	small := file(t, hosts[1], "small", 1<<20)
	visitor.Choose("#files", small)
	l.Await(2*patience, "what fits has arrived", func() bool {
		return slices.ContainsFunc(movings(to, "received"), func(m moving) bool { return filepath.Base(m.Path) == "small" })
	})
	sameRoot(t, small, filepath.Join(inbox(t, hosts[2]), "small"))
}

// TestPageOffersToWhoComes: who comes just when a page offers something, before or
// after, is offered it.
func TestPageOffersToWhoComes(t *testing.T) {
	t.Parallel()
	l, nodes, _, pages := roomWithPages(t, 2, 1)
	visitor := pages[0]
	visitor.awaitKeeper()
	for i := range 8 {
		path := file(t, visitor.host, fmt.Sprint("notes ", i), 1000)
		to := run(t, nodes[1].Host, "receive", inbox(t, nodes[1].Host), "--json", "--yes")
		if i%2 == 0 {
			l.Await(patience, "it receives", to.Ready)
		}
		visitor.Choose("#files", path)
		exits(t, to, patience, 0)
		sameRoot(t, path, filepath.Join(inbox(t, nodes[1].Host), filepath.Base(path)))
		visitor.Wait(`document.querySelectorAll("#outgoing > *").length === 0`)
	}
}
