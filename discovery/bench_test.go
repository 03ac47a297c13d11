package discovery

import "testing"

// BenchmarkStart is what a program waits for: from nothing to the first
// announcement, on the loopback.
func BenchmarkStart(b *testing.B) {
	list, err := Interfaces(nil)
	if err != nil {
		b.Fatal(err)
	}
	var name string
	for _, i := range list {
		if i.Loopback {
			name = i.Name
		}
	}
	for b.Loop() {
		lan, err := Open(Config{Interfaces: []string{name}})
		if err != nil {
			b.Fatal(err)
		}
		if err := lan.Announce(b.Context(), self); err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		if err := lan.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}

func BenchmarkInterfaces(b *testing.B) {
	for b.Loop() {
		if _, err := Interfaces(nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParse is what a packet of another node costs.
func BenchmarkParse(b *testing.B) {
	packet := mustPack(b, announcement(self, addrs))
	for b.Loop() {
		if _, err := parse(packet); err != nil {
			b.Fatal(err)
		}
	}
}
