package discovery

import (
	"bufio"
	"encoding/hex"
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// bridgePort reports whether the interface is enslaved to a bridge: its
// packets are the bridge's, whatever addresses it has itself.
func bridgePort(name string) bool {
	_, err := os.Stat("/sys/class/net/" + name + "/brport")
	return err == nil
}

// unsettled returns the IPv6 addresses that cannot be used yet, with their
// interfaces as zones: for a second or two the kernel asks whether somebody
// else has them (RFC 4862 section 5.4). Until then nothing can be bound to
// them or sent from them; package net lists them all the same.
func unsettled() map[netip.Addr]bool {
	f, err := os.Open("/proc/net/if_inet6")
	if err != nil {
		return nil
	}
	defer f.Close()
	return parseUnsettled(f)
}

// parseUnsettled reads lines of address, interface index, prefix length,
// scope, flags and interface name, all but the last in hexadecimal.
func parseUnsettled(r io.Reader) map[netip.Addr]bool {
	var found map[netip.Addr]bool
	for lines := bufio.NewScanner(r); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) != 6 {
			continue
		}
		flags, err := strconv.ParseUint(fields[4], 16, 32)
		// An optimistic address may be used while it is being checked.
		tentative := flags&unix.IFA_F_TENTATIVE != 0 && flags&unix.IFA_F_OPTIMISTIC == 0
		if err != nil || !tentative && flags&unix.IFA_F_DADFAILED == 0 {
			continue
		}
		raw, err := hex.DecodeString(fields[0])
		addr, ok := netip.AddrFromSlice(raw)
		if err != nil || !ok {
			continue
		}
		if found == nil {
			found = make(map[netip.Addr]bool)
		}
		found[addr.WithZone(fields[5])] = true
	}
	return found
}
