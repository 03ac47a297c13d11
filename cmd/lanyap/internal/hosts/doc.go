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
// # Fault storm
//
//	go test ./cmd/lanyap/internal/hosts -run FaultStorm -storm 30m -hosts 12 -seed 1 -timeout 40m -v
//
// has everyone talk for that long while one fault follows the other: cables
// out, blocked pairs, loss, partitions, programs killed and stopped. It prints
// what was said and what became of it. Without flags it takes a minute.
//
// # Figures
//
//	go test ./cmd/lanyap/internal/hosts -run Figures -figures -v
//	go test ./cmd/lanyap/internal/hosts -run Figures -figures -v -rows start,late -rival /path/to/rival
//
// prints a Markdown table. The rows are start, docker, late, mesh, broadcast,
// kill, cable, mdns, link, idle, heal, blocked, history, stopped, flood,
// throughput and loss. A rival is a program measured in the same run: without
// arguments it joins, prints ready, joined, left and message events as JSON
// lines, and says each line of its input.
package hosts
