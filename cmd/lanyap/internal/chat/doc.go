// Package chat is what `lanyap chat` does once it has a node: who is in the
// room, what is said and read, and how it is shown.
//
// [Run] is where to start. It takes a [Node], an [Input] that says where lines
// come from and a [Face] that shows what happens: [NewPlain] for people and
// pipes, [NewJSON] for programs, [NewTerminal] for a terminal, where the face
// is the input too.
//
// # Who counts
//
// Only members that take part in the topic "chat" count: the node that a chat is
// given has it as its own topic ([Topic]). Others are members of the mesh all the
// same, and hold what is said for those who come later, but nobody sees them,
// waits for them or is told whether they have a message, and what they say in
// other topics is not shown.
//
// # What was said earlier
//
// A message of the history is shown with its time, and is nobody speaking: its
// sender need not be here, nor ever have been, and a chat that has said
// everything does not stay for it. Faces for people tell its sender apart from
// others of the same name, as they do with those who are here.
//
// # When something is said
//
// Nothing is said before the first other is there, and then until everybody is
// whom it knows and who is sighted, for three seconds at most; or Config.Wait
// others, where that is set, and whoever else is. Input is read at most
// [ReadAhead] bytes ahead until then. From then on it is read and said whether
// or not anybody is there. A person does not wait for more than the first.
//
// # Commands
//
// At a terminal, with an input line of ours or without, a line that begins with
// a slash is a command (/help lists them), and one that is none is refused:
// what was meant for one alone must not be said to all. With a second slash
// before it, it is said as it is. Nothing that comes from a pipe, a file or as
// JSON is a command: a line of a log that begins with a slash is said like any
// other.
//
// What somebody does, as in "/me waves", travels as that text. [Terminal] shows
// it as "~ bo waves", everybody else as it is; so a text that begins with "/me "
// is an action, whoever sent it and however.
//
// # Who is known
//
// A [Room] may be told by [Room.Know] to look people up in a book (package known).
// Who has the name of somebody else who is known is said to be changed when it comes
// and beside each message, and JSON says of everybody how well it is known.
// [TestBorrowedNameIsShown, TestBorrowedNameInJSON] Who is blocked is nobody here,
// though a member of the mesh. [TestBlocked]
//
// # What a terminal is shown
//
// Names and texts come from strangers. Every face passes them through package
// output, so that no control sequence, bidirectional override or pile of
// combining marks reaches a terminal.
package chat
