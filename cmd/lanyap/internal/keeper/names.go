package keeper

import (
	"fmt"
	"mime"
	"net/url"
	"strings"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
	"github.com/lanyap/lanyap/mesh/share"
)

// nameOf is what a browser shall call what it fetches.
func nameOf(o *share.Offer) string {
	if len(o.Items) == 0 {
		return "files.zip"
	}
	name := fileName(o.Items[0].Name)
	switch {
	case o.Count > 1:
		return fmt.Sprintf("%s and %d more.zip", name, o.Count-1)
	case o.Items[0].Dir:
		return name + ".zip"
	}
	return name
}

// fileName returns the name of a file on one line, without what makes a path of it, or
// hides what it ends with.
func fileName(name string) string {
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, safe.Line(name))
	name = strings.TrimLeft(name, ". ")
	if name == "" {
		return "file"
	}
	return name
}

// escape returns a name as one part of a URL's path.
func escape(name string) string { return url.PathEscape(name) }

// disposition has a browser keep what it gets under a name (RFC 6266), in the form of
// RFC 8187 where that is more than ASCII.
func disposition(name string) string {
	if value := mime.FormatMediaType("attachment", map[string]string{"filename": name}); value != "" {
		return value
	}
	return "attachment"
}
