package chat

import (
	"cmp"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/output"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/people"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/transfer"
)

// Files is the part of [transfer.Desk] that a chat needs. None of its methods
// waits for anybody.
type Files interface {
	Open(show func(transfer.Event))
	Send(path, to string) error // to one, or with an empty name to all
	Get(which, dir string) error
	Decline(which string) error
	DeclineBlocked()  // what those offered who are blocked
	Offers() []string // the numbers of what may be taken
	Idle() <-chan struct{}
	Close()
}

// Moved says what becomes of files.
type Moved struct{ What transfer.Event }

func (Moved) event() {}

// send offers what a person names: a path, and behind it perhaps for whom.
func (c *interpreter) send(arg string) error {
	if c.files == nil {
		return noFiles()
	}
	path, name := cutPath(arg)
	if path == "" {
		return &MistakeError{Text: "there is no path; not sent", Hint: "write /send PATH for all, or /send PATH NAME for one; a path with spaces may go into double quotes"}
	}
	path = expand(path)
	if _, err := os.Stat(path); err != nil {
		return &MistakeError{Text: excerpt(arg) + " is no file or folder that can be read; not sent", Hint: "write /send PATH for all, or /send PATH NAME for one; Tab completes paths"}
	}
	return fileMistake(c.files.Send(path, name))
}

// get takes what is offered, into the current directory or another.
func (c *interpreter) get(arg string) error {
	if c.files == nil {
		return noFiles()
	}
	which, dir := cutWord(arg)
	if dir != "" {
		dir = expand(dir)
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return &MistakeError{Text: excerpt(dir) + " is no directory", Hint: "write /get " + which + " for this one"}
		}
	}
	return fileMistake(c.files.Get(c.only(which), dir))
}

// decline turns down what is offered.
func (c *interpreter) decline(arg string) error {
	if c.files == nil {
		return noFiles()
	}
	return fileMistake(c.files.Decline(c.only(strings.TrimSpace(arg))))
}

// only is the one offer that there is, if none is named.
func (c *interpreter) only(which string) string {
	if offers := c.files.Offers(); which == "" && len(offers) == 1 {
		return offers[0]
	}
	return which
}

func noFiles() error {
	return &MistakeError{Text: "files are not moved in this chat", Hint: "use lanyap send and lanyap receive"}
}

// fileMistake makes a mistake of whoever typed out of what a Desk did not take.
func fileMistake(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, people.ErrAmbiguous):
		return &MistakeError{Text: err.Error() + "; not sent", Hint: "name one of these"}
	case errors.Is(err, people.ErrUnknown):
		return &MistakeError{Text: err.Error() + "; not sent", Hint: "/who lists who is here; a name with spaces goes into double quotes"}
	case errors.Is(err, transfer.ErrNobody):
		return &MistakeError{Text: err.Error() + "; not sent", Hint: "wait until somebody is here"}
	case errors.Is(err, transfer.ErrNoSuchOffer):
		return &MistakeError{Text: err.Error(), Hint: "write /get and the number that an offer came with"}
	}
	return &MistakeError{Text: output.Reason(err), Hint: "try it again"}
}

// cutPath returns the path with which s begins and the name behind it. A path
// with spaces needs no quotes if it is there.
func cutPath(s string) (path, name string) {
	s = strings.TrimSpace(s)
	if strings.HasPrefix(s, `"`) {
		path, name, _ = cutName(s)
		return path, unquoted(name)
	}
	for end := len(s); end > 0; end = strings.LastIndexFunc(s[:end], unicode.IsSpace) {
		if _, err := os.Stat(expand(s[:end])); err == nil {
			return s[:end], unquoted(strings.TrimSpace(s[end:]))
		}
	}
	path, name = cutWord(s)
	return path, unquoted(name)
}

func unquoted(name string) string {
	if in, _, ok := cutName(name); ok && strings.HasPrefix(name, `"`) {
		return in
	}
	return name
}

// expand puts the home directory in the place of a tilde, as shells do.
func expand(path string) string {
	rest, tilde := strings.CutPrefix(path, "~")
	home, err := os.UserHomeDir()
	if !tilde || err != nil || rest != "" && !os.IsPathSeparator(rest[0]) {
		return path
	}
	return home + rest
}

// maxListed is how many files of a directory Tab goes through.
const maxListed = 1000

// paths returns what is there that begins with word, as it was typed.
func paths(word string) []string {
	dir, base := filepath.Split(word)
	f, err := os.Open(cmp.Or(expand(dir), "."))
	if err != nil {
		return nil
	}
	defer f.Close()
	entries, _ := f.ReadDir(maxListed) // those that could be read
	var list []string
	for _, e := range entries {
		name := e.Name()
		if !strings.HasPrefix(name, base) || base == "" && name[0] == '.' || strings.ContainsFunc(name, unicode.IsControl) {
			continue
		}
		behind := " "
		if e.IsDir() {
			behind = string(filepath.Separator)
		}
		list = append(list, dir+name+behind)
	}
	slices.Sort(list)
	return list
}

// completeFile returns what Tab may put behind /send, /get and /decline.
func (c *interpreter) completeFile(before string) (word string, candidates []string, ok bool) {
	if c.files == nil {
		return "", nil, false
	}
	if arg, is := strings.CutPrefix(before, "/send "); is {
		path, name := cutPath(arg)
		if _, err := os.Stat(expand(path)); err == nil && (name != "" || strings.HasSuffix(arg, " ")) {
			return name, c.names(name, ""), true
		}
		return arg, paths(arg), true
	}
	for _, verb := range []string{"/get ", "/decline "} {
		if arg, is := strings.CutPrefix(before, verb); is && !strings.Contains(arg, " ") {
			return arg, startingWith(c.files.Offers(), arg), true
		}
	}
	return "", nil, false
}

func startingWith(list []string, start string) []string {
	var out []string
	for _, s := range list {
		if strings.HasPrefix(s, start) {
			out = append(out, s)
		}
	}
	return out
}
