package mesh

import (
	"bytes"
	"testing"
)

// FuzzReadService reads what strangers may say that a stream is for: of it no more is
// taken than that, and what follows is left to the program.
func FuzzReadService(f *testing.F) {
	f.Add([]byte("\x01\x07notes/1and more"))
	f.Add([]byte("\x01\xffshort"))
	f.Add([]byte("\x02\x01x"))
	f.Add([]byte("GET / HTTP/1.1\r\n"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, p []byte) {
		r := bytes.NewReader(p)
		service, status := readService(r)
		if status != statusOpen {
			return
		}
		rest := p[len(p)-r.Len():]
		if want := append([]byte{serviceVersion, byte(len(service))}, service...); !bytes.Equal(p, append(want, rest...)) {
			t.Errorf("%q was read as %q, with %q left", p, service, rest)
		}
	})
}
