package main

import (
	"bufio"
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
)

const (
	keeperService = "page"   // of the node that serves the page
	keeperTopic   = "share@" // and its instance: tells others who keeps our files
	maxLine       = 4 << 20  // bytes of a line from the keeper
	linesAhead    = 1024     // that wait to be sent

	// A keeper that is not there, or does not answer, is looked for at first often,
	// since links are made within moments, and then once a second.
	soonest, latest = 50 * time.Millisecond, time.Second
)

// keeper is the node that handles files for this page, and the stream to it.
type keeper struct {
	node    *mesh.Node
	changed chan struct{} // one token: instance is another
	waits   bool          // for a door that takes nobody, as run told last

	mu       sync.Mutex  // guards the rest
	instance string      // of the node
	lines    chan string // to it; nil: there is no stream
	topic    *mesh.Topic // that names it; nil: none does
	named    string      // whom topic names
	links    int         // as was last told
}

func newKeeper(node *mesh.Node, instance string) *keeper {
	return &keeper{node: node, instance: instance, changed: make(chan struct{}, 1), links: -1}
}

// is says who the keeper is from now on.
func (k *keeper) is(instance string) {
	k.mu.Lock()
	k.instance = instance
	k.mu.Unlock()
	select {
	case k.changed <- struct{}{}:
	default:
	}
}

// ask sends a line, and reports whether there is somebody to send it to.
func (k *keeper) ask(line string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.lines == nil {
		return false
	}
	select {
	case k.lines <- line:
		return true
	default:
		return false
	}
}

// run has a stream to the keeper whenever there can be one.
func (k *keeper) run(ctx context.Context) {
	wait := soonest
	for ctx.Err() == nil {
		k.tell()
		if conn := k.dial(ctx); conn != nil {
			k.use(ctx, conn)
			wait = soonest
		}
		select {
		case <-time.After(wait):
		case <-k.changed:
			wait = soonest
		case <-ctx.Done():
		}
		wait = min(2*wait, latest)
	}
}

// dial returns a stream to the keeper, nil if there can be none now.
func (k *keeper) dial(ctx context.Context) net.Conn {
	k.mu.Lock()
	instance := k.instance
	k.mu.Unlock()
	present := k.node.Present()
	i := slices.IndexFunc(present, func(p mesh.Peer) bool { return p.Instance.String() == instance })
	if i < 0 {
		return nil
	}
	conn, err := k.node.Dial(ctx, present[i].Member, keeperService)
	if err != nil {
		return nil
	}
	k.name(instance)
	return conn
}

// name has the others know who keeps our files.
func (k *keeper) name(instance string) {
	if k.named == instance {
		return
	}
	if k.topic != nil {
		_ = k.topic.Close() // its error is always nil
	}
	k.topic, k.named = nil, ""
	if topic, err := k.node.Topic(keeperTopic + instance); err == nil {
		k.topic, k.named = topic, instance
	}
}

// use passes lines both ways until the stream or the session ends, or somebody
// else is the keeper.
func (k *keeper) use(ctx context.Context, conn net.Conn) {
	ctx, stop := context.WithCancel(ctx)
	lines := make(chan string, linesAhead)
	k.set(lines)
	var ends sync.WaitGroup
	ends.Go(func() {
		defer stop()
		read(conn)
	})
	ends.Go(func() {
		defer stop()
		write(ctx, conn, lines)
	})
	k.watch(ctx)
	stop()
	_ = conn.Close()
	ends.Wait()
	k.set(nil)
}

// watch returns when the stream is of no more use. It tells of links meanwhile.
func (k *keeper) watch(ctx context.Context) {
	every := time.NewTicker(latest)
	defer every.Stop()
	for {
		select {
		case <-every.C:
			k.tell()
		case <-k.changed:
			return
		case <-ctx.Done():
			return
		}
	}
}

func read(conn net.Conn) {
	lines := bufio.NewScanner(conn)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		show(newEvent("keeper").text("line", lines.Text()))
	}
}

func write(ctx context.Context, conn net.Conn, lines <-chan string) {
	for {
		select {
		case line := <-lines:
			if _, err := conn.Write([]byte(line + "\n")); err != nil {
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

func (k *keeper) set(lines chan string) {
	k.mu.Lock()
	k.lines = lines
	k.links = -1
	k.mu.Unlock()
	k.tell()
}

// tell tells the page how many are reached, and whether the keeper is, if that is
// news.
func (k *keeper) tell() {
	links := len(k.node.Present())
	k.mu.Lock()
	news, up := links != k.links, k.lines != nil
	k.links = links
	k.mu.Unlock()
	if news {
		show(newEvent("links").number("count", int64(links)).flag("keeper", up))
	}
	k.tellDoor(links)
}

// tellDoor tells whether nobody is reached since too many try wrong secrets.
func (k *keeper) tellDoor(links int) {
	waits := links == 0 && slices.ContainsFunc(k.node.Sightings(), func(s mesh.Sighting) bool { return errors.Is(s.Err, peer.ErrGuesses) })
	if waits != k.waits {
		k.waits = waits
		show(newEvent("door").flag("busy", waits))
	}
}
