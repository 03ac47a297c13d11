package mesh

// maxMembers is how many a room has beside this node, relayed ones too, unless
// Config.MaxMembers says fewer.
const maxMembers = 128

// limits bound the memory of a node, in bytes. Tests have smaller ones.
type limits struct {
	// log is what is kept of the node's broadcasts, again of what it said in
	// private to members that are away, and again of what others said.
	log int64
	// behind is what a member may lack of the broadcasts before Broadcast waits
	// for it.
	behind int64
	// private is what Send accepts for one recipient before it waits.
	private int64
	// queued is what is kept of events that the program has not read.
	queued int
	// relayed is what is kept of what others send through this node.
	relayed int
	// history is what is kept of what was said for those who come later.
	history int64
}

// limitsFor returns what fits a program that may use so much memory in all. Of
// 256 MiB and more a node takes the same; of less, in proportion.
func limitsFor(memory int64) limits {
	part := func(of, least, most int64) int64 { return max(least, min(memory/of, most)) }
	return limits{
		log:     part(8, 1<<20, 32<<20),
		behind:  part(64, 256<<10, 4<<20),
		private: part(256, 256<<10, 1<<20),
		queued:  int(part(32, 1<<20, 8<<20)),
		relayed: int(part(16, 1<<20, 16<<20)),
		history: part(32, 1<<20, 8<<20),
	}
}
