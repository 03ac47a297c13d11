// Package hpke is HPKE (RFC 9180) as far as tunnels use it: base mode with
// DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-128-GCM.
//
// On a node it is the standard library's. That brings all suites there are, which
// are an eighth of what a browser has to fetch; so in a page it is package suite,
// which has this one alone, and whose tests hold it against the library's.
package hpke
