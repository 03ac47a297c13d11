package share

import (
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/bits"
	"github.com/lanyap/lanyap/mesh/share/internal/proto"
)

// newsDelay is how long it waits for more to be told with it that a piece is here.
const newsDelay = 5 * time.Millisecond

// have takes in what a mate has at first, got what it has besides.
func (src *source) have(payload []byte) error {
	d := src.d
	d.mu.Lock()
	defer d.mu.Unlock()
	if src.has == nil {
		return errUnexpected
	}
	set, err := bits.Parse(payload, d.m.Pieces())
	if err != nil {
		return err
	}
	for r := range set.Runs() {
		d.saysLocked(src, r)
	}
	d.pumpLocked()
	return nil
}

func (src *source) got(payload []byte) error {
	err := src.announced(payload, func(r bits.Run) { src.d.saysLocked(src, r) })
	src.d.pump()
	return err
}

// fetching takes in what a mate has asked the offerer for.
func (src *source) fetching(payload []byte) error {
	return src.announced(payload, func(r bits.Run) { src.d.plan.Fetching(time.Now(), src.holder(), r, true) })
}

// announced has each run that a mate tells of taken in, under the download's lock.
func (src *source) announced(payload []byte, takeLocked func(bits.Run)) error {
	d := src.d
	d.mu.Lock()
	defer d.mu.Unlock()
	if src.has == nil {
		return errUnexpected
	}
	runs, err := proto.ParseRuns(payload, nil, d.m.Pieces())
	for _, r := range runs {
		takeLocked(r)
	}
	return err
}

// saysLocked takes in that a mate has a run. It is asked for those pieces of which
// the hashes are known by the offerer's word; the others are on their way for us
// until they are.
func (d *download) saysLocked(src *source, r bits.Run) {
	src.has.AddRun(r)
	now := time.Now()
	for i := r.First; i < r.End(); {
		known := d.knowsLocked(i)
		same := bits.Run{First: i, Count: 1}
		for same.End() < r.End() && d.knowsLocked(same.End()) == known {
			same.Count++
		}
		if known {
			d.plan.Has(now, src.holder(), same)
		} else {
			d.plan.Fetching(now, src.holder(), same, true)
			d.askHashesLocked(same)
			if d.originLocked() == nil {
				d.askListLocked(src, same)
			}
		}
		i = same.End()
	}
}

// tellMatesLocked sends runs to all mates.
func (d *download) tellMatesLocked(k proto.Kind, runs []bits.Run) {
	for _, src := range d.sources {
		if src.has != nil {
			sendRuns(src.sess, k, runs)
		}
	}
}

// spreadLocked has mates told, in a moment, that a piece is here.
func (d *download) spreadLocked(i int) {
	if !d.several {
		return
	}
	if n := len(d.news); n > 0 && d.news[n-1].End() == i {
		d.news[n-1].Count++
		return
	}
	d.news = append(d.news, bits.Run{First: i, Count: 1})
	if len(d.news) == 1 {
		time.AfterFunc(newsDelay, d.spread)
	}
}

func (d *download) spread() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.tellMatesLocked(proto.Got, d.news)
	d.news = nil
}

// sendRuns sends as many frames as it takes.
func sendRuns(sess *session, k proto.Kind, runs []bits.Run) {
	for len(runs) > 0 {
		n := min(len(runs), proto.MaxRuns)
		sess.send(func(b []byte) []byte { return proto.AppendRuns(b, k, runs[:n]...) })
		runs = runs[n:]
	}
}
