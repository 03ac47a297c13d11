// Package discovery finds the nodes of a local network.
package discovery
