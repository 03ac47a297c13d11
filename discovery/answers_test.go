package discovery

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

func serviceQuery(t *testing.T, unicast bool, known ...string) [][]byte {
	t.Helper()
	var list []knownAnswer
	for _, k := range known {
		list = append(list, knownAnswer{k, recordTTL})
	}
	packets, err := query(unicast, list)
	if err != nil {
		t.Fatal(err)
	}
	return packets
}

// sightingsOf counts the packets that tell of an instance.
func sightingsOf(list []message, instance string) (n int) {
	for _, m := range list {
		if slices.ContainsFunc(m.sightings, func(s sighting) bool { return s.instance == instance }) {
			n++
		}
	}
	return n
}

func TestAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		node := startNodes(t, b, 1)[0]
		in := node.service.Instance
		time.Sleep(time.Minute)
		ask := b.stranger(t, "10.0.0.99:5353")
		expect := func(what string, after time.Duration, want int) {
			t.Helper()
			time.Sleep(after)
			if got := sightingsOf(ask.heard(), in); got != want {
				t.Errorf("%s: %d answers, want %d", what, got, want)
			}
		}
		ask.say(t, serviceQuery(t, false)...)
		expect("before the least delay", answerMin-1, 0)
		expect("after the longest delay", answerMax, 1)
		ask.say(t, serviceQuery(t, false)...)
		expect("again within a second of the last", repeatMin-answerMax-answerMin, 0)
		expect("a second after the last", repeatMin, 1)
		time.Sleep(repeatMin)
		ask.say(t, serviceQuery(t, false, in)...)
		expect("known", repeatMin, 0)
		ask.say(t, serviceQuery(t, false, "ffffffffffffffff")...)
		expect("another is known", repeatMin, 1)

		var many []string
		for n := range 60 {
			many = append(many, fmt.Sprintf("%016x", 1000+n))
		}
		time.Sleep(repeatMin)
		ask.say(t, serviceQuery(t, false, append(many, in)...)...)
		expect("known, in the second packet", repeatMin, 0)
		ask.say(t, serviceQuery(t, false, many...)...)
		expect("unknown, in two packets", moreMax, 1)

		ask.say(t, serviceQuery(t, true)...)
		expect("by unicast at once", 0, 1)
		ask.say(t, serviceQuery(t, true, in)...)
		expect("by unicast, known", 0, 0)
	})
}

// A resolver that is not multicast DNS gets an answer it understands; one
// that is not on the link gets none.
func TestLegacyAnswers(t *testing.T) {
	question := func(t *testing.T) []byte {
		return buildPacket(t, dnsmessage.Header{ID: 4711}, func(b *dnsmessage.Builder) error {
			return b.Question(dnsmessage.Question{Name: dnsmessage.MustNewName(serviceName), Type: dnsmessage.TypePTR, Class: dnsmessage.ClassINET})
		}, nil, nil)
	}
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		node := startNodes(t, b, 1)[0]
		near, far := b.stranger(t, "10.0.0.99:41000"), b.stranger(t, "192.0.2.99:41000")
		far.say(t, question(t))
		near.say(t, question(t))
		if got := far.heard(); len(got) != 0 {
			t.Errorf("off the link: got %+v", got)
		}
		got := near.heard()
		if sightingsOf(got, node.service.Instance) != 1 || got[0].id != 4711 {
			t.Errorf("on the link: got %+v, want one answer with our ID", got)
		}
		before := b.count()
		for range 20 {
			for range 500 {
				near.say(t, question(t))
			}
			near.heard()
		}
		if sent := b.count() - before - 20*500; sent > sourceBurst {
			t.Errorf("10,000 questions at once drew %d answers, want at most %d", sent, sourceBurst)
		}
	})
}

// What is not multicast DNS is not believed: another port, an answer to us
// alone from off the link, addresses where nobody invited us.
func TestSpoofedAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		node := startNodes(t, b, 1)[0]
		good := mustPack(t, announcement(self, []netip.Addr{netip.MustParseAddr("10.0.0.99")}))
		elsewhere := mustPack(t, announcement(self, []netip.Addr{netip.MustParseAddr("192.0.2.7"), netip.MustParseAddr("127.0.0.1")}))
		expect := func(what string, want int) {
			t.Helper()
			synctest.Wait()
			if got := len(node.sees()); got != want {
				t.Errorf("%s: %d seen, want %d", what, got, want)
			}
		}
		b.stranger(t, "10.0.0.99:41000").say(t, good)
		expect("from another port", 0)
		own := netip.AddrPortFrom(iface(1).Addrs[0], 40001)
		if err := b.stranger(t, "192.0.2.7:5353").write(good, own); err != nil {
			t.Fatal(err)
		}
		expect("by unicast from off the link", 0)
		near := b.stranger(t, "10.0.0.99:5353")
		near.say(t, elsewhere)
		expect("addresses elsewhere", 0)
		near.say(t, mustPack(t, goodbye(self, nil)))
		expect("a goodbye of nobody", 0)
		if err := near.write(good, own); err != nil {
			t.Fatal(err)
		}
		expect("by unicast from the link", 1)
	})
}

// Where a socket also hears what was not sent to the group, as on Windows, what
// comes from off the link is not believed.
func TestAnswersFromAnywhere(t *testing.T) {
	for _, anywhere := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			b := newBus()
			b.any = anywhere
			node := startNodes(t, b, 1)[0]
			b.stranger(t, "192.0.2.7:5353").say(t, mustPack(t, announcement(self, []netip.Addr{netip.MustParseAddr("10.0.0.99")})))
			synctest.Wait()
			if seen := len(node.sees()) > 0; seen == anywhere {
				t.Errorf("hears anything: %v; somebody off the link was believed: %v", anywhere, seen)
			}
			b.stranger(t, "10.0.0.99:5353").say(t, mustPack(t, announcement(self, []netip.Addr{netip.MustParseAddr("10.0.0.99")})))
			synctest.Wait()
			if len(node.sees()) != 1 {
				t.Errorf("hears anything: %v; somebody on the link was not believed", anywhere)
			}
		})
	}
}

// A flood of made-up instances does not make us send anything.
func TestFloodIsNotAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		node := startNodes(t, b, 1)[0]
		time.Sleep(time.Minute)
		near := b.stranger(t, "10.0.0.99:5353")
		before := b.count()
		const n = 20_000
		for i := range n {
			s := self
			s.Instance = fmt.Sprintf("%016x", 1000+i)
			near.say(t, mustPack(t, announcement(s, []netip.Addr{netip.MustParseAddr("10.0.0.99")})))
			synctest.Wait()
		}
		if sent := b.count() - before - n; sent != 0 {
			t.Errorf("the flood made us send %d packets", sent)
		}
		if seen := len(node.sees()); seen == 0 || seen > newBurst {
			t.Errorf("%d instances were told, want at most %d", seen, newBurst)
		}
	})
}

// Somebody says that we are elsewhere: that is no answer of ours, so whoever
// asks is answered all the same, and who did not ask is told where we are.
func TestSpoofedAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		node := startNodes(t, b, 1)[0]
		time.Sleep(time.Minute)
		near := b.stranger(t, "10.0.0.99:5353")
		elsewhere := mustPack(t, announcement(node.service, []netip.Addr{netip.MustParseAddr("10.0.0.99")}))
		other := node.service
		other.Room = "00000000000000bb"
		lies := map[string][]byte{
			"other addresses": elsewhere,
			"another room":    mustPack(t, announcement(other, iface(1).Addrs)),
			"a short life":    mustPack(t, response{self: node.service, addrs: iface(1).Addrs, answer: aboutService, ttl: 1}),
		}
		for name, lie := range lies {
			near.heard()
			near.say(t, lie)
			time.Sleep(repeatMin + answerMax)
			if got := ours(near.heard(), node.service); got != 1 {
				t.Errorf("%s: told %d times where we are, want once", name, got)
			}
			time.Sleep(repeatMin)
			near.say(t, serviceQuery(t, false)...)
			synctest.Wait()
			near.say(t, lie)
			time.Sleep(repeatMin)
			if got := ours(near.heard(), node.service); got != 1 {
				t.Errorf("%s while somebody waits for our answer: %d answers, want one", name, got)
			}
		}
	})
}

// ours counts the packets that say of a service what its own host 1 says.
func ours(list []message, s Service) (n int) {
	want, _ := parse(mustAnnounce(s, iface(1).Addrs))
	for _, m := range list {
		if slices.ContainsFunc(m.sightings, func(g sighting) bool { return reflect.DeepEqual(g, want.sightings[0]) }) {
			n++
		}
	}
	return n
}

func mustAnnounce(s Service, addrs []netip.Addr) []byte {
	b, err := announcement(s, addrs).pack()
	if err != nil {
		panic(err)
	}
	return b
}

// Two interfaces on one network hear each other say that we are elsewhere, and
// that is true.
func TestTwoWaysIntoOneNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		second := iface(2)
		second.Name, second.Index = "eth1", 3
		second.Addrs[1] = second.Addrs[1].WithZone("eth1")
		node := b.startOn(t, 1, iface(1), second)
		defer node.close()
		time.Sleep(time.Minute)
		before := b.count()
		time.Sleep(time.Minute)
		if sent := b.count() - before; sent > 40 {
			t.Errorf("alone on the network, it sent %d packets in a minute", sent)
		}
	})
}

// A question for what we do not have gets no empty answer.
func TestNoEmptyAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		four := iface(1)
		four.Addrs, four.Prefixes = four.Addrs[:1], four.Prefixes[:1]
		node := b.startOn(t, 1, four)
		defer node.close()
		time.Sleep(time.Minute)
		ask := b.stranger(t, "10.0.0.99:5353")
		for _, class := range []dnsmessage.Class{dnsmessage.ClassINET, dnsmessage.ClassINET | topBit} {
			ask.say(t, buildPacket(t, dnsmessage.Header{}, func(b *dnsmessage.Builder) error {
				return b.Question(dnsmessage.Question{Name: dnsmessage.MustNewName(node.service.Instance + localDomain), Type: dnsmessage.TypeAAAA, Class: class})
			}, nil, nil))
			time.Sleep(repeatMin)
			for _, m := range ask.heard() {
				if m.response {
					t.Errorf("class %x: got %+v", class, m)
				}
			}
		}
	})
}

// A packet with many questions is one question, and whoever asks more than
// their share leaves the others theirs: when there is none left for a
// bystander to be answered alone, all are told.
func TestBystanderIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		node := startNodes(t, b, 1)[0]
		time.Sleep(time.Minute)
		near := b.stranger(t, "10.0.0.99:5353")
		many := buildPacket(t, dnsmessage.Header{}, func(b *dnsmessage.Builder) error {
			for range 230 {
				q := dnsmessage.Question{Name: dnsmessage.MustNewName(serviceName), Type: dnsmessage.TypePTR, Class: dnsmessage.ClassINET | topBit}
				if err := b.Question(q); err != nil {
					return err
				}
			}
			return nil
		}, nil, nil)
		near.say(t, many)
		if got := sightingsOf(near.heard(), node.service.Instance); got != 1 {
			t.Errorf("230 questions in one packet: %d answers, want 1", got)
		}
		bystander := b.stranger(t, "10.0.0.98:5353")
		asks := func(what string) {
			t.Helper()
			bystander.heard()
			if err := bystander.write(serviceQuery(t, true)[0], ip4.group(Interface{})); err != nil {
				t.Fatal(err)
			}
			time.Sleep(repeatMin + answerMax)
			if got := sightingsOf(bystander.heard(), node.service.Instance); got == 0 {
				t.Errorf("%s: no answer", what)
			}
		}
		for range 400 {
			near.say(t, many)
			synctest.Wait()
		}
		asks("while one source floods")
		for n := range 2000 {
			from := b.stranger(t, netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, 1, byte(n)}), 5353).String())
			from.say(t, many)
			synctest.Wait()
			from.Close()
		}
		asks("while all sources flood")
	})
}

// Somebody else takes our records back: we say that we are here.
func TestSpoofedGoodbye(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus()
		nodes := startNodes(t, b, 2)
		time.Sleep(time.Minute)
		b.stranger(t, "10.0.0.99:5353").say(t, mustPack(t, goodbye(nodes[0].service, nil)))
		time.Sleep(repeatMin)
		synctest.Wait()
		if _, ok := nodes[1].sees()[nodes[0].service.Instance]; !ok {
			t.Error("the other does not see us any more")
		}
	})
}
