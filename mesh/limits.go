package mesh

// maxMembers is how many a room has beside this node, relayed ones too.
const maxMembers = 128

// limits bound the memory of a node, in bytes. Tests have smaller ones.
type limits struct {
	// log is what is kept of the node's broadcasts, and again of what it said
	// in private to members that are away.
	log int64
	// behind is what a member may lack of the broadcasts before Broadcast waits
	// for it.
	behind int64
	// private is what Send accepts for one recipient before it waits.
	private int64
	// queued is what is kept of events that the program has not read.
	queued int
}

var defaultLimits = limits{
	log:     32 << 20,
	behind:  4 << 20,
	private: 1 << 20,
	queued:  8 << 20,
}
