package transfer

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh/share"
)

// TestQuestions holds that offers are asked about one after the other, and that
// only y says yes.
func TestQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receives(t, nil)
		r.press('y') // before there is a question
		one, two, three, four := offered("one", bo, zip), offered("two", cy, zip), offered("three", bo, zip), offered("four", cy, zip)
		for _, o := range []*fakeOffer{one, two, three, four} {
			r.gets(o)
		}
		if got := r.asked(); got != "one" {
			t.Errorf("asked about %s", got)
		}
		for _, key := range "\r\n xq0\x1b" {
			r.press(key)
		}
		one.wantDecided(t, "")
		close(one.withdrawn)
		synctest.Wait()
		if got := r.asked(); got != "two" {
			t.Errorf("asked about %s", got)
		}
		three.why = share.ErrTaken
		close(three.withdrawn)
		synctest.Wait()
		r.press('N')
		two.wantDecided(t, "declined")
		if got := r.asked(); got != "four" {
			t.Errorf("asked about %s", got)
		}
		r.press('Y')
		four.wantDecided(t, "accepted")
		one.wantDecided(t, "")
		r.wantEnd(nil)
		wantWords(t, r.face.notices(), "* declined holiday.zip, 1.0 MiB, from cy", "taken by another program of yours")
	})
}

// TestKeyForAnotherQuestion holds that a key which was meant for a question that
// has just gone does not answer the next.
func TestKeyForAnotherQuestion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receives(t, nil)
		one, two, three := r.gets(offered("one", bo, zip)), r.gets(offered("two", cy, zip)), r.gets(offered("three", cy, zip))
		close(one.withdrawn)
		synctest.Wait()
		r.hit('y')
		two.wantDecided(t, "")
		r.press('n')
		r.hit('n')
		two.wantDecided(t, "declined")
		three.wantDecided(t, "")
		r.press('y')
		three.wantDecided(t, "accepted")
		r.wantEnd(nil)
	})
}

// TestDeclinedIsNotTheFirst holds that it goes on waiting after a no.
func TestDeclinedIsNotTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receives(t, nil)
		r.gets(offered("one", bo, zip))
		r.press('n')
		time.Sleep(time.Hour)
		r.running()
		r.gets(offered("two", bo, zip))
		r.press('y')
		r.wantEnd(nil)
	})
}

// TestNobodyToAsk holds that what nobody can say yes to is declined, and is not
// taken.
func TestNobodyToAsk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receives(t, nil)
		one, two := r.gets(offered("one", bo, zip)), r.gets(offered("two", cy, zip))
		close(r.keys)
		synctest.Wait()
		one.wantDecided(t, "declined")
		two.wantDecided(t, "declined")
		r.gets(offered("three", cy, zip)).wantDecided(t, "declined")
		r.running()
		r.cancel(nil)
		<-r.ended
	})
}

func TestUndecidedIsDeclinedAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receives(t, nil)
		o := r.gets(offered("one", bo, zip))
		cause := errors.New("signal")
		r.cancel(cause)
		r.wantEnd(cause)
		o.wantDecided(t, "declined")
	})
}

// TestWithdrawnAsItIsTaken holds that an offer that is gone when it is accepted
// is not the first.
func TestWithdrawnAsItIsTaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := receives(t, nil)
		o := offered("one", bo, zip)
		o.accept = share.ErrWithdrawn
		r.gets(o)
		r.press('y')
		r.running()
		r.cancel(nil)
		<-r.ended
	})
}
