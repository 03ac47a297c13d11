//go:build linux

package lab

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// room for neighbours: the kernel keeps 1,024 hardware addresses of each family
// (net.ipv4.neigh.default.gc_thresh3) and counts those of all namespaces of the
// machine together. 64 hosts that know 63 each would not get a packet through.
// What is kept here are 128 hosts that know each other, twice over.
var roomForNeighbours = map[string]int{
	"ipv4/neigh/default/gc_thresh1": 16 << 10, // below it nothing is collected
	"ipv4/neigh/default/gc_thresh2": 32 << 10,
	"ipv4/neigh/default/gc_thresh3": 64 << 10,
	"ipv6/neigh/default/gc_thresh1": 16 << 10,
	"ipv6/neigh/default/gc_thresh2": 32 << 10,
	"ipv6/neigh/default/gc_thresh3": 64 << 10,
}

// neighbours are settings of the whole machine that are raised while somebody
// uses them, in this process or another, and put back by the last. They know
// of each other by files: who has the users file locked uses them, and the
// before file has the values to put back. If all users are killed these values
// stay there, and the next last one puts them back.
type neighbours struct {
	sysctls string // where the settings are
	dir     string // where the users meet
	want    map[string]int
}

var kernelNeighbours = neighbours{sysctls: "/proc/sys/net", dir: "/run", want: roomForNeighbours}

// raise raises what is lower than wanted, and returns what puts it back.
func (n neighbours) raise() (lower func() error, err error) {
	turn, err := n.takeTurn()
	if err != nil {
		return nil, err
	}
	defer turn.Close()
	before, err := n.values()
	if err != nil {
		return nil, err
	}
	users, err := n.lock("users", unix.LOCK_SH)
	if err != nil {
		return nil, err
	}
	if err := n.remember(before); err != nil {
		users.Close()
		return nil, err
	}
	for key, value := range n.want {
		if before[key] >= value {
			continue
		}
		if err := n.set(key, value); err != nil {
			return nil, errors.Join(err, n.leave(users))
		}
	}
	return sync.OnceValue(func() error {
		turn, err := n.takeTurn()
		if err != nil {
			return errors.Join(err, users.Close())
		}
		defer turn.Close()
		return n.leave(users)
	}), nil
}

// leave ends one use, and puts the values back if it was the last. The caller
// has the turn.
func (n neighbours) leave(users *os.File) error {
	defer users.Close()
	if unix.Flock(int(users.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		return nil // others go on
	}
	text, err := os.ReadFile(n.path("before"))
	if err != nil {
		return err
	}
	var errs []error
	for line := range strings.Lines(string(text)) {
		key, number, _ := strings.Cut(strings.TrimSpace(line), " ")
		value, err := strconv.Atoi(number)
		if _, ours := n.want[key]; !ours || err != nil {
			errs = append(errs, fmt.Errorf("lab: %s: not ours: %q", n.path("before"), line))
			continue
		}
		errs = append(errs, n.set(key, value))
	}
	return errors.Join(append(errs, os.Remove(n.path("before")))...)
}

// remember writes down what to put back, unless somebody before has done so.
func (n neighbours) remember(values map[string]int) error {
	if _, err := os.Stat(n.path("before")); err == nil {
		return nil
	}
	var text strings.Builder
	for key, value := range values {
		fmt.Fprintln(&text, key, value)
	}
	// All of it or nothing: who is killed here must not leave a half.
	half := n.path("before.new")
	if err := os.WriteFile(half, []byte(text.String()), 0o600); err != nil {
		return err
	}
	return os.Rename(half, n.path("before"))
}

func (n neighbours) values() (map[string]int, error) {
	values := make(map[string]int)
	for key := range n.want {
		text, err := os.ReadFile(filepath.Join(n.sysctls, key))
		if err != nil {
			return nil, err
		}
		if values[key], err = strconv.Atoi(strings.TrimSpace(string(text))); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func (n neighbours) set(key string, value int) error {
	return os.WriteFile(filepath.Join(n.sysctls, key), []byte(strconv.Itoa(value)), 0)
}

func (n neighbours) path(what string) string {
	return filepath.Join(n.dir, "lanyap-lab-neighbours."+what)
}

// takeTurn waits until nobody else raises or lowers. The turn ends when the
// file is closed.
func (n neighbours) takeTurn() (*os.File, error) { return n.lock("turn", unix.LOCK_EX) }

func (n neighbours) lock(what string, how int) (*os.File, error) {
	file, err := os.OpenFile(n.path(what), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	for {
		err = unix.Flock(int(file.Fd()), how)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("lab: lock %s: %w", file.Name(), err)
	}
	return file, nil
}

// makeRoom raises the settings for the lab's time. Where it cannot, as in a
// container that has none of them, hosts of many are introduced instead.
func (l *Lab) makeRoom() {
	l.t.Helper()
	lower, err := kernelNeighbours.raise()
	if err != nil {
		l.cramped = err
		return
	}
	l.t.Cleanup(func() {
		if err := lower(); err != nil {
			l.t.Error(err)
		}
	})
}
