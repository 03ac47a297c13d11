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
)

var errHello = errors.New("peer: malformed hello")

// greet does hello over an open channel: it returns what the other side says,
// with the token both now share. It blocks; closing the channel ends it.
func greet(ch channel, self greeting, key *Identity, t transcript, offerer bool) (greeting, error) {
	ours, theirs := &t.answererNonce, &t.offererNonce
	if offerer {
		ours, theirs = theirs, ours
	}
	rand.Read(ours[:])
	if err := ch.write(append([]byte{helloVersion}, ours[:]...), false); err != nil {
		return greeting{}, err
	}
	first, err := readHello(ch)
	if err != nil {
		return greeting{}, err
	}
	if *theirs, err = parseFirst(first); err != nil {
		return greeting{}, err
	}

	rand.Read(self.token[:])
	rest := appendGreeting(nil, self)
	id := key.ID()
	second := slices.Concat(id[:], key.Sign(t.message(offerer, rest)), rest)
	if err := ch.write(second, false); err != nil {
		return greeting{}, err
	}
	if second, err = readHello(ch); err != nil {
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
	return remote, nil
}

func readHello(ch channel) ([]byte, error) {
	p := make([]byte, maxHello)
	n, text, err := ch.read(p)
	if err != nil {
		return nil, err
	}
	if text {
		return nil, errHello
	}
	return p[:n], nil
}

// parseFirst reads the first message.
func parseFirst(p []byte) (nonce [nonceSize]byte, err error) {
	switch {
	case len(p) < 1+nonceSize:
		return nonce, errHello
	case p[0] != helloVersion:
		return nonce, ErrVersion
	}
	return [nonceSize]byte(p[1:]), nil
}
