//go:build !linux && !js

package peer

import "net"

// sendRun sends the datagrams of a run one by one: no other system has a
// segmentation offload that needs no driver's help.
func sendRun(conn *net.UDPConn, r *run) { sendEach(conn, r) }
