// Package mesh makes the programs of one local network find each other and talk
// as a group: no server, no account, no configuration, no internet.
//
// A program calls [Join] and is a member of a room. It finds the other members
// by itself, keeps a direct, encrypted link to each of them, and says things to
// all with [Node.Broadcast] or to one with [Node.Send]. What happens in the
// room comes as one stream of events:
//
//	node, err := mesh.Join(ctx, mesh.Config{Name: "ana"})
//	if err != nil {
//		return err
//	}
//	defer node.Close()
//	receipt, err := node.Broadcast(ctx, []byte("hello"))
//	…
//	for ev, err := range node.Events(ctx) {
//		if err != nil {
//			return err
//		}
//		switch ev := ev.(type) {
//		case mesh.Joined:
//			fmt.Println(ev.Peer.Name, "is here")
//		case mesh.Message:
//			fmt.Printf("%s: %s\n", ev.From.Name, ev.Data)
//		case mesh.Left:
//			fmt.Println(ev.Peer.Name, "is gone:", ev.Reason)
//		}
//	}
//
// # Members
//
// A member is one start of one program: a [Member] is an ID, the public key of
// whoever runs it, and an instance, random at each start. The same ID can be
// here several times, in two terminals of one user for example, and a program
// that is restarted is another member.
//
// [Node.Members] lists who is here. A member is here while this node reaches
// it: over a link of their own, or through others ([Peer.Via]), however many
// are between. That a pair cannot reach each other (an access point that keeps
// its clients apart, a firewall, a bad cable) is no reason for anybody to miss
// anything. [TestBlockedPairIsRelayed, TestStrangersAreRelayed,
// TestChainIsRelayed, TestAnotherRelayTakesOver, TestRelayedLeavesWithItsPath]
// [Rerouted] says when the way to a member changes. [TestRerouted]
//
// A cable that is out for five seconds, or a machine that stops as long, loses
// nobody; a process that ends is missed within milliseconds, a machine that
// vanishes within eight seconds. Who is gone for a reason is dialed again for 15
// minutes, and whenever discovery sights it.
//
// Who joins meets the others one after the other, within a fraction of a second.
// [Node.Settle] waits until nobody is missing, for programs that have one thing
// to say and go. [TestSettleMeetsEverybody, TestSettleOfTwoAtOnce,
// TestSettleNamesWhoIsMissing]
//
// A node that joins with [Config.Observer] sees who is here, and in what they take
// part, and is seen by nobody: it is no member, takes part in no topic, and
// neither sends nor receives messages. [TestObserverSeesTopics]
//
// # Topics
//
// A room may serve several programs, and a program may have several parts. Each
// names a topic: [Config.Topic], or "main", is the one that the Node's own methods
// are about, and [Node.Topic] has the node take part in another, with members,
// events and messages of its own:
//
//	files, err := node.Topic("files")
//	…
//	defer files.Close()
//	receipt, err := files.Broadcast(ctx, list)
//	…
//	for ev, err := range files.Events(ctx) {
//
// What a program may rely on:
//
//   - What is said in a topic is read in that topic and nowhere else, and nobody
//     who reads one takes an event from another. [TestTopicsAreApart]
//   - A member is here in a topic while it says that it takes part in it:
//     [Joined] and [Left] come and go with that, a Left without a reason behind
//     what was said before. (If the link breaks meanwhile, the next one begins
//     with that, and what was said before comes as history.) A [Receipt] counts
//     those alone who are here in the topic. What comes from somebody who is not there (any more) comes as
//     history. [TestPresenceByTopic, TestLastWordsBeforeATopicIsLeft,
//     TestSaidWhereItsSenderIsNot, TestTopicsOverARelay]
//   - Every node holds, passes on and confirms what is said in all topics,
//     whether or not it takes part in them. So what comes back as history does
//     not depend on who was in the topic. A topic that is opened late begins with
//     what its node holds of it, as history.
//     [TestTopicOfNobodyHere, TestTopicOpenedLate]
//   - One that nobody reads costs no other a message, and nobody waits for it:
//     each has 8 MiB of events of its own. [TestUnreadTopicHoldsUpNobody] The log,
//     the history and its bounds, and so how long Broadcast waits for who is
//     behind, are the node's, for all its topics together.
//   - An origin's broadcasts are one stream, numbered over all topics; a topic
//     shows some of the numbers. [Gap], which only knows how many are missing,
//     comes to all topics that the origin takes part in, [Conflict] and
//     [HistoryFailed] to every one. [TestGapsInTopics]
//
// Who is in which topic is no secret, nor is what is said there.
//
// # Delivery
//
// What a program may rely on; the test that holds each promise is named in
// brackets.
//
//   - The live messages of a member come between its [Joined] and its [Left],
//     in the order in which it sent them, each exactly once.
//     [TestMessagesComeBetweenJoinedAndLeft, TestDroppedLinkLosesNothing,
//     TestRandomSchedules]
//   - What it said while it was cut off from us follows its next Joined, in
//     order. [TestSaidWhileCutOffFollowsTheNextJoined]
//   - A broadcast that is accepted while a member is present reaches it over
//     whatever path is left, or a [Gap] says how many are missing: those that
//     the sender no longer has. It has all that fits its log until everybody
//     has it, or has been away for 15 minutes, and after that what is history
//     still: who comes back misses nothing that a newcomer would get. Nothing is
//     skipped silently. [TestShortCutLosesNobody, TestAwayForTooLongIsAGap,
//     TestLogOverflow, TestBlockedPairIsRelayed,
//     TestReturnAfterLongReadsWhatANewcomerReads]
//   - Whom this node meets for the first time gets live what it accepted since it
//     had heard of it, or since it came into the room itself a quarter of a
//     second before that; three seconds back at most. So who speaks as soon as it
//     has met the first of a room speaks to all of it.
//     [TestSaidAtOnceIsLiveForWhoWasHere, TestSettleMeetsEverybody]
//   - Who vanishes stays present for up to a second while others are asked what
//     they have of it, all of them if it has spoken in the last 15 seconds: its
//     last words come before its Left, if anybody has them.
//     [TestDyingWordsReachEverybody, TestDyingWordsAreOffered] What turns up
//     later, because who had it could not be reached in time, comes as History.
//     [TestHalvesMerge]
//   - Accepted means that this node has it in memory: it survives broken links
//     and the crashes of others, not this node's own. A node that is alone
//     accepts messages too; who joins later gets them as history.
//     [TestSaidToNobodyIsAccepted]
//   - [Receipt.Delivered] returns nil when the nodes of all who were present at
//     acceptance have confirmed that they hold the message, over a link or
//     through others, which does not say that their programs have read it.
//     Otherwise it names who left without confirming.
//     [TestDeliveredMeansEveryoneHasIt,
//     TestReceiptNamesWhoLeftWithoutConfirming] In a room of more than five that
//     takes up to 20 ms longer than the message; see [Receipt.Delivered].
//     [TestReceiptsOfALargeRoomStayOutOfTheWay]
//   - [Node.Send] promises the same to one, in an order of its own: none holds
//     between private messages and broadcasts. Whoever relays it cannot read
//     it. [TestSendReachesOneOnly, TestSendSurvivesACut,
//     TestBlockedPairIsRelayed]
//   - Between members no order is promised. Message.Sent is the sender's clock,
//     and a reply is never earlier by it than what it replies to, unless a
//     clock is more than five seconds off. [TestSentFollowsTheClocksOfOthers,
//     TestClockFarAheadIsNotFollowed]
//   - After [Node.Leave] everyone present has everything that was accepted, and
//     sees Left without a reason. After [Node.Close], or a crash, they see Left
//     with one. [TestLeaveDeliversWhatWasSaid, TestLeaverGetsWhatWasSaidToIt,
//     TestMemberOnANewLinkIsWaitedFor, TestLeaveNamesWhoNeverAnswered,
//     TestCloseIsSeenAsALoss]
//
// # History
//
// A node that joins gets what was said before, from the others' memory: Message
// with History set, at most [Config.History] of them, the last 1,000, 8 MiB and
// 24 hours. It is what an origin accepted before it counted this node as
// present, and what those have said who are gone by now. It comes sorted by the
// senders' clocks, of each origin in its order and before its live messages,
// which wait for it at most two seconds; nothing comes twice. It is best effort:
// what is too old, or comes too late, is left out without a Gap. Its sender
// need not be present, nor ever have been.
// [TestNewcomerReadsHistory, TestNoHistory, TestHistoryIsBounded, TestHalvesMerge]
//
// What a node hears it keeps for those who come later, within the same bounds,
// at most [Config.KeepHistory], whether or not it asked for any itself.
// [TestKeepsWithoutShowing]
//
// Who comes back after more than 15 minutes gets the same of those who are gone
// by then; there a Gap says what is missing between what it had and that.
// [TestReturnAfterLongReadsOfWhoIsGone]
//
// The bounds are shared out. What is too much goes, oldest first, from who has
// most of it, so who has said less than a fair share loses nothing to others
// who talk all day. Shares are given to those we have it from, who are linked
// to us, and within theirs to IDs: a crowd that one member makes up has no more
// than that member. [TestTalkativeMemberLeavesOthersTheirHistory,
// TestManyNamesOfOneLinkLeaveOthersTheirHistory]
//
// Age counts from when a node first received a message and travels as an age,
// so that nobody's clock can make history of the present. Clocks may be wrong
// and may be set, back or forth, at any time: nothing is lost by it, and no
// member's messages change their order. [TestClockSetWhileSpeaking,
// TestClockSetByOneWhoDies, TestClockSetByAListener]
//
// [Config.HistoryFile] keeps the history over everyone's leaving. One process
// holds the file; [Join] returns [ErrHistoryHeld] to others. If it cannot be
// written, [HistoryFailed] says so, and Leave and Close if it is not by then.
// [TestHistoryFile, TestHistoryFileOnAFullDisk]
//
// # Streams
//
// What is too much for messages, a file or a request over HTTP, goes over a stream:
// a [net.Conn] to one member, which listens for it under the name of a service.
//
//	l, err := node.Listen("notes/1")
//	…
//	conn, err := l.Accept()
//	who := conn.RemoteAddr().(mesh.Addr).Member
//
// and on the other side
//
//	conn, err := node.Dial(ctx, member, "notes/1")
//
// What a program may rely on:
//
//   - Both ends are net.Conns with everything that belongs to that: deadlines,
//     after which they can be used again, half-close, several goroutines at once.
//     [TestStreamsAreConns, TestConnOverAChannel, TestConnThroughAMember] net/http
//     serves on a listener and dials with [Node.Dial]. [ExampleNode_Listen]
//   - RemoteAddr says who it is: a stream is encrypted and bound to the proof that
//     the link to that member carried. [TestDialService]
//   - It goes over TLS 1.3 and TCP at the speed of that, to the port where the
//     member answers. Where TCP does not get through, it goes over the link to the
//     member, or through other members, which cannot read it; TCP is then tried
//     last for a minute. Carrier() says which: "tcp", "channel" or "member".
//     [TestStreamOverAChannel, TestTCPIsTriedAgain, TestStreamThroughAMember]
//   - A node may dial itself, so that two parts of a program need not know that they
//     run in one; Carrier() is "own" then. [TestStreamToOneself,
//     TestStreamToOneselfIsAConn]
//   - Who is not there, or does not listen for the service, is told by Dial as soon
//     as the member answers. [TestDialService, TestListenErrors, TestOddAnswers]
//   - io.EOF means that the other side said so, by CloseWrite or Close. A process
//     that ends, a node that closes with the stream open, a cable that is out: each
//     of these is another error. [TestKilledStreamIsNoEnd, TestCloseEndsStreams,
//     TestStreamOfWhoIsGone]
//   - Over TCP a stream outlives its link, and a cable that is out for some seconds.
//     [TestStreamOutlivesItsLink, TestStreamOverAShortCut] When its member has not
//     been here for 15 seconds it ends, with [ErrNoMember], though TCP knows of
//     nothing yet. [TestStreamsOfWhoStaysAway]
//   - Over a link, or through others, it outlives such a cable too, and ends with
//     the link or the way, with an error. [TestStreamOutlivesACut,
//     TestStreamEndsWithItsLink, TestStreamEndsWithItsTunnel]
//   - What is said does not wait behind streams, read or unread. Over a link no
//     more than 128 KiB of them are on their way. Through others they come after
//     all that is said, fill a quarter of a tunnel's window, and take 16 MiB a
//     second of all tunnels of a member. [TestStreamInATunnelIsPaced,
//     TestUnreadStreamInATunnel]
//   - A member from before there were streams answers none: a dial ends with an
//     error within 5 seconds. [TestStreamToAnEarlierVersion] One that sends on
//     them what no honest member does loses its link or tunnel, and nobody else
//     anything. [TestLyingStreams, TestThousandsOfStreams, TestStreamFramesOnALink]
//   - Streams that a program does not accept wait, 64 of each service, and further
//     ones are refused. So are a member's that has opened 128, and all past 1,024.
//     Nobody loses one by what others do. [TestListenerThatDoesNotAccept,
//     TestStreamsOfOneMember, TestStreamsOfAll] What was accepted outlives its
//     listener. [TestListenerCloses, TestAcceptedOutlivesItsListener]
//   - Whoever opens one and does not say what for is cut off after 5 seconds.
//     [TestOddStreams]
//
// Who may use a service is for the program to decide, by the member's ID: everybody
// in the room can dial it. [Node.Present] lists them, whatever topics they are in.
// [TestPresent] Observers neither dial nor listen. A stream that is idle costs
// nothing on the network; [Node.Leave] and Close do not wait for streams.
//
// # Slow members and slow programs
//
// Each link takes from one log at its own pace, so a slow member does not hold
// up the others' links. Broadcast itself waits while a member that goes on
// confirming lacks more than 4 MiB, so that who can keep up at all, with 256
// KiB a second, gets everything. A member that has confirmed nothing for a
// second is waited for no longer, and one that confirms less than that for the
// lesser part of the time; it catches up from the log, as far as that reaches.
// [TestBroadcastWaitsForASlowMember, TestStoppedMemberHoldsNobody,
// TestDripHoldsNobody, TestSlowMemberIsWaitedFor, TestSendWaitsForASlowMember]
//
// What goes through others waits at its sender when they are slow, each tunnel for
// itself: who relays keeps only what it has room for, even if all members of a
// room depend on it and speak at once. [TestIsolatedClientsAllSpeak] Who sends
// more through it than honest members do loses that, and nobody else anything.
// What is relayed is sealed for each receiver, so a broadcast goes to a relay once
// for each member behind it.
//
// A log handler that is slow holds up nothing until [Node.Close], which waits for
// what was logged, and may call the node. [TestLogHandlerMayCallTheNode,
// TestStuckLogHandlerHoldsNobody, TestStuckLogHandlerLinks]
//
// A program that does not read its events stalls nobody, neither here nor
// elsewhere: past 8 MiB of them messages are dropped, and a Gap in their place
// says how many. [TestProgramThatDoesNotReadGetsAGap] Of the ways to a member that
// change then it is told the last; past 16 MiB it is not told of a member that
// came and went meanwhile, nor of a Conflict. [TestUnreadEventsAreBounded]
//
// # Networks
//
// Nodes find each other by mDNS (package discovery) on every usable interface;
// over others, such as a VPN's, they can be given by hand.
// Where multicast is filtered, one address given by hand ([Config.Peers]) is
// enough: members tell each other whom they know.
// [TestOneAddressByHandIsEnough, TestAddressByHandThatStartsLater]
// Of two nodes either may dial, so a firewall that lets only one side in does
// no harm. [TestOneWayFirewall] [Node.Sightings] tells of nodes that were seen
// and not reached, and why.
//
// Of who calls, those are answered who are near: on a network of this machine,
// or at a private or link-local address; and who is at an address given by hand.
// The rest of the world learns nothing, not even what answers there, unless
// [Config.AllowRemote] is set.
//
// Addresses where nobody answers keep out nobody: not those that are given by
// hand, and not those of forged announcements, which draw no more dials to
// whomever they name than one node there would.
// [TestDeadAddressesDelayNobody, TestNamesThatDoNotResolveDelayNobody,
// TestDeadAddressesDoNotKeepOutOneByHand,
// TestBystanderIsLeftAlone, TestManyNodesAtOneAddress,
// TestManyAddressesDelayNobody, TestAnswersWithoutALinkDelayNobody,
// TestGhostsAtALivingAddress, TestGhostsDelayNobody]
//
// A node sends packets only to the networks its machine is on, to addresses
// given by hand, and to private addresses (RFC 1918, RFC 4193, RFC 6598) at
// which a member says it has a live link to another. [TestToldAddresses]
//
// # Identity and trust
//
// Links are encrypted, and a member proves its ID on each. Every message is
// signed by its origin over room, instance, sequence and content, and verified
// before it counts. So nobody can speak for another ID, alter what it said,
// replay it, or make up a past. [TestLyingMembers, TestLyingHistory,
// TestLyingRecords, TestTunnelUnderAnothersInstance]
//
// Members that have no link to each other are connected by a tunnel through
// others, encrypted from end to end by keys that both have signed: who relays
// sees who talks to whom, and how much, and can drop it, no more; then another
// way is taken. [TestRelayCannotRead, TestCrookedRelays, TestForgedTunnels]
//
// Each message carries a digest of the one that its origin said before. So who
// tells different members different things, or one member first this and then
// that, is found out as soon as two of its messages meet anywhere that do not
// belong to one story: by its next message, in what others hold of it, by a
// newcomer who hears of both, and when two members compare what they hold, which
// each does with one of its links a minute. A [Conflict] says so, once of each
// origin, and of those that were never here at most 16 at once and one a minute:
// any member can make them up. [TestMadeUpConflicts] Nothing is dropped for it:
// what is true nobody can tell. [TestTwoPasts, TestTwoPastsWithoutAnEnd,
// TestTwoPastsInHistory, TestTwoPastsOverARelay, TestTwoPastsInPrivate, TestTwoBodiesForOneSequence]
//
// What a member's link makes a node do beside taking in messages, such as
// checking records and routes, is rationed to a twentieth of a core, with half a
// second in advance: who asks for more is read more slowly. What it relays to
// this node, or to a member that this node says it reaches, is not: who passes
// that on would suffer for who sent it. It costs some 25 ms for each MiB of the
// smallest frames. [TestFloodsAreRationed, TestHonestFloodsAreNotRationed,
// TestRelayIsNotReadSlowlyForOthers]
//
// What a member says, and all else that it sends, is taken in as fast as any honest one
// was measured to send, and up to five times that: 20,000 link messages, 100,000 frames
// of its own and 400,000 of others, and 256 MiB a second, for each link. Past that it is
// read more slowly, and neither loses anything nor delays another's messages.
// [TestStormIsNotSlowed, TestFloodIsReadSlowly]
//
// Names are not proven: anyone can call itself anything. Decide by Peer.ID, and
// treat names, topics and messages as what strangers wrote.
//
// # Security
//
// An open room, of a Config without a Secret, is open to whoever is on the network and
// knows its name or guesses it. One with a [Config.Secret] is for those who know that.
// They prove it on each link before either side says who it is (package peer); what
// follows from it is in all that is signed.
//
// Who does not know the secret:
//
//   - It has no link, and so learns no name, ID, topic or message, nor who is here.
//     [TestSecretsKeepRoomsApart] It opens no stream to a service, and sees nothing as
//     an observer either. [TestStreamsOfAnotherSecret, TestObserverNeedsTheSecret]
//   - Nothing that was made for another secret is good here, or the other way round: no
//     message, record, tunnel or history file, whoever passes it on.
//     [TestSignaturesOfAnotherSecret, TestHistoryFileOfAnotherSecret]
//   - It sees that nodes of a room are there, a hash of its name, their addresses and
//     ports, how many there are, and when they send how much.
//   - It may try a secret for each link, whoever dials. A node that turned out to know
//     another is not dialed again at that host, by whatever port: for 10 minutes if it was
//     a member before, or else never. One that dialed us with another is not dialed there
//     for a minute, if it was no member. [TestOtherSecretIsMetOnce] So who answers in the
//     place of a node at its address, or dials in its name, as a process on its host can, or
//     a host behind the same address translation, keeps us from dialing it. It can dial us.
//   - The program hears of such nodes by [Refused], once a minute at most: two groups may
//     have rooms of one name. [TestRefusedIsToldOnceAMinute]
//
// Who knows the secret, or is in an open room:
//
//   - It reads what is said to all, and what was said up to 24 hours ago, as far as
//     somebody keeps that ([Config.KeepHistory]). What is said to one is read by that one.
//     [TestRelayCannotRead]
//   - It cannot speak for another. (See Identity and trust.)
//   - It can send as much as this node takes in, and no more is kept for it than Limits
//     says. [TestFloodIsReadSlowly, TestFloodsAreRationed]
//   - It can see who is here without being seen, as an observer, and let in, or tell,
//     whom it likes.
//
// Who has left knows the secret still, and what it has heard. It can come back, under
// another name and key too, and read then what is said and kept. [TestWhoLeftComesBack]
// It cannot be locked out but by another secret: those who are to stay start anew with
// that, each for itself, and from then on who knows the old one is a stranger to them. Who
// has not changed yet is told of the others by Refused. A history file stays with the
// old secret; the new room begins without. [TestRoomGetsANewSecret]
//
// What was recorded on the network stays sealed if the secret comes out later: the keys
// of a link are made for it and forgotten. But a history file, or a signed message that
// somebody passes on, lets its owner try passphrases without asking anybody, each for
// 19 MiB and some 20 ms. Five words drawn by chance from a list of thousands are out of
// reach; what people make up may not be.
//
// Both ends of a link have a [Node.Binding] alike that nobody else can have, by which
// people can make sure that nobody stands between them. [TestBinding]
//
// Nobody can promise that a network lets anything through which is somebody else's, that
// a page is what it says when the network it came over was not safe, or that a member
// keeps to itself what it reads.
//
// # Limits
//
//	message                   64 KiB
//	room                      128 members, or Config.MaxMembers, and a quarter as
//	                          many observers; when it is full, who has most places
//	                          for one address gives some away
//	log of broadcasts         32 MiB, 15 minutes after a member left
//	what others said          32 MiB, 15 minutes; of it as history 8 MiB,
//	                          1,000 messages, 24 hours
//	a member behind           4 MiB, then Broadcast waits
//	private, per recipient    1 MiB, then Send waits
//	private, for the absent   32 MiB in all, 15 minutes
//	topics                    16
//	events not read           8 MiB in each topic; 16 MiB with those of members
//	                          that come and go, and of ways that change
//	former members known      1,024
//	sightings                 512, 16 addresses each
//	dials at once             4 at first, 1 to 16 as dials turn out to be slow
//	                          or quick; those kept waiting beside, 16 in all;
//	                          4 to addresses given by hand
//	dials in vain             6 to one host, then one each 5 s, however many
//	                          nodes are said to be there, and one more for each
//	                          that meets another node; 128 to one network, then
//	                          8 a second
//	relays between two        3
//	offers to answer          64 at once over one member, then 2 a second; 16 under
//	                          way, shared out among those that they come over
//	tunnels                   256; of messages 192 KiB and 8,192 under way in each,
//	                          and 11 MiB in all members' together
//	kept for others           16 MiB of what they send through this node
//	streams that others open  128 from one member, 1,024 in all; 64 of a service
//	                          that wait to be accepted; 64 at once over a link,
//	                          or through others, each way
//	of a stream, not read     256 KiB, of all over one link 5 MiB
//
// Those in MiB are a node's in a program that may use 256 MiB or more. If the
// program has set the runtime a limit (GOMEMLIMIT, [runtime/debug.SetMemoryLimit]) of
// less, a node that starts then takes less in proportion, but at least 1 MiB for
// each. [TestLimitsFitTheMemory]
//
// The runtime collects when as much is garbage as is in use. In a program that
// uses a few megabytes that is all the time: to let more gather (GOGC=400,
// [runtime/debug.SetGCPercent]) makes links a fifth cheaper, messages 10 to 25 %
// quicker, and the resident memory of a node with 63 links half as large again.
//
// # Pages
//
// The package compiles for GOOS=js GOARCH=wasm, and a page, a browser's tab that a
// node serves, is a member like any other: [Peer].Web says so, over a link or through
// others. What a page cannot have is in files named *_native.go, what it has instead
// in *_js.go, and all other files are both's.
//
//   - A page finds nobody by itself: [Config.Peers] names the node that served it,
//     the only one that it dials. To everybody else it offers links of their own,
//     which members carry, and so to other pages; nobody dials a page or is told
//     where one might be dialed. [TestPagesAreMembers, TestPageIsNeverDialed,
//     TestTabsOnOneHost]
//   - It has links to all as soon as its browser has looked for its addresses, a
//     tenth of a second, and is reached through others when that takes longer than
//     a quarter of a second. Who comes later reaches pages at once, through others
//     until they have offered it a link. [TestPageIsMetSoon,
//     TestNewcomerMeetsPagesAtOnce]
//   - It does not need the node that served it: what is said reaches it over its
//     other links, and newcomers are offered links over those. Only when it has lost
//     all of them does it wait for that node, or another start of it at the same
//     address. [TestPageOutlivesItsServer, TestPageReturnsToAnotherStart]
//   - Whoever it cannot link to (an access point keeps them apart, or two browsers
//     tell no address) it reaches through others, and tries again after 250 ms and
//     then twice as long each time, up to four minutes; within a second when another
//     member reaches it. [TestPageBehindAnIsolatingAccessPoint,
//     TestPagesThatTellNoAddress]
//   - Closed or loaded anew, it says goodbye, and all have its last words, as far as
//     they can be sent at once. Loaded anew it is another start, of the same key if
//     it is given that. [TestPageSaysGoodbye, TestPageIsLoadedAnew]
//   - Frozen for less than 15 minutes, it reads on waking what was said meanwhile, as
//     after any cut. [TestFrozenPage]
//   - It relays for others where no node is as near. [TestPagesRelayLast]
//   - Observers, whom no page can offer a link, find pages among [Node.Sightings].
//     [TestObserverSeesPages]
//   - What members carry is signed by nobody, and a link proves both sides. If one
//     alters it or swallows it, pages take another way; if one makes it up, a node
//     answers 64 offers over it at once and two a second after that, each at the
//     address that the first who carried it says, if that is on its own networks.
//     [TestCrookedCarriers, TestFloodOfOffers, TestOfferThatIsPlayedAgain,
//     TestOddOffers, TestAnswerOfSomebodyElse, TestAuthorDoesNotSayWhereItIs,
//     TestOfferSaysWhereThePageIs]
//
// A room without pages costs nothing more for it. [TestRoomWithoutPagesTellsOfNone]
// A page keeps no [Config.HistoryFile], and what protects it is no better than the
// network that it was loaded over.
//
// # Tests
//
// Package meshtest is a network in memory for tests of programs that use this
// one: set [Config.Network] to one of its hosts. It works inside
// testing/synctest.
//
// The protocol is specified in internal/wire, and with it what a node does with what
// a later version says: it is held and passed on, and not shown. [TestNewerMember]
package mesh
