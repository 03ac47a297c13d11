//go:build linux

package hostile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net"
	"reflect"
	"sync"
	"unsafe"

	"github.com/pion/sctp"
	"github.com/pion/webrtc/v4"

	"github.com/lanyap/lanyap/peer"
)

// inside returns a field of a struct that is not ours to see.
func inside[T any](of any, name string) (*T, error) {
	v := reflect.ValueOf(of)
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	f := v.FieldByName(name)
	if !f.IsValid() || f.Type() != reflect.TypeFor[T]() {
		return nil, fmt.Errorf("%T has no %s of that type", of, name)
	}
	return (*T)(unsafe.Pointer(f.UnsafeAddr())), nil
}

// hijack takes an association from its stack, which stands still from now on.
func hijack(pc *webrtc.PeerConnection) (*association, error) {
	transport := pc.SCTP()
	guard, err := inside[sync.RWMutex](transport, "lock")
	if err != nil {
		return nil, err
	}
	guard.RLock()
	of, err := inside[*sctp.Association](transport, "sctpAssociation")
	guard.RUnlock()
	if err != nil || *of == nil {
		return nil, errors.Join(err, errors.New("no association"))
	}
	lock, e1 := inside[sync.RWMutex](*of, "lock")
	conn, e2 := inside[net.Conn](*of, "netConn")
	tag, e3 := inside[uint32](*of, "peerVerificationTag")
	tsn, e4 := inside[uint32](*of, "myNextTSN")
	from, e5 := inside[uint16](*of, "sourcePort")
	to, e6 := inside[uint16](*of, "destinationPort")
	interleaved, e7 := inside[bool](*of, "useInterleaving")
	if err := errors.Join(e1, e2, e3, e4, e5, e6, e7); err != nil {
		return nil, err
	}
	if !*interleaved {
		return nil, errors.New("an association without I-DATA")
	}
	lock.Lock() // for ever
	a := &association{conn: *conn, tsn: *tsn}
	a.head = binary.BigEndian.AppendUint16(a.head, *from)
	a.head = binary.BigEndian.AppendUint16(a.head, *to)
	a.head = binary.BigEndian.AppendUint32(a.head, *tag)
	return a, nil
}

// hijackLink takes that of a link.
func hijackLink(conn *peer.Conn) (*association, error) {
	v := reflect.ValueOf(conn).Elem().FieldByName("ch")
	if !v.IsValid() {
		return nil, errors.New("a link is not as it was")
	}
	session := v.Elem().Elem().FieldByName("session").Elem()
	unbound(session.FieldByName("account").Elem())
	return hijack((*webrtc.PeerConnection)(session.FieldByName("pc").UnsafePointer()))
}

// unbound has a link's pacer let everything leave.
func unbound(account reflect.Value) {
	lock := (*sync.Mutex)(unsafe.Pointer(account.FieldByName("mu").UnsafeAddr()))
	lock.Lock()
	defer lock.Unlock()
	*(*int)(unsafe.Pointer(account.FieldByName("pacer").FieldByName("credit").UnsafeAddr())) = math.MaxInt
}
