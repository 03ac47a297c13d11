package mesh_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/mesh/meshtest"
)

// The examples run on a network in memory; leave out Network for the real one.
func Example() {
	ctx := context.Background()
	lan := meshtest.NewLAN()

	ana, err := mesh.Join(ctx, mesh.Config{Name: "ana", Network: lan.Host("ana")})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ana.Close()
	bo, err := mesh.Join(ctx, mesh.Config{Name: "bo", Network: lan.Host("bo")})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer bo.Close()

	for ev, err := range bo.Events(ctx) {
		if err != nil {
			fmt.Println(err)
			return
		}
		switch ev := ev.(type) {
		case mesh.Joined:
			fmt.Println(ev.Peer.Name, "is here")
			bo.Broadcast(ctx, []byte("hello"))
			ana.Broadcast(ctx, []byte("good morning"))
		case mesh.Message:
			fmt.Printf("%s: %s\n", ev.From.Name, ev.Data)
			ana.Leave(ctx)
		case mesh.Left:
			fmt.Println(ev.Peer.Name, "has left")
			return
		}
	}
	// Output:
	// ana is here
	// ana: good morning
	// ana has left
}

func ExampleReceipt_Delivered() {
	ctx := context.Background()
	lan := meshtest.NewLAN()
	ana, err := mesh.Join(ctx, mesh.Config{Name: "ana", Network: lan.Host("ana")})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ana.Close()

	receipt, err := ana.Broadcast(ctx, []byte("anybody?"))
	if err != nil {
		fmt.Println(err)
		return
	}
	patient, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	err = receipt.Delivered(patient)
	var undelivered *mesh.UndeliveredError
	switch {
	case err == nil:
		fmt.Println("delivered to", len(receipt.To()))
	case errors.As(err, &undelivered):
		fmt.Println("not confirmed by", len(undelivered.Left))
	default:
		fmt.Println(err)
	}
	// Output:
	// delivered to 0
}

// Two parts of one program share a node. Each reads what is its own, at its own
// pace.
func ExampleNode_Topic() {
	ctx := context.Background()
	lan := meshtest.NewLAN()

	// The program of ana talks, and tells which files it has.
	ana, err := mesh.Join(ctx, mesh.Config{Name: "ana", Topic: "talk", Network: lan.Host("ana")})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ana.Close()
	files, err := ana.Topic("files")
	if err != nil {
		fmt.Println(err)
		return
	}

	// That of bo has the same two parts.
	bo, err := mesh.Join(ctx, mesh.Config{Name: "bo", Topic: "talk", Network: lan.Host("bo")})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer bo.Close()
	listing, err := bo.Topic("files")
	if err != nil {
		fmt.Println(err)
		return
	}

	first := func(events iter.Seq2[mesh.Event, error]) string {
		for ev, err := range events {
			if err != nil {
				return err.Error()
			}
			if m, ok := ev.(mesh.Message); ok {
				return fmt.Sprintf("%s: %s", m.From.Name, m.Data)
			}
		}
		return "the end"
	}
	if _, err := files.Broadcast(ctx, []byte("report.pdf")); err != nil {
		fmt.Println(err)
	}
	if _, err := ana.Broadcast(ctx, []byte("have you got it?")); err != nil {
		fmt.Println(err)
	}
	fmt.Println("talk:", first(bo.Events(ctx)))
	fmt.Println("files:", first(listing.Events(ctx)))
	// Output:
	// talk: ana: have you got it?
	// files: ana: report.pdf
}

// A web server for one's neighbours: who asks is known by the key it has proven.
func ExampleNode_Listen() {
	ctx := context.Background()
	lan := meshtest.NewLAN()
	ana, bo, err := meet(ctx, lan)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer ana.Close()
	defer bo.Close()

	l, err := ana.Listen("notes/1")
	if err != nil {
		fmt.Println(err)
		return
	}
	type who struct{}
	server := &http.Server{
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, who{}, c.RemoteAddr().(mesh.Addr).Member.ID)
		},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintln(w, "this is bo:", r.Context().Value(who{}) == bo.Self().ID)
		}),
	}
	go server.Serve(l)
	defer server.Close()

	client := &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return bo.Dial(ctx, ana.Self().Member, "notes/1")
		},
	}}
	defer client.CloseIdleConnections()
	resp, err := client.Get("http://ana/")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	io.Copy(os.Stdout, resp.Body)
	// Output: this is bo: true
}

// meet has two nodes join and waits until they have met.
func meet(ctx context.Context, lan *meshtest.LAN) (ana, bo *mesh.Node, err error) {
	if ana, err = mesh.Join(ctx, mesh.Config{Name: "ana", Network: lan.Host("ana")}); err != nil {
		return nil, nil, err
	}
	if bo, err = mesh.Join(ctx, mesh.Config{Name: "bo", Network: lan.Host("bo")}); err != nil {
		return nil, nil, err
	}
	for _, n := range []*mesh.Node{ana, bo} {
		for ev, err := range n.Events(ctx) {
			if err != nil {
				return nil, nil, err
			}
			if _, ok := ev.(mesh.Joined); ok {
				break
			}
		}
	}
	return ana, bo, nil
}
