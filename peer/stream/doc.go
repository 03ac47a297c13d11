// Package stream makes streams of bytes, each a [net.Conn], out of whatever
// carries whole messages in order: a data channel of a link, or a tunnel through
// members. Both ends have a [Mux] on the same carrier, and either side opens
// streams on it.
//
// A Mux does no I/O: what goes to the other side is fetched with [Mux.Append] by
// whoever can send it now, and what came from there is given to [Mux.Take].
// [Mux.Carry] does both for a carrier that has nothing else to do.
//
// Why not a data channel for each stream: pion never gives out the number of a
// closed one again (pion/webrtc#3534), each costs the other side memory before
// anybody has asked for it, and a tunnel has none. Streams that share a channel
// wait for each other's lost packets; they would wait for SCTP's window anyway.
//
// # Frames
//
// A message of the carrier is one frame:
//
//	kind     1
//	stream   4    its number, from 1 on; the highest bit says that the
//	              receiver of the frame has opened it, not its sender
//	rest
//
//	kind  name    rest
//	1     open    empty
//	2     data    at most 16,384 bytes
//	3     credit  8    how many bytes in all may be sent on the stream
//	4     end     empty
//	5     reset   why, in words, or empty for a close
//
// Integers are big-endian. An open comes first, and its number is higher than
// that of any stream its sender has opened before. Each side may send 16 KiB on
// a stream before the first credit. After end no data comes. After reset nothing
// does, and its sender takes nothing in any more: frames of a stream that is
// over are ignored. The end of the streams' carrier ends them all.
//
// Other kinds are ignored, and so is what follows the fields of open, credit and
// end: that is how later versions add to this. What else does not read as
// written here, or exceeds the credit, ends the carrier. [TestBreaches, FuzzTake,
// TestGolden]
//
// # Promises
//
//   - A Conn is what [net.Conn] says, with CloseWrite. What was written before
//     Close arrives, for as long as the carrier lasts and the other side reads;
//     it is given a minute. [TestConn, TestCloseDelivers, TestHalfClose,
//     TestCloseOfAReader, TestLinger]
//   - What was received and is not read is at most 256 KiB a stream, 16 KiB
//     before its reader has begun, and 5 MiB of all; small writes cost no more.
//     [TestUnreadIsBounded, TestManyStreamsShareTheWindow, TestTinyFrames]
//   - One that nobody reads holds up no other. [TestUnreadHoldsUpNoOther]
//   - At most 64 streams are open each way, and those nobody accepts are few:
//     more are refused at once. Who is refused for ever and goes on has the
//     carrier ended. [TestTooMany, TestNobodyAccepts, TestFloodOfOpens]
//   - Streams that have something to send take turns. [TestTurns]
package stream
