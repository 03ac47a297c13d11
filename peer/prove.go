package peer

import (
	"crypto/sha256"
	"slices"

	"github.com/lanyap/lanyap/peer/internal/cpace"
)

// proveFirst does CPace as the offering side. Its guess is counted from before it has
// sent anything that depends on the secret.
func (d *door) proveFirst(ch channel, t *transcript) (key []byte, err error) {
	made, err := d.keeper.take(d.ctx, d.from)
	if err != nil {
		return nil, err
	}
	defer func() { made.settle() }()
	us, ya := cpace.Start(d.inputs(t))
	if err := ch.write(ya[:], false); err != nil {
		return nil, err
	}
	reply, err := readHello(ch)
	if err != nil {
		return nil, err
	}
	if len(reply) != cpace.ShareSize+cpace.TagSize {
		return nil, ErrSecret
	}
	made.was = wrong
	isk, ta, err := us.Finish(reply[:cpace.ShareSize], reply[cpace.ShareSize:])
	if err != nil {
		return nil, ErrSecret
	}
	made.was = right
	return d.keyOf(isk[:], t), ch.write(ta[:], false)
}

// proveSecond does CPace as the answering side. With its tag the other side can check
// its guess, so that counts as wrong from then on, unless it turns out right.
func (d *door) proveSecond(ch channel, t *transcript) (key []byte, err error) {
	ya, err := readHello(ch)
	if err != nil {
		return nil, err
	}
	made, err := d.keeper.take(d.ctx, d.from)
	if err != nil {
		return nil, err
	}
	defer func() { made.settle() }()
	us, yb, tb, err := cpace.Respond(d.inputs(t), ya)
	if err != nil {
		return nil, ErrSecret
	}
	made.was = wrong
	if err := ch.write(slices.Concat(yb[:], tb[:]), false); err != nil {
		return nil, err
	}
	ta, err := readHello(ch)
	if err != nil {
		return nil, err
	}
	isk, err := us.Finish(ta)
	if err != nil {
		return nil, ErrSecret
	}
	made.was = right
	return d.keyOf(isk[:], t), nil
}

// inputs are what CPace is about: a proof for two others, for other certificates or for
// another link is none here. The sides' data keep what one has sent from being the
// other's when it is sent back.
func (d *door) inputs(t *transcript) cpace.Inputs {
	password, room := d.secret.password(), sha256.Sum256([]byte(t.room))
	return cpace.Inputs{
		Password:      password[:],
		Channel:       slices.Concat([]byte("lanyap door\x00"), room[:], t.offerer[:], t.answerer[:], d.offerer[:], d.answerer[:]),
		Session:       sessionOf(t),
		InitiatorData: []byte{roleOf(true)},
		ResponderData: []byte{roleOf(false)},
	}
}
