package output

import (
	"slices"
	"strings"
)

// maxURLs is how many addresses of the page people are shown. Most machines have one
// network; those that have many more have them for machines inside.
const maxURLs = 3

// Page returns the notice that says where browsers find the page. Where there is one
// of IPv4, which people can type, those of IPv6 are left out.
func Page(urls []string) string {
	short := slices.DeleteFunc(slices.Clone(urls), func(url string) bool { return strings.Contains(url, "[") })
	if len(short) == 0 {
		short = urls
	}
	return "* page: " + strings.Join(short[:min(len(short), maxURLs)], " or ")
}
