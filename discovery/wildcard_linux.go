package discovery

import (
	"bufio"
	"io"
	"os"
	"strings"
)

// wildcardTaken reports whether another socket of this machine has the port of
// multicast DNS on the wildcard address, such as that of avahi-daemon.
func wildcardTaken() bool {
	for _, path := range []string{"/proc/net/udp", "/proc/net/udp6"} {
		f, err := os.Open(path)
		if err != nil {
			continue
		}
		taken := hasWildcard(f)
		_ = f.Close()
		if taken {
			return true
		}
	}
	return false
}

// hasWildcard reads the kernel's table of UDP sockets, whose second column is
// the local address and port in hexadecimal.
func hasWildcard(r io.Reader) bool {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 {
			continue
		}
		addr, port, _ := strings.Cut(fields[1], ":")
		if port == "14E9" && strings.Trim(addr, "0") == "" {
			return true
		}
	}
	return false
}
