// Package meshtest is a local network in memory, for tests of programs built on
// package mesh, as net/http/httptest is for programs built on net/http.
//
// A [LAN] has hosts, and each [Host] is a [mesh.Network]: set it in a
// mesh.Config and the node lives there. Everything else is package mesh itself,
// with its discovery, dials, links and signatures.
//
//	lan := meshtest.NewLAN()
//	ana, err := mesh.Join(ctx, mesh.Config{Name: "ana", Network: lan.Host("ana")})
//	…
//	bo, err := mesh.Join(ctx, mesh.Config{Name: "bo", Network: lan.Host("bo")})
//
// # Trouble
//
// The network does to nodes what real ones do: [LAN.Cut] and [Host.Cut] pull a
// cable, and a link that is cut for seven seconds ends; [LAN.Drop] ends links
// while the path stays; [LAN.Delay] makes it slow; [Host.Hold] keeps a host from
// taking in what arrives; [Host.Kill] crashes it; [Host.SetFirewall] lets
// nobody dial it; [LAN.SetMulticast] takes discovery away.
//
// # Rooms
//
// Nodes of different rooms, or of different secrets of one, are not linked, as on
// real networks: a dial ends with peer.ErrRoom or peer.ErrSecret.
//
// # Pages
//
// [Host.Page] is a browser tab that shows the page of a node: a mesh.Network
// whose node nobody can dial, and which offers links through members.
//
// # Time
//
// It works inside a [testing/synctest] bubble, where a cut of an hour takes no
// time and a test sees when all has settled. Close all nodes before the bubble
// ends.
//
// # What it is not
//
// There is no WebRTC in it, no address that changes, and no lost packet: links
// are perfect or silent.
package meshtest
