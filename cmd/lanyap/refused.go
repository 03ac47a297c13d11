package main

import (
	"context"
	"errors"
	"net/netip"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/chat"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
)

// shutOut makes of "nobody is there" that nobody lets us in, where that is so: every
// node that was found refused us for the secret.
func (a *app) shutOut(told *failure, err error) *failure {
	node := a.node.Load()
	if node == nil || told.code != exitNobody || errors.Is(err, chat.ErrUnheard) {
		return told
	}
	at, all := refusedBy(node.Sightings())
	switch {
	case !all:
		return told
	case a.private.Load():
		return &failure{exitRefused, "nobody lets us in: " + at + " has another secret, or none", "ask them for the secret of the room; case counts, and each word"}
	}
	return &failure{exitRefused, "nobody lets us in: the room of " + at + " is private", "ask them for its secret, and use --ask-secret or --secret-file"}
}

// refusedBy reports whether each of the nodes that were sighted, and are said to be in
// this room, has refused us for the secret, and names them. Where there are none nobody
// has.
func refusedBy(sightings []mesh.Sighting) (who string, all bool) {
	var refused []mesh.Sighting
	for _, s := range sightings {
		switch {
		case s.OtherRoom || s.Web || errors.Is(s.Err, peer.ErrSelf):
		case errors.Is(s.Err, peer.ErrSecret):
			refused = append(refused, s)
		default:
			return "", false
		}
	}
	return places(refused), len(refused) > 0
}

// tellOfOtherSecret shows once, until the node is closed, that somebody with another
// secret is there. It is for nodes whose events nobody else reads.
func tellOfOtherSecret(ctx context.Context, node *mesh.Node, show func(netip.Addr)) {
	go func() {
		for ev, err := range node.Events(ctx) {
			if err != nil {
				return
			}
			if refused, ok := ev.(mesh.Refused); ok {
				show(refused.Addr.Addr())
				return
			}
		}
	}()
}
