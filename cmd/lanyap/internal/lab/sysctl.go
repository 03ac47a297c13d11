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

// roomForPackets: between hosts of one machine each packet waits in the queue of
// the core that sent it, which holds 1,000 of all hosts as a rule and drops what
// comes then. 64 nodes that start at once lose thousands.
var roomForPackets = map[string]int{"core/netdev_max_backlog": 64 << 10}

// sysctls are settings of the whole machine that are raised while somebody
// uses them, in this process or another, and put back by the last. They know
// of each other by files: who has the users file locked uses them, and the
// before file has the values to put back. If all users are killed these values
// stay there, and the next last one puts them back.
type sysctls struct {
	root string // where the settings are
	dir  string // where the users meet
	name string // of their files
	want map[string]int
}

var (
	kernelNeighbours = sysctls{root: "/proc/sys/net", dir: "/run", name: "neighbours", want: roomForNeighbours}
	kernelPackets    = sysctls{root: "/proc/sys/net", dir: "/run", name: "packets", want: roomForPackets}
)

// raise raises what is lower than wanted, and returns what puts it back.
func (s sysctls) raise() (lower func() error, err error) {
	turn, err := s.takeTurn()
	if err != nil {
		return nil, err
	}
	defer turn.Close()
	before, err := s.values()
	if err != nil {
		return nil, err
	}
	users, err := s.lock("users", unix.LOCK_SH)
	if err != nil {
		return nil, err
	}
	if err := s.remember(before); err != nil {
		users.Close()
		return nil, err
	}
	for key, value := range s.want {
		if before[key] >= value {
			continue
		}
		if err := s.set(key, value); err != nil {
			return nil, errors.Join(err, s.leave(users))
		}
	}
	return sync.OnceValue(func() error {
		turn, err := s.takeTurn()
		if err != nil {
			return errors.Join(err, users.Close())
		}
		defer turn.Close()
		return s.leave(users)
	}), nil
}

// leave ends one use, and puts the values back if it was the last. The caller
// has the turn.
func (s sysctls) leave(users *os.File) error {
	defer users.Close()
	if unix.Flock(int(users.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		return nil // others go on
	}
	text, err := os.ReadFile(s.path("before"))
	if err != nil {
		return err
	}
	var errs []error
	for line := range strings.Lines(string(text)) {
		key, number, _ := strings.Cut(strings.TrimSpace(line), " ")
		value, err := strconv.Atoi(number)
		if _, ours := s.want[key]; !ours || err != nil {
			errs = append(errs, fmt.Errorf("lab: %s: not ours: %q", s.path("before"), line))
			continue
		}
		errs = append(errs, s.set(key, value))
	}
	return errors.Join(append(errs, os.Remove(s.path("before")))...)
}

// remember writes down what to put back, unless somebody before has done so.
func (s sysctls) remember(values map[string]int) error {
	if _, err := os.Stat(s.path("before")); err == nil {
		return nil
	}
	var text strings.Builder
	for key, value := range values {
		fmt.Fprintln(&text, key, value)
	}
	// All of it or nothing: who is killed here must not leave a half.
	half := s.path("before.new")
	if err := os.WriteFile(half, []byte(text.String()), 0o600); err != nil {
		return err
	}
	return os.Rename(half, s.path("before"))
}

func (s sysctls) values() (map[string]int, error) {
	values := make(map[string]int)
	for key := range s.want {
		text, err := os.ReadFile(filepath.Join(s.root, key))
		if err != nil {
			return nil, err
		}
		if values[key], err = strconv.Atoi(strings.TrimSpace(string(text))); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func (s sysctls) set(key string, value int) error {
	return os.WriteFile(filepath.Join(s.root, key), []byte(strconv.Itoa(value)), 0)
}

func (s sysctls) path(what string) string {
	return filepath.Join(s.dir, "lanyap-lab-"+s.name+"."+what)
}

// takeTurn waits until nobody else raises or lowers. The turn ends when the
// file is closed.
func (s sysctls) takeTurn() (*os.File, error) { return s.lock("turn", unix.LOCK_EX) }

func (s sysctls) lock(what string, how int) (*os.File, error) {
	file, err := os.OpenFile(s.path(what), os.O_RDWR|os.O_CREATE, 0o600)
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
// container that has none of them, hosts of many are introduced instead, and
// may lose packets when all talk at once.
func (l *Lab) makeRoom() {
	l.t.Helper()
	l.cramped = l.raise(kernelNeighbours)
	if err := l.raise(kernelPackets); err != nil {
		l.t.Logf("many hosts at once may lose packets: %v", err)
	}
}

func (l *Lab) raise(s sysctls) error {
	l.t.Helper()
	lower, err := s.raise()
	if err != nil {
		return err
	}
	l.t.Cleanup(func() {
		if err := lower(); err != nil {
			l.t.Error(err)
		}
	})
	return nil
}
