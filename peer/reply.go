package peer

import (
	"context"
	"errors"
	"fmt"
)

// The offer is exchanged as WHIP does it (RFC 9725): POST it, get the answer.
// What is no part of a description travels in headers, on every request and
// every response.
const (
	offerPath = "/v1/offer"
	watchPath = "/v1/watch"
	sdpType   = "application/sdp"

	headerVersion  = "Lanyap-Version"  // of the protocol: 1
	headerInstance = "Lanyap-Instance" // the sender's
	headerRoom     = "Lanyap-Room"     // room tag
	headerPort     = "Lanyap-Port"     // where the sender answers, TCP and UDP; 0: nowhere, it is a page
	headerObserver = "Lanyap-Observer" // 1: the sender only looks, see Hello
	headerFor      = "Lanyap-For"      // the instance meant; another answers 421
	headerProof    = "Lanyap-Proof"    // see proof: to replace the link or reopen its watch
	headerYou      = "Lanyap-You"      // on answers to a page: the address that it is seen at
)

const (
	protocolVersion = "1"
	noPort          = "0" // a page's
)

// Statuses (RFC 9110 §15). Package net/http, which names them too, is not for pages.
const (
	statusCreated     = 201
	statusNoContent   = 204
	statusNotFound    = 404
	statusConflict    = 409
	statusMisdirected = 421
	statusUnavailable = 503
)

// maxReply bounds a whole response, in bytes: whoever is dialed is a stranger,
// and anybody can be dialed.
const (
	maxHeader = 8 << 10 // of a request's header, and of a response's
	maxReply  = maxHeader + maxDescription
)

var (
	errLongReply = fmt.Errorf("answered with more than %d bytes", maxReply)
	errNoNode    = errors.New("something else answers there")
)

// reply is what a node answered.
type reply struct {
	status   int
	instance Instance // zero if it named none
	room     string
	version  string // empty if no node of ours answered
	media    string // type of body
	observer bool
	body     []byte // at most maxDescription
}

// refusal turns a reply that is not what was asked for into an error. Only who
// speaks our protocol is believed: any web server says 404 and 409.
func (t *Transport) refusal(r reply) error {
	switch {
	case r.version == "":
		return errNoNode
	case r.version != protocolVersion:
		return ErrVersion
	case r.instance == t.self.Instance:
		return ErrSelf
	case r.status == statusNotFound:
		return ErrRoom
	case r.status == statusMisdirected:
		return ErrInstance
	case r.status == statusConflict:
		return ErrLinked
	case r.status == statusUnavailable:
		return ErrFull
	}
	return fmt.Errorf("answered %d", r.status)
}

// cmpErr prefers why the context ended over what that did to the connection.
func cmpErr(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
