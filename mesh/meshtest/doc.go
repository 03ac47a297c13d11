// Package meshtest is a local network in memory, for tests of programs built on
// package mesh, as net/http/httptest is for programs built on net/http.
package meshtest
