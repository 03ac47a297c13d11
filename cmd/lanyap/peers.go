package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/known"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/output"
	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
)

// peersTimeout is how long others may take to show up, by default; on a LAN
// that is ten times what they need.
const peersTimeout = time.Second

func (a *app) peersCommand() *cobra.Command {
	var flags networkFlags
	var asJSON bool
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "peers",
		Short: "Show who is here, and who is near but out of reach",
		Long: `Show who is in the room, where they answer, or through whom they are reached,
how long a round trip takes and in which topics they take part (who chats, in
chat), and which nodes were sighted on the network but not reached, with the
reason. The others do not notice.`,
		Args: cobra.NoArgs,
	}
	flags.register(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "write one JSON object a line")
	cmd.Flags().DurationVar(&timeout, "timeout", peersTimeout, "how long (`D`) to look")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if timeout <= 0 {
			return usage("give a time such as 1s", "--timeout %v is no time to look", timeout)
		}
		if err := flags.check(); err != nil {
			return err
		}
		return a.action(func(ctx context.Context) error { return a.peers(ctx, flags, asJSON, timeout) })(cmd, args)
	}
	return withExits(cmd, exitsOfPeers)
}

// present is a member and how far away it is.
type present struct {
	mesh.Peer
	rtt      time.Duration
	answered bool
}

func (a *app) peers(ctx context.Context, flags networkFlags, asJSON bool, timeout time.Duration) error {
	if err := a.unlock(ctx, &flags); err != nil {
		return err
	}
	node, err := a.join(ctx, flags, mesh.Config{Observer: true})
	if err != nil {
		return err
	}
	defer func() { _ = node.Close() }() // to an observer nobody says anything that could be lost
	select {
	case <-time.After(timeout):
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	members := measure(ctx, node, timeout)
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	sightings := node.Sightings()
	unreached := outOfReach(sightings, members)
	pages := slices.DeleteFunc(sightings, func(s mesh.Sighting) bool { return !s.Web })
	book := a.book(flags)
	defer book.Close() // what could not be written is told by other commands
	book.Self(node.Self(), node.Addrs())
	for _, m := range members {
		book.Meet(m.Peer)
	}
	if asJSON {
		err = a.peersJSON(members, append(pages, unreached...), book.Judge)
	} else {
		err = a.peersTable(members, pages, unreached, book.Judge)
	}
	switch {
	case err != nil:
		return err
	case len(members) > 0:
		return nil
	case onlyOtherRooms(unreached):
		return &failure{exitNobody, fmt.Sprintf("nobody else is in room %s; who is near is in another", flags.room), "name the room they are in with --room; it is the same for all who want to meet"}
	case len(unreached) > 0:
		return &failure{exitNobody, "nobody in the room could be reached", "the reasons are above; " + doctorHint}
	}
	if err := node.DiscoveryErr(); err != nil {
		return &failure{exitNobody, fmt.Sprintf("nobody is found by multicast DNS: %v", err), "name a node with --join HOST; " + doctorHint}
	}
	return &failure{exitNobody, fmt.Sprintf("nobody else is in room %s", flags.room), "start lanyap on another machine of this network; " + doctorHint}
}

// onlyOtherRooms reports whether there are sightings, all of nodes that are in
// another room.
func onlyOtherRooms(sightings []mesh.Sighting) bool {
	for _, s := range sightings {
		if code, _ := reason(s); code != "other_room" {
			return false
		}
	}
	return len(sightings) > 0
}

// measure pings all members at once.
func measure(ctx context.Context, node *mesh.Node, timeout time.Duration) []present {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	peers := node.Members()
	slices.SortFunc(peers, func(x, y mesh.Peer) int {
		return strings.Compare(x.Name+x.ID.String()+x.Instance.String(), y.Name+y.ID.String()+y.Instance.String())
	})
	members := make([]present, len(peers))
	var pings sync.WaitGroup
	for i, p := range peers {
		pings.Go(func() {
			rtt, err := node.Ping(ctx, p.Member)
			members[i] = present{Peer: p, rtt: rtt, answered: err == nil}
		})
	}
	pings.Wait()
	return members
}

// outOfReach returns the sightings that are news: not those of members, which
// were reached over another address or by their own dial, not ourselves, and not
// pages, which nobody can dial.
func outOfReach(sightings []mesh.Sighting, members []present) []mesh.Sighting {
	return slices.DeleteFunc(slices.Clone(sightings), func(s mesh.Sighting) bool {
		return s.Web || errors.Is(s.Err, peer.ErrSelf) || slices.ContainsFunc(members, func(p present) bool {
			return p.Instance.String() == s.Instance
		})
	})
}

// reasons are why a sighted node was not reached, for programs and for people.
var reasons = []struct {
	err  error
	code string
	text string
}{
	{peer.ErrRefused, "refused", "TCP connection refused: it has just gone, or a firewall rejects"},
	{peer.ErrUDP, "udp_blocked", "TCP gets through, UDP does not: a firewall drops it"},
	{peer.ErrVersion, "version", "speaks another version of the protocol"},
	{peer.ErrRoom, "other_room", "is in another room"},
	{peer.ErrFull, "full", "its room is full"},
	{peer.ErrSecret, "other_secret", "is in a room of this name with another secret, or only one of us has one"},
	{peer.ErrGuesses, "guesses", "takes no more secrets for now: too many wrong ones were tried of late, here or there"},
	{peer.ErrHungUp, "hung_up", "hangs up: it does not answer calls from here (its --allow-remote does), or is busy"},
	{peer.ErrInstance, "other_instance", "another node answers at that address"},
	{peer.ErrTimeout, "timeout", "TCP does not get through: a firewall, or an access point that isolates its clients"},
	{context.DeadlineExceeded, "timeout", "TCP does not get through: a firewall, or an access point that isolates its clients"},
}

// steps are what a dial that has not ended waits for.
var steps = map[peer.Step]string{
	0:                "is not dialed yet: it may be dialing us",
	peer.StepConnect: "has not answered on TCP so far: if that stays so, a firewall or an access point keeps us apart",
	peer.StepOffer:   "answers on TCP, and has not answered our offer so far: if that stays so, it hangs, or is no lanyap",
	peer.StepCheck:   "answers on TCP, and UDP has not come through so far: if that stays so, a firewall drops it",
}

// reason returns why a sighting was not reached, or what is still waited for.
func reason(s mesh.Sighting) (code, text string) {
	switch {
	case s.OtherRoom:
		return "other_room", "is in another room"
	case s.Web:
		return "browser", "is in a browser, which only members link to"
	case s.Err == nil:
		return "pending", steps[s.Step]
	}
	for _, r := range reasons {
		if errors.Is(s.Err, r.err) {
			return r.code, r.text
		}
	}
	if outOfFiles(s.Err) {
		return "failed", "this program may open no more files to call it; " + moreFilesHint
	}
	return "failed", s.Err.Error()
}

func (a *app) peersJSON(members []present, unreached []mesh.Sighting, judge output.Judge) error {
	out := output.NewJSONWriter(a.stdout)
	for _, m := range members {
		if err := out.Write(newPeerJSON(m, judge)); err != nil {
			return err
		}
	}
	for _, s := range unreached {
		code, _ := reason(s)
		step := ""
		if code == "pending" {
			step = s.Step.String()
		}
		err := out.Write(struct {
			output.Head
			Instance string           `json:"instance"` // empty for an address given by hand
			Addrs    []netip.AddrPort `json:"addrs"`
			Reason   string           `json:"reason"`
			Step     string           `json:"step,omitempty"` // of a pending one: none, tcp, offer or udp
			Via      *output.Person   `json:"via,omitempty"`  // a member that reaches it
			Name     string           `json:"name,omitempty"` // of a member in a browser
			Web      bool             `json:"web,omitempty"`
		}{output.NewHead("sighting"), s.Instance, append([]netip.AddrPort{}, s.Addrs...), code, step, judge.PersonOrNil(s.Via), s.Name, s.Web})
		if err != nil {
			return err
		}
	}
	return nil
}

type peerJSON struct {
	output.Head
	Peer   output.Person  `json:"peer"`
	Addr   netip.AddrPort `json:"addr"`
	RTT    *float64       `json:"rtt_ms,omitempty"` // absent: it did not answer in time
	Topics []string       `json:"topics"`
}

func newPeerJSON(m present, judge output.Judge) peerJSON {
	out := peerJSON{Head: output.NewHead("peer"), Peer: judge.Person(m.Peer), Addr: m.Addr, Topics: append([]string{}, m.Topics...)}
	if m.answered {
		ms := float64(m.rtt.Microseconds()) / 1000
		out.RTT = &ms
	}
	return out
}

func (a *app) peersTable(members []present, pages, unreached []mesh.Sighting, judge output.Judge) error {
	table := tabwriter.NewWriter(a.stdout, 0, 8, 2, ' ', 0)
	// A table keeps the error of a write for Flush.
	if len(members) > 0 {
		_, _ = fmt.Fprintln(table, "NAME\tID\tADDRESS\tROUND TRIP\tTOPICS")
	}
	for _, m := range members {
		rtt := "no answer"
		if m.answered {
			rtt = m.rtt.Round(10 * time.Microsecond).String()
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", safe.Name(m.Name)+browser(m.Peer)+standing(judge(m.Peer)), m.ID.Short(), where(m.Peer), rtt, safe.Line(strings.Join(m.Topics, ", ")))
	}
	for _, s := range pages {
		through := "-"
		if s.Via != nil {
			through = where(mesh.Peer{Via: s.Via})
		}
		_, _ = fmt.Fprintf(table, "%s\t-\t%s\t-\t\n", safe.Name(s.Name)+browser(mesh.Peer{Web: true}), through)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, s := range unreached {
		_, text := reason(s)
		if s.Via != nil {
			text += "; members reach it through " + safe.Name(s.Via.Name)
		}
		if _, err := fmt.Fprintf(a.stdout, "not reached: %s: %s\n", place(s), safe.Line(text)); err != nil {
			return err
		}
	}
	return nil
}

// standing is what is shown behind the name of who is verified, or has the name of
// somebody else.
func standing(v known.Verdict) string {
	switch {
	case v.Like != nil:
		return fmt.Sprintf(" (changed: like %s, %s)", safe.Name(v.Like.Name), v.Like.ID.Short())
	case v.Standing == known.Verified:
		return " (verified)"
	}
	return ""
}

// browser is what is shown behind the name of who is in one.
func browser(p mesh.Peer) string {
	if p.Web {
		return " (web)"
	}
	return ""
}

// where says how a member is reached.
func where(p mesh.Peer) string {
	switch {
	case p.Via != nil:
		return "through " + safe.Name(p.Via.Name)
	case !p.Addr.IsValid():
		return "-"
	}
	return p.Addr.String()
}

// place names a sighting by its addresses.
func place(s mesh.Sighting) string {
	if len(s.Addrs) == 0 {
		return "node " + safe.Line(s.Instance)
	}
	addrs := make([]string, len(s.Addrs))
	for i, addr := range s.Addrs {
		addrs[i] = addr.String()
	}
	return strings.Join(addrs, ", ")
}
