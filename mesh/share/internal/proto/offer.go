package proto

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/lanyap/lanyap/mesh/share/internal/tree"
)

// Item is one thing that is offered.
type Item struct {
	Name  string
	Dir   bool
	Files int
	Size  int64
}

// Offered is an offer.
type Offered struct {
	Key    tree.Hash
	IsText bool
	Coming bool // its bytes come while it is sent: pieces are best asked for in order
	Files  int
	Size   int64
	Count  int    // of items
	Items  []Item // the first MaxItems of them
	Text   string
}

const (
	flagText   = 1 << 0 // of an offer
	flagComing = 1 << 1 // of an offer
	flagDir    = 1 << 0 // of an item or an entry
)

// AppendOffer writes an offer, with as many items and as much text as it may have.
//
//	items   count of all 4 · count here 1 · each: flags 1 · files 4 · size 8 · name
func AppendOffer(b []byte, o Offered) []byte {
	b, start := begin(b, Offer)
	b = append(b, o.Key[:]...)
	b = append(b, bit(o.IsText, flagText)|bit(o.Coming, flagComing))
	b = binary.BigEndian.AppendUint32(b, uint32(o.Files))
	b = binary.BigEndian.AppendUint64(b, uint64(o.Size))
	b = binary.BigEndian.AppendUint32(b, uint32(o.Count))
	items := o.Items[:min(len(o.Items), MaxItems)]
	b = append(b, byte(len(items)))
	for _, it := range items {
		b = append(b, bit(it.Dir, flagDir))
		b = binary.BigEndian.AppendUint32(b, uint32(it.Files))
		b = binary.BigEndian.AppendUint64(b, uint64(it.Size))
		b = appendText(b, it.Name)
	}
	b = append(b, o.Text...)
	return end(b, start)
}

// ParseOffer reads one. Names are not looked at, but that they are UTF-8.
func ParseOffer(p []byte) (Offered, error) {
	d := decoder{p: p}
	o := Offered{Key: d.hash()}
	flags := d.byte()
	o.IsText, o.Coming = flags&flagText != 0, flags&flagComing != 0
	o.Files, o.Size, o.Count = d.number(MaxEntries), d.size(), d.number(MaxEntries)
	n := int(d.byte())
	if n > MaxItems || n > o.Count {
		return Offered{}, malformed("offer: items")
	}
	for range n {
		it := Item{Dir: d.byte()&flagDir != 0, Files: d.number(MaxEntries), Size: d.size(), Name: d.text(MaxName)}
		if d.bad {
			break
		}
		o.Items = append(o.Items, it)
	}
	if d.bad || len(d.p) > MaxText || !utf8.Valid(d.p) {
		return Offered{}, malformed("offer")
	}
	o.Text = string(d.p)
	if o.IsText != (o.Count == 0) || !o.IsText && o.Text != "" {
		return Offered{}, malformed("offer: of what?")
	}
	return o, nil
}

// Code is an answer, or a reason.
type Code byte

// The codes. One that is not known reads as Other.
const (
	Other Code = iota
	Accepted
	Asking
	Declined
	NotReceiving
	Busy
	Taken
	Unknown // no such key or path here
	Withdrawn
	Canceled
	Closing // the program ends
	Changed
	Unreadable
	Mismatch
	NoSpace
	ReadOnly
	InUse
	Limit
	Protocol
	Finished // nothing is left to do

	codes
)

// AppendCode writes an answer or a bye.
func AppendCode(b []byte, k Kind, c Code) []byte { return append(AppendHeader(b, k, 1), byte(c)) }

// ParseCode reads one.
func ParseCode(p []byte) (Code, error) {
	if len(p) < 1 {
		return 0, malformed("code")
	}
	return known(p[0]), nil
}

func known(b byte) Code {
	if b >= byte(codes) {
		return Other
	}
	return Code(b)
}

// AppendFailed says that a file will not come, or did not.
func AppendFailed(b []byte, entry int, c Code) []byte {
	b = binary.BigEndian.AppendUint32(AppendHeader(b, Failed, 5), uint32(entry))
	return append(b, byte(c))
}

// ParseFailed reads which, and why.
func ParseFailed(p []byte) (entry int, c Code, err error) {
	d := decoder{p: p}
	entry, c = d.number(MaxEntries-1), known(d.byte())
	return entry, c, d.err("failed")
}

func bit(is bool, flag byte) byte {
	if is {
		return flag
	}
	return 0
}

func appendText(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
}
