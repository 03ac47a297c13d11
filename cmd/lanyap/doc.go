// Lanyap talks to everybody on the same network: no server, no account, no
// internet, nothing to configure.
//
//	lanyap                     chat with whoever is on this network
//	lanyap say backup done     say something to all of them and go
//	tail -f log | lanyap chat  say each line of it
//	lanyap chat --json         the same for programs
//	lanyap send film.mkv       send files and folders to all of them, or --to NAME
//	lanyap receive             take what others send
//	lanyap share ~/music       let others browse and fetch a folder
//	lanyap ls, lanyap get      see what others share, and fetch it
//	lanyap page                serve the page by which browsers join, and nothing else
//	lanyap invite              make a private room, and let others into it
//	lanyap peers               who is here
//	lanyap known               whom you have met; see trust, verify and block
//	lanyap doctor              why it may not work
//
// "lanyap COMMAND --help" explains the flags. This is the manual for scripts and
// programs.
//
// # On a terminal
//
// What is typed stands below what arrives. Enter sends; Alt-Enter starts a new
// line; a paste of several lines is one message; the arrows edit and call back
// what was said; Tab completes names, paths and commands; Ctrl-L clears the screen;
// Ctrl-D leaves, once what was entered is said. A second Ctrl-C ends at once. A
// line that begins with a slash is a command, and never said:
//
//	/help            what there is
//	/who             who is here
//	/msg NAME TEXT   tell one alone; a name with spaces goes into double quotes
//	/me TEXT         what you do; shown to people as an action, to others as typed
//	/send PATH NAME  offer a file or folder to one, or without a name to all
//	/get N DIR       take what is offered, into DIR or the current directory
//	/decline N       turn it down
//	/verify NAME     find out with somebody, by words that both read, who that is
//	/trust NAME      remember that you are sure who that is; with --remove take it back
//	/block NAME      neither see nor hear that one again; with --remove take it back
//	/qr              the page's address as a code, for the camera of a phone
//	/invite          the same as an invite, with the secret of a private room
//	/quit            leave
//	//TEXT           say a text that begins with a slash
//
// Only people at a terminal have commands: what comes from a pipe is said as it
// is.
//
// # Private rooms
//
// A room with a secret is one that only those can enter, read, or see the members of
// who know it. Whoever does not learns that somebody is there, and the hash of the
// room's name, as of an open one. Every command that joins takes the secret
//
//   - from the file that --secret-file names, which may be a pipe, such as that of a
//     password manager; there is a warning if others can read or write it
//   - typed, with --ask-secret, on the terminal, which does not show it
//   - from the variable LANYAP_SECRET, which what --exec runs is not given
//
// A flag goes before the variable, and that before the twins of flags. No flag takes
// the secret itself: what stands on a command line is seen by everybody on the machine.
//
// A secret has at least 12 characters and at most 1,024 bytes of UTF-8. Case counts.
// How much space is between its words does not, nor whether an accent is a character of
// its own. Five words that were picked by chance are enough, which is what "lanyap
// invite" makes; what people think of themselves is guessed sooner. Who guesses at it
// on the network has some 365 tries an hour at each node.
//
// "lanyap invite" prints the command that enters the room on this machine, and the
// address of the page with the room and the secret behind #, where browsers keep it to
// themselves: an invite. It is read by the camera of a phone, and by lanyap itself,
// which takes a whole invite wherever it takes a secret, and joins the room that the
// invite names; that --room names another one is an error. The page is served until
// --for (24h) is over. After that who is given the invite refuses it, but whoever has
// read it has the secret: to keep somebody out, everybody starts again with another
// one. In a chat /invite shows one that is meant for 24 hours.
//
// Two groups may use one name with different secrets, or one of them with none. They do
// not see each other; that somebody else is there is told once, in a line that begins
// with warning:. If everybody who is found refuses us for the secret until --timeout is
// over, the exit code is 5.
//
// # In a pipe
//
// The answer is on standard output, everything else on standard error; with
// --quiet nobody's coming and going is told. Each line of input is a message to
// all, whatever it begins with.
//
//   - Nothing is said before somebody else is there. What is said then is for
//     everybody whom that one knows, and who is sighted: lanyap stays until these
//     have it, too; who was not met within 3 s is named at the end. With --wait N
//     it is said as soon as N others are there, whoever else is.
//   - The others may take --timeout (10 s) to come, counted from the end of the
//     input, or with --wait from the start: an open pipe waits as long as it
//     takes.
//   - At the end of the input lanyap waits, for --timeout at most, until those
//     present have what was said, and leaves.
//   - With --listen, or with standard input closed or /dev/null as in a service
//     unit, it says nothing and runs until SIGINT or SIGTERM.
//
// Input is text in UTF-8. A byte order mark before it is dropped; UTF-16, and
// lines with zero bytes, are refused.
//
// A message is shown as `name: text`, further lines of it indented; one that was
// said earlier as `[time] name: text`. A name that could pass for something else
// (it holds a colon, say, or is `error`) is in double quotes, except in JSON. Off
// a terminal
// earlier messages are shown only if --history N asks for them. Whether or not
// they are shown, they are kept for those who come later (--keep-history N).
//
// # JSON
//
// With --input json each line of input is an object:
//
//	{"text":"…"}                     to all
//	{"text":"…","to":"NAME or ID"}   to one alone
//	{"text":"…","ref":"…"}           ref, of at most 256 bytes, comes back in sent, delivered,
//	                                 undelivered, and in the warning that tells why it was not sent
//	{"send":"PATH","to":"…"}         offer a file or folder to one, or without to, to all
//	{"get":"OFFER","dir":"…"}        take an offer, into dir or the current directory
//	{"decline":"OFFER"}              turn one down
//
// What is about files is done at once, whether or not somebody is there to talk
// to, but in its turn: after what was to be said before it, and for --timeout at
// most when they are here whom it is sent to. The offer is that of
// the event; see "Sending and receiving files" for these. At the end of the input
// a chat waits for what is being sent and fetched.
//
// With --json each line of output is an object with "v":1, "type" and "time"
// (when it happened here; RFC 3339 with nanoseconds). Types and keys may be
// added; those that are there keep their meaning.
//
//	{"type":"ready","id":"…","instance":"…","name":"ana","room":"lan","addrs":["10.0.0.7:7475"],
//	 "private":true,"page":["http://10.0.0.7:7475/"]}
//	{"type":"joined","peer":{"id":"…","instance":"…","name":"bo","known":"seen"},"via":{…}}
//	{"type":"rerouted","peer":{…},"via":{…}}
//	{"type":"left","peer":{…},"reason":""}
//	{"type":"message","from":{…},"seq":12,"sent":"…","text":"hi","private":true}
//	{"type":"message","from":{…},"seq":11,"sent":"…","text":"earlier","history":true}
//	{"type":"gap","from":{…},"count":12}
//	{"type":"sent","seq":12,"text":"hi","to":{…},"ref":"…"}
//	{"type":"delivered","seq":12,"count":3,"to":{…},"ref":"…"}
//	{"type":"undelivered","seq":12,"peers":[{…}],"to":{…},"ref":"…"}
//	{"type":"verify","peer":{…},"words":["…","…","…","…","…","…"]}
//	{"type":"warning","text":"…","ref":"…"}
//
// known says how well somebody is known, see "Known people"; with changed there is
// like, the id and name of whom it resembles. verify comes when somebody asks to be
// verified. via is there if somebody else relays between the two, and says who; rerouted
// comes when that changes while somebody is here. A left without a reason is a
// goodbye. private and to are there for messages to one alone, which have
// sequence numbers of their own. history marks what was said before its sender
// counted us as present, or by somebody who is gone; from may then be somebody
// whom no joined named. A gap says how many messages of a member are missing and
// will not come. delivered comes when all who were present have the message; a
// count of 0 says that nobody was. undelivered names who left without having
// confirmed it. A warning is for people; among them is that somebody signed two
// different messages as one number.
//
// Whoever is in a browser has "web":true beside the name, and for people (web) behind
// it. page is there if this node serves browsers the page by which they join, the
// address first that most can reach; private of ready says that the room has a secret.
//
// A chat is the topic "chat" of its room. Other programs may be members of the
// same room with topics of their own: they are nobody here, and what they say
// there is not shown.
//
// "lanyap peers --json" prints objects of type peer (with peer, addr, rtt_ms and
// topics) and sighting: with instance, addrs and a reason, which is refused, hung_up,
// timeout, udp_blocked, version, other_room, other_secret (another than ours, or one of
// us has none), guesses (too many wrong secrets were tried of late), full,
// other_instance, failed, browser for a member in one, which has a name and "web":true
// and is reached by members alone, or pending with the step that is waited for (none,
// tcp, offer or udp); and with via, a member that reaches it all the same. "lanyap doctor --json" prints
// objects of type check, with name, ok, text and todo.
//
// # Sending and receiving files
//
// "lanyap send PATH…" offers files and folders to all who are in the room, or to
// each whom --to names (a name or an ID; once for each), and ends when each has
// them or has refused. All are those who are here and receive, and who come while
// it runs. All programs of one ID are one person: the first that accepts has it.
// A name that two people have is an error, which names their IDs.
//
//   - Who is named and not here, and the first of all, may take --timeout (30 s) to
//     come. Who vanishes in the middle may take as long to come back, each time.
//     Somebody who is here and has neither "lanyap receive" open nor a chat, at a
//     terminal or with --input json, is told of at once. How long somebody may take
//     to say yes is not bounded.
//   - A file that changes while it is sent is not there at the end, and is named.
//     Symbolic links and special files inside a folder are left out, and named.
//   - "-" is standard input: it is read to its end into a temporary file first, and
//     sent as a file that --as names. --text sends a text of at most 64 KiB, which
//     the other side prints.
//   - --limit bounds what is uploaded, to all together: 5M is 5 MiB a second, 5MB
//     five million bytes, 20Mbit bits.
//
// "lanyap receive [DIR]" (or recv) asks about each offer, with one key: y takes it,
// n declines it. It ends when the first that was taken is here and nothing else
// waits; with --loop when it is told to stop by a signal. --yes asks nothing. With
// --from offers of others are declined; names are chosen freely, so be sure of
// somebody by an ID only. --trusted takes what the verified offer, and declines the
// rest. Where there is no terminal nobody can be asked: one of the three has to be
// given, and --from alone takes what it lets through. With
// --timeout somebody has to offer something within that time.
//
// For each item that is here and verified its path is written to standard output,
// and for each text the text. --exec CMD runs "sh -c CMD" (Windows: cmd /C CMD) for
// each, one after the other for each offer. In its environment are
//
//	LANYAP_PATH       where it is; empty for a text
//	LANYAP_KIND       file, folder or text; a text is on its standard input
//	LANYAP_SIZE       in bytes
//	LANYAP_SENDER     the sender's name, as a terminal may show it
//	LANYAP_SENDER_ID  the sender's ID
//
// Of a path or a name in quotes, as "$LANYAP_PATH", sh makes nothing else. On
// Windows cmd puts %LANYAP_PATH% into the line before it takes that apart, and what
// is in a name, such as & or %, counts there as if you had written it: have the
// command read the environment, as PowerShell does with $env:LANYAP_PATH. A
// command that fails is told of, and the exit code is 1 in the end.
//
// What was there already, with the same content, is not sent again. What was cut
// off goes on when the same is sent again, whoever sends it; "lanyap receive
// --clean" removes what is left of it, and after a week it goes by itself.
//
// Progress is shown on standard error: as bars on a terminal, otherwise not, or
// with --progress plain as a line every five seconds. --progress none shows none,
// in JSON neither; --quiet tells of mistakes only.
//
// With --json they write ready, as a chat does (receive with dir), warning, and
// these. offer is the same in all that are about one offer to or from one person;
// there is to when it is sent, and from when it comes.
//
//	{"type":"offer","offer":"…","to":{…},"items":[{"name":"…","kind":"folder","files":2,"size":3}],
//	 "count":1,"files":2,"size":3,"text":"…","here":0}
//	{"type":"accepted","offer":"…","to":{…}}
//	{"type":"refused","offer":"…","to":{…},"reason":"declined","text":"declined"}
//	{"type":"withdrawn","offer":"…","from":{…},"reason":"withdrawn","text":"…"}
//	{"type":"progress","offer":"…","to":{…},"phase":"moving","files":2,"files_done":1,"size":3,"done":2,
//	 "skipped":0,"sent":2,"received":0,"holders":0,"current":"a/b","rate":1000,"left_s":0.5}
//	{"type":"received","offer":"…","from":{…},"name":"…","kind":"file","path":"…","files":1,"size":3,
//	 "root":"…","skipped":true,"text":"…"}
//	{"type":"completed","offer":"…","to":{…},"files":2,"size":3,"skipped":0,"sent":3,"received":0,"took_s":0.1}
//	{"type":"failed","offer":"…","to":{…},"reason":"no_space","text":"…","size":3,"done":2,
//	 "failed":1,"failures":[{"path":"…","reason":"changed"}]}
//	{"type":"omitted","paths":[{"path":"…","reason":"symbolic link"}]}
//	{"type":"removed","key":"…","name":"…","dir":"…","size":3,"here":2}
//
// Sizes are in bytes, rate is in bytes a second. items are the first 64, count is
// how many there are; kind is file or folder, of what was received also text. here
// is how much of it is here from an earlier time. phase is connecting, asking,
// moving, verifying or waiting (for somebody who vanished); left_s is how long the
// rest takes, or how much longer is waited. done is what the receiver has verified,
// and counts skipped, which was there already; sent and received are what this
// node moved for it, to and from anybody. holders is from how many. progress comes
// when something has changed, at most four times a second. root is the file's
// BLAKE3 hash. skipped says that it was there, or that --conflict skip left another
// in its place. A reason is declined, not_receiving, busy, nobody, taken, withdrawn,
// canceled, interrupted, vanished, changed, unreadable, mismatch, no_space, read_only, in_use,
// limit, protocol, incomplete, failed or, where this side declined by itself,
// not_from, not_trusted, two_of_name or no_answer. removed is what --clean removed.
//
// # Sharing folders
//
// "lanyap share DIR…" puts folders on a shelf until it is told to stop by a signal:
// everybody in the room, or those whom --for names, can read all that is in them,
// whoever put it there and however hidden; when it starts it says what that is. A
// name in --for means whoever bears it then, and has --timeout to come; an ID need
// not be here. Symbolic links that lead elsewhere are not there.
//
// "lanyap ls [NAME[:PATH]]" shows what is shared by all who are here, by one, or in a
// place. A path begins with the name of a shelf, which is that of its folder. Each
// part of it may be a pattern (*, ?, [a-z]), unless something has just that name. Off
// a terminal each line is what "lanyap get" takes. Who has a colon in the name is
// named by the ID.
//
// "lanyap get NAME:PATH [DEST]" fetches what is there into the directory DEST, as
// receive does: it lands verified, its path is printed, what is there already is not
// fetched again, and the same command goes on with what was cut off.
//
// With --json share writes ready, and shared for each folder; for is who may read
// it, if not all; hidden is how many files are, and more says that it has more files
// than were counted. ls writes entry for each file and folder, and get ready and
// what receive writes of what is accepted.
//
//	{"type":"shared","name":"music","path":"…","for":[{…}],"files":4,"size":3,"hidden":1,"more":true}
//	{"type":"entry","from":{…},"path":"music/a.mp3","kind":"file","size":3,"changed":"…"}
//
// # The page
//
// Whoever opens in a browser what "lanyap chat", "receive" and "share" print as the
// page's address is a member of the room: with a name and an ID of its own, linked to
// all others directly, and here for as long as the tab is. It goes on when whoever
// served the page has left, but for files, which it sends and fetches through that
// node: what it is sent lies on that node's disk until it has been fetched, or the
// tab is gone. --no-page serves none. Other commands end by themselves, and serve
// none.
//
// Addresses that browsers take are printed: no link-local ones of IPv6, and the
// loopback's only if there are no others. In a chat at a terminal /qr draws the first
// as a QR code, and so does "lanyap page --qr". Where the terminal is too narrow for
// it there is the address alone. ?name=N behind it names whoever opens it; with
// ?room=R it is refused by a node that is in another room.
//
// "lanyap page" does nothing else, for a machine that always runs: it is nobody in a
// chat, and keeps what was said for those who come later, in a file too with
// --history-file. It prints the addresses on standard output, one a line, and again
// when they have changed. With --json it writes ready, as a chat does, and
//
//	{"type":"page","page":["http://10.0.0.8:7475/"]}
//
// when they have. A page comes by plain HTTP: who can alter what is sent on the
// network can alter the page.
//
// # Known people
//
// Names are chosen freely, and an ID is nobody else's. Whom a chat, peers, send,
// receive and get meet is remembered in the state directory, and known again. Each is
//
//	verified  you have made sure who has that ID; your own ID always is
//	seen      that ID was here before, by that name
//	new       it is here for the first time
//	changed   the name is that of somebody else who is known, or looks like it: it
//	          differs in case, spaces, or letters that look alike (Unicode's UTS #39)
//
// which JSON says of everybody. People see it where it matters: a line tells of
// somebody who comes by the name of another, and (changed) stands behind the name
// beside what that one says. A name belongs to who was verified by it, or bore it
// first; of two who came within a minute of each other by one name neither is changed.
// One key that two hosts have is told of, once a day, and of no more than 32 a day whom
// nobody has made sure of. A page is not remembered: its key goes with the tab.
//
// "lanyap verify NAME", or /verify NAME, shows both of you six words. Tell them each
// other, by voice for example: if they are the same, nobody sits between you. Then say
// yes, or /trust NAME. "lanyap trust" takes the ID that "lanyap id" prints, too.
//
// "lanyap block NAME" has what that one says, has said and offers not be shown, offers
// be declined, those that wait too, and no file be offered to it. It stays in the room,
// and reads what you say to all.
//
// "lanyap receive --trusted" takes without a question what the verified offer, and
// declines the rest. Files of others are not executable where they land.
//
// "lanyap known --json" prints
//
//	{"type":"known","id":"…","name":"bo","known":"verified","blocked":true,"first":"…","last":"…",
//	 "verified":"…","as":"bo"}
//
// where as is the name by which it was verified, and "lanyap verify --json" prints
// verify, as a chat does. 4,096 people are remembered; when there are more those go
// who were merely seen, and on the fewest days. With --ephemeral nothing is written.
//
// # Exit codes
//
//	0    all is well
//	1    something failed, or something could not be said
//	2    the command line is wrong, or a name in it is that of two
//	3    nobody is there, nobody has what was said, who was named is not there or
//	     does not receive, nobody offered anything, or there is nothing to read
//	4    some did not come, or did not confirm, in time
//	5    somebody refused what was sent, or all who were found refused us: they have
//	     another secret, or a secret and we have none
//	6    somebody does not have all of it; the same again goes on where it stopped
//	129, 130, 143  ended by SIGHUP, SIGINT, SIGTERM
//
// Each error is one error: line and one hint: line on standard error.
//
// # The history file
//
// --history-file PATH keeps what was said over everybody's leaving, in a file
// that only its user can read, within the bounds that memory has: 1,000 messages,
// 8 MiB, 24 hours, shared out among those who spoke. If PATH is a directory, or
// ends in a slash, each room has a file of its own there. One program at a time
// holds a file; a second one says so and goes on without. A file of another room,
// or that another version wrote, or that is no history, is an error and is not
// touched. If it cannot be written, on a full disk for example, a warning says so,
// and the exit code is 1 if it is not complete in the end. Messages to one alone are never kept.
//
// # Environment
//
// Every flag has a twin: --room is LANYAP_ROOM, and so on; a flag goes before
// its twin, and lists are separated by commas, but for LANYAP_TO, LANYAP_FROM
// and LANYAP_FOR, which are one name. LANYAP_SECRET, which has no flag, is the secret
// of a private room. LANYAP_STATE_DIR is where the
// identity and what is unfinished are kept, otherwise $XDG_STATE_HOME/lanyap or ~/.local/state/lanyap,
// and %LocalAppData%\lanyap on Windows. LANYAP_LOG (debug, info, warn, error)
// writes a log to standard error. NO_COLOR is honoured. Where a container limits
// memory, the log of what was said is kept within it (GOMEMLIMIT goes first). Up
// to 16 MiB no garbage is collected, unless GOGC is set.
package main
