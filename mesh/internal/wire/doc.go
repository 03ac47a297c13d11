// Package wire is the protocol that members of a mesh speak over their links,
// as bytes. It does no I/O and keeps no state: AppendX writes, ParseX reads,
// and this page is the specification.
//
// # Link messages and frames
//
// A link carries whole messages, in order, each at most [MaxMessage] bytes. A
// link message is a sequence of frames:
//
//	type     1 byte
//	length   3 bytes   of what follows
//	payload
//
// All integers are big-endian and of fixed width, so each value has exactly one
// encoding. A writer may put several frames in one link message; a frame never
// spans two.
//
//	type  name      payload
//	1     message   a signed message, below
//	2     have      next 8 · want 8 · private next 8 · private want 8
//	3     gap       stream 1 · from 8 · to 8
//	4     peers     entries, below; at most 128
//	5     bye       empty
//	6     bye-ack   empty
//	7     reach     flags 1 · digest 8 · entries, below; at most 256
//	8     relay     to 8 · from 8 · hops 1 · a record of a tunnel, or a carried
//	                description, below
//	9     record    a signed record, below
//	10    ask       flags 1 · limit 2 · entries, below; at most 512
//	11    past      age 8 · a signed message, but no private one
//	12    asked     empty
//	13    stream    a frame of package peer/stream
//	14    pages     instances, 8 each; at most 128
//
// A frame of an unknown type is skipped, and so is what follows the fields
// listed here in have, gap, bye, bye-ack, record and asked: that is how later
// versions add to the protocol. Everything else that does not read as written
// here is a violation, and whoever reads one closes the link and says why.
// Between a member and an observer only record, peers, pages, bye and bye-ack
// mean anything: message, have and gap are violations there, the rest is ignored.
//
// # Whose fault
//
// Three things are passed on: what a past and a record carry, and what is in a
// relay. Their frames have to read as written here, for whoever sends one has
// read it. Whether the signature in a past or in another's record is good is
// not the sender's affair, nor is anything in a relay frame behind its header:
// what is false there is dropped without a word, and the link stays. A record
// of the sender itself has to bear its signature.
//
// # Messages
//
// Each member has one stream of broadcasts, and one stream of private messages
// for each other member. Sequence numbers start at 1 and are below 2^63.
//
//	kind        1    1: broadcast, 2: private, 3 to 255: of later versions
//	origin      32   ID: the Ed25519 public key (RFC 8032) that signed
//	instance    8    of the origin: one start of its program
//	sequence    8    in its stream
//	clock       8    48 bits Unix milliseconds, 16 bits counter
//	previous    8    digest of the message before it in the same stream
//	topic       1 + at most 64    length and a name, which is not empty
//	recipient   40   ID and instance; private messages only
//	body             what is left, at most 65,536
//	signature   64
//
// The signature is over
//
//	"lanyap message v1\x00" · room key 32 · all of the above but the signature
//
// where the room key is SHA-256("lanyap room key" · room name), or of a room with
// a secret what package peer makes of both (Secret.RoomKey). The room is
// not sent: a message of another room, or of another secret of it, does not verify,
// and neither does one whose origin, instance, sequence, recipient or body was changed. The prefix
// keeps signatures for other purposes by the same key apart.
//
// A kind that is not known here, 0 excepted, reads as a broadcast does, and a
// message of it is one of the stream of broadcasts: it is verified, counted,
// held and passed on, and not shown. The same holds for a topic that nobody here
// takes part in.
//
// A digest is the first 8 bytes of SHA-256 over a message with its signature.
// previous is 0 in the message with sequence 1, where anything else is a
// violation, and in a private one whose origin no longer knows what it said
// before. Who meets two messages of one origin in one stream, of which the later
// one's previous is of another message than the earlier one, or which have one
// sequence number and are not the same, knows that the origin contradicts
// itself. That is nobody's fault but the origin's: no link is closed for it, and
// the messages are taken as if they fitted. It takes some 2^32 signatures to
// make two messages of one digest.
//
// The clock is a hybrid logical clock (Kulkarni et al., "Logical Physical
// Clocks", 2014): it follows wall clocks, and orders a message after those
// that its sender had seen.
//
// # Topics
//
// What a member takes part in is in its record; what a message is about is in the
// message. The two are not held against each other: who says something in a topic
// that its record does not name is not shown as present there, no more. There is
// one stream of broadcasts for all topics, and one of private messages between
// two members, so that what is lost or late in one topic is known in all, and
// everybody holds, confirms and passes on all of it. A record with other topics
// than before goes over each link between the messages that were said before the
// change and those that were said after it.
//
// # Have
//
// It follows a member's record as the second frame on a link, and is its
// acknowledgement from then on. next is the sequence of the sender's next
// broadcast; in the first have of a link it is where the sender's stream
// begins for somebody who has never met it. want is the sequence of the
// receiver's broadcast that the sender waits for: it holds all before. 0 says
// that they never met. The other two say the same of the private streams
// between the two. Messages flow once the other side's first have has arrived,
// from its want, or from the own next where want is 0.
//
// When to acknowledge is the receiver's to decide, but within 50 ms, and before it
// answers a bye. Who waits for everybody in a large room to have a message would
// be held up by acknowledgements that are sent at once.
//
// A want beyond what the receiver ever sent is a violation, with one exception:
// who no longer knows that it ever sent the other anything in private (it keeps
// 1,024 acquaintances) goes on from there.
//
// In the first have of a link a fifth number may follow, held 8: how many
// messages, of whatever origin, the sender could give to who has none; and
// after that a sixth, here 8: for how many milliseconds the sender has been in
// the room, and so has had time to meet who else is. Left out, each is 0. Later
// haves have neither.
//
// # Gap
//
// The messages from..to (inclusive) of the sender's stream, 1 or 2 as in
// kind, are gone and will not come. Without one, a sequence beyond the one
// expected is a violation.
//
// # Peers
//
// Members that the sender has a link to:
//
//	instance   8
//	flags      1    bit 7: the first address is where the sender's link found
//	                it; bits 0 to 4: how many addresses the member claims
//	                after that, at most 16; bits 5 and 6 are ignored
//	addresses       each: 4 or 6 · 4 or 16 bytes · port 2
//
// They are hints where to dial. IPv6 zones mean nothing to another host and
// are left out. A member in a browser cannot be dialed, and is not among them.
//
// # Pages
//
// All members in browsers that the sender has a link to: in place of what it said
// before on this link. Nobody need wait to hear where they may be dialed: they
// offer links themselves, through members, and can be reached through others
// until one is up. A member is told when there is another one, not when one goes.
// An observer, whom they offer none, is told of both, and then their records.
//
// # Leaving
//
// bye says that the sender has sent all it will ever send but
// acknowledgements. The receiver sends everything that it accepted before,
// then bye-ack; whoever sent bye then closes the link.
//
// # Record
//
// What a member says of itself:
//
//	ID          32
//	salt        16    random at each start
//	revision    8     from 1 on; of two records of one member the higher one counts
//	key         32    X25519 (RFC 7748), new at each start
//	name        1 + at most 64    length and a name
//	topics      1     how many, at most 16; then each like a name, and not empty
//	signature   64    by the ID, over "lanyap record v1\x00" · room key ·
//	                  all of the above
//
// The instance is not sent: it is the first 8 bytes of SHA-256("lanyap instance
// v1" · ID · salt), so nobody can bear another's.
//
// A name is UTF-8 without control characters, line and paragraph separators and
// characters that turn the direction of writing (package peer/name). A record
// with another does not read as written here, whoever signed it.
//
// A member sends its own as the first frame on a link, before its first have,
// and again, with a higher revision, when the topics that it takes part in have
// changed; a have before it is a violation. It sends it to observers too. Others'
// come in answers, each before the first message of its origin, and to observers
// behind pages; anywhere else they are ignored.
//
// Behind its own record a member that is in a browser adds flags 1, with bit 0.
// The other bits are ignored, and so are flags behind another's record. They are
// signed by nobody: the link vouches for them.
//
// # Ask, past and asked
//
// An ask says what its sender would take, and the other side answers with past
// frames, each with how many milliseconds ago it received the message, and
// asked when that was all. flags has bit 0: nothing of origins that are not
// listed; the other bits are ignored. limit is how many messages of history are
// wanted at the most: of origins that are not listed, and of those that are
// with an end, from from up to that. The entries:
//
//	origin      40    ID and instance
//	from        8     from this sequence on
//	to          8     before this one; 0: without an end
//	last        8     one that the asker holds of it, as a rule the last; 0: none
//	digest      8     of that
//
// Where the digest is of another message than the one held under that
// sequence, the answer has it too: the origin has signed two, and that is to
// be seen. Who answers may then ask for the asker's, from 1 to 1. Of the asker's
// own messages nothing is answered.
//
// One ask is answered at a time; a new one takes the place of the old. Who asks
// too often gets asked and nothing else. Past, asked and others' records that
// nobody waits for are ignored, and an answer is waited for no longer than two
// seconds. An age beyond 100 years counts as that. An ask that claims to hold,
// or to have got up to, what the receiver has never sent is a violation.
//
// # Reach
//
// To whom the sender has a link, or knows a way, by what has changed since its
// last reach on this link. flags has bit 0, all: the entries of one link are all
// links that the sender has, whatever it said before; and bit 1, ask: the
// sender wants such a reach. The other bits are ignored. digest is of the links
// that the sender has told by then: the first 8 bytes of SHA-256 over the
// instances of the members it has them to, and its own, in ascending order.
// The entries, of others than the two sides of the link:
//
//	instance    8
//	links       1     of the way from the sender on, at most 4; 0: none any more
//	way         8 for each link but the last: the instances between, nearest
//	            to the sender first
//
// The first follows the other side's first have, and may be without entries:
// then the digest says whether the sender has a link to anybody else.
//
// Links that have ended are always listed, and at once. Of those that are new
// a sender may leave the entries out, if it thinks that the receiver has the
// same: whoever has links with that digest, or another neighbour with such, knows
// what was left out. Who does not, asks, if it still matters when its own links
// have been the same for a moment; at most three times for one digest.
// Whoever is asked answers with all, at most once a second on a link. So while a
// room forms in which everybody links with everybody, next to nothing is
// listed.
//
// Ways of two and three links are told to those that know none as short: a
// member that has a link to the first on the way is not told of it, nor one
// that is on it. A way through the receiver is as good as none, and so is one
// to it. Nobody has to believe a reach: all that comes of it is an open, which
// only the member at the end of the way can answer. A receiver keeps 256 links
// and 256 ways for each link, of the ways the shorter ones. Reach and relay count
// on direct links only and are ignored in tunnels.
//
// # Relay
//
// Whoever is not the one it is to passes it on, with one off hops, over its
// link to that member or else over the shortest way that does not lead back. Of
// several that are as short it takes the one that it took before, so that no
// frame overtakes another. Where hops is 0 or no way is known it is dropped, and
// where too much waits that came from the same neighbour. What waits for one link
// came from several and is sent in turns, each neighbour's in its order. The
// originator sets hops to 4; more is a violation, and so is a payload of more
// than [MaxRelayed] bytes. from is where an answer goes, and proves nothing.
//
// # Tunnels
//
// Two members that have no link speak over a tunnel: link messages as on any
// link, sealed from end to end, in relay frames. What is in a relay frame begins
// with its kind; these are of tunnels:
//
//	kind  name      then
//	1     open      nonce 16 · record · signature 64
//	2     keys      own nonce 16 · other's nonce 16 · enc 32 · signature 64
//	3     sealed    first 8 bytes of the receiver's nonce · ciphertext
//
// Either side may begin: it sends open, with a random nonce, which the other
// answers with an open of its own and keys; keys answer an open always. The
// tunnel is up for whoever has the other's open and keys that name both
// nonces. The signatures are by the ID in the record, over
//
//	"lanyap tunnel open v1\x00" · room key · instance of the receiver 8 ·
//	nonce · record
//	"lanyap tunnel keys v1\x00" · room key · ID and instance of the sender 40 ·
//	those of the receiver 40 · own nonce · other's nonce · enc
//
// so that neither fits another receiver, room or tunnel. An open is ignored
// whose record is of another instance than the relay's from, or of another ID
// than the one that instance is known by, and one whose nonce was met before.
// A tunnel is given up that is not up in two seconds.
//
// Each direction is one context of HPKE (RFC 9180), mode base, with
// DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-128-GCM. The receiver's key
// is the one in its record, enc is the encapsulated key, info is what the
// keys are signed over without enc, and aad is empty. The context counts what
// it seals: records are opened in the order in which they were sealed, each
// once. One that does not open ends the tunnel, whoever is to blame; both sides
// may begin another.
//
// What is sealed begins with its kind:
//
//	kind  name      then
//	1     message   a link message, or after parts what is left of one; of
//	                both together an empty one is ignored
//	2     credit    8    how many bytes of link messages have been read
//	3     ping      at most 8, which come back
//	4     pong      the same
//	5     close     why, in words; "replaced": another link took its place
//	6     part      the beginning of a link message, or what follows it; other
//	                kinds may come between parts
//
// Other kinds, and credit of another length, are ignored. At most 192 KiB of
// link messages may be under way that no credit says were read, and 8,192 messages;
// who sends more has the tunnel ended. So that relays need not drop anything, a member gives
// each of its tunnels a window of
//
//	11 MiB / members of the room / its own tunnels
//
// but 512 bytes at the least, and sends parts of at most 16 KiB. A relay keeps for
// each neighbour at least 16 MiB divided by its neighbours. Credit counts the
// bytes of messages that were read, and when none waits to be read those of the
// parts that are here too. It is due after 256 bytes when all was read, after 48
// KiB in any case.
//
// A side that has sent a message or a ping and heard nothing for two seconds
// pings, and after six gives the tunnel up. One that has sent nothing pings after
// two seconds in which it has heard nothing, then after twice as long each time,
// up to 32 s, until a message comes or goes.
//
// # Carried offers
//
// A member in a browser posts offers (package peer) to the node that serves its
// page and to nobody else. To those that it reaches through others only it sends
// them in relay frames, and they answer the same way:
//
//	kind  name      then
//	4     offer     id 8 · address, below · SDP
//	5     answer    id 8 · address · SDP, or nothing: refused
//
//	address         length 1: 0, 4 or 16 · as many bytes; 0: not said
//
// An SDP has at most 16 KiB. id is random, and an answer bears that of its offer:
// it counts once, from the instance that was asked, within five seconds. An offer
// that was met before is dropped.
//
// The first who carries one, whose link to the instance in from it came over,
// sets the address to where it sees the author at the other end of that link,
// whatever was there; if the author is on its own host, to its own address on the
// link that it sends it out over. Nobody else changes it. To no other address
// does a node send anything for an offer, and to this one only if it is on one of
// its own networks: what is in the SDP may be anybody's. A link-local address has
// the zone of the link that it comes over, and a loopback address that comes over
// another host's link is as good as none. Where the first who carries it is from
// before there were carried offers, no address is said, and no link comes of it.
//
// Nobody signs them. A link proves both instances over the certificates that
// these two name (package peer): an offer or an answer that is altered, or in
// another's name, comes to nothing.
//
// # Streams
//
// Who has no link to a member of its own has streams of bytes to it in its tunnel,
// each many frames; over a direct link they are ignored, for there is a data channel for
// them (package peer). Their format is that of package peer/stream, and what
// that calls a breach is a violation here. A stream ends with its tunnel. Whoever
// came before there were streams skips them, and answers none.
//
// They come last: a member sends a stream frame when it has no other for that
// tunnel, and while no more than a quarter of the tunnel's window is under way, and
// of all its tunnels no more than 16 MiB a second.
//
// # How the protocol grows
//
// All of the above is version 1, and stays as it is: its bytes are in
// testdata/v1.txt. Later versions add to it where an older one looks away, and
// members of both are in one room. What an older one does with what it does not
// know:
//
//	frame type                 skips it; does not pass it on
//	what follows the fields of have, gap, bye,
//	bye-ack, record and asked  ignores it
//	bits of flags              ignores them, in peers, reach and ask, and in
//	                           package peer's hello
//	kind of message            takes it for a broadcast: verifies, numbers, holds,
//	                           confirms and passes it on, and shows it to nobody
//	topic                      the same
//	kind in a relay frame      drops it; passes it on
//	kind of sealed content     ignores it
//	first byte of hello        ends the link (package peer)
//	Lanyap-Version             answers an offer with 426 (package peer)
//
// Everything else that is not as written here is a violation, and is so on
// purpose: what is let pass today could not be given a meaning tomorrow. So an
// addition is a frame that may get lost, a field behind the others that may be
// missing, or a kind that need not be shown. What must not be overlooked needs
// another version of the offers, and so another network. The strings that go into
// signatures have a number of their own: a new format of a message, a record or a
// tunnel's records is signed under another, and never passes for an old one.
//
// A history file holds messages as they were signed; its format has a number, too
// (package store). A program that does not know the number refuses the file and
// leaves it as it is.
package wire
