//go:build linux

package lab

import (
	"net"
	"os/exec"
)

// Launch starts a command on the host as it is, for programs that are driven in
// another way than [Host.Start] knows: browsers. With Pdeathsig it is killed
// when the lab is taken down; whoever launches it waits for it.
func (h *Host) Launch(cmd *exec.Cmd) error {
	return h.lab.thread.in(h.ns, cmd.Start)
}

// Dial connects from the host to an IP address and port, over TCP or UDP.
func (h *Host) Dial(network, address string) (net.Conn, error) {
	var conn net.Conn
	err := h.lab.thread.in(h.ns, func() (err error) {
		// A socket stays in the namespace in which it was made, which is that of
		// this thread: with an address there is nobody to ask on another one.
		conn, err = net.Dial(network, address)
		return err
	})
	return conn, err
}

// Listen listens for TCP connections on the host.
func (h *Host) Listen(address string) (net.Listener, error) {
	var l net.Listener
	err := h.lab.thread.in(h.ns, func() (err error) {
		l, err = net.Listen("tcp", address)
		return err
	})
	return l, err
}
