// Package lab runs programs on hosts of a small network that exists only while
// a test runs.
//
// A [Lab] belongs to one test. It has switches, each a Linux bridge in a
// network namespace of its own, and hosts, each a namespace with a cable (a
// veth pair) to its switch. Programs started on a host see nothing but that
// host: its interfaces, its routes, its multicast. So what crosses a LAN can be
// tested with the built program and real packets on one machine, several labs
// at a time.
//
//	l := lab.New(t)
//	hosts := l.Switch().Hosts(2, lab.HostConfig{})
//	ana := hosts[0].Start(lab.Program{Path: bin, Args: []string{"chat", "--json"}})
//	…
//	l.Await(5*time.Second, "ana sees bo", func() bool { return ana.Sees(bo) })
//
// A browser runs on a host by [Host.Launch] and [Host.Dial], see package browser;
// what its pages say goes into a [Record], as what programs say does.
//
// It needs Linux, root, and the programs ip, bridge and nft; [New] skips the
// test and says what is missing, or fails it if LANYAP_LAB=required is set.
//
// # What is left behind
//
// Nothing runs on. The namespaces have no name: the test process holds each by a file
// descriptor, and every program it starts is killed when the thread that
// started it ends (prctl(2), PR_SET_PDEATHSIG). A test process that is itself
// killed takes its hosts and their programs with it; only the directory of the
// programs it built, lanyap-lab-* among the temporary files, stays.
//
// Labs of many hosts need more room for neighbours than the kernel has as a
// rule: as long as there is a lab, net.ipv4.neigh.default.gc_thresh1 to 3 of the
// machine, and those of IPv6, are as high as 128 hosts need, and
// net.core.netdev_max_backlog is 65,536. The last lab of all
// processes puts back what was there; if that one was killed, the last one of
// the next run does. Where they cannot be set, the test's log says so, and more
// than 16 hosts are told each other's hardware addresses instead.
//
// To look into a host of a running test: nsenter --net=/proc/PID/fd/N.
//
// # What is always checked
//
// Every host counts packets that leave it for an address that is not on its
// LAN, is not link-local multicast and was not allowed with [Host.Allow]. One
// such packet fails the test. Hosts have a default route unless they are told
// not to, so that such a packet does leave.
//
// [Check] goes over the events of all programs of a run and reports what the
// program promises and did not keep. [CheckStorm] does so for a run in which
// programs are killed and hosts cut off all the time, and says what is lost.
//
// # Time
//
// Events carry the time at which the lab read them, next to the time the
// program gave. Await looks at its condition when an event arrived or a program
// ended; nothing sleeps.
//
// The wall clock of a host can be set, by [Host.MoveClock] and [Host.SetClock],
// for programs of [BuildMovable].
package lab
