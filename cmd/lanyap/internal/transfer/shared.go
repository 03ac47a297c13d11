package transfer

import (
	"context"
	"crypto/rand"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/share"
	"github.com/lanyap/lanyap/peer"
)

// fetched is the deal of what is fetched from a shelf.
func fetched(place string, from mesh.Peer, at share.Progress) Deal {
	name := path.Base(place)
	return Deal{
		ID: strings.ToLower(rand.Text()[:8]), Incoming: true, Peer: from,
		Items: []share.Item{{Name: name, Files: at.Files, Size: at.Bytes}}, Count: 1, Files: at.Files, Size: at.Bytes,
	}
}

// Shared says that a folder is on a shelf now, and what others can read in it.
type Shared struct {
	Name   string
	Path   string
	Room   string
	For    []mesh.Peer // who may read it; none: all in the room
	Files  int
	Size   int64
	Hidden int    // files whose name, or that of a folder they are in, begins with a dot
	Such   string // one of the hidden
	More   bool   // counting took too long: there is more
}

func (Shared) event() {}

// ShareConfig is what [Share] needs.
type ShareConfig struct {
	Node    Node
	Room    string // its name
	Private bool   // it has a secret
	Shelves Shelving
	Dirs    []string
	For     []string      // names and IDs of those who may read it; none: all
	Timeout time.Duration // for those to come whom For names
	Face    Face
	Notes   []Warning // shown at the start
	Page    []string  // where browsers find the page this node serves; none: it serves none
}

// Share puts folders on shelves until ctx ends. A name in For means whom it means
// at the start; an ID may come later. It closes the Sharer and the node, whatever
// the end.
func Share(ctx context.Context, cfg ShareConfig) error {
	err := putUp(ctx, cfg)
	if err == nil {
		<-ctx.Done()
	}
	hangUp(ctx, cfg.Shelves, cfg.Node)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// putUp puts the folders up and says so.
func putUp(ctx context.Context, cfg ShareConfig) error {
	events := []Event{Ready{Self: cfg.Node.Self(), Room: cfg.Room, Private: cfg.Private, Addrs: cfg.Node.Addrs(), Page: cfg.Page}}
	if len(cfg.Page) > 0 {
		events = append(events, Page{cfg.Page})
	}
	for _, note := range cfg.Notes {
		events = append(events, note)
	}
	for _, ev := range events {
		if err := cfg.Face.Show(ev); err != nil {
			return &FaceError{Cause: err}
		}
	}
	readers, err := readers(ctx, cfg)
	if err != nil {
		return err
	}
	var ids []peer.ID
	for _, p := range readers {
		ids = append(ids, p.ID)
	}
	for _, dir := range cfg.Dirs {
		shelf, err := cfg.Shelves.Share(dir, ids...)
		if err != nil {
			return err
		}
		ev := count(ctx, dir)
		ev.Name, ev.Room, ev.For = nameOf(shelf, dir), cfg.Room, readers
		if err := cfg.Face.Show(ev); err != nil {
			return &FaceError{Cause: err}
		}
	}
	return nil
}

// nameOf is what a shelf is called. A double has none.
func nameOf(shelf *share.Shelf, dir string) string {
	if shelf != nil {
		return shelf.Name()
	}
	return filepath.Base(dir)
}

// readers is whom For names. An ID need not be here.
func readers(ctx context.Context, cfg ShareConfig) ([]mesh.Peer, error) {
	var list []mesh.Peer
	for _, name := range cfg.For {
		if id, err := peer.ParseID(name); err == nil {
			list = append(list, mesh.Peer{Member: mesh.Member{ID: id}})
			continue
		}
		found, err := finding{cfg.Node, cfg.Timeout}.person(ctx, name)
		if err != nil {
			return nil, err
		}
		list = append(list, found[0])
	}
	return list, nil
}

// countLimit is how long it is counted what is on a shelf: whoever starts to share
// wants to see it then.
const countLimit = 2 * time.Second

// count says what is in a folder.
func count(ctx context.Context, dir string) Shared {
	abs, err := filepath.Abs(dir)
	if err != nil {
		abs = dir
	}
	counted := Shared{Path: abs}
	late := time.Now().Add(countLimit)
	// It may be a link, as shelves may be; what is in it is not followed.
	_ = fs.WalkDir(os.DirFS(abs), ".", func(at string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil || time.Now().After(late):
			counted.More = true
			return fs.SkipAll
		case err != nil:
			return fs.SkipDir // cannot be read by others either
		case !d.Type().IsRegular():
			return nil
		}
		counted.Files++
		if info, err := d.Info(); err == nil {
			counted.Size += info.Size()
		}
		if strings.HasPrefix(at, ".") || strings.Contains(at, "/.") {
			counted.Hidden++
			counted.Such = at
		}
		return nil
	})
	return counted
}
