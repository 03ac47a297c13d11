//go:build !js

package peer

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/pion/sctp"
)

// failing is a data channel of which a read fails.
type failing struct {
	rawChannel
	err error
}

func (f failing) ReadDataChannel([]byte) (int, bool, error) { return 0, false, f.err }

// TestEndOfAssociation reads in the moment in which the other side closes the
// association, of which pion says one or the other: it is the end, and no trouble.
func TestEndOfAssociation(t *testing.T) {
	for _, err := range []error{io.EOF, sctp.ErrUserInitiatedAbort, fmt.Errorf("%w: state=Closed", sctp.ErrResetPacketInStateNotExist)} {
		raw := failing{err: err}
		if _, _, got := (&rtcChannel{raw: raw, session: &session{}}).read(nil); !errors.Is(got, io.EOF) {
			t.Errorf("%v: a link reads %v", err, got)
		}
		if _, got := (&beside{raw: raw, session: &session{}}).ReadMessage(); !errors.Is(got, io.EOF) {
			t.Errorf("%v: channels read %v", err, got)
		}
	}
}
