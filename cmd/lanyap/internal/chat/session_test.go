package chat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lanyap/lanyap/mesh"
)

const testTimeout = 10 * time.Second

var (
	bo = member("bo")
	cy = member("cy")
)

// chatTest is a chat that runs in a synctest bubble.
type chatTest struct {
	t     *testing.T
	node  *fakeNode
	face  *recorder
	stdin *io.PipeWriter // where the input comes from, unless it is a FromFile
	start time.Time
	end   context.CancelCauseFunc
	done  chan error
}

// chatOf starts a chat whose input comes from source; of a FromFile it is text.
func chatOf(t *testing.T, source Source, wait int, text string) *chatTest {
	t.Helper()
	c := &chatTest{t: t, node: newFakeNode(), face: new(recorder), start: time.Now(), done: make(chan error, 1)}
	var in io.Reader = strings.NewReader(text)
	if source != FromFile {
		r, w := io.Pipe()
		in, c.stdin = r, w
		t.Cleanup(func() { w.Close() })
	}
	cfg := Config{
		Node:    c.node,
		Room:    "lan",
		Members: NewRoom(c.node.self),
		Face:    c.face,
		Source:  source,
		Wait:    wait,
		Timeout: testTimeout,
	}
	if source != FromNothing {
		cfg.Input = NewLines(in)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	c.end = cancel
	go func() { c.done <- Run(ctx, cfg) }()
	return c
}

// write feeds the input and waits until all of it is read.
func (c *chatTest) write(text string) {
	c.t.Helper()
	if _, err := io.WriteString(c.stdin, text); err != nil {
		c.t.Fatal(err)
	}
	synctest.Wait()
}

// running fails the test if the chat has ended.
func (c *chatTest) running() {
	c.t.Helper()
	synctest.Wait()
	select {
	case err := <-c.done:
		c.t.Fatalf("ended after %v: %v", time.Since(c.start), err)
	default:
	}
}

// result waits for the end of the chat and returns its error and when it came.
func (c *chatTest) result() (error, time.Duration) {
	c.t.Helper()
	err := <-c.done
	if !c.node.polite() {
		c.t.Error("the chat ended without leaving and closing the node")
	}
	if c.stdin != nil {
		c.stdin.Close()
	}
	return err, time.Since(c.start)
}

func (c *chatTest) wantTexts(want ...string) {
	c.t.Helper()
	synctest.Wait()
	if got := c.node.texts(); !slices.Equal(got, want) {
		c.t.Errorf("said %q, want %q", got, want)
	}
}

func TestNobodyCame(t *testing.T) {
	tests := []struct {
		name   string
		source Source
		wait   int
		eof    time.Duration // when a pipe ends
		want   time.Duration // when the chat gives up
	}{
		{"regular file: the clock starts at once", FromFile, 0, 0, testTimeout},
		{"pipe: the clock starts at the end of input", FromPipe, 0, 5 * time.Second, 5*time.Second + testTimeout},
		{"pipe with wait: at once", FromPipe, 1, 5 * time.Second, testTimeout},
		{"file with wait", FromFile, 2, 0, testTimeout},
		{"nothing to say, with wait", FromNothing, 1, 0, testTimeout},
		{"terminal with wait", FromTerminal, 1, 0, testTimeout},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := chatOf(t, tt.source, tt.wait, "hi\n")
				if tt.eof > 0 {
					time.AfterFunc(tt.eof, func() { c.stdin.Close() })
				}
				err, after := c.result()
				if !errors.Is(err, ErrNobody) || after != tt.want {
					t.Errorf("ended with %v after %v, want %v after %v", err, after, ErrNobody, tt.want)
				}
				c.wantTexts()
			})
		})
	}
}

func TestTooFewCame(t *testing.T) {
	for _, source := range []Source{FromNothing, FromPipe, FromFile, FromTerminal} {
		synctest.Test(t, func(t *testing.T) {
			c := chatOf(t, source, 3, "hi\n")
			c.node.join(bo)
			c.node.join(cy)
			err, after := c.result()
			var few *TooFewError
			if !errors.As(err, &few) || few.Here != 2 || few.Wanted != 3 || after != testTimeout {
				t.Errorf("source %d: ended with %v after %v", source, err, after)
			}
			c.wantTexts()
		})
	}
}

func TestNeverGivesUp(t *testing.T) {
	for name, source := range map[string]Source{"open pipe": FromPipe, "terminal": FromTerminal, "nothing to say": FromNothing} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := chatOf(t, source, 0, "")
				if source != FromNothing {
					c.write("hi\n")
				}
				time.Sleep(time.Hour)
				c.running()
				c.wantTexts()
				signalled := errors.New("signalled")
				c.end(signalled)
				if err, _ := c.result(); !errors.Is(err, signalled) {
					t.Errorf("ended with %v, want the cause of the context", err)
				}
			})
		})
	}
}

func TestSaidOnceEnoughAreThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := chatOf(t, FromPipe, 2, "")
		c.write("one\ntwo\nthree")
		c.node.join(bo)
		c.wantTexts()
		c.node.join(cy)
		c.wantTexts("one", "two")
		c.stdin.Close()
		err, _ := c.result()
		if err != nil {
			t.Errorf("ended with %v", err)
		}
		c.wantTexts("one", "two", "three")
		delivered := shown[Delivered](c.face)
		if len(delivered) != 3 || delivered[0].Count != 2 {
			t.Errorf("delivered %+v, want three times to two", delivered)
		}
		if got := len(shown[Joined](c.face)); got != 2 {
			t.Errorf("%d joined were shown, want 2", got)
		}
	})
}

func TestReadsOnWithNobodyThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := chatOf(t, FromPipe, 0, "")
		c.node.join(bo)
		c.write("one\n")
		c.node.part(bo, nil)
		c.write("two\n")
		c.wantTexts("one", "two")
		time.Sleep(time.Hour)
		c.running()
		c.stdin.Close()
		if err, _ := c.result(); !errors.Is(err, ErrUnheard) {
			t.Errorf("ended with %v, want %v: nobody has the second line", err, ErrUnheard)
		}
		delivered := shown[Delivered](c.face)
		slices.SortFunc(delivered, func(a, b Delivered) int { return int(a.Seq) - int(b.Seq) })
		if len(delivered) != 2 || delivered[0].Count != 1 || delivered[1].Count != 0 {
			t.Errorf("delivered %+v, want to one, then to nobody", delivered)
		}
	})
}

func TestUnconfirmedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := chatOf(t, FromFile, 2, "hi\n")
		c.node.hold[cy.Member] = true
		c.node.join(bo)
		c.node.join(cy)
		err, after := c.result()
		var pending *PendingError
		if !errors.As(err, &pending) || len(pending.Peers) != 1 || pending.Peers[0].Name != "cy" {
			t.Errorf("ended with %v %+v, want that cy alone is named", err, pending)
		}
		if after != testTimeout {
			t.Errorf("ended after %v, want %v", after, testTimeout)
		}
	})
}

func TestWhoLeftDoesNotCount(t *testing.T) {
	gone := errors.New("connection lost")
	tests := []struct {
		name   string
		others []mesh.Peer
		want   error
	}{
		{"another has it", []mesh.Peer{bo, cy}, nil},
		{"nobody has it", []mesh.Peer{bo}, ErrUnheard},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := chatOf(t, FromFile, len(tt.others), "hi\n")
				c.node.hold[bo.Member] = true
				for _, p := range tt.others {
					c.node.join(p)
				}
				synctest.Wait()
				c.node.part(bo, gone)
				if err, _ := c.result(); !errors.Is(err, tt.want) {
					t.Errorf("ended with %v, want %v", err, tt.want)
				}
				undelivered := shown[Undelivered](c.face)
				if len(undelivered) != 1 || len(undelivered[0].Peers) != 1 || undelivered[0].Peers[0].Name != "bo" {
					t.Errorf("undelivered %+v, want bo named", undelivered)
				}
				if got := shown[Delivered](c.face); len(got) != 0 {
					t.Errorf("delivered %+v though bo left without it", got)
				}
			})
		})
	}
}

func TestTerminalLeavesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		alone := chatOf(t, FromTerminal, 0, "")
		alone.stdin.Close()
		if err, after := alone.result(); err != nil || after != 0 {
			t.Errorf("alone: ended with %v after %v, want at once", err, after)
		}
		unconfirmed := chatOf(t, FromTerminal, 0, "")
		unconfirmed.node.hold[bo.Member] = true
		unconfirmed.node.join(bo)
		unconfirmed.write("hi\n")
		unconfirmed.stdin.Close()
		if err, after := unconfirmed.result(); err != nil || after != 0 {
			t.Errorf("unconfirmed: ended with %v after %v, want at once", err, after)
		}
	})
}

func TestStaysWhileOthersSpeak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := chatOf(t, FromFile, 0, "hi\n")
		c.node.join(bo)
		time.Sleep(lull / 2)
		c.running()
		c.node.emit(mesh.Message{From: bo, Seq: 1, Data: []byte("yo")})
		time.Sleep(lull - 1)
		c.running()
		if err, after := c.result(); err != nil || after != lull/2+lull {
			t.Errorf("ended with %v after %v, want %v", err, after, lull/2+lull)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		c := chatOf(t, FromFile, 0, "hi\n")
		c.node.join(bo)
		go func() {
			for c.node.emit(mesh.Message{From: bo, Data: []byte("chatter")}) {
				time.Sleep(lull / 3)
			}
		}()
		if err, after := c.result(); err != nil || after > lingerLimit {
			t.Errorf("ended with %v after %v in a busy room, want at most %v", err, after, lingerLimit)
		}
		time.Sleep(lull) // of the bubble's time: the chatter ends
	})
}

func TestHearsLastWordsWhileLeaving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := chatOf(t, FromFile, 0, "hi\n")
		c.node.onLeave = func(context.Context) {
			c.node.emit(mesh.Message{From: bo, Seq: 1, Data: []byte("last words")})
			c.node.part(bo, nil)
		}
		c.node.join(bo)
		if err, _ := c.result(); err != nil {
			t.Errorf("ended with %v", err)
		}
		if got := shown[Message](c.face); len(got) != 1 || got[0].Text != "last words" {
			t.Errorf("shown %+v, want the last words", got)
		}
		if got := shown[Left](c.face); len(got) != 0 {
			t.Errorf("shown %+v, though it is us who left", got)
		}
	})
}

func TestEndsInTimeWhenTheNodeHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := chatOf(t, FromNothing, 0, "")
		release := make(chan struct{})
		c.node.onLeave = func(ctx context.Context) { <-ctx.Done() }
		c.node.onClose = func() { <-release }
		c.running()
		c.end(nil)
		<-c.done
		if after := time.Since(c.start); after >= 2*time.Second {
			t.Errorf("ended %v after the signal, want less than 2 s", after)
		}
		close(release)
	})
}

func TestFaceIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := chatOf(t, FromPipe, 0, "")
		c.running()
		c.face.mu.Lock()
		c.face.err = io.ErrClosedPipe
		c.face.mu.Unlock()
		c.node.join(bo)
		err, _ := c.result()
		var face *FaceError
		if !errors.As(err, &face) || !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("ended with %v, want a FaceError", err)
		}
	})
}

// TestHistoryThatIsNotKept is shown once, however often it begins, and fails
// the chat if it is not kept in the end.
func TestHistoryThatIsNotKept(t *testing.T) {
	for _, lasting := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			c := chatOf(t, FromPipe, 0, "")
			full := fmt.Errorf("%w: disk full", mesh.ErrHistory)
			c.node.join(bo)
			for range 3 {
				c.node.emit(mesh.HistoryFailed{Err: full})
			}
			c.write("hi\n")
			if lasting {
				c.node.closeErr = full
			}
			c.stdin.Close()
			err, _ := c.result()
			if !lasting && err != nil || lasting && !errors.Is(err, mesh.ErrHistory) {
				t.Errorf("lasting %v: ended with %v", lasting, err)
			}
			if n := len(shown[Warning](c.face)); n != 1 {
				t.Errorf("shown %d times", n)
			}
		})
	}
}
