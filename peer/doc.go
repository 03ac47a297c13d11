// Package peer makes authenticated links between two nodes that know each
// other's address: one WebRTC data channel, offered and answered over a small
// HTTP endpoint that each node serves, with no server in between.
//
// Start with [Listen], which opens the sockets of one node. [Transport.Dial]
// and [Transport.Accept] return a [Conn], which carries messages:
//
//	t, err := peer.Listen(peer.Config{Name: "ana", Addrs: addrs})
//	…
//	conn, err := t.Dial(ctx, peer.Target{Addrs: []netip.AddrPort{bo}})
//	…
//	err = conn.WriteMessage([]byte("hello"))
//
// Who is on the network is not this package's matter (see package discovery),
// nor is who belongs together (see package mesh).
//
// # Identity
//
// An [Identity] is an Ed25519 key; its public half is the [ID]. [LoadIdentity]
// keeps one in a file that only its user can read. An [Instance] is one start
// of one program: a user with two terminals is there twice under one ID. It is a
// hash of the ID and of a [Salt] that the program draws at its start, so nobody
// can make a link as another's instance, while who sees one does not learn whose
// it is.
//
// # Links
//
// A message arrives whole, once and in the order it was written, or the link
// ends; [Conn.Err] says why. A link outlives a network that is gone for some
// seconds: what was written meanwhile begins to arrive 0.1 s after it is back.
// WriteMessage blocks while the other side does not take what came before, so a
// writer never fills memory.
//
// What is not confirmed is sent again each 100 ms, without back-off: that is
// what makes a link quick after an outage and where packets are lost. But while
// nothing at all is heard over a link, no more is repeated than two datagrams
// each 100 ms, from 220 ms on, so that machines that are short of time do not
// drown each other.
//
// There is at most one link between two instances. If both dial at once over the
// same two addresses, the dial of the lower instance goes on. Over others each
// goes on to hello, and both sides keep the same one: that of the higher offer
// count (see Hello), or with equal counts the lower instance's. A dial's count is
// higher than that of any link its side knew of, so a new link replaces an old one.
//
// What has not done hello stands in nobody's way but at its own address: a
// stranger cannot keep out a member that dials us, end its link or have it asked
// after. (It can keep us from dialing one, from that one's own host: see package
// mesh, Security.) Only an offer from the very address and port of a link, without proof of it, is refused,
// and makes us ask whether that link lives: that is for a process that has come
// back, and whoever shares a member's host can do it.
//
// There are places for Config.MaxLinks members, and for a quarter as many
// observers beside them. Who comes when all are taken gets one of the address
// that has most, if that is at least two more than its own: of those, a page's place,
// that of who has never said anything, or else came last. A node may have a page's
// place at its own address in any case. Who was linked before, and
// proves it, gets that of who came later where all have as many. The loser's
// link ends with [ErrFull]; who gets none is told so.
//
// # Channels
//
// Beside its messages a link carries channels: streams of bytes, each a [net.Conn]
// with CloseWrite. [Conn.OpenChannel] begins one and [Conn.AcceptChannel] takes one
// in; either side may open 64 at once, and of those nobody accepts 16 wait. They
// are for what is long: a file, a connection of another protocol.
//
//   - A channel keeps what [net.Conn] says. [TestChannel, TestPipeChannel,
//     TestChannelsFromBothSides]
//   - Bulk does not hold up messages: at most 128 KiB of it are on their way when
//     a message is written. [TestBulkDoesNotDelayMessages, TestBulkKeepsTheLink]
//   - Neither does a channel that nobody reads. What waits to be read is in memory
//     of ours, not in SCTP's window: 256 KiB of one, 16 KiB of one of which nothing
//     was read yet, 5 MiB of all. Who sends more has its link ended.
//     [TestUnreadChannelsDoNotStopMessages, TestLyingChannels,
//     TestThousandsOfChannels, TestChannelsThatAreNeverTakenIn]
//   - A channel ends with its link, of the same error; a replaced link is another.
//     [TestChannelsEndWithTheLink]
//   - It costs nothing before it is used, and who does not know channels is never
//     sent any. [TestNoChannelsToAnEarlierVersion]
//
// They share a data channel: each side opens one for all its channels, labelled
// "lanyap streams", reliable and ordered, with the number 1 if it offered the link
// or else 2; a second one, or any other, ends the link. Each message on it is a
// frame with a number of a stream: open, data, credit, end or reset. The format is
// that of package stream.
//
// # Streams
//
// Beside links there are streams for bytes at the speed of TCP:
// [Transport.DialStream] and [Transport.AcceptStream] return one, a [net.Conn] with
// CloseWrite, over TLS 1.3 on the same port. Only who is linked, or was lately, can
// open one.
//
//   - Both sides check that the other's certificate is that which hello has proven
//     to be of the instance. [TestStream, TestOddHandshakes,
//     TestImpostorAtTheAddress] It outlives the link, and another can be opened when
//     that has ended. [TestStreamWithoutItsLink]
//   - A deadline that is missed leaves it usable: what Write says was written
//     arrives, and nothing else. Close does not wait and loses nothing that was
//     written, if the other side reads it within 5 s. [TestMissedDeadlines,
//     TestCloseDelivers, TestCloseDoesNotWait]
//   - io.EOF means that the other side said so. [TestBrokenStreamIsNoEnd]
//   - Who does not prove in the first message of TLS to be a member gets no
//     handshake: that costs ten times what an answer over HTTP does.
//     [TestStrangerGetsNoHandshake, TestOddHandshakes, TestSilentCall,
//     TestSilentCallsOfOneSource] A member has 128 streams at once, and opens 64 a
//     second. [TestMemberOpensThousands, TestMemberReopensForEver]
//
// # How a link ends
//
//   - Close: the other side's Err is a *[CloseError] with the reason.
//   - The other process dies: its kernel closes the TCP connection that the
//     link was offered over, which both sides keep. Its port is asked; if it
//     refuses or another instance answers, and no pong comes within 50 ms more,
//     the link ends with [ErrGone]. After a clean close it is eight times what
//     the port took, 10 ms at least and 50 ms at most. If the right one answers, a ping is given
//     6 s; if none does, 250 ms.
//   - The cable is out, or the machine is off: the kernel's keepalive ends that
//     TCP connection after 4 to 5 s; a ping is given 2 s more. The link ends
//     with [ErrTimeout] after 6 to 7 s.
//   - The other process hangs: after 4 s with something unconfirmed, or 25 s
//     of silence, a ping is given 2 s (6 s after silence). Another's offer in
//     its name that lacks proof is reason for a ping of 6 s.
//   - The other side is a page, and its browser closes its watch: a ping is given
//     250 ms, then the link ends with [ErrGone]. While it has no watch open, 6 s
//     without a datagram are reason for a ping of 2 s. In the first 2 s, while it has
//     none yet, it is pinged twenty times a second whenever nothing has come for 100 ms,
//     and given 300 ms, or six times as long as linking took, for a datagram: any, so that
//     a page may be busy. [TestCrashedPage, TestUnwatchedPage, TestYoungPageCrashes,
//     TestYoungPageIsBusy]
//
// Pings are answered by whoever is in [Conn.ReadMessage]: a program that does
// not read is taken for one that hangs. Of pings, pongs and what else
// a link says for itself 2,048 a second are read. [TestPingsAreReadSlowly]
//
// # Who is answered
//
// Who calls from a private, shared (RFC 6598), link-local or loopback address,
// from a network of ours ([Config.OnLink]), or from an address that was dialed
// by hand ([Target.ByHand]). Anybody else's connection is reset before a byte is
// read, unless [Config.AllowRemote] is set. A datagram that belongs to no link
// and to no answered offer is dropped, whoever sent it.
//
// # Security
//
// Everything over a link is encrypted by DTLS with a certificate that is new
// with every start and never expires, whatever the clock says. Hello, the first
// exchange on a link, proves both IDs by a signature over both certificates'
// fingerprints, so nobody can sit in between. What is said before that, over
// HTTP, is in clear: instances, the port and a hash of the room's name. A room's
// name is no secret: anybody on the network who knows or guesses it can join, unless
// the room has a secret (see below). [Conn.Binding] is for those who want to compare
// with each other, in words, that there is nobody in between.
//
// Strangers can hold 32 half-made links (4 from one source), for 10 s each, and
// none of them delays a link that works. One source gets 64 offers answered at
// once and 16 a second, all together 512 and 128 a second; past that the answer
// is 503, and past 256 connections a second there is none. A source is an IPv4
// address, an IPv6 address on our networks, or a /64 elsewhere. Our own host is
// exempt, and a member that proves its link pays for itself. Whoever is dialed
// gets 24 KiB of a response read. An offer never makes us send a packet to any
// address but the one it came from, or, if members carried it, the one that they see
// its author at (see [Transport.AnswerCarried]). What a link makes us keep is bounded: see
// MaxMessage, SCTP's window of 1 MiB, and the balance of what came in and what
// came out whole, 2 MiB a link and 128 KiB before hello. A message that came
// out counts four times: the rest may have been sent again in vain.
//
// # Rooms with a secret
//
// A room with a secret ([Config].Secret) is for those who know it. Others learn of a
// node of it what is said over HTTP, that its room has a secret, and no more: neither
// side says who it is, nor anything else of itself, before the other has proven the
// secret. [TestStrangerHearsNothing]
//
//   - It is proven by CPace (draft-irtf-cfrg-cpace-21), with both sides' confirmation.
//     Who does not know it can try one for each link, whether it calls or is called,
//     and learns nothing else, by listening, from in between, or by computing
//     afterwards. Whatever is wrong ends in the same way: both sides have
//     [ErrSecret]. [TestAnotherSecret, TestLinkWithAnotherSecret, TestPageWithSecret,
//     TestPagesWithSecret, TestGarbageAtTheDoor, FuzzDoor]
//   - The code of CPace, and of the group beneath it, is our own, over
//     filippo.io/edwards25519. It follows the draft, yields all that the draft and RFC
//     9496 have test vectors for, and has not been audited by anybody. The draft is no
//     RFC yet. [TestDraftRun, TestDraftPoints]
//   - A proof is for the room's name, both certificates and both instances in their
//     roles, and this one exchange: it is worth nothing when it is passed on, sent back
//     or said again. [TestRelayedProof, TestHelloSentBack, TestReplayedHello]
//   - Two that were linked before, since both were started, prove that instead, by the
//     secret that the link left them with. Who remembers nothing says something that
//     looks the same, so nobody can ask a node whom it was linked to. [TestGreetAgain,
//     TestLinkedBefore, TestRememberedOverAnotherCertificate]
//   - Wrong secrets are counted, of those who call and of those who are called: 5 at
//     once, then one each 10 s, 365 an hour. Nodes of another room that has this one's
//     name count as well. An address that in the last 10 minutes was wrong, or let us
//     wait for 2 s, leaves two to others. Who has to wait for more than 5 s gets
//     [ErrGuesses]. The right one counts for nothing, and who was linked before does
//     not wait. Who guesses from addresses without end keeps those waiting who come
//     for the first time, and nobody else. [TestGuesserIsTurnedAway,
//     TestWhatCountsAsAGuess, TestGuessesInAnHour, TestGuessesInAnHourOfHello,
//     TestNewcomerBesideAGuesser, TestStalledGuess, TestCrowdAtTheDoor]
//   - What signatures of a room are bound to is [Secret.RoomKey], and those of hello to
//     the key that the proof left both with.
//
// Who knows the secret can let in whom it wants, and can do what a member can. It
// cannot be taken back from who has left: another secret makes another room.
// Passphrases should be long all the same (see [NewSecret]): what a member keeps, or
// passes on, may be guessed at without asking anybody.
//
// # Pages
//
// A page is a node in a browser's tab. It got there by plain HTTP from the port of a
// node ([Transport.Handle]), so it is as safe as the network that it came over, and as
// honest as whoever served it: who is on the way between the two, or runs that node,
// may have changed it. Then it may tell others what is said in its tab, what it is
// allowed to read included, and say in that tab's name what the person at it never
// said. It cannot speak for anybody else, nor read what others say to each other:
// hello and signatures hold for pages as for nodes. So that people know, Hello.Web
// tells.
//
// What a browser shows of other sites may send us requests, too, and nothing comes of
// those: who has another Origin than the very address that is asked, or a browser's
// word that another site is behind it, or a Host that is a name (DNS rebinding), is
// told 421. A link may lead here and be shown in a window, but not in a frame of
// another's, and no answer has an Access-Control header. The watch's WebSocket alone
// may be opened from anywhere: it needs a proof, and nothing is said on it.
// [TestForeignPages, TestOtherSitesReachNothing, TestWatchWithoutProof]
//
// Pages pay as nodes do for what they ask about links; what else is asked of the port
// has limits of its own (see Transport.Handle), so that neither stands in the way of
// the other. Of a carried offer nothing is proven: nobody is exempt who is said to
// make it, our own host is sent nothing on its account, and what strangers have
// carried here is in nobody's way who posts. [TestCarriedOffersPay,
// TestCarriedOfferOfOurHost, TestCarriedBounds]
//
// # Hello
//
// Hello is two binary messages from each side, before anything else on the data
// channel. The first is
//
//	version 1 (1) | nonce 32
//
// with
//
//	flags 1 | hint 16
//
// behind it in a room with a secret, flag 1 of which says so. If only one side's has,
// hello ends there. What is exchanged next in such a room is below. The second message
// is
//
//	ID 32 | signature 64 | token 16 | salt 16 | flags 1 | offer count 8 |
//	name | count 1, topics | count 1, addresses
//
// with strings as length 1 and bytes, addresses as length 1 (4 or 16), address
// and port 2, and numbers big-endian. Flag 1 is an observer's, flag 2 says that
// channels are known, flag 4 is that of a browser, which has no addresses. The
// signature is over "lanyap hello 1", a zero byte, "o" for the offering side or "a" for the
// other, SHA-256 of "lanyap room", a zero byte and the room's name, SHA-256 of the
// offering side's and of the other's DTLS certificate, the nonces in the same
// order, and all that follows the signature. Both tokens, the offering side's
// first, make the secret of proofs: the first 16 bytes of SHA-256 over "lanyap
// token", a zero byte and the two. The instance that an attempt named over HTTP
// must be that of the ID and the salt, or there is no link. The offer count is the
// offering side's; the other side gives the highest that it knows of between the
// two, or 0, and the next offer to it counts further.
//
// The hint is the first 16 bytes of the HMAC-SHA256, under the secret of proofs of the
// last link between the two instances, of "lanyap hint", a zero byte, "o" or "a", both
// certificates' SHA-256 and the side's nonce; or 16 random bytes. If both are right, the
// second message follows. Otherwise the offering side sends Ya (32 bytes), the other
// Yb and Tb (32 and 64), and the offering side Ta (64) and its second message; the
// other sends its own when it has verified Ta. That is CPACE-RISTR255-SHA512 with
// the offering side as initiator. PRS is HMAC-SHA256, under the stretched secret (see
// NewSecret), of "lanyap password" and a zero byte; sid is both nonces, the offering
// side's first; CI is "lanyap door", a zero byte, SHA-256 of the room's name, of the
// offering side's and the other's certificate, and their instances; ADa is "o", ADb
// "a". In such a room the signature is over "lanyap private hello 1" in place of "lanyap
// hello 1", and has behind the nonces the HMAC-SHA256 of "lanyap door", a zero byte and
// the nonces, under CPace's ISK or the secret of proofs that the hints were made with.
// A side to which anything is wrong says the text message "secret" and hangs up; one
// that has seen too many wrong secrets says "busy".
//
// How it may grow: a reader ignores what follows the nonce, or the hint, what follows
// the addresses, and flags that it does not know. Another version in the first byte
// ends the link with [ErrVersion].
//
// # Signalling
//
// POST /v1/offer takes an SDP offer (application/sdp) and answers 201 with the
// answer, after WHIP (RFC 9725) but without a session to DELETE: closing the
// connection takes the offer back. All candidates are in it. Headers carry the
// rest: Lanyap-Version, -Instance, -Room (the tag of [RoomTag]), -Port (TCP and
// UDP), -For (the instance that is meant), -Proof, -Observer (see [Hello]). The
// connection stays open afterwards, silent, as the watch of the link. GET
// /v1/offer answers 204 with the headers alone; only it, and what a page asks, may be
// followed by another request. Refusals: 404 other room, 409 already linked, 415 no SDP, 421
// another instance, another Origin or a Host that is a name, 426 other version, 503
// full or too fast, with Retry-After; they count only with a Lanyap-Version. POST
// /v1/watch opens a watch anew.
//
// A node in a browser, a page, has no port: it says Lanyap-Port: 0 and the flag of
// hello. It posts to the node that it was loaded from alone, and each answer to it has
// Lanyap-You, the address that it is seen at. What it has offered lapses after 10 s.
// A browser does not leave it a connection to keep, so its watch is a WebSocket (RFC
// 6455), which it opens to each node that it is linked to:
//
//	GET /v1/watch?instance=INSTANCE&proof=PROOF
//
// INSTANCE is the page's, PROOF one for "watch" as a header would have it, with its
// space as %20 or +. It is open to pages of any Origin, for the proof counts. It may
// come a moment before our side is done with hello. It answers 101, or 409 if there is
// no such link or the proof is none, 400 if it is no WebSocket's. Nothing is said on it, by either side: whatever comes, be it an end or a byte,
// means that it has ended, and is reason to give a ping 250 ms. Both sides close it
// without a frame when the link ends; while the link lives the page may open another,
// of which the last counts.
//
// A connection that begins with the byte 22 speaks TLS, any other HTTP. The protocol
// (ALPN) of a stream is "lanyap-stream/1". The server name is a proof for "stream",
// with a point in place of the space, a point, and the caller's instance; it has no
// body. Both sides show the certificate of their links. There are no session
// tickets.
//
// A proof is a count, a space and the HMAC-SHA256 in hex, under a secret that hello
// agreed on, of "lanyap proof INSTANCE PURPOSE COUNT", a zero byte and the body.
// The instance is the sender's, the purpose offer, watch or stream, and the count
// grows with each proof. Those for streams may come in another order, up to 64 late.
//
// # In a browser
//
// The package compiles for GOOS=js too. What a node has and a page cannot have,
// above all sockets and files, is in files named *_native.go (!js); what a page
// has instead, made of the browser's RTCPeerConnection, in *_js.go; all other
// files are both's.
//
//   - In a browser [Transport] has no addresses, so nobody dials it, and Hello.Web
//     says so. It dials the node that served the page and asks no other anything.
//     [TestPageAsksNobodyElse, TestPageDialsItsHostOnly] Everybody else it links to
//     by offers that members carry, its own and other pages'. [TestCarriedLinks]
//   - It sends where members see the author of a description, with the ports that
//     this names, and where it names an address that cannot be one of the internet at
//     large, or is in the /24 or /64 of the page's own; nowhere else.
//     [TestCarriedTargets, TestPageSendsNowhereElse] A browser may tell no candidate,
//     without a default route for instance: nodes find it by its checks, but two such
//     pages do not find each other, and say [ErrNoWay] at once.
//     [TestPagesWithoutRoute, TestPagesWithoutCandidates]
//   - A browser takes in all that is sent, and keeps what the page has not got to. So
//     on a link to a page no more is under way than 1 MiB, each message counted with
//     128 bytes besides: after each 128 KiB that it has read the page says so, in the
//     text message "taken N", with the sum of all messages there were. A page with
//     2 MiB unread ends the link. [TestWriterWaitsForAPage, TestInboxIsBounded]
//   - When the page goes, its links close before it is gone, as by Close; what
//     Transport.OnHide sets to work comes before that. [TestPageHides, TestPageEnds]
//     Where its process is killed, the end of its watch tells.
//   - A page that was frozen, or whose machine slept, asks all its links when it
//     wakes. [TestPageThatSlept, TestLinkOfAFrozenPage]
//   - Of what the browser says of a link it takes that nothing is heard (then a ping
//     is given 2 s) and that there is no way any more ([ErrTimeout]).
//     [TestBrowserHearsNothing, TestLinksOfAnUnpluggedPage]
//   - A link leaves nothing behind. [TestManyLinks]
//
// # Network
//
// TCP and UDP use one port number: 7475 to 7490, the first that is free, or
// any. There is one UDP socket for each local address, Config.Addrs and those
// over which somebody was reached or called, and one candidate pair for each
// link: the two addresses of the HTTP connection. So a link runs over whatever
// TCP gets through, a VPN or the loopback too.
//
// On Linux datagrams leave in batches (UDP_SEGMENT); each socket asks for
// buffers of 4 MiB and lives with what it gets (sysctl net.core.rmem_max). A
// link is also bound by Go's garbage collector, which the few megabytes of a small
// program's heap keep busy: with GOGC=400, or [runtime/debug.SetGCPercent], it
// moves 1.6 times as much under load, and takes a fifth less to make.
package peer
