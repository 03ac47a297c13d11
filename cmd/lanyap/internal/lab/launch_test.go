//go:build linux

package lab

import (
	"io"
	"os/exec"
	"strings"
	"testing"
)

// TestLaunch has what is launched, dialed and listened on be on its host.
func TestLaunch(t *testing.T) {
	t.Parallel()
	l := New(t)
	hosts := l.Switch().Hosts(2, HostConfig{})
	cmd := exec.Command("ip", "-o", "addr")
	var out strings.Builder
	cmd.Stdout = &out
	l.must(hosts[0].Launch(cmd))
	l.must(cmd.Wait())
	if !strings.Contains(out.String(), hosts[0].Addr.String()+"/") || strings.Contains(out.String(), hosts[1].Addr.String()+"/") {
		t.Errorf("a command launched on %s sees %s", hosts[0].Addr, out.String())
	}
	ln, err := hosts[0].Listen(hosts[0].Addr.String() + ":80")
	l.must(err)
	defer ln.Close()
	go func() {
		conn, err := ln.Accept()
		if err == nil {
			io.WriteString(conn, conn.RemoteAddr().String())
			conn.Close()
		}
	}()
	conn, err := hosts[1].Dial("tcp", ln.Addr().String())
	l.must(err)
	defer conn.Close()
	said, err := io.ReadAll(conn)
	if err != nil || !strings.HasPrefix(string(said), hosts[1].Addr.String()+":") {
		t.Errorf("the other side is %q, %v, want %s", said, err, hosts[1].Addr)
	}
	if _, err := hosts[1].Dial("tcp", hosts[1].Addr.String()+":80"); err == nil {
		t.Error("what listens on one host is on the other")
	}
}
