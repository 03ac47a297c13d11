package landing

import (
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
)

// maxName is how long a name may be, in bytes, on the file systems there are.
const maxName = 255

// topName is what an item is called at the destination. What begins with a dot
// is hidden, and may be read as configuration: only the files within a folder
// that was sent keep it.
func topName(name string) string {
	if strings.HasPrefix(name, ".") {
		return fit("_", name)
	}
	return name
}

// alternative is the nth name to try for what is called name, from 1: the name
// itself, "name (2).ext", "name (3).ext" and so on.
func alternative(name string, n int, folder bool) string {
	if n <= 1 {
		return name
	}
	stem, ext := name, ""
	if !folder {
		stem, ext = split(name)
	}
	end := " (" + strconv.Itoa(n) + ")" + ext
	return fit(stem, end)
}

// fit appends end to stem, of which it cuts off what makes it too long.
func fit(stem, end string) string {
	for len(stem)+len(end) > maxName && len(stem) > 1 {
		_, n := utf8.DecodeLastRuneInString(stem)
		stem = stem[:len(stem)-n]
	}
	for len(stem)+len(end) > maxName {
		_, n := utf8.DecodeLastRuneInString(end)
		end = end[:len(end)-n]
	}
	return stem + end
}

// split separates what programs know a file by: ".tar.gz" and ".jpg", but
// nothing of ".bashrc" or "Mr. Smith".
func split(name string) (stem, ext string) {
	const longest = 12
	ext = path.Ext(name)
	if before := strings.TrimSuffix(name, ext); strings.HasSuffix(before, ".tar") {
		ext = ".tar" + ext
	}
	stem = strings.TrimSuffix(name, ext)
	if strings.Trim(stem, "._") == "" || len(ext) > longest || strings.ContainsAny(ext, " ") {
		return name, ""
	}
	return stem, ext
}

// windowsName is what a name becomes where Windows' rules hold: it has no room
// for some characters, nor for a dot or a space at the end, and the names of
// devices are taken in every directory, with any extension.
// https://learn.microsoft.com/windows/win32/fileio/naming-a-file
func windowsName(name string) string {
	name = strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`<>:"|?*\/`, r) {
			return '_'
		}
		return r
	}, name)
	if strings.HasSuffix(name, ".") || strings.HasSuffix(name, " ") {
		name = fit(name[:len(name)-1], "_")
	}
	stem, _, _ := strings.Cut(name, ".")
	if devices[strings.ToUpper(strings.TrimRight(stem, " "))] {
		name = fit("_", name)
	}
	return name
}

// fewTwins is how many files people have whose names are one where they go. Who makes up
// a million of them is not to have each of them tried for each.
const fewTwins = 20

// namer says what paths become at the destination. Each becomes another than
// the rest do.
type namer struct {
	windows bool                // Windows' rules hold
	fold    func(string) string // names that it makes the same are the same there; nil: none are
	taken   map[string]string   // what has a path there, folded
	local   map[string]string   // paths that were asked for
}

func newNamer(windows bool, fold func(string) string) *namer {
	if fold == nil {
		fold = func(s string) string { return s }
	}
	return &namer{windows, fold, make(map[string]string), make(map[string]string)}
}

// Anywhere returns a function that says what the paths of a content become where
// nobody knows what rules hold: no two the same, whatever a system takes for that.
func Anywhere() func(path string) string { return newNamer(true, manifest.Fold).name }

// name returns the path for a path.
func (n *namer) name(p string) string {
	if done, ok := n.local[p]; ok {
		return done
	}
	up, base := splitPath(p)
	if up == "." {
		up, base = "", topName(base)
	} else {
		up = n.name(up) + "/"
	}
	if n.windows {
		base = windowsName(base)
	}
	there := up + base
	for i := 2; n.taken[n.fold(there)] != ""; i++ {
		if i > fewTwins {
			i = max(i, len(n.taken)) // further on than any that was made up before
		}
		there = up + alternative(base, i, false)
	}
	n.taken[n.fold(there)] = p
	n.local[p] = there
	return there
}

// devices are the names that Windows keeps to itself.
var devices = func() map[string]bool {
	m := make(map[string]bool)
	for _, name := range []string{"CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"} {
		m[name] = true
	}
	for _, digit := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "¹", "²", "³"} {
		m["COM"+digit], m["LPT"+digit] = true, true
	}
	return m
}()
