package stream

import "sync"

// Carrier carries whole messages in order, each at most [MaxFrame] bytes.
// WriteMessage does not keep what it is given. Close ends a Read or Write that
// waits.
type Carrier interface {
	ReadMessage() ([]byte, error)
	WriteMessage([]byte) error
	Close() error
}

// Carry runs the streams over a carrier, until one of both is over; then the other
// is, too. It returns why, and leaves nothing running.
func (m *Mux) Carry(c Carrier) error {
	var wg sync.WaitGroup
	wg.Go(func() {
		m.End(m.write(c))
		_ = c.Close()
	})
	m.End(m.takeFrom(c))
	_ = c.Close()
	wg.Wait()
	return m.Err()
}

func (m *Mux) takeFrom(c Carrier) error {
	for {
		p, err := c.ReadMessage()
		if err != nil {
			return err
		}
		if err := m.Take(p); err != nil {
			return err
		}
	}
}

func (m *Mux) write(c Carrier) error {
	var buf []byte
	for {
		if buf = m.Append(buf[:0], MaxFrame); len(buf) > 0 {
			if err := c.WriteMessage(buf); err != nil {
				return err
			}
			continue
		}
		buf = nil // an idle carrier keeps none
		select {
		case <-m.wake:
		case <-m.done:
			return m.Err()
		}
	}
}
