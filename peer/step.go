package peer

// Step is how far a dial is: what it waits for. The zero Step is before a dial.
type Step int

// The steps of a dial, in order. Where somebody else answers than was meant, it
// goes back to the first.
const (
	StepConnect Step = iota + 1 // one of the addresses to answer on TCP
	StepOffer                   // who has answered there to say who it is, and to answer the offer
	StepCheck                   // packets to get through on UDP, and hello: the instance meant has answered
)

// String returns a word for programs.
func (s Step) String() string {
	switch s {
	case StepConnect:
		return "tcp"
	case StepOffer:
		return "offer"
	case StepCheck:
		return "udp"
	}
	return "none"
}
