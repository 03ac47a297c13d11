package manifest

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// NameError says which name cannot be had, and why.
type NameError struct {
	Name   string
	Reason string // "is too long"
}

// Error is the name, quoted, and the reason.
func (e *NameError) Error() string { return fmt.Sprintf("name %q %s", e.Name, e.Reason) }

// CheckName returns a [*NameError] unless name may stand in a manifest: it is
// UTF-8 of 1 to [MaxName] bytes, no path, and holds no control characters (line
// breaks among them), no line and paragraph separators, and none of the
// characters that embed, override or isolate a direction of writing, which can
// make a program look like a picture (Unicode Standard Annex #9, section 2).
// Marks that only say a direction may stand in one; people who write from the
// right to the left have them in theirs.
func CheckName(name string) error { return checkName([]byte(name)) }

func checkName(name []byte) error {
	refuse := func(reason string) error {
		return &NameError{Name: string(name[:min(len(name), MaxPath)]), Reason: reason}
	}
	switch {
	case len(name) == 0:
		return refuse("is empty")
	case len(name) > MaxName:
		return refuse(fmt.Sprintf("has %d bytes, at most %d are allowed", len(name), MaxName))
	case string(name) == "." || string(name) == "..":
		return refuse("is a path")
	case bytes.IndexByte(name, '/') >= 0:
		return refuse("is a path")
	case !utf8.Valid(name):
		return refuse("is not UTF-8")
	}
	if i := bytes.IndexFunc(name, forbidden); i >= 0 {
		r, _ := utf8.DecodeRune(name[i:])
		return refuse(fmt.Sprintf("holds %U", r))
	}
	return nil
}

func forbidden(r rune) bool {
	if r < 0x80 {
		return r < ' ' || r == 0x7f
	}
	return unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp) || 0x202a <= r && r <= 0x202e || 0x2066 <= r && r <= 0x2069
}

// CheckWindows returns a [*NameError] if a file on Windows cannot have the name,
// which must be one that [CheckName] allows: it holds < > : " | ? * or a
// backslash (a colon makes it a drive or a stream of another file), ends with a
// space or a dot, or is a device's, with or without an extension (Microsoft,
// "Naming Files, Paths, and Namespaces").
func CheckWindows(name string) error {
	if i := strings.IndexAny(name, `<>:"|?*\`); i >= 0 {
		return &NameError{Name: name, Reason: fmt.Sprintf("holds %c", name[i])}
	}
	if last := name[len(name)-1]; last == ' ' || last == '.' {
		return &NameError{Name: name, Reason: "ends with a space or a dot"}
	}
	base, _, _ := strings.Cut(name, ".")
	if isDevice(strings.TrimRight(base, " ")) {
		return &NameError{Name: name, Reason: "is that of a device"}
	}
	return nil
}

// isDevice says whether Windows keeps the name for a device.
func isDevice(base string) bool {
	switch strings.ToUpper(base) {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	if len(base) < 4 {
		return false
	}
	if port := strings.ToUpper(base[:3]); port != "COM" && port != "LPT" {
		return false
	}
	switch number := base[3:]; number {
	case "¹", "²", "³":
		return true
	default:
		return len(number) == 1 && '0' <= number[0] && number[0] <= '9'
	}
}

// Fold returns what a name has in common with all that some file system takes
// for the same: those of macOS and Windows ignore case, macOS also whether a
// letter is composed (é) or not (e and an accent), and HFS+ characters that are
// not seen. Names that fold to the same are twins. It is meant for comparing,
// not for showing.
func Fold(name string) string {
	if i := strings.IndexFunc(name, func(r rune) bool { return r >= 0x80 || 'A' <= r && r <= 'Z' }); i < 0 {
		return name
	}
	return norm.NFC.String(strings.Map(foldRune, norm.NFD.String(name)))
}

func foldRune(r rune) rune {
	if isIgnored(r) {
		return -1
	}
	least := r
	for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
		least = min(least, next)
	}
	return unicode.ToLower(least)
}

// isIgnored says whether HFS+ ignores the character in names (Apple Technical
// Note TN1150, "HFS Plus names").
func isIgnored(r rune) bool {
	return 0x200c <= r && r <= 0x200f || 0x202a <= r && r <= 0x202e || 0x206a <= r && r <= 0x206f || r == 0xfeff
}
