package keeper

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/spool"
	"github.com/lanyap/lanyap/mesh"
)

// Service is what a page opens a stream for.
const Service = "page"

const (
	// maxPages is how many pages are kept at once: half a room.
	maxPages = 64

	// grace is how long a page may be without a stream: a phone that changes from one
	// access point to another takes some seconds, a laptop that is opened again too.
	grace = time.Minute

	// spare is how many bytes of a disk stay free at most, see spareOf.
	spare = 256 << 20

	// spoolPrefix begins the names of the directories of all processes.
	spoolPrefix = "lanyap-pages-"
)

// Config is what [Open] needs.
type Config struct {
	Node   *mesh.Node
	Sealed bool         // nothing goes by HTTP in clear: the room is private
	Place  string       // where what is on its way is kept; empty: spool.Place
	Logger *slog.Logger // nil: discard

	free func(path string) int64 // nil: spool.Free; tests have a smaller disk
}

// Keeper handles files for pages. It is the http.Handler of what begins with /files/.
type Keeper struct {
	Config
	log      *slog.Logger
	listener net.Listener
	ctx      context.Context
	cancel   context.CancelFunc
	wg       sync.WaitGroup

	mu     sync.Mutex // guards what follows; taken after a session's
	closed bool
	pages  map[mesh.Member]*session
	tokens map[string]target
	dir    *spool.Dir // made for the first page that needs it
	made   int        // directories in it, ever
	claims map[*claim]bool
}

// target is what a token is for: an *upload or an *incoming.
type target any

// Open begins to keep files for the pages of a node. Until the first comes that costs
// a listener and two goroutines. What earlier processes left is removed.
func Open(cfg Config) (*Keeper, error) {
	listener, err := cfg.Node.Listen(Service)
	if err != nil {
		return nil, fmt.Errorf("keeper: %w", err)
	}
	if cfg.Place == "" {
		cfg.Place = spool.Place()
	}
	if cfg.free == nil {
		cfg.free = spool.Free
	}
	k := &Keeper{
		Config:   cfg,
		log:      cfg.Logger,
		listener: listener,
		pages:    make(map[mesh.Member]*session),
		tokens:   make(map[string]target),
		claims:   make(map[*claim]bool),
	}
	if k.log == nil {
		k.log = slog.New(slog.DiscardHandler)
	}
	k.ctx, k.cancel = context.WithCancel(context.Background())
	k.wg.Go(k.accept)
	k.wg.Go(func() {
		if err := spool.Sweep(cfg.Place, spoolPrefix); err != nil {
			k.log.Warn("what earlier processes left is not removed", "err", err)
		}
	})
	return k, nil
}

// Close ends all that it does for pages, as if these were gone, and removes what it
// has on disk. It takes a few seconds at most.
func (k *Keeper) Close() error {
	k.mu.Lock()
	if k.closed {
		k.mu.Unlock()
		return nil
	}
	k.closed = true
	k.mu.Unlock()
	k.cancel()
	err := k.listener.Close()
	k.wg.Wait()
	k.mu.Lock()
	dir := k.dir
	k.mu.Unlock()
	if dir != nil {
		err = errors.Join(err, dir.Close())
	}
	return err
}

// accept takes in the streams of pages.
func (k *Keeper) accept() {
	for {
		conn, err := k.listener.Accept()
		if err != nil {
			return
		}
		k.wg.Go(func() { k.take(conn) })
	}
}

// take serves a stream to its end.
func (k *Keeper) take(conn net.Conn) {
	defer conn.Close()
	stop := context.AfterFunc(k.ctx, func() { conn.Close() })
	defer stop()
	page := conn.RemoteAddr().(mesh.Addr).Member
	for {
		s, err := k.session(page)
		if err != nil {
			k.log.Info("a page is turned away", "reason", err)
			writeLine(conn, endLine{Is: "failed", Why: err.Error()})
			return
		}
		if s.serve(conn) {
			return
		}
		<-s.ended
	}
}

var errManyPages = errors.New("so many pages send and fetch files here that there is no room for another")

// session returns that of a page, and begins it if need be.
func (k *Keeper) session(page mesh.Member) (*session, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s := k.pages[page]
	switch {
	case k.closed:
		return nil, errClosing
	case s != nil:
		return s, nil
	case len(k.pages) >= maxPages:
		return nil, errManyPages
	}
	s, err := newSession(k, page)
	if err != nil {
		return nil, err
	}
	k.pages[page] = s
	k.wg.Go(s.run)
	return s, nil
}

var errClosing = errors.New("this node is about to leave")

// forget takes out a session that has ended.
func (k *Keeper) forget(s *session) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.pages[s.page] == s {
		delete(k.pages, s.page)
	}
}

// newDir makes a directory of its own for something.
func (k *Keeper) newDir() (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.newDirLocked()
}

func (k *Keeper) newDirLocked() (string, error) {
	if k.dir == nil {
		dir, err := spool.New(k.Place, spoolPrefix)
		if err != nil {
			return "", err
		}
		k.dir = dir
	}
	k.made++
	path := filepath.Join(k.dir.Path(), fmt.Sprint(k.made))
	return path, os.Mkdir(path, 0o700)
}

// publish returns a token for something.
func (k *Keeper) publish(t target) string {
	token := strings.ToLower(rand.Text())
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tokens[token] = t
	return token
}

func (k *Keeper) retract(token string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.tokens, token)
}

// lookup returns what a token is for, nil if it is for nothing.
func (k *Keeper) lookup(token string) target {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.tokens[token]
}
