package people

import (
	"errors"
	"slices"
	"testing"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
)

// member returns somebody of that name, with an ID and an instance made of these
// bytes.
func member(name string, id, instance byte) mesh.Peer {
	p := mesh.Peer{Name: name}
	for i := range p.ID {
		p.ID[i] = id
	}
	for i := range p.Instance {
		p.Instance[i] = instance
	}
	return p
}

func TestFind(t *testing.T) {
	bo, twice, cy, other := member("bo", 1, 1), member("bo", 1, 2), member("cy", 2, 3), member("cy", 3, 4)
	posing := member(bo.ID.String(), 4, 5)
	all := []mesh.Peer{bo, twice, cy, other, posing}
	tests := []struct {
		to      string
		find    *mesh.Peer // nil: an error
		persons []peer.ID
	}{
		{"bo", nil, []peer.ID{bo.ID}},
		{"cy", nil, []peer.ID{cy.ID, other.ID}},
		{bo.ID.String(), nil, []peer.ID{bo.ID}},
		{cy.ID.String(), &cy, []peer.ID{cy.ID}},
		{twice.Instance.String(), &twice, []peer.ID{bo.ID}},
		{cy.ID.Short(), nil, nil},
		{"nobody", nil, nil},
		{"", nil, nil},
	}
	for _, tt := range tests {
		p, err := Find(all, tt.to)
		switch {
		case tt.find != nil && (err != nil || p.Member != tt.find.Member):
			t.Errorf("Find(%q) = %v, %v", tt.to, p, err)
		case tt.find == nil && err == nil:
			t.Errorf("Find(%q) = %v, want none", tt.to, p)
		}
		var got []peer.ID
		for _, p := range Persons(all, tt.to) {
			got = append(got, p.ID)
		}
		if !slices.Equal(got, tt.persons) {
			t.Errorf("Persons(%q) = %v, want %v", tt.to, got, tt.persons)
		}
	}
	if _, err := Find(all, "cy"); !errors.Is(err, ErrAmbiguous) {
		t.Errorf("two of one name: %v", err)
	}
	if _, err := Find(all, "x"); !errors.Is(err, ErrUnknown) {
		t.Errorf("nobody: %v", err)
	}
	if p, err := FindShown(all, other.ID.Short()); err != nil || p.Member != other.Member {
		t.Errorf("by its short ID: %v, %v", p, err)
	}
}
