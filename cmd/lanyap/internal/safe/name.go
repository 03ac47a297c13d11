package safe

import "strings"

// Name returns a name that somebody gave itself as one line that stands for
// nothing else. One that could pass for what the program writes around names
// (the colon after who speaks, the star of a notice, the bracket of a time, the
// parentheses of an ID, the words error and hint) is in double quotes, in which
// a double quote and a backslash have a backslash before them.
func Name(name string) string {
	name = Line(name)
	if !mistakable(name) {
		return name
	}
	return `"` + strings.NewReplacer(`"`, `\"`, `\`, `\\`).Replace(name) + `"`
}

// colons are U+003A and what looks like it.
const colons = ":\u02d0\u02f8\u0589\u05c3\u2236\ua789\ufe13\ufe55\uff1a"

func mistakable(name string) bool {
	if name == "" {
		return false
	}
	if strings.ContainsAny(name, colons+`"()`) || strings.ContainsRune("[*~", rune(name[0])) {
		return true
	}
	for _, word := range strings.Fields(strings.ToLower(name)) {
		switch word {
		case "error", "hint", "joined", "left":
			return true
		}
	}
	return false
}
