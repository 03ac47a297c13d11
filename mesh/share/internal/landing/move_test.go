package landing

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
)

// Each way to move something to a name that must be free, of which a system and
// a disk have one.
func TestOneOfManyGetsAName(t *testing.T) {
	const movers = 16
	for name, test := range map[string]struct {
		folder bool
		move   func(from *os.Root, name string, to *os.Root, as string) error
	}{
		"a file, as this system does":   {false, moveNew},
		"a folder, as this system does": {true, moveNew},
		"a file, by a link":             {false, linkFile},
		"a folder, by a reservation":    {true, reserveDirectory},
	} {
		t.Run(name, func(t *testing.T) {
			from, to := openRoot(t), openRoot(t)
			defer from.Close()
			defer to.Close()
			var wg sync.WaitGroup
			won := make(chan string, movers)
			for i := range movers {
				mine := strconv.Itoa(i)
				file := mine
				if test.folder {
					if err := from.Mkdir(mine, 0o700); err != nil {
						t.Fatal(err)
					}
					file = filepath.Join(mine, "file")
				}
				if err := from.WriteFile(file, []byte(mine), 0o600); err != nil {
					t.Fatal(err)
				}
				wg.Go(func() {
					err := test.move(from, mine, to, "name")
					if err == nil {
						won <- mine
					} else if !taken(err) {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if len(won) != 1 {
				t.Fatalf("%d have got the name", len(won))
			}
			file := "name"
			if test.folder {
				file = filepath.Join("name", "file")
			}
			winner := <-won
			if data, err := to.ReadFile(file); err != nil || string(data) != winner {
				t.Errorf("%q has the name, and %q was told so: %v", data, winner, err)
			}
			if _, err := from.Lstat(winner); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("it still has its old name: %v", err)
			}
		})
	}
}
