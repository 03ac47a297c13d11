package discovery_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/mdns"

	"github.com/lanyap/lanyap/discovery"
)

// TestMain lets the test binary be a node on another host: see hosts_linux_test.go.
func TestMain(m *testing.M) {
	instance := os.Getenv("DISCOVERY_TEST_NODE")
	if os.Getenv("DISCOVERY_TEST_NETLINK") == "forbidden" {
		forbidNetlink()
	}
	switch role := os.Getenv("DISCOVERY_TEST_ROLE"); {
	case instance == "":
	case role == "hashicorp":
		os.Exit(hashicorpServer(instance))
	case role == "hashicorp query":
		os.Exit(hashicorpQuery())
	case role == "interfaces":
		os.Exit(interfaces())
	case role == "lookup":
		os.Exit(lookup())
	default:
		os.Exit(node(instance))
	}
	os.Exit(m.Run())
}

// say prints an event.
func say(what string, args ...any) {
	fmt.Printf("%d %s %s\n", time.Now().UnixNano(), what, fmt.Sprint(args...))
}

// node is a program that announces itself and prints what it sees, one event a
// line, until its standard input ends; then it leaves politely.
func node(instance string) int {
	say("start")
	if silence, err := time.ParseDuration(os.Getenv("DISCOVERY_TEST_SILENCE")); err == nil {
		discovery.SetSilence(silence)
	}
	var names []string
	if s := os.Getenv("DISCOVERY_TEST_IFACES"); s != "" {
		names = strings.Split(s, ",")
	}
	lan, err := discovery.Open(discovery.Config{Interfaces: names})
	if err != nil {
		say("error", err)
		return 1
	}
	say("opened")
	if err := lan.Announce(context.Background(), discovery.Service{Instance: instance, Room: instance, Port: 7475}); err != nil {
		say("error", err)
		return 1
	}
	say("announced")
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	browsed := make(chan struct{})
	go func() {
		defer close(browsed)
		for in, err := range lan.Browse(ctx) {
			switch {
			case err != nil:
				say("error", err)
			case in.Gone:
				say("gone", in.Instance)
			default:
				say("seen", in.Instance, " ", in.Addrs)
			}
		}
	}()
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		for list := range discovery.Watch(ctx, names) {
			for _, i := range list {
				say("interface", i.Name, " running=", i.Running, " ", i.Addrs, " ", i.Unused)
			}
		}
	}()
	untilEnd()
	cancel()
	<-browsed
	<-watched
	if err := lan.Close(); err != nil {
		say("error", err)
		return 1
	}
	say("closed")
	return 0
}

// untilEnd returns when the standard input ends.
func untilEnd() {
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
	}
}

// hashicorpServer advertises as programs do that know only hashicorp/mdns.
func hashicorpServer(instance string) int {
	eth, err := net.InterfaceByName("eth0")
	if err != nil {
		say("error", err)
		return 1
	}
	txt := []string{"v=1", "i=" + instance, "r=" + instance}
	zone, err := mdns.NewMDNSService(instance, "_lanyap._tcp", "", instance+".local.", 7475, []net.IP{net.ParseIP("10.9.0.1")}, txt)
	if err != nil {
		say("error", err)
		return 1
	}
	server, err := mdns.NewServer(&mdns.Config{Zone: zone, Iface: eth})
	if err != nil {
		say("error", err)
		return 1
	}
	say("announced")
	untilEnd()
	if err := server.Shutdown(); err != nil {
		say("error", err)
	}
	say("closed")
	return 0
}

// hashicorpQuery asks as such programs do, once.
func hashicorpQuery() int {
	entries := make(chan *mdns.ServiceEntry, 16)
	err := mdns.Query(&mdns.QueryParam{Service: "_lanyap._tcp", Entries: entries, DisableIPv6: true})
	if err != nil {
		say("error", err)
		return 1
	}
	for len(entries) > 0 {
		e := <-entries
		say("seen", e.Name, " ", e.AddrV4, " ", e.Port, " ", e.InfoFields)
	}
	untilEnd()
	say("closed")
	return 0
}

// interfaces prints what there is.
func interfaces() int {
	list, err := discovery.Interfaces(nil)
	if err != nil {
		say("error", err)
		return 1
	}
	for _, i := range list {
		say("interface", i.Name, " ", strings.Trim(fmt.Sprint(i.Addrs), "[]"))
	}
	return 0
}

// lookup asks with the querier as this package uses it, which is not for long,
// until it is killed.
func lookup() int {
	for {
		found, err := discovery.Lookup(context.Background(), "eth0")
		if err != nil {
			say("error", err)
			return 1
		}
		for _, instance := range found {
			say("seen", instance)
		}
	}
}
