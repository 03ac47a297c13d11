package wire_test

import (
	"bytes"
	"net/netip"
	"reflect"
	"testing"

	"github.com/lanyap/lanyap/mesh/internal/wire"
)

var carriedID = [8]byte{0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18}

func carried(seen string, sdp string) wire.Carried {
	c := wire.Carried{ID: carriedID, SDP: []byte(sdp)}
	if seen != "" {
		c.Seen = netip.MustParseAddr(seen)
	}
	return c
}

func offer() []byte {
	return wire.AppendCarried(nil, wire.CarriedOffer, carried("10.0.0.7", "v=0\r\n"))
}

func TestCarriedRoundTrip(t *testing.T) {
	for _, seen := range []string{"", "10.0.0.7", "fd00::1"} {
		for _, kind := range []byte{wire.CarriedOffer, wire.CarriedAnswer} {
			want := carried(seen, "v=0")
			p := wire.AppendCarried(nil, kind, want)
			got, err := wire.ParseCarried(p[0], p[1:])
			if p[0] != kind || err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %v, %v; want %v", got, err, want)
			}
		}
	}
}

// TestCarriedAddressHasNoZone holds that what means nothing elsewhere is not said.
func TestCarriedAddressHasNoZone(t *testing.T) {
	p := wire.AppendCarried(nil, wire.CarriedOffer, carried("fe80::1%eth0", "v=0"))
	if got, err := wire.ParseCarried(p[0], p[1:]); err != nil || got.Seen != netip.MustParseAddr("fe80::1") {
		t.Errorf("got %v, %v", got.Seen, err)
	}
	p = wire.AppendCarried(nil, wire.CarriedOffer, carried("::ffff:10.0.0.7", "v=0"))
	if got, err := wire.ParseCarried(p[0], p[1:]); err != nil || got.Seen != netip.MustParseAddr("10.0.0.7") {
		t.Errorf("got %v, %v", got.Seen, err)
	}
}

func TestParseCarriedErrors(t *testing.T) {
	long := wire.AppendCarried(nil, wire.CarriedOffer, wire.Carried{SDP: make([]byte, wire.MaxDescription+1)})
	tests := []struct {
		name string
		kind byte
		p    []byte
	}{
		{"nothing", wire.CarriedOffer, nil},
		{"no address", wire.CarriedOffer, make([]byte, 8)},
		{"an address of 5 bytes", wire.CarriedOffer, append(make([]byte, 8), 5, 1, 2, 3, 4, 5, 'v')},
		{"an address that is cut short", wire.CarriedOffer, append(make([]byte, 8), 16, 1, 2, 3)},
		{"an offer of nothing", wire.CarriedOffer, make([]byte, 9)},
		{"an offer that is too long", wire.CarriedOffer, long[1:]},
		{"an answer that is too long", wire.CarriedAnswer, long[1:]},
	}
	for _, tt := range tests {
		if c, err := wire.ParseCarried(tt.kind, tt.p); err == nil {
			t.Errorf("%s: read %v", tt.name, c)
		}
	}
	if c, err := wire.ParseCarried(wire.CarriedAnswer, make([]byte, 9)); err != nil || len(c.SDP) != 0 {
		t.Errorf("a refusal: %v, %v", c, err)
	}
	if size := len(long) + 16; size > wire.MaxRelayed {
		t.Errorf("the longest has %d bytes, and a relay takes %d", size, wire.MaxRelayed)
	}
}

// TestStamp holds that whoever carries a record first says where its author is,
// whatever that said itself, and touches nothing else.
func TestStamp(t *testing.T) {
	seen := netip.MustParseAddr("fd00::7")
	for _, before := range []string{"", "10.0.0.7", "fd00::1"} {
		record := wire.AppendCarried(nil, wire.CarriedAnswer, carried(before, "v=0"))
		kept := bytes.Clone(record)
		got := wire.Stamp(record, seen)
		if want := wire.AppendCarried(nil, wire.CarriedAnswer, carried("fd00::7", "v=0")); !bytes.Equal(got, want) {
			t.Errorf("said %q before: %x, want %x", before, got, want)
		}
		if !bytes.Equal(record, kept) {
			t.Error("the record that was given has changed")
		}
	}
	if got := wire.Stamp(offer(), netip.Addr{}); !bytes.Equal(got, wire.AppendCarried(nil, wire.CarriedOffer, carried("", "v=0\r\n"))) {
		t.Errorf("without an address: %x", got)
	}
	for _, other := range [][]byte{nil, {}, {wire.TunnelSealed, 1, 2}, open(anaRecord()), {9}} {
		if got := wire.Stamp(other, seen); !bytes.Equal(got, other) {
			t.Errorf("%x became %x", other, got)
		}
	}
	for _, bad := range [][]byte{{wire.CarriedOffer}, offer()[:9], wire.AppendCarried(nil, wire.CarriedOffer, wire.Carried{SDP: make([]byte, wire.MaxDescription+1)})} {
		if got := wire.Stamp(bad, seen); got != nil {
			t.Errorf("%d bytes that do not read became %d", len(bad), len(got))
		}
	}
}

func pages() [][8]byte { return [][8]byte{ana.Instance, bo.Instance} }

func TestPagesRoundTrip(t *testing.T) {
	got, err := wire.ParsePages(payload(t, wire.AppendPages(nil, pages()), wire.TypePages))
	if err != nil || !reflect.DeepEqual(got, pages()) {
		t.Errorf("got %v, %v", got, err)
	}
	got, err = wire.ParsePages(payload(t, wire.AppendPages(nil, make([][8]byte, wire.MaxPages+1)), wire.TypePages))
	if err != nil || len(got) != wire.MaxPages {
		t.Errorf("of %d, %d are told: %v", wire.MaxPages+1, len(got), err)
	}
	for _, size := range []int{1, 7, 9, 8 * (wire.MaxPages + 1)} {
		if got, err := wire.ParsePages(make([]byte, size)); err == nil {
			t.Errorf("%d bytes are %d pages", size, len(got))
		}
	}
}

// TestRecordSaysWeb holds that a member in a browser says so behind its record,
// and that who knows nothing of that reads the record as ever.
func TestRecordSaysWeb(t *testing.T) {
	own := record(anaRecord())
	for _, web := range []bool{false, true} {
		frame := wire.AppendOwnRecord(nil, own, web)
		r, got, rest, err := wire.ParseRecord(payload(t, frame, wire.TypeRecord))
		if err != nil || !bytes.Equal(got, own) || !reflect.DeepEqual(r, anaRecord()) || wire.IsWeb(rest) != web {
			t.Errorf("web %v: %v, rest %x: %v", web, r, rest, err)
		}
	}
	if !bytes.Equal(wire.AppendOwnRecord(nil, own, false), wire.AppendRecordFrame(nil, own)) {
		t.Error("the record of a node is not what it was")
	}
	if wire.IsWeb([]byte{0xfe}) || !wire.IsWeb([]byte{0xff, 1}) {
		t.Error("bits of later versions count")
	}
}

func FuzzParseCarried(f *testing.F) {
	f.Add(offer())
	f.Add(wire.AppendCarried(nil, wire.CarriedAnswer, carried("fd00::1", "")))
	f.Add(wire.AppendCarried(nil, wire.CarriedAnswer, carried("", "v=0")))
	f.Fuzz(func(t *testing.T, p []byte) {
		stamped := wire.Stamp(p, netip.MustParseAddr("10.0.0.1"))
		if len(p) == 0 || p[0] != wire.CarriedOffer && p[0] != wire.CarriedAnswer {
			if !bytes.Equal(stamped, p) {
				t.Fatalf("%x became %x", p, stamped)
			}
			return
		}
		c, err := wire.ParseCarried(p[0], p[1:])
		if err != nil {
			return
		}
		again, err := wire.ParseCarried(p[0], wire.AppendCarried(nil, p[0], c)[1:])
		if err != nil || again.ID != c.ID || again.Seen != c.Seen.Unmap() || !bytes.Equal(again.SDP, c.SDP) {
			t.Fatalf("carried %v became %v, %v", c, again, err)
		}
		c.Seen = netip.MustParseAddr("10.0.0.1")
		if !bytes.Equal(stamped, wire.AppendCarried(nil, p[0], c)) {
			t.Fatalf("%x stamped is %x", p, stamped)
		}
	})
}

func FuzzParsePages(f *testing.F) {
	f.Add(wire.AppendPages(nil, pages())[wire.FrameHeader:])
	f.Add([]byte{1})
	f.Fuzz(func(t *testing.T, p []byte) {
		pages, err := wire.ParsePages(p)
		if err != nil {
			return
		}
		if got := wire.AppendPages(nil, pages)[wire.FrameHeader:]; !bytes.Equal(got, p) {
			t.Fatalf("pages %x became %x", p, got)
		}
	})
}
