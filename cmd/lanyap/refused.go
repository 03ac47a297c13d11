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
	refused, busy, others := atTheDoor(node.Sightings())
	switch {
	case others > 0 || refused+busy == 0:
		return told
	case refused == 0:
		return &failure{exitNobody, "nobody lets us in for now: too many wrong secrets were tried of late, here or there", "try again in a minute"}
	case a.private.Load():
		return &failure{exitRefused, "nobody lets us in: who is here has another secret, or none", "ask them for the secret of the room: each word counts, and case; lanyap peers shows where they are"}
	}
	return &failure{exitRefused, "nobody lets us in: the room is private", "ask who is in it for the secret, and use --ask-secret or --secret-file; lanyap peers shows where they are"}
}

// atTheDoor counts the nodes that were sighted and are said to be in this room: those
// that refused us for the secret, those that take no more secrets for now, and others.
func atTheDoor(sightings []mesh.Sighting) (refused, busy, others int) {
	for _, s := range sightings {
		switch {
		case s.OtherRoom || s.Web || errors.Is(s.Err, peer.ErrSelf):
		case errors.Is(s.Err, peer.ErrSecret):
			refused++
		case errors.Is(s.Err, peer.ErrGuesses):
			busy++
		default:
			others++
		}
	}
	return refused, busy, others
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
