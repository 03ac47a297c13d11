//go:build linux

package hosts

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/browser"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/passphrase"
)

// The private room of these tests, of whose names nothing else can be mistaken.
const (
	cabinet       = "kitchen-cabinet"
	cabinetSecret = "cleft-cam-synopsis-sleep-grimy"
)

// inCabinet is how a program on a host enters the private room.
func inCabinet(t testing.TB, h *lab.Host) []string {
	t.Helper()
	path := filepath.Join(h.StateDir, "secret")
	put(t, path, []byte(cabinetSecret+"\n"), 0o600)
	return []string{"--room", cabinet, "--secret-file", path}
}

// privately starts a chat on each host, in the private room.
func privately(t *testing.T, l *lab.Lab, hosts []*lab.Host) []*lab.Process {
	t.Helper()
	var nodes []*lab.Process
	for _, h := range hosts {
		nodes = append(nodes, chat(t, h, inCabinet(t, h)...))
	}
	awaitMesh(t, l, nodes)
	return nodes
}

// invitation is the address of a page with an invite, and a name for who opens it, which
// is not sent either.
func invitation(address, name string, until time.Time) string {
	return passphrase.Invite{Room: cabinet, Secret: cabinetSecret, Until: until}.URL(address) + "&name=" + url.QueryEscape(name)
}

// guest opens the page of a private room by an invite, in a window of its own.
func guest(l *lab.Lab, b *browser.Browser, node *lab.Process, name string) *page {
	node.T.Helper()
	t := newTab(l, b.Window(), name)
	t.Go(invitation(address(node), name, time.Now().Add(time.Hour)))
	return t.document(0)
}

// locked opens the page of a private room without one, and waits until it asks.
func locked(l *lab.Lab, b *browser.Browser, node *lab.Process, name string) *tab {
	node.T.Helper()
	t := newTab(l, b.Window(), name)
	t.Go(address(node) + "#name=" + name)
	t.Wait(`!document.querySelector("#lock").hidden`)
	return t
}

// tries counts how often a page has tried to enter.
func (p *page) tries() int {
	n := 0
	for _, ev := range p.Log().Events {
		if ev.Type == "ready" {
			n++
		}
	}
	return n
}

// TestPageByInvite: a phone that scans an invite is in, talks with nodes and another page,
// moves files both ways, and is in again after a reload. What it was let in by is in no
// address that anybody sees.
func TestPageByInvite(t *testing.T) {
	t.Parallel()
	l := browse(t)
	hosts := l.Switch().Hosts(4, lab.HostConfig{})
	nodes := privately(t, l, hosts[:2])
	phones := browser.Start(t, browser.Config{On: hosts[2]})
	others := browser.Start(t, browser.Config{On: hosts[3]})
	blank := phones.Window()
	blank.Phone()
	scanned := newTab(l, blank, "phone")
	scanned.Go(invitation(address(nodes[0]), "phone", time.Now().Add(time.Hour)))
	phone := scanned.document(0)
	phone.host = hosts[2]
	awaitMesh(t, l, members(nodes, phone))
	var at string
	phone.Eval(`location.href + " " + document.referrer + " " + performance.getEntriesByType("resource").map(e => e.name).join(" ")`, &at)
	if strings.Contains(at, "secret") || strings.Contains(at, cabinet) || strings.Contains(at, "#") {
		t.Errorf("what the browser shows or fetches has the invite in it: %s", at)
	}

	// Its own invite lets the next one in.
	phone.Say("/invite")
	phone.Wait(`document.querySelector("#invite").open`)
	var link string
	var drawn bool
	phone.Eval(`document.querySelector("#invitelink").value`, &link)
	phone.Eval(`document.querySelectorAll("#invitecode path").length === 1`, &drawn)
	invite, err := passphrase.ParseInvite(link)
	if err != nil || invite.Room != cabinet || invite.Secret != cabinetSecret || !drawn {
		t.Errorf("the page's invite is %s, drawn %t: %v", link, drawn, err)
	}
	phone.Press("Escape")
	phone.Wait(`!document.querySelector("#invite").open && document.querySelector("#invitelink").value === ""`)
	second := newTab(l, others.Window(), "laptop")
	second.Go(link + "&name=laptop")
	laptop := second.document(0)
	all := members(nodes, phone, laptop)
	awaitMesh(t, l, all)
	talk(t, l, all)

	// Files go through the node, sealed.
	phone.awaitKeeper()
	photo := file(t, hosts[2], "photo.jpg", 9<<20+17)
	to := receive(t, l, hosts[3], inCabinet(t, hosts[3])...)
	phone.Choose("#files", photo)
	exits(t, to, 2*patience, 0)
	sameRoot(t, photo, filepath.Join(inbox(t, hosts[3]), "photo.jpg"))
	laptop.awaitOffer("photo.jpg", "phone")
	got := laptop.accept(others, 2*patience)
	sameRoot(t, photo, got.Path)
	if got.Name != "photo.jpg" || !strings.HasPrefix(got.URL, "blob:") {
		t.Errorf("it is downloaded as %q from %s", got.Name, got.URL)
	}
	album := filepath.Join(hosts[3].StateDir, "album")
	for i := range 3 {
		put(t, filepath.Join(album, fmt.Sprint(i, ".jpg")), []byte(strings.Repeat("x", i*100_000)), 0o600)
	}
	from := send(t, hosts[3], append(inCabinet(t, hosts[3]), album, "--to", "phone")...)
	phone.awaitOffer("album", hosts[3].Name)
	unzipped(t, phone.accept(phones, 2*patience).Path, album)
	exits(t, from, patience, 0)

	after := phone.reload()
	all = members(nodes, after, laptop)
	awaitMesh(t, l, all)
	talk(t, l, all)
	verify(t, l, append(all, phone)...)
}

// TestFirefoxInAPrivateRoom: a Firefox asks for the secret, says that one is wrong, enters
// with the right one, talks with a node and a Chromium, and moves files both ways.
func TestFirefoxInAPrivateRoom(t *testing.T) {
	t.Parallel()
	browser.Need(t, "firefox-esr")
	l := browse(t)
	hosts := l.Switch().Hosts(3, lab.HostConfig{})
	nodes := privately(t, l, hosts[:1])
	b := browser.Start(t, browser.Config{On: hosts[1]})
	chrome := guest(l, b, nodes[0], "chrome")
	all := members(nodes, chrome)
	awaitMesh(t, l, all)
	f := browser.StartFirefox(t, browser.Config{On: hosts[2]})
	f.Go(address(nodes[0]) + "#name=fox")
	f.Wait(`!document.querySelector("#lock").hidden`)
	enter := func(secret string) {
		t.Helper()
		f.Wait(`!document.querySelector("#secret").disabled`)
		f.Eval(fmt.Sprintf(`(document.querySelector("#roomname").value = %q, document.querySelector("#secret").value = "")`, cabinet), nil)
		f.Type("#secret", secret+"\n")
	}
	enter("another-secret-of-five-words")
	f.Wait(`document.querySelector("#wrong").textContent.includes("not the secret")`)
	enter(cabinetSecret)
	f.Wait(`document.querySelector("#lock").hidden`)
	foxTalks(t, l, f, all)

	// Sealed, both ways.
	f.Wait(`!document.querySelector("#attach").disabled`)
	photo := file(t, hosts[2], "photo.jpg", 9<<20+17)
	f.Choose("#files", photo)
	chrome.awaitOffer("photo.jpg", "fox")
	sameRoot(t, photo, chrome.accept(b, 2*patience).Path)
	slides := file(t, hosts[0], "slides.pdf", 9<<20+3)
	from := send(t, hosts[0], append(inCabinet(t, hosts[0]), slides, "--to", "fox")...)
	f.Click(offered + ` [data-do="accept"]`)
	sameRoot(t, slides, f.Downloaded(2*patience, "slides.pdf"))
	exits(t, from, 2*patience, 0)

	// What it was let in by outlasts a reload.
	f.Reload()
	f.Wait(`document.querySelector("#lock").hidden && document.querySelector('#people [data-name="chrome"]')`)
	verify(t, l, append(all, unheard(l, "fox"))...)
}

// TestPageAsksForTheSecret: who has no invite types the secret, and is told at the form
// what is wrong. Nothing is tried by itself.
func TestPageAsksForTheSecret(t *testing.T) {
	t.Parallel()
	l := browse(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{})
	nodes := privately(t, l, hosts[:1])
	b := browser.Start(t, browser.Config{On: hosts[1]})
	tab := locked(l, b, nodes[0], "visitor")
	said := func(what string) {
		t.Helper()
		tab.Wait(fmt.Sprintf(`!document.querySelector("#wrong").hidden && document.querySelector("#wrong").textContent.includes(%q) && !document.querySelector("#secret").disabled`, what))
	}
	enter := func(room, secret string) {
		t.Helper()
		tab.Eval(fmt.Sprintf(`document.querySelector("#roomname").value = %q; document.querySelector("#secret").value = ""`, room), nil)
		tab.Type("#secret", secret+"\n")
	}
	invite := func(i passphrase.Invite) string { return i.URL(address(nodes[0])) }

	enter(cabinet, "")
	said("missing")
	enter(cabinet, "too short")
	said("five words")
	enter("attic", cabinetSecret)
	said("“attic”")
	enter("", invite(passphrase.Invite{Room: "attic", Secret: cabinetSecret}))
	said("“attic”")
	enter("", invite(passphrase.Invite{Room: cabinet, Secret: cabinetSecret, Until: time.Now().Add(-time.Minute)}))
	said("meant until")
	enter("", strings.TrimSuffix(invite(passphrase.Invite{Room: cabinet, Secret: "a"}), "a"))
	said("not whole")
	enter(cabinet, "another-secret-of-five-words")
	said("not the secret")
	visitor := tab.document(0)
	l.Stays(3*time.Second, "a wrong secret is tried again", func() bool { return visitor.tries() > 1 || nodes[0].Present() > 0 })

	// In whatever form it is typed, the right one opens.
	enter(cabinet, "  "+cabinetSecret+" ")
	all := members(nodes, visitor)
	awaitMesh(t, l, all)
	talk(t, l, all)
	visitor.Wait(`document.querySelector("#lock").hidden && document.querySelector("#room").textContent.includes("` + cabinet + `")`)

	// A wrong one of an invite is said to be that, and a pasted invite opens.
	tab = locked(l, b, nodes[0], "second")
	enter("", invite(passphrase.Invite{Room: cabinet, Secret: "another-secret-of-five-words"}))
	said("Ask for a new one")
	enter("", invite(passphrase.Invite{Room: cabinet, Secret: cabinetSecret}))
	second := tab.document(0)
	awaitMesh(t, l, members(nodes, visitor, second))
	// What a page says before it is let in is not what a member says.
	verify(t, l, append(members(nodes), unheard(l, "visitor"), unheard(l, "second"))...)
}

// TestInviteToAnOpenRoom: what was meant for a few is not said where everybody hears it.
func TestInviteToAnOpenRoom(t *testing.T) {
	t.Parallel()
	l := browse(t)
	hosts := l.Switch().Hosts(2, lab.HostConfig{})
	node := chat(t, hosts[0], "--room", cabinet)
	l.Await(patience, "the node is ready", node.Ready)
	b := browser.Start(t, browser.Config{On: hosts[1]})
	tab := b.Open(invitation(address(node), "phone", time.Now().Add(time.Hour)))
	tab.Wait(`document.querySelector("#trouble").textContent.includes("is open")`)
	l.Stays(2*time.Second, "somebody joined", func() bool { return node.Present() > 0 })
	tab.Click("#trouble a")
	l.Await(patience, "it joins when it is told to", func() bool { return node.Present() == 1 })
}
