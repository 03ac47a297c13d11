package share_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/meshtest"
	"github.com/lanyap/lanyap/mesh/share"
)

// open has somebody share on a network in memory; without Network it is this
// machine's.
func open(ctx context.Context, host *meshtest.Host) (*mesh.Node, *share.Sharer, error) {
	node, err := mesh.Join(ctx, mesh.Config{Name: host.Name(), Network: host})
	if err != nil {
		return nil, nil, err
	}
	sharer, err := share.Open(node, share.Config{Receive: true})
	return node, sharer, err
}

// scratch returns a directory for an example, with a file in it.
func scratch() (dir, path string) {
	dir, err := os.MkdirTemp("", "share")
	if err != nil {
		panic(err)
	}
	path = filepath.Join(dir, "holiday.jpg")
	if err := os.WriteFile(path, []byte("a picture of the sea"), 0o600); err != nil {
		panic(err)
	}
	return dir, path
}

func Example() {
	ctx := context.Background()
	lan := meshtest.NewLAN()
	dir, path := scratch()
	defer os.RemoveAll(dir)
	ana, sender, err := open(ctx, lan.Host("ana"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ana.Close()
	defer sender.Close()
	bo, receiver, err := open(ctx, lan.Host("bo"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer bo.Close()
	defer receiver.Close()

	for ev := range ana.Events(ctx) {
		if _, ok := ev.(mesh.Joined); ok {
			break
		}
	}
	content, err := share.Collect(ctx, path)
	if err != nil {
		fmt.Println(err)
		return
	}
	sent, err := sender.Send(ctx, content, bo.Self().ID)
	if err != nil {
		fmt.Println(err)
		return
	}
	for offer := range receiver.Offers(ctx) {
		fmt.Printf("%s offers %s, %d bytes\n", offer.From.Name, offer.Items[0].Name, offer.Size)
		downloads := filepath.Join(dir, "downloads")
		if err := os.Mkdir(downloads, 0o700); err != nil {
			fmt.Println(err)
			return
		}
		got, err := offer.Accept(ctx, share.Destination{Dir: downloads})
		if err != nil {
			fmt.Println(err)
			return
		}
		for item := range got.Landed(ctx) {
			text, _ := os.ReadFile(item.Path)
			fmt.Printf("%s has landed: %s\n", filepath.Base(item.Path), text)
		}
		fmt.Println("bo:", got.Wait(ctx))
		break
	}
	fmt.Println("ana:", sent.Wait(ctx))
	// Output:
	// ana offers holiday.jpg, 20 bytes
	// holiday.jpg has landed: a picture of the sea
	// bo: <nil>
	// ana: <nil>
}

func ExampleSharer_Get() {
	ctx := context.Background()
	lan := meshtest.NewLAN()
	dir, path := scratch()
	defer os.RemoveAll(dir)
	ana, owner, err := open(ctx, lan.Host("ana"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ana.Close()
	defer owner.Close()
	pictures := filepath.Join(dir, "pictures")
	if err := os.Mkdir(pictures, 0o700); err != nil {
		fmt.Println(err)
		return
	}
	if err := os.Rename(path, filepath.Join(pictures, "sea.jpg")); err != nil {
		fmt.Println(err)
		return
	}
	if _, err := owner.Share(pictures); err != nil {
		fmt.Println(err)
		return
	}

	bo, reader, err := open(ctx, lan.Host("bo"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer bo.Close()
	defer reader.Close()
	for ev := range bo.Events(ctx) {
		if _, ok := ev.(mesh.Joined); ok {
			break
		}
	}
	entries, err := reader.List(ctx, ana.Self().Member, "pictures/*.jpg")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range entries {
		fmt.Println(e.Path, e.Size)
		got, err := reader.Get(ctx, ana.Self().Member, e.Path, share.Destination{Dir: dir})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("fetched:", got.Wait(ctx))
	}
	// Output:
	// pictures/sea.jpg 20
	// fetched: <nil>
}
