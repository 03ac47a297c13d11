package discovery_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/discovery"
)

// TestMain lets the test binary be a node on another host: see hosts_linux_test.go.
func TestMain(m *testing.M) {
	if instance := os.Getenv("DISCOVERY_TEST_NODE"); instance != "" {
		os.Exit(node(instance))
	}
	os.Exit(m.Run())
}

// node is a program that announces itself and prints what it sees, one event a
// line, until its standard input ends; then it leaves politely.
func node(instance string) int {
	say := func(what string, args ...any) {
		fmt.Printf("%d %s %s\n", time.Now().UnixNano(), what, fmt.Sprint(args...))
	}
	say("start")
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
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
	}
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
