package discovery

import (
	"testing"
)

func BenchmarkInterfaces(b *testing.B) {
	for b.Loop() {
		if _, err := Interfaces(nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSockets(b *testing.B) {
	list, err := Interfaces(nil)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		for _, i := range list {
			for _, f := range families {
				if i.Unused != "" || !i.has(f) {
					continue
				}
				s, err := listenGroup(i, f)
				if err != nil {
					b.Fatal(err)
				}
				s.Close()
			}
		}
	}
}

func BenchmarkResponder(b *testing.B) {
	list, err := Interfaces(nil)
	if err != nil {
		b.Fatal(err)
	}
	var used []Interface
	for _, i := range list {
		if i.Unused == "" {
			used = append(used, i)
		}
	}
	for b.Loop() {
		r := newResponder(used)
		r.Close()
	}
}
