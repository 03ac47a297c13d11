// Package transfer is what the commands that move files do once they have a node
// and a Sharer: to whom something is offered, what is taken, and how it is shown.
//
// [Send], [Receive], [Share], [List] and [Get] are where to start. Each tells a [Face] what happens:
// [NewPlain] for pipes, [NewJSON] for programs, [NewScreen] for a terminal, with
// bars and questions. They know [mesh.Node] and [share.Sharer] by interfaces, and
// are tested with doubles of both.
//
// # To whom it goes
//
// A name means as in a chat (package people): an ID, an instance, or the name of
// one person, however often that is here. Before a name is taken to be of one,
// those are met who are said to be here. Two people of one name are an error, and
// nothing is offered to anybody. [TestSend]
//
// Who is named and not here is waited for. All are those who are here, and who
// come while something is under way; who does not receive is none of them, unless
// nobody does. This node's own ID, on another terminal, gets it only if nobody
// else is here, or by name.
//
// It ends when everybody has it or has refused it. Who has accepted and vanishes
// is waited for, each time for as long again.
//
// # What is taken
//
// Offers wait in a queue, and the first is asked about: y takes it, n declines it,
// and no other key does anything, nor one that was meant for the question before.
// [TestQuestions, TestKeyForAnotherQuestion] If nobody can be asked, what
// --from or --yes lets through is taken. What was taken once in a run is not asked
// about when its sender starts anew. [TestTakenOnce]
//
// --from takes a name for that of one person only while nobody else who is here
// bears it. [TestFromIsOfOne]
//
// With --trusted offers of those are taken who were verified (package known), and no
// others. [TestTrusted] Whoever is blocked offers nothing, and what it offered before is
// declined. [TestBlockedOffers, TestBlockedWhileAsked, TestDeskDeclinesBlocked] What comes
// from others than the verified lands without the executable bit.
//
// A text is shown, without a question: it lands nowhere.
//
// # What a terminal is shown
//
// Names, texts and paths come from strangers, and pass through package safe. One
// that could pass for more than a name is in quotes, and a long one is cut in its
// middle, so that it pushes nothing out of sight. [TestNamesOnTheScreen]
//
// Without a terminal there are no control sequences, and progress only if lines
// are asked for. A rate is that of the last five seconds; what was there already
// does not count as having come.
package transfer
