package peer

import (
	"crypto/rand"
	"errors"
	"slices"
)

// The format is in the package's documentation.
const (
	helloVersion = 1
	nonceSize    = 32
	maxHello     = 4 << 10 // bytes; the bounds above add up to 1.5 KiB

	// What a side says in place of a message, as text, before it hangs up.
	closingSecret = "secret" // the other has not proven that it knows the room's
	closingBusy   = "busy"   // too many have failed to, of late
)

var errHello = errors.New("peer: malformed hello")

// closingOf returns what the other side is told when hello ends of err.
func closingOf(err error) string {
	switch {
	case errors.Is(err, ErrSecret):
		return closingSecret
	case errors.Is(err, ErrGuesses):
		return closingBusy
	}
	return ""
}

// greet does hello over an open channel: it returns what the other side says,
// with the token both now share. It blocks; closing the channel ends it. The door is
// that of a room with a secret, or nil.
func greet(ch channel, self greeting, key *Identity, t transcript, offerer bool, d *door) (greeting, error) {
	ours := t.nonce(offerer)
	rand.Read(ours[:])
	if err := ch.write(d.appendKnock(append([]byte{helloVersion}, ours[:]...), &t, offerer), false); err != nil {
		return greeting{}, err
	}
	first, err := readHello(ch)
	if err != nil {
		return greeting{}, err
	}
	theirs, knock, err := parseFirst(first)
	if err != nil {
		return greeting{}, err
	}
	*t.nonce(!offerer) = theirs
	if t.door, err = d.pass(ch, &t, offerer, knock); err != nil {
		return greeting{}, err
	}
	return introduce(ch, self, key, &t, offerer)
}

// introduce is the part of hello in which both sides say who they are.
func introduce(ch channel, self greeting, key *Identity, t *transcript, offerer bool) (greeting, error) {
	rand.Read(self.token[:])
	rest := appendGreeting(nil, self)
	id := key.ID()
	second := slices.Concat(id[:], key.Sign(t.message(offerer, rest)), rest)
	if err := ch.write(second, false); err != nil {
		return greeting{}, err
	}
	second, err := readHello(ch)
	if err != nil {
		return greeting{}, err
	}
	remote, err := parseProof(second, func(rest []byte) []byte { return t.message(!offerer, rest) })
	if err != nil {
		return greeting{}, err
	}
	if offerer {
		remote.token = sharedToken(self.token, remote.token)
	} else {
		remote.token = sharedToken(remote.token, self.token)
	}
	remote.binding = t.binding(remote.token)
	return remote, nil
}

// readHello reads a message of hello, or why the other side says that there is none.
func readHello(ch channel) ([]byte, error) {
	p := make([]byte, maxHello)
	n, text, err := ch.read(p)
	switch {
	case err != nil:
		return nil, err
	case text && string(p[:n]) == closingSecret:
		return nil, ErrSecret
	case text && string(p[:n]) == closingBusy:
		return nil, ErrGuesses
	case text:
		return nil, errHello
	}
	return p[:n], nil
}

// parseFirst reads the first message, and returns what follows the nonce, too.
func parseFirst(p []byte) (nonce [nonceSize]byte, rest []byte, err error) {
	switch {
	case len(p) < 1+nonceSize:
		return nonce, nil, errHello
	case p[0] != helloVersion:
		return nonce, nil, ErrVersion
	}
	return [nonceSize]byte(p[1:]), p[1+nonceSize:], nil
}
