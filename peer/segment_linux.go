package peer

import (
	"encoding/binary"
	"errors"
	"net"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// noSegmentation is set once the kernel refused UDP_SEGMENT, which it does on
// devices that cannot checksum (https://lwn.net/Articles/752956/); from then on
// datagrams go one by one.
var noSegmentation atomic.Bool

// sendRun sends all datagrams of a run by one system call where it can.
func sendRun(conn *net.UDPConn, r *run) {
	if r.count == 1 || noSegmentation.Load() {
		sendEach(conn, r)
		return
	}
	if _, _, err := conn.WriteMsgUDPAddrPort(r.data, segmentControl(uint16(r.segment)), r.to); err != nil {
		if errors.Is(err, unix.EIO) || errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOPROTOOPT) {
			noSegmentation.Store(true)
		}
		sendEach(conn, r)
	}
}

// segmentControl is the control message that asks for datagrams of size bytes.
func segmentControl(size uint16) []byte {
	oob := make([]byte, unix.CmsgSpace(2))
	h := (*unix.Cmsghdr)(unsafe.Pointer(&oob[0])) // as unix.UnixRights lays out its header
	h.Level, h.Type = unix.SOL_UDP, unix.UDP_SEGMENT
	h.SetLen(unix.CmsgLen(2))
	binary.NativeEndian.PutUint16(oob[unix.CmsgLen(0):], size)
	return oob
}
