package discovery

import (
	"context"
	"time"
)

// SetSilence sets for how long nobody is heard until the group is joined again,
// and that somebody is looked up twice meanwhile.
func SetSilence(d time.Duration) { silentFor, lookupEvery = d, d/2 }

// Lookup returns the instances that hashicorp's querier finds on an interface.
func Lookup(ctx context.Context, name string) ([]string, error) {
	list, err := Interfaces([]string{name})
	if err != nil {
		return nil, err
	}
	var found []string
	for _, i := range list {
		for _, s := range lookup(ctx, i) {
			found = append(found, s.instance)
		}
	}
	return found, nil
}
