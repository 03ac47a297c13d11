// Package tunnel is one end of a link between two members through others that
// cannot read it, nor alter it without being found out. It does no I/O: the
// records that go to the other side, specified in package wire, are fetched
// with [Tunnel.Next] by whoever can send them now, and what came from there is
// given to Meet, Agree and Open. To whoever uses it as a link it has
// ReadMessage, WriteMessage, Ping and Close as a *peer.Conn has.
//
// # Opening
//
// Either side makes a [Tunnel] with [New] and sends its [Tunnel.Hello]. Who is
// given the other's with [Tunnel.Meet] has keys to send, and whose keys
// [Tunnel.Agree] takes is the member that signed both: the tunnel is up.
//
// # Order and loss
//
// Records have to be taken in as they were fetched: in order, each once. One
// that is missing, altered, forged or out of order ends the tunnel with
// [ErrSeal]. Links give that order; a relay that does not is found out.
//
// # Waiting
//
// Nothing is queued. WriteMessage waits until all of its message has been
// fetched, in parts as large as the window has room for, and what the other
// side has not read fills the window: so a tunnel takes no more of its relays'
// memory than its window, and its writer waits when they are slow. Credits,
// pings and the close go before messages, so that they wait for no window.
//
// # Silence
//
// [Tunnel.Tick] tells when the other side has to be asked whether it is there,
// and ends a tunnel with [ErrSilent] whose other side has not answered for
// [Dead] what was sent to it. A tunnel that carries nothing asks ever more
// seldom, up to each [Idle].
package tunnel
