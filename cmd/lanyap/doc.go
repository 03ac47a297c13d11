// Lanyap talks to everybody on the same network: no server, no account, no
// internet, nothing to configure.
//
//	lanyap                     chat with whoever is on this network
//	lanyap say backup done     say something to all of them and go
//	tail -f log | lanyap chat  say each line of it
//	lanyap chat --json         the same for programs
//	lanyap peers               who is here
//	lanyap doctor              why it may not work
//
// # Standard input and output
//
// The answer is on standard output, everything else on standard error. In a
// pipe each line of input is a message to all and each message that arrives is
// a line, `name: text`; what was said earlier is `[time] name: text`. With
// --json every line of output is an object with "v", "type" and "time"; with
// --input json every line of input is one.
//
// # Exit codes
//
//	0    all is well
//	1    something failed, or something could not be said
//	2    the command line is wrong
//	3    nobody is there, or nobody has what was said
//	4    some did not come, or did not confirm, in time
//	129, 130, 143  ended by SIGHUP, SIGINT, SIGTERM
//
// # Environment
//
// Every flag has a twin: --room is LANYAP_ROOM, and so on; a flag goes before
// its twin, and lists are separated by commas. LANYAP_STATE_DIR is where the
// identity is kept, otherwise $XDG_STATE_HOME/lanyap. LANYAP_LOG (debug, info,
// warn, error) writes a log to standard error. NO_COLOR is honoured.
package main
