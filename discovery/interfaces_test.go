package discovery

import (
	"context"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
)

func TestPreferNetwork(t *testing.T) {
	lo, eth, down := Interface{Name: "lo", Loopback: true}, Interface{Name: "eth0"}, Interface{Name: "eth1", Unused: unusedDown}
	tests := []struct {
		name  string
		list  []Interface
		names []string
		want  string // what becomes of lo
	}{
		{"nothing else", []Interface{lo}, nil, ""},
		{"nothing else that works", []Interface{lo, down}, nil, ""},
		{"a network", []Interface{lo, eth}, nil, unusedLoopback},
		{"named beside a network", []Interface{lo, eth}, []string{"lo", "eth0"}, ""},
	}
	for _, tt := range tests {
		preferNetwork(tt.list, tt.names)
		if got := tt.list[0].Unused; got != tt.want {
			t.Errorf("%s: the loopback is unused because %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestAppleLinks(t *testing.T) {
	for name, want := range map[string]bool{
		"awdl0": true, "llw0": true, "awdl12": true,
		"en0": false, "awdl": false, "llw": false, "xawdl0": false, "awdl0x": false, "bridge0": false, "utun3": false,
	} {
		if got := appleLink.MatchString(name); got != want {
			t.Errorf("%s is a link of AirDrop: %v, want %v", name, got, want)
		}
		if got := appleOnly(name); got != (want && runtime.GOOS == "darwin") {
			t.Errorf("%s is left out on %s: %v", name, runtime.GOOS, got)
		}
	}
}

func TestNoSuchInterface(t *testing.T) {
	if _, err := Interfaces([]string{"no-such-if"}); err == nil || !strings.Contains(err.Error(), "no-such-if") {
		t.Errorf("Interfaces: got %v, want an error that names it", err)
	}
	if _, err := Open(Config{Interfaces: []string{"no-such-if"}}); err == nil {
		t.Error("Open: got no error")
	}
	if _, err := Probe(t.Context(), []string{"no-such-if"}); err == nil {
		t.Error("Probe: got no error")
	}
}

// Only what is named is used, the loopback too.
func TestNamedInterface(t *testing.T) {
	lo := loopback(t)
	list, err := Interfaces([]string{lo.Name})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range list {
		if used := i.Unused == ""; used != (i.Name == lo.Name) {
			t.Errorf("%s: unused because %q", i.Name, i.Unused)
		}
		if len(i.Addrs) != len(i.Prefixes) {
			t.Errorf("%s: %d addresses, %d prefixes", i.Name, len(i.Addrs), len(i.Prefixes))
		}
	}
}

// loopback returns the loopback interface of the machine that tests run on.
func loopback(t *testing.T) Interface {
	t.Helper()
	list, err := Interfaces(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range list {
		if i.Loopback && len(i.Addrs) > 0 {
			return i
		}
	}
	t.Skip("this machine has no loopback with an address")
	return Interface{}
}

func TestDialable(t *testing.T) {
	eth := Interface{Name: "eth0", Prefixes: []netip.Prefix{
		netip.MustParsePrefix("10.0.0.0/24"), netip.MustParsePrefix("fd00::/64"), netip.MustParsePrefix("fe80::/64"),
	}}
	lo := Interface{Name: "lo", Loopback: true, Prefixes: []netip.Prefix{
		netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128"),
	}}
	tests := []struct {
		on   Interface
		addr string
		want string // empty: none
	}{
		{eth, "10.0.0.7", "10.0.0.7"},
		{eth, "10.0.0.255", ""},
		{eth, "10.0.1.7", ""},
		{eth, "8.8.8.8", ""},
		{eth, "255.255.255.255", ""},
		{eth, "0.0.0.0", ""},
		{eth, "224.0.0.251", ""},
		{eth, "127.0.0.1", ""},
		{eth, "169.254.1.1", ""},
		{eth, "fd00::7", "fd00::7"},
		{eth, "fd01::7", ""},
		{eth, "2001:db8::7", ""},
		{eth, "fe80::7", "fe80::7%eth0"},
		{eth, "fe80::7%eth9", "fe80::7%eth0"},
		{eth, "ff02::1", ""},
		{eth, "::", ""},
		{eth, "::1", ""},
		{lo, "127.0.0.1", "127.0.0.1"},
		{lo, "::1", "::1"},
		{lo, "10.0.0.7", ""},
	}
	for _, tt := range tests {
		got, ok := tt.on.dialable(netip.MustParseAddr(tt.addr))
		if ok != (tt.want != "") || ok && got.String() != tt.want {
			t.Errorf("%s on %s: got %v, %v, want %q", tt.addr, tt.on.Name, got, ok, tt.want)
		}
	}
}

// notices is a notifier that notifies so many times.
type notices struct {
	left  int
	guess bool
}

func (n *notices) wait(context.Context) bool { n.left--; return n.left >= 0 }
func (n *notices) guesses() bool             { return n.guess }
func (n *notices) Close()                    {}

// Where changes are only guessed at, one that does not show is none: what
// failed is tried again at its own pace.
func TestGuesses(t *testing.T) {
	for guess, want := range map[bool]int{false: 6, true: 1} {
		yields := 0
		names := []string{loopback(t).Name} // nothing about it changes
		follow(t.Context(), &notices{left: 5, guess: guess}, names, func([]Interface) bool { yields++; return true })
		if yields != want {
			t.Errorf("guesses: %v; yielded %d times, want %d", guess, yields, want)
		}
	}
}

func TestWatchYieldsFirst(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	for list := range Watch(ctx, nil) {
		n++
		if len(list) == 0 {
			t.Error("the list is empty")
		}
		cancel()
	}
	if n != 1 {
		t.Errorf("yielded %d times, want once", n)
	}
}

// What cannot multicast is used if it was named, for links alone.
func TestMuteInterface(t *testing.T) {
	ifi := systemInterface{Interface: net.Interface{Name: "no-such-if", Index: 1 << 20, Flags: net.FlagUp | net.FlagPointToPoint}}
	if got := describe(ifi, nil, nil).Unused; got != unusedMulticast {
		t.Errorf("unused because %q, want %q", got, unusedMulticast)
	}
	if got := describe(ifi, []string{ifi.Name}, nil); !got.Mute || got.Unused != unusedAddress {
		t.Errorf("named it is mute %v and unused because %q, want %q", got.Mute, got.Unused, unusedAddress)
	}
	mute := Interface{Mute: true, Addrs: []netip.Addr{netip.MustParseAddr("10.8.0.1")}}
	if mute.speaks(ip4) {
		t.Error("multicast is to be spoken where there is none")
	}
}
