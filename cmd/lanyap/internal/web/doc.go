// Package web is what a browser gets from a node: the page by which it becomes a
// member of the room itself, and beside it what the page has to know and what it
// moves files by.
//
// [New] returns the handler that a node takes (mesh.Node.Handle). That has seen to
// it by then that a request comes from this page or from nowhere: see package peer.
// The test that holds a promise is named in brackets.
//
// # What there is
//
//	/                the page; ?name=N names the tab, ?room=R of another room is
//	                 answered by 404 and a sentence that says which room this is; at
//	                 localhost it is a redirection to the address of that
//	/page.json       what the page has to know: the room and its tag, who the node
//	                 is, the address at which it sees the browser, the version, and
//	                 whether files can be moved; less of a private room, see below
//	/assets/NAME     scripts, styles, the icon and the wasm
//	/files/TOKEN…    what package keeper moves, if there is one
//
// All else is 404, folders too, and whatever is not GET or HEAD, but for files, is
// 405. [TestRoutes, TestMethods, TestLocalhostHasAnAddress]
//
// # Private rooms
//
// Where the room has a secret, whoever asks is told that there is a lock, and what the
// network is told anyhow by mDNS and the port's own headers: the room's tag and the
// node's instance. No answer to any request has the room's name in it, a member's name
// or ID, a count, or a word that was said; nor does it tell whether somebody who asks
// knows the name. [TestPrivateRoomTellsNothing, TestPrivatePageJSON]
//
// The page asks for the room's name and its secret, or takes both from an invite: what
// is behind the # of its address. That is never sent, is taken out of the address bar
// and the tab's history as soon as the page's scripts run, and stays in the tab's memory
// and session storage. A secret that is wrong is said so, and not tried again by itself. An
// invite that is expired, of another room, or opened where the room is open is said to
// be that, and nobody joins. Who is in it is asked by the page's own program, over a
// link that proves the secret. /invite shows an invite to this page, as a link and as a
// code [TestCodesAreRead]; it has the secret in it. A page that was changed on its way, which plain HTTP
// cannot prevent, may keep what is typed into it.
//
// # Going without the network
//
// In the page that is sent, each "assets/NAME" has become "assets/HASH/NAME", where
// the hash is of all assets. What is fetched there never changes, and is kept by the
// browser for a year: opening the page again fetches the page alone. A new version
// has another hash, and since the page itself is never taken from the cache without
// asking, it is taken at once, all of it. [TestReloadCostsOneRequest,
// TestNewVersionIsTakenAtOnce] A module that is imported by a relative path is under
// the same hash. Without the hash an asset is the same, and asked about each time.
//
// The wasm is compressed as it is in the program, and so it is sent; who does not
// take gzip gets it unpacked. [TestWasmIsSentAsItIs] Nothing is read, hashed or
// unpacked before the first browser comes: until then the page costs a node the
// room that it takes on disk. [TestNothingIsReadBeforeSomebodyComes]
//
// # What the page may do
//
// A Content-Security-Policy lets it run its own scripts and wasm, talk to its own
// node and open WebSockets, show pictures of its own making, and nothing else: no
// inline script, no frame around it, no form, no base. [TestHeaders]
//
// # What scripts may rely on
//
// In the page #say is the box, #send its button, #messages holds one element with
// data-from for each message (its text alone is in .text, and data-state says what
// became of one of ours: saying, sent, delivered, undelivered, unsaid), #people one
// with data-name and data-known (see below) for each other member, #offers one with data-offer for each offer,
// with buttons of data-do accept, decline and cancel. ?name=N names the tab. All
// that happens passes globalThis.lanyapEvent, see the program in folder page.
//
// # What others wrote
//
// No text from the network is ever markup, and what hides or turns text is made
// visible, as on a terminal. [TestScripts, TestTextIsAsOnTerminals] Only addresses
// of http and https are links, and are shown as they were written.
//
// A tab remembers whom it met, and the browser does where the tab's key may stay with
// it: names, with the IDs that bore them, of 1,000 people. So a member is seen, new, or
// changed: one that bears a name, or one that differs in case, accents or spaces, which
// another ID had. That tells a key again and proves nothing: nobody can be verified in a
// page, and letters of other scripts that look alike are not told apart in one.
//
// Each member has one of eight colours by its ID, which with all others of the page
// is legible by WCAG AA in both themes. A flood is drawn five times a second, and
// of what was said 300 messages are in the page at first, and 10,000 remembered.
//
// # Time
//
// Who does not take what is sent within a minute is cut off; what is in /files/ has
// limits of its own. [TestSlowReader]
package web
