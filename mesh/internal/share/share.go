// Package share divides what may be kept among those whose it is, so that
// nobody's much costs another its little.
//
// Whoever keeps something enters it in a [Ledger], under who said it and from
// whom it came. Where all of it exceeds a bound, [Ledger.Most] says who has
// most, and the oldest of theirs goes. So who has less than a fair share loses
// nothing.
//
// The shares are two deep. Keys cost nothing: if each were given a share, one
// member could crowd out all others with what a thousand keys of its making
// have said. So first each giver has a share, and then within that each author.
package share

// Owner is whose something is.
type Owner struct {
	Giver  [32]byte // from whom it came; the author itself where it said it to us
	Author [32]byte // who said it
}

// Measure is what is compared.
type Measure int

// What there is to compare: how many somebody has, or how many bytes.
const (
	Count Measure = iota
	Bytes
)

// use is how much there is of something, in each measure.
type use [2]int64

func (u *use) add(count int, bytes int64) {
	u[Count] += int64(count)
	u[Bytes] += bytes
}

// Ledger says who has how much. The zero Ledger is empty.
type Ledger struct {
	all    use
	givers map[[32]byte]*giver
}

type giver struct {
	use
	authors map[[32]byte]*use
}

// Total returns how much there is in all.
func (l *Ledger) Total(m Measure) int64 { return l.all[m] }

// Add enters what came to an owner, or, negative, what went.
func (l *Ledger) Add(o Owner, count int, bytes int64) {
	if l.givers == nil {
		l.givers = make(map[[32]byte]*giver)
	}
	g := l.givers[o.Giver]
	if g == nil {
		g = &giver{authors: make(map[[32]byte]*use)}
		l.givers[o.Giver] = g
	}
	a := g.authors[o.Author]
	if a == nil {
		a = new(use)
		g.authors[o.Author] = a
	}
	l.all.add(count, bytes)
	g.add(count, bytes)
	a.add(count, bytes)
	if a[Count] == 0 {
		delete(g.authors, o.Author)
	}
	if g.use[Count] == 0 {
		delete(l.givers, o.Giver)
	}
}

// Most returns a function that reports whether nobody has more than an owner:
// no giver more than its giver, and no author of that giver more than its
// author. It is true for at least one owner if there is any, and holds until
// the next Add.
func (l *Ledger) Most(m Measure) func(Owner) bool {
	var most int64
	for _, g := range l.givers {
		most = max(most, g.use[m])
	}
	authors := make(map[[32]byte]int64) // by giver that has most: the most that an author of its has
	for id, g := range l.givers {
		if g.use[m] < most {
			continue
		}
		for _, a := range g.authors {
			authors[id] = max(authors[id], a[m])
		}
	}
	return func(o Owner) bool {
		top, ok := authors[o.Giver]
		if !ok {
			return false
		}
		a := l.givers[o.Giver].authors[o.Author]
		return a != nil && a[m] == top
	}
}
