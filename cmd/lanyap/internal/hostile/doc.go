// Package hostile does harm to nodes on a network, for tests of what becomes of it.
//
// An [Order] says what to do, to whom and how often; [Run] does it until its context
// ends, and counts in a [Tally] what came of it. Nothing here is clever about being
// quick: each attack does what somebody on the same network could do with a laptop.
//
//	tally := hostile.NewTally()
//	err := hostile.Run(ctx, hostile.Order{Do: "offers", At: victim, Sources: 64}, tally)
//
// One file has one kind of attack; [Attacks] names them.
//
// It runs on hosts of package lab, as a part of the test program there: attacks that
// come from several addresses add these to the interface, which takes root.
package hostile
