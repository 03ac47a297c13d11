package discovery

import (
	"context"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// netlink is a socket on which the kernel tells of changes to links and
// addresses (rtnetlink(7)).
type netlink struct{ file *os.File }

// newNotifier subscribes; a sandbox that forbids netlink gets the poller.
func newNotifier() notifier {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_ROUTE)
	if err != nil {
		return newPoller()
	}
	groups := uint32(unix.RTMGRP_LINK | unix.RTMGRP_IPV4_IFADDR | unix.RTMGRP_IPV6_IFADDR)
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: groups}); err != nil {
		_ = unix.Close(fd)
		return newPoller()
	}
	return netlink{os.NewFile(uintptr(fd), "netlink")}
}

func (n netlink) guesses() bool { return false }

// Close ends the subscription.
func (n netlink) Close() { n.file.Close() }

// wait returns when something has changed and nothing more for a moment;
// false when ctx is done. What changed is not read from the messages: a list
// made afterwards cannot be out of date, and cannot be spoofed.
func (n netlink) wait(ctx context.Context) bool {
	stop := context.AfterFunc(ctx, func() { n.file.Close() })
	defer stop()
	buf := make([]byte, 16<<10)
	if n.file.SetReadDeadline(time.Time{}) != nil || !n.read(buf) {
		return false
	}
	if n.file.SetReadDeadline(time.Now().Add(coalesce)) != nil {
		return false
	}
	for n.read(buf) {
	}
	return ctx.Err() == nil
}

// read waits for one message; false when there is none until the deadline.
// Messages lost because too many came are a change like any other.
func (n netlink) read(buf []byte) bool {
	_, err := n.file.Read(buf)
	return err == nil || errors.Is(err, unix.ENOBUFS)
}
