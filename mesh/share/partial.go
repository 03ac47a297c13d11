package share

import (
	"time"

	"github.com/lanyap/lanyap/mesh/share/internal/landing"
	"github.com/lanyap/lanyap/mesh/share/internal/manifest"
	"github.com/lanyap/lanyap/mesh/share/internal/tree"
	"github.com/lanyap/lanyap/peer"
)

// Partial is what is here of a transfer that has not come to its end.
type Partial struct {
	Key   string // of the content, in hex
	From  peer.ID
	Name  string // of who offered it, as it called itself
	Dir   string // the destination
	Items []Item // at most 64
	Files int
	Size  int64 // of all of it, in bytes
	Have  int64 // of it is here
	Since time.Time
	Used  time.Time // when something last came
	Held  bool      // a process receives it now
}

// Partials returns what is unfinished in a state directory, latest first.
func Partials(stateDir string) ([]Partial, error) {
	all, err := landing.Partials(stateDir)
	return partials(all), err
}

// Clean removes those that nothing came for in the given time, or all if it is 0,
// and what lies beside their destinations; not those that a process works on.
// It returns what it removed. A Sharer does so by itself after a week.
func Clean(stateDir string, unused time.Duration) ([]Partial, error) {
	all, err := landing.Clean(stateDir, unused)
	return partials(all), err
}

func partials(all []landing.Partial) []Partial {
	var out []Partial
	for _, p := range all {
		from, _ := peer.ParseID(p.From) // zero if it is none
		partial := Partial{
			Key:   p.Key.String(),
			From:  from,
			Name:  p.Name,
			Dir:   p.Dir,
			Files: p.Files,
			Size:  p.Size,
			Have:  p.Have,
			Since: p.Since,
			Used:  p.Used,
			Held:  p.Held,
		}
		for _, it := range p.Items {
			partial.Items = append(partial.Items, Item(it))
		}
		out = append(out, partial)
	}
	return out
}

// partialOf returns what is here of a content.
func (s *Sharer) partialOf(key tree.Hash) *Partial {
	if s.cfg.StateDir == "" {
		return nil
	}
	all, err := Partials(s.cfg.StateDir)
	if err != nil {
		return nil
	}
	for _, p := range all {
		if p.Key == manifest.Key(key).String() && !p.Held {
			return &p
		}
	}
	return nil
}
