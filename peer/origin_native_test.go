//go:build !js

package peer

import (
	"net/http"
	"testing"
)

// TestForeignPages is what browsers send for pages that are ours and pages that are
// not.
func TestForeignPages(t *testing.T) {
	const own = "10.0.0.1:7475"
	type fetch struct{ site, mode, dest string }
	link := fetch{"cross-site", "navigate", "document"}
	tests := []struct {
		name    string
		method  string
		host    string
		origin  string
		fetch   fetch
		foreign bool
	}{
		{"a node", "POST", own, "", fetch{}, false},
		{"the page itself", "POST", own, "http://" + own, fetch{"same-origin", "cors", "empty"}, false},
		{"the page's parts", "GET", own, "", fetch{"same-origin", "no-cors", "script"}, false},
		{"the page, typed in", "GET", own, "", fetch{"none", "navigate", "document"}, false},
		{"the page, by a link elsewhere", "GET", own, "", link, false},
		{"the page on the loopback", "POST", "localhost:7475", "http://localhost:7475", fetch{"same-origin", "cors", "empty"}, false},
		{"the page at IPv6", "POST", "[fd00::1]:7475", "http://[fd00::1]:7475", fetch{}, false},
		{"the page at port 80", "POST", "10.0.0.1", "http://10.0.0.1", fetch{}, false},

		{"another site's fetch", "POST", own, "http://evil.example", fetch{}, true},
		{"another site's fetch by TLS", "POST", own, "https://evil.example", fetch{"cross-site", "cors", "empty"}, true},
		{"another port's fetch", "POST", own, "http://10.0.0.1:80", fetch{"same-site", "cors", "empty"}, true},
		{"another node's page", "POST", own, "http://10.0.0.2:7475", fetch{}, true},
		{"another address of ours", "POST", own, "http://10.0.1.1:7475", fetch{}, true},
		{"ours by TLS", "POST", own, "https://" + own, fetch{}, true},
		{"a file's fetch", "POST", own, "null", fetch{}, true},
		{"what begins like ours", "POST", own, "http://" + own + ".evil.example", fetch{}, true},
		{"what ends like ours", "POST", own, "http://evil.example@" + own, fetch{}, true},
		{"an extension", "POST", own, "chrome-extension://abcdef", fetch{}, true},
		{"another site's form", "POST", own, "http://evil.example", fetch{"cross-site", "navigate", "document"}, true},
		{"another site's form without an origin", "POST", own, "", fetch{"cross-site", "navigate", "document"}, true},
		{"another site's script", "GET", own, "", fetch{"cross-site", "no-cors", "script"}, true},
		{"another port's script", "GET", own, "", fetch{"same-site", "no-cors", "script"}, true},
		{"another site's frame", "GET", own, "", fetch{"cross-site", "navigate", "iframe"}, true},
		{"another site's object", "GET", own, "", fetch{"cross-site", "navigate", "object"}, true},
		{"another site's picture", "GET", own, "", fetch{"cross-site", "no-cors", "image"}, true},
		{"another site's fetch without reading", "GET", own, "", fetch{"cross-site", "no-cors", "empty"}, true},

		{"a name", "GET", "evil.example:7475", "", fetch{}, true},
		{"a name that is its own origin", "POST", "evil.example:7475", "http://evil.example:7475", fetch{"same-origin", "cors", "empty"}, true},
		{"a name, by a link", "GET", "evil.example:7475", "", link, true},
		{"a name that begins with an address", "GET", "10.0.0.1.evil.example", "", fetch{}, true},
		{"a name in place of a port", "GET", own + ".evil.example", "", fetch{}, true},
		{"a name of the loopback", "GET", "localhost.evil.example", "", fetch{}, true},
		{"a name below localhost", "GET", "evil.localhost", "", fetch{}, true},
		{"no name at all", "GET", "", "", fetch{}, true},
		{"an address in digits", "GET", "167772161", "", fetch{}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &http.Request{Method: tt.method, Host: tt.host, Header: make(http.Header)}
			for key, value := range map[string]string{
				"Origin": tt.origin, "Sec-Fetch-Site": tt.fetch.site, "Sec-Fetch-Mode": tt.fetch.mode, "Sec-Fetch-Dest": tt.fetch.dest,
			} {
				if value != "" {
					r.Header.Set(key, value)
				}
			}
			if got := foreign(r); got != tt.foreign {
				t.Errorf("foreign: %v, want %v", got, tt.foreign)
			}
		})
	}
	t.Run("two origins", func(t *testing.T) {
		r := &http.Request{Host: own, Header: http.Header{"Origin": {"http://" + own, "http://evil.example"}}}
		if !foreign(r) {
			t.Error("one of them is believed")
		}
	})
}
