//go:build !js

package peer

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// What version 1 sends is fixed: testdata/v1 has it, byte for byte. Whoever has
// to write these files anew has made another version.
var writeGolden = flag.Bool("write-golden", false, "write testdata/v1 anew")

func golden(t *testing.T, name string, made func() []byte) []byte {
	t.Helper()
	path := filepath.Join("testdata", "v1", name)
	if *writeGolden {
		if err := os.WriteFile(path, made(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	p, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// fixed is a node of which nothing is drawn at random.
func fixed(seed byte) (*Identity, Salt) {
	key := &Identity{ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))}
	return key, Salt(bytes.Repeat([]byte{seed + 1}, len(Salt{})))
}

func TestGoldenHello(t *testing.T) {
	key, salt := fixed(1)
	id := key.ID()
	said := greeting{token: token(bytes.Repeat([]byte{5}, 16)), count: 0x0102030405060708, hello: Hello{
		Salt: salt, Name: "ana", Topics: []string{"chat", "share"}, Observer: true,
		Addrs: []netip.AddrPort{netip.MustParseAddrPort("10.0.0.7:7475"), netip.MustParseAddrPort("[2001:db8::1]:7476")},
	}}
	script := transcript{
		room: "lan", offerer: [32]byte{1}, answerer: [32]byte{2},
		offererNonce: [nonceSize]byte{3}, answererNonce: [nonceSize]byte{4},
	}
	signed := func(rest []byte) []byte { return script.message(true, rest) }
	rest := appendGreeting(nil, said)
	first := append([]byte{helloVersion}, script.offererNonce[:]...)
	second := slices.Concat(id[:], key.Sign(signed(rest)), rest)
	lines := strings.Fields(string(golden(t, "hello.hex", func() []byte {
		return []byte(hex.EncodeToString(first) + "\n" + hex.EncodeToString(second) + "\n")
	})))
	for i, made := range [][]byte{first, second} {
		if got := hex.EncodeToString(made); got != lines[i] {
			t.Errorf("message %d is %s, was %s", i+1, got, lines[i])
		}
	}
	later := []byte("what a later version adds")
	was, _ := hex.DecodeString(lines[0])
	if nonce, _, err := parseFirst(append(was, later...)); err != nil || nonce != script.offererNonce {
		t.Errorf("the first is read as %x, %v", nonce, err)
	}
	was[0]++
	if _, _, err := parseFirst(was); !errors.Is(err, ErrVersion) {
		t.Errorf("of another version: got %v, want %v", err, ErrVersion)
	}
	was, _ = hex.DecodeString(lines[1])
	got, err := parseProof(was, signed)
	want := said
	want.hello.ID, want.hello.Instance = id, id.Instance(salt)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("the second is read as %+v, %v", got, err)
	}
	// A flag and a tail that version 1 does not know.
	rest[len(token{})+len(Salt{})] |= 0x80
	rest = append(rest, later...)
	if got, err = parseProof(slices.Concat(id[:], key.Sign(signed(rest)), rest), signed); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("with what a later version adds it is read as %+v, %v", got, err)
	}
}

// TestGoldenPrivateHello is what differs in a room with a secret; CPace has vectors of
// its own.
func TestGoldenPrivateHello(t *testing.T) {
	script := transcript{
		room: "lan", offerer: [32]byte{1}, answerer: [32]byte{2},
		offererNonce: [nonceSize]byte{3}, answererNonce: [nonceSize]byte{4},
	}
	d := &door{secret: NewSecret("lan", "correct horse battery staple"), offerer: Instance{5}, answerer: Instance{6}, token: token{7}}
	first := append([]byte{helloVersion}, script.offererNonce[:]...)
	in := d.inputs(&script)
	script.door = d.keyOf(d.token[:], &script)
	binding := script.binding(token{8})
	made := [][]byte{
		d.appendKnock(first, &script, true), d.hint(&script, false), in.Password, in.Channel, in.Session, in.InitiatorData,
		in.ResponderData, script.message(true, []byte("rest")), binding[:],
	}
	var text strings.Builder
	for _, p := range made {
		text.WriteString(hex.EncodeToString(p) + "\n")
	}
	if was := string(golden(t, "private.hex", func() []byte { return []byte(text.String()) })); was != text.String() {
		t.Errorf("it is\n%s, was\n%s", text.String(), was)
	}
}

// goldenTransport is a node that only reads.
func goldenTransport() (tr *Transport, from Instance) {
	key, salt := fixed(1)
	caller, callerSalt := fixed(3)
	tr = &Transport{limits: newLimits(), sockets: &sockets{port: 7475}, tag: RoomTag("lan"), log: slog.New(slog.DiscardHandler)}
	tr.self.Instance = key.ID().Instance(salt)
	tr.tokens.self = tr.self.Instance
	from = caller.ID().Instance(callerSalt)
	tr.tokens.set(from, token{1}, noLink)
	return tr, from
}

func TestGoldenOffer(t *testing.T) {
	tr, from := goldenTransport()
	raw := golden(t, "offer.http", func() []byte {
		ss, err := listening(t, Config{}).newSession(loopback, netip.AddrPortFrom(loopback, 9), true)
		if err != nil {
			t.Fatal(err)
		}
		defer ss.release()
		sdp, _ := ss.offer(t.Context())
		theirs, _ := goldenTransport()
		theirs.self.Instance, theirs.sockets.port = from, 7476
		ours := &tokens{self: from}
		ours.set(tr.self.Instance, token{1}, noLink)
		req, _ := http.NewRequest(http.MethodPost, "http://10.0.0.7:7475"+offerPath, strings.NewReader(sdp))
		req.Header = theirs.header()
		req.Header.Set("Content-Type", sdpType)
		req.Header.Set(headerFor, tr.self.Instance.String())
		req.Header.Set(headerProof, ours.prove(tr.self.Instance, purposeOffer, sdp))
		var b bytes.Buffer
		_ = req.Write(&b)
		return b.Bytes()
	})
	req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(raw)))
	if err != nil {
		t.Fatal(err)
	}
	req.RemoteAddr = "10.0.0.8:1234"
	who, err := tr.meet(req)
	if err != nil || who.instance != from || who.remote != netip.MustParseAddrPort("10.0.0.8:7476") {
		t.Errorf("it is from %+v, %v", who, err)
	}
	o, err := tr.readOffer(httptest.NewRecorder(), req, who)
	if err != nil || !o.proven || o.fingerprint == [32]byte{} {
		t.Errorf("it is read as %+v, %v", o, err)
	}
}

func TestGoldenAnswer(t *testing.T) {
	tr, _ := goldenTransport()
	raw := golden(t, "answer.http", func() []byte {
		a, b := listening(t, Config{}), listening(t, Config{})
		ss, err := a.newSession(loopback, b.Addrs()[0], true)
		if err != nil {
			t.Fatal(err)
		}
		defer ss.release()
		sdp, _ := ss.offer(t.Context())
		d, _ := parseDescription([]byte(sdp))
		back, err := b.newSession(loopback, a.Addrs()[0], false)
		if err != nil {
			t.Fatal(err)
		}
		defer back.release()
		if sdp, err = back.answer(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		return answerBytes(tr.header(), sdp)
	})
	r, err := readReply(bufio.NewReader(bytes.NewReader(raw)), &http.Request{Method: http.MethodPost})
	if err != nil || r.status != http.StatusCreated || r.instance != tr.self.Instance || r.media != sdpType || r.room != tr.tag {
		t.Errorf("it is read as %+v, %v", r, err)
	}
	if d, err := parseDescription(r.body); err != nil || d.fingerprint == [32]byte{} {
		t.Errorf("it describes %+v, %v", d, err)
	}
}

// answerBytes is an answer as respond writes it.
func answerBytes(header http.Header, sdp string) []byte {
	var b bytes.Buffer
	_ = answerTo(header, sdp).Write(&b)
	return b.Bytes()
}
