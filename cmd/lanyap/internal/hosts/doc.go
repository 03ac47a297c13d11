// Package hosts tests the built program on the hosts of a small network, and
// measures it there. It has no code but its tests.
//
//	go test ./cmd/lanyap/internal/hosts
//
// needs Linux, root, and the programs ip, bridge and nft; the tests say what is
// missing and are skipped. With LANYAP_LAB=required in the environment they
// fail instead. Each test has switches and hosts of its own, see package lab,
// and ends by checking the events of all programs: nothing lost, twice, out of
// order or different for two readers, and no packet off the LAN.
//
// Tests of pages, page_*_test.go, run in a Chromium and a Firefox on such hosts (see
// package browser), with what the page's program in the repository is. They are
// skipped where there is no browser, and where that program is a placeholder. With
// LANYAP_LOG=debug in the environment, and a program that was built with -logs, the
// log of a test that fails has what pages logged.
//
// What takes longer than go test allows says so at once, and with which
// -timeout it is enough; tests of pages that it may not leave the time for, on a
// slow machine, are skipped.
//
// What strangers may do to a room is done by foes: this test program on a host, with
// orders for package hostile. Each siege has three members chat meanwhile and somebody
// new come in, and none of them be large or lose anything.
//
// # Twenty runs
//
//	.ci/repeat ./cmd/lanyap/internal/hosts
//
// runs the tests of these packages, or of all, ten times on an idle machine and
// ten times beside a busy loop for each core. What fails once in twenty runs is
// a fault, of the program or of a test that counts on a speed.
//
// # Fault storm
//
//	for seed in 41 '42 -clocks'; do go test ./cmd/lanyap/internal/hosts -run FaultStorm -storm 7m -hosts 12 -rate 6 -seed $seed -timeout 12m -v; done
//
// runs two storms of seven minutes. In each, twelve hosts all talk, six
// messages a second each, while every few seconds something breaks: a cable, a
// flapping cable, a blocked pair, loss of 10 to 30 %, loss one way, kill -9 and
// a restart, a stopped process, another address, a network in two or three
// parts; and with -clocks the clock of a host jumps by seconds, minutes or
// years, forth or back. A checker that knows nothing of the program goes over
// all their logs afterwards. It prints what was said and what became of it. A
// storm that fails names the directory of its logs, in which faults is the
// diary; TestStormLogs checks them once more. Without flags it takes a minute.
// TestPageStorm has two of six hosts be pages in browsers, for -page-storm.
//
// Storms of 12 hosts for 7 minutes each, where views are who sees whom and
// deliveries are messages shown by a reader, live or as history:
//
//	seed | messages | deliveries | faults | lost, duplicated, reordered, altered, false receipts | views equal after a fault, p50 / max
//	  21 |   30,579 |    381,858 |    120 | 0 of each                                            | 0.4 / 1.7 s
//	  22 |   30,440 |    352,160 |    100 | 0 of each                                            | 0.8 / 2.4 s
//	  23 |   30,647 |    369,582 |    108 | 0 of each                                            | 0.9 / 2.4 s
//	  31 |   30,134 |    363,043 |    102 | 0 of each                                            | 0.3 / 3.9 s
//	  51 |   30,255 |    343,971 |     98 | 0 of each                                            | 0.1 / 2.9 s
//	  52 |   30,215 |    347,500 |    109 | 0 of each; 24 of the faults are clock jumps          | 0.2 / 1.0 s
//
// # Figures
//
//	go test ./cmd/lanyap/internal/hosts -run Figures -figures -timeout 90m -v
//
// measures ours, and beside it, on the same machine and in the same run, a node
// built on go-libp2p with its mDNS and gossipsub, and prints a Markdown table.
// The rival is in the folder of this name, a module of its own, and is built for
// the run; -rival - measures without it, -rival PATH another program that is
// driven in the same way. -rounds N starts N times what is measured by starting
// it. -rows takes some rows only, by name, with commas between: start, docker,
// secret, late, mesh, cost, broadcast, kill, cable, mdns, link, idle, heal, blocked,
// history, stopped, flood, siege, guesses, groups, throughput, loss, of files send, folder,
// resume, shareloss, sharechat, offer, sharemem, and of pages page, phone, wasm,
// pagesay, pageshows, pagefiles, pagecost.
//
// Files are moved beside other programs as far as they are installed: a plain copy
// over TLS 1.3 that looks at nothing (this test program), tar over the same, croc
// with its own relay on the sender's host (LANYAP_CROC names it where it is not in
// the path), Python's http.server with curl, rsync's daemon, and scp. It is the
// time from the start of the program that is started last until all has ended, and
// in parentheses the processor time of sender and receiver.
//
// Measured on 2 cores of a virtual machine, Linux 6.18, Go 1.26.8, every process
// of every host on these two cores. Medians and high quantiles vary by a factor
// of two between machines and by a third between runs.
//
//	what                                                                       | lanyap              | N     | libp2p                           | N
//	process start → first message read by the other, 2 hosts, p50 / p99        | 11 / 11 ms          | 10    | 17 / 21 ms, 1 of 10 not in 5 s   | 9
//	late node and 16 others: all see it, it sees all, p50 / p99                | 46 / 64 ms          | 10    | 80 / 90 ms, 1 of 10 not in 5 s   | 9
//	8 / 16 / 32 / 64 hosts started at once → full mesh, p50                    | 0.08/0.27/1.33/9.5 s | 3    | 0.15 / 0.53 / 2.26 s, 64: > 60 s | 3
//	32 hosts at once: processor time for each link, start and both sides, p50  | 5.2 ms              | 5     | 8.2 ms                           | 5
//	broadcast of 256 B at 10/s among 16, send → last receiver, p50 / p99       | 3.5 / 5.9 ms        | 300   | 5.0 / 11 ms                      | 300
//	kill -9 of one of 16 → all others see it leave, p50 / max                  | 23 / 28 ms          | 10    | 5.4 / 6.6 ms                     | 10
//
// Files, where two hosts share the two cores and ext4 in a virtual machine:
//
//	what                                     | lanyap                      | others
//	1 GiB to one, disk to disk               | 840 MB/s (1.07 + 1.14 s)    | TLS 992 MB/s (0.68 + 1.01 s), rsync 968, HTTP 946, scp 446, croc 206
//	… another run, with TLS alone            | 675 MB/s (0.89 + 1.22 s)    | TLS 724 MB/s (0.50 + 1.09 s)
//	… tmpfs to tmpfs                         | 607 MB/s (0.96 + 1.39 s)    | TLS 714 MB/s (0.56 + 1.10 s)
//	10,000 files of 4 KiB                    | 1,310 files/s; 10,900 fresh | tar over TLS 1,350 (3,270 fresh), rsync 3,000, scp 737, croc 433
//	start of lanyap send → offer, p50 / p90  | 14 / 18 ms                  |
//	1 GiB cut at 90 %: bytes sent again      | cable 0.17 %; kill -9 of the receiver 0.02 %, of the sender 0.00 %
//	chat of the same hosts meanwhile         | 0.69 / 3.6 ms p50 / p99; 0.51 / 0.97 ms before
//	memory above an idle node's, both sides  | 1 GiB: 6 + 14 MiB; 100,000 files: 28 + 24 MiB
//	512 MiB to 8, 200 Mbit/s each (tbf)      | 24.4 s, 1.06 × uploaded; to one 22.2 s (96 MiB: 1.31 × the time, 1.11 × uploaded)
//	1 GiB, 2 % of packets lost               | 17 and 20 MB/s              | TLS 19 and 21 MB/s
//
// What is slow about small files there is that file system once it has made and
// removed some ten thousand: fresh is the first round.
//
// Pages in a headless Chromium 156 of another host, p50 / p90 of 7:
//
//	what                                                       | lanyap                            | aim
//	page opened → in the room with the node that serves it     | 221 / 254 ms, cached 202 / 222 ms | 300, cached 200
//	… linked to all of 3 nodes and 1 page                      | 318 / 351 ms                      | 500
//	… in the room, CPU ÷ 6 and 20 Mbit/s                       | 1.39 / 1.43 s, cached 0.82 / 0.83 s | 2 s
//	… linked to all, CPU ÷ 6 and 20 Mbit/s                     | 1.68 / 1.72 s, cached 1.06 / 1.17 s | 2 s
//	the page's program, gzip                                   | 1.58 MB                           | 1.6
//	256 B at 10/s from a page → delivered to 3, p50 / p99      | 3.4 / 6.6 ms                      | 12
//	200 messages/s shown: CPU of a core, all of the page's     | 21 %, idle 0.4 %                  | 12
//	1 GiB to the node that serves the page, disk to disk       | 431 MB/s, 1.12 × plain HTTP       | 0.6
//	1 GiB from there                                           | 350 MB/s, 0.40 × plain HTTP       | 0.8
//	node with the page, which nobody opens, and with --no-page | 7.6 and 7.7 ms to ready, 20.8 and 20.7 MB
//
// On the same machine while it was half as fast the last two rates were 192 MB/s,
// 0.63 ×, and 202 MB/s, 0.61 ×: what a browser takes varies more than what it is sent. On
// another day the last was 287 MB/s, 0.67 ×, and 308 MB/s, 0.80 ×. Of the two cores the
// node had a third then, a sixth of which went into hashes, and the browser a half.
//
// A room of three under siege for a minute, one of them by 1,000 offers a second from 64
// addresses, and all by 1,000 fake instances a second:
//
//	resident memory: at most; before; a minute later   | 44 MiB; 38; 35
//	messages lost, of 1,800                            | 0
//	256 B, send → last receiver, p50 / p99             | 1.0 / 2.6 ms; 1.0 / 3.9 without
//	who comes meanwhile: start → linked to all         | 0.95 s
//
// With eight more who attack the same one by SCTP it is 66 MiB, 39 and 41, none lost, and
// 0.65 s; but messages take 3.9 / 94 ms, where it is 0.6 / 1.2 without: attackers and
// attacked shared the two cores, which they filled. Since then the attackers get what the
// others leave of the processors; shorter runs, in which they got through far fewer
// packets, had 1.3 / 19 ms beside 1.0 / 2.5, and the attacked node took 36 % of a core.
//
// Two groups that start at once with one room name and two secrets, on a busy machine;
// start → each has its own group, p50 of each of 4 runs of 3 or 4 / longest; and of 2 runs
// of the version before in the same hour, in which both of each pair dialed:
//
//	5 nodes alone                   | 0.1 to 0.4 / 0.7 s
//	beside 5 of the other group     | 1.0 to 2.3 / 2.6; before 1.4 and 2.2 / 21
//	10 nodes alone                  | 0.4 to 0.8 / 1.0
//	beside 10 of the other group    | 4.4 to 9.1 / 14.7; before 6.7 and 11.5 / 21
//
// A room with a secret, whose first start pays for Argon2id (p50 of 20):
//
//	process start → first message: open; private        | 12 ms; 49
//	ready → joined, after that: open; private           | 4.9 ms; 5.5
//	hello in memory, both sides: open; private; again   | 0.12 ms; 0.32; 0.13
//
// An earlier version, on a machine half as fast:
//
//	what                                                                       | lanyap          | N     | libp2p                          | N
//	… first message, with a second interface (docker-like bridge), p50 / p99   | 67 / 111 ms     | 20    | 98 / 117 ms, 1 of 20 not in 5 s | 19
//	cable of one of 16 pulled for good → all others see it leave               | 7.7 s           | 3     | 38.8 s                          | 3
//	mDNS packets/s of 16 idle nodes together, after 30 s                       | 0.4             |       | 23                              |
//	node with 63 idle links: CPU of one core, resident memory                  | 0.8 %, 35 MB    |       | 2.5 %, 42 MB                    |
//	12 hosts in two halves for 10 s, heal → everyone has everything, p50 / p99 | 0.37 / 0.42 s   | 12    | 3.5 / 4.1 s, 1 not in 5 s       | 11
//	blocked pair, 256 B through a third against the direct link, p50           | 2.3 and 1.6 ms  | 120   | 1.6 and 1.3 ms                  | 120
//	late joiner, 1,000 messages of history, joined → the last, p50 / p99       | 116 / 136 ms    | 12    | none                            |
//	8 hosts at 200 messages/s, send → last, p99; with a ninth that is stopped  | 29 and 28 ms    | 2,400 | 28 and 21 ms (of 1)             | 2,400
//	sustained broadcast of 256 B from one node to 8                            | 989 messages/s  |       | 684 messages/s                  |
//
// An idle link costs 96 kB of heap and 16 goroutines a side. One pair moves 64 KiB messages at 54 MB/s with GOGC=400, 34 MB/s
// without, and 28 MB/s with the socket buffers an ordinary Linux user gets: 2.7,
// 1.7 and 1.4 times a pion data channel with its defaults in the same run. With
// 1 % loss it is 32, 24 and 18 MB/s: 4.6, 3.4 and 2.5 times pion.
package hosts
