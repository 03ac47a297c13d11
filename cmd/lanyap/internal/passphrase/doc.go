// Package passphrase is about the words by which people enter a private room: their
// canonical form, what is too short, the file that they are kept in, and invites, which
// carry them to others.
//
// # Canonical form
//
// Two people who were told the same words type the same bytes, whatever they type them
// on. [Canonical] drops a byte order mark, composes characters (Unicode normalization
// form C, Unicode Standard Annex #15), makes one space of each run of white space
// (property White_Space), and takes those at both ends away. Case counts, and a dash is
// no space. The web page does the same.
//
// # Invites
//
// An invite is the address of a page, with what is needed to join behind #:
//
//	http://10.0.0.7:7475/#room=kitchen&secret=cleft-cam-synopsis-sleep-grimy&until=1795000000
//
// What is behind # stays in the browser and is never sent. The values are
// percent-encoded, a space as %20. A reader takes keys in any order and leaves out those
// that it does not know; one of the three that is there twice, or is empty, makes it no
// invite. room is the default room if it is left out, until counts seconds since 1970,
// and an invite without it has no end. White space in it is what mail made of a long
// line, and does not count.
//
// The end is a courtesy: whoever has read the secret has it. To end it in truth,
// everybody starts again with another one.
package passphrase
