//go:build !js

package peer

import (
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
)

// A browser runs pages of anybody, and lets each of them send requests to us. What
// such a page cannot do is to hide where it is from: its requests carry its Origin,
// or say that they come from another site, or reach us under a name. Only what was
// loaded from this very address may ask, and nothing is ever said that lets others
// read an answer (there is no Access-Control header anywhere).

// foreign reports whether a request is that of a page that we did not serve.
func foreign(r *http.Request) bool {
	if !localHost(r.Host) {
		return true
	}
	for _, origin := range r.Header["Origin"] {
		if origin != "" && origin != "http://"+r.Host {
			return true
		}
	}
	return fromElsewhere(r)
}

// fromElsewhere reports whether a browser says that another site's page is behind
// a request (https://www.w3.org/TR/fetch-metadata/), other than by showing ours in a
// window of its own: a link may lead here. Browsers say it where nobody can listen,
// such as on the loopback. Another port of the same host is "same-site", and not us.
func fromElsewhere(r *http.Request) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "cross-site", "same-site":
		return !navigation(r)
	}
	return false
}

// navigation reports whether a browser opens a page in a window.
func navigation(r *http.Request) bool {
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	return reads && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

// localHost reports whether a Host header names an address or this machine:
// DNS rebinding needs a name.
func localHost(host string) bool {
	if h, port, err := net.SplitHostPort(host); err == nil {
		if _, err := strconv.ParseUint(port, 10, 16); err != nil {
			return false
		}
		host = h
	}
	if host == "localhost" {
		return true
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}
