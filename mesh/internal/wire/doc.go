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
//
// A frame of an unknown type is skipped, and so is what follows the fields
// listed here in have, gap, bye and bye-ack: that is how later versions add to
// the protocol. Everything else that does not read as written here is a
// violation, and whoever reads one closes the link and says why.
//
// # Messages
//
// Each member has one stream of broadcasts, and one stream of private messages
// for each other member. Sequence numbers start at 1 and are below 2^63.
//
//	kind        1    1: broadcast, 2: private
//	origin      32   ID: the Ed25519 public key (RFC 8032) that signed
//	instance    8    of the origin: one start of its program
//	sequence    8    in its stream
//	clock       8    48 bits Unix milliseconds, 16 bits counter
//	recipient   40   ID and instance; private messages only
//	body             what is left, at most 65,536
//	signature   64
//
// The signature is over
//
//	"lanyap message v1\x00" · room key 32 · all of the above but the signature
//
// where the room key is SHA-256("lanyap room key" · room name). The room is
// not sent: a message of another room does not verify, and neither does one
// whose origin, instance, sequence, recipient or body was changed. The prefix
// keeps signatures for other purposes by the same key apart.
//
// The clock is a hybrid logical clock (Kulkarni et al., "Logical Physical
// Clocks", 2014): it follows wall clocks, and orders a message after those
// that its sender had seen.
//
// # Have
//
// It is the first frame that a member sends on a link, and its
// acknowledgement from then on. next is the sequence of the sender's next
// broadcast; in the first have of a link it is where the sender's stream
// begins for somebody who has never met it. want is the sequence of the
// receiver's broadcast that the sender waits for: it holds all before. 0 says
// that they never met. The other two say the same of the private streams
// between the two. Messages flow once the other side's first have has arrived,
// from its want, or from the own next where want is 0.
//
// A want beyond what the receiver ever sent is a violation, with one exception:
// who no longer knows that it ever sent the other anything in private (it keeps
// 1,024 acquaintances) goes on from there.
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
// are left out.
//
// # Leaving
//
// bye says that the sender has sent all it will ever send but
// acknowledgements. The receiver sends everything that it accepted before,
// then bye-ack; whoever sent bye then closes the link.
package wire
