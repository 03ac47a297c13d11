// Package discovery tells who is on the local network and where they answer,
// by multicast DNS (RFC 6762) and DNS-SD (RFC 6763). It knows nothing of what
// is then spoken there.
//
// A program opens the network, announces itself if it answers somewhere, and
// browses:
//
//	lan, err := discovery.Open(discovery.Config{})
//	if err != nil { … }
//	defer lan.Close()
//	err = lan.Announce(ctx, discovery.Service{Instance: id, Room: tag, Port: 7475})
//	for in, err := range lan.Browse(ctx) {
//		if err != nil { … }
//		dial(in.Addrs) // and find out who is really there
//	}
//
// [Interfaces] and [Watch] tell which networks this machine is on, and [Probe]
// whether multicast works on them.
//
// # What a sighting is worth
//
// It is a hint where to dial, and no more. Packets are not authenticated:
// anybody on the network can say that somebody is here, answers elsewhere, or
// has left. Only a connection shows who is there, and only its end shows who
// left. Nor does silence say anything. A program that was killed says no
// goodbye and is forgotten after two minutes without an event, and a network
// may lose packets or keep multicast apart altogether.
//
// An [Instance] has every address it was heard to have, those of IPv4 first
// and link-local ones last. An address is kept only if it is on the link it was
// heard on: never one behind a router, of all hosts, or of this machine, unless
// the loopback is all there is. So a forged packet can make a program dial its
// neighbours, but not the internet.
//
// # What is sent
//
// A node is the service instance <instance>._lanyap._tcp.local. The name of
// its host is <instance>.local., never that of the machine, and its TXT record
// has v=1, i=<instance> and r=<room tag>. Each interface is told that
// interface's own addresses. Other tools see it too, such as
// avahi-browse -rt _lanyap._tcp.
//
//   - It announces itself at once and after 1 and 3 s, and again when a network
//     comes, a cable is back or an address changes. Others hear it within a
//     millisecond or two.
//   - It asks once, at its start and after a change of the network, for answers
//     by unicast, which come within milliseconds.
//   - It asks by multicast within 0.12 s of its start, after 1, 3 and 9 s, and
//     then every 20 to 30 s, and says whom it knows, so that these need not
//     answer. Of all the nodes of a network only one asks: a question that
//     others would have asked as well stands for theirs.
//   - It answers by multicast within 20 to 120 ms those who ask so, but not
//     twice within a second, and others by unicast.
//   - It says goodbye on [LAN.Close].
//   - At each even minute of the clock, when the groups have brought nothing of
//     anybody else for a minute, it leaves them for a fifth of a second, joins
//     them and begins anew: a switch that watches memberships, and that nobody
//     reminds, forgets them. All our programs of a machine do so together. It
//     cannot help where another one, such as avahi-daemon, stays in the group:
//     the system then reports nothing to the switch.
//
// Records are good for 120 s, and a node is heard of again when half of that
// is over. Sixteen idle nodes together, in IPv4 and IPv6, send half a packet a
// second, sixty-four about one and a half.
//
// When somebody else says that it is gone or elsewhere, it says again where it
// is. It does not probe before it announces itself (RFC 6762 section 8.1): that
// is for names that two hosts may choose alike, and an instance is 64 random
// bits.
//
// Its own sockets are bound to the multicast groups, one for each interface and
// version of IP, so that they take no unicast packet from another program.
// Behind them stands the server of github.com/hashicorp/mdns: it makes the
// answers by unicast, asked over the loopback for each that our own sockets
// have admitted, and has no other answers for anybody. One that it does not
// give within 20 ms we give ourselves. In front of them is its querier, which
// finds those who answer nothing else, 0.15 s after a start or a change and
// every minute as long as nobody is known.
//
// Both of these bind the wildcard address, and a system hands each unicast
// packet to one socket only, the last. So that another speaker of multicast DNS
// on this machine, such as avahi-daemon, gets those that are its own, on Linux
// the server is not started where somebody has that address already; elsewhere
// that cannot be told. The querier takes them for the tenth of a second for
// which it runs.
//
// # Limits
//
// Memory and work are bounded whatever the network sends. A packet is at most
// 9,000 bytes. More than 2,000 packets a second on one link, or 100 from one
// source, are dropped unread, after a burst. 1,024 instances are remembered, at
// most 256 from one source, with at most [MaxAddrs] addresses each; 32 new ones
// are taken a second, after a burst of 256. When there is no room, those make
// way that were heard of only once, then the one not heard of for longest.
// Nothing makes a node send more than one announcement a second on a link, and
// 100 answers by unicast a second, after a burst of 512, to any one address 20
// after a burst of 128, and none to a host that is not on the link. Who asks
// when these are used up is answered by multicast, with everybody else. A packet
// gets one answer, whatever it asks, and 256 questions of it are looked at.
//
// Two things are not in our hands. Hashicorp's server parses whatever comes to
// port 5353, at about 15 µs of CPU a packet and several milliseconds for a full
// one. Its querier sends a packet for each instance it is told of and does not
// know; it runs for a tenth of a second at a time and only while nobody is
// known, and stops when more comes in than we look at.
//
// # When it does not work
//
// A link on which nothing can be sent or joined is tried again, after a quarter
// of a second at first and 30 s at last, and at once when the network changes.
// [LAN.Err] says why none works, the likeliest cause being a program that has
// UDP port 5353 for itself ([ErrPort]).
//
// # Slow consumers
//
// [LAN.Browse] keeps the latest news of each instance until it is taken, so a
// slow consumer misses what has been overtaken, and holds up nobody.
//
// # Interfaces
//
// Every interface is used that is up, can multicast, has an address, and is
// not a port of a bridge, a point-to-point link, such as a VPN, or one of
// AirDrop (awdl0, llw0 on macOS); without a
// default route, with IPv6 alone, with addresses of the link alone. The
// loopback is used where there is nothing else: a program on a machine without
// a network finds the others on that machine, and whoever starts before the
// network is there is found when it comes. An interface whose cable is out is
// kept as long as it has an address. Several programs on one machine each have
// their own sockets and find each other.
//
// # Platforms
//
// What opens sockets, and with it all of [LAN], is in files named *_native.go and
// those of each system. Without them the package compiles for GOOS=js, where
// nobody is discovered.
//
// Linux is where this is tested: in network namespaces, alone and beside
// avahi-daemon. There the kernel tells of changes; elsewhere, and in a
// sandbox that forbids netlink, interfaces are listed every 2 s. Such a sandbox
// leaves us IPv4 alone. macOS asks the user to allow access to the local network.
// Windows binds to no multicast address, so that there our sockets can take
// unicast packets from other speakers of multicast DNS, and believe only hosts
// on the link (RFC 6762 section 11); of what the querier finds it is not known
// who said it, so there only the addresses are checked.
package discovery
