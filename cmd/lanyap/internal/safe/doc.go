// Package safe is what becomes of names and texts of strangers before anybody is
// shown them: [Text], [Line] and [Name] for people, on a terminal, in a log or in a
// page, and [JSON] for programs, whose output may be shown on a terminal too. It is
// pure, and knows nothing of terminals.
//
// They let no control sequence, bidirectional override, invisible character or pile
// of combining marks through, and leave what people write in any script, and emoji,
// as it is. For people something visible stands for what is harmful. JSON keeps the
// exact text, but for what is not UTF-8, which JSON cannot have: it is U+FFFD.
//
// The page has a twin of it, assets/safe.js of package web. Package safetest has the
// texts that every output is tested with.
package safe
