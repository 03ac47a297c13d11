// Command page is the member that lives in a browser's tab. It is built for
// GOOS=js GOARCH=wasm, by go generate in the folder above, and started by the
// scripts beside it.
//
// It sets globalThis.lanyap, an object of functions:
//
//	join({name, room, secret, seed, host, keeper, log})
//	                 become a member, of a seed in hexadecimal; secret is that of a
//	                 private room, as canonical as invite.js makes it; host is where
//	                 the page came from, keeper the instance of the node there, log
//	                 true to have the console told. A second call leaves first, and
//	                 is how a name is changed.
//	say(text, to)    say something to all, or to the member of instance to; returns
//	                 the ref of what is told about it, "" if too much waits already
//	ask(line)        send a line to the keeper (see package keeper); false: there is
//	                 no connection to it
//	keeper(instance) the node that serves the page has another instance now
//	tag(room)        the tag of a room, as the network is told it
//	leave()          leave politely
//
// and calls globalThis.lanyapEvent with one string for each thing that happens: a
// JSON object as `lanyap chat --json` prints it, of the types ready, joined,
// rerouted, left, message, gap, sent, delivered, undelivered and warning. People
// have "web":true in them if they are in a browser, and "addr" if they answer at
// one. Besides there are
//
//	{"type":"links","count":2,"keeper":true}   members that are reached, of whatever
//	                                           topics; keeper: it answers
//	{"type":"refused","addr":"…","count":1}    a node there knows another secret
//	{"type":"door","busy":true}                nobody is reached: too many have tried
//	                                           wrong secrets, and it is tried again
//	{"type":"keeper","line":"…"}               what it says
//	{"type":"ended","reason":"…"}              this tab is not in the room any more
//
// Started with the argument "seal", in a worker, it does nothing but what package sealed
// does, for globalThis.lanyapSealing, which it calls when it can:
//
//	lanyapSeal(key, about, bytes)   returns the body in which these are sealed
//	lanyapOpener(key, about)        returns {add(bytes), end()}: both return what is
//	                                opened by it, null if it is not as it was sealed
//
// Each generic function is in the program once for each type that is no pointer, so what
// runs in a page sorts by slices.SortStableFunc, which is shorter than slices.SortFunc:
// 18 KB of the program when it was measured.
package main
