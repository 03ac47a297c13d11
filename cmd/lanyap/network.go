package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"os/user"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/safe"
	"github.com/lanyap/lanyap/discovery"
	"github.com/lanyap/lanyap/mesh"
	"github.com/lanyap/lanyap/peer"
)

// networkFlags are those of all commands that join.
type networkFlags struct {
	secretFlags
	room       string
	name       string
	join       []string
	port       int
	ifaces     []string
	ephemeral  bool
	remote     bool
	maxMembers int

	set *pflag.FlagSet // that these are in
}

const defaultRoom = "lan"

// mostMembers is how many others a node has in its room at most, and by default.
const mostMembers = 128

func (n *networkFlags) register(flags *pflag.FlagSet) {
	n.set = flags
	flags.StringVar(&n.room, "room", defaultRoom, "`ROOM` to be in; all who name the same one meet")
	flags.StringVar(&n.name, "name", "", "`NAME` that others see (default user@host)")
	flags.StringSliceVar(&n.join, "join", nil, "`HOST[:PORT]` of a node to join by hand, until it answers; may be repeated")
	flags.IntVar(&n.port, "port", 0, "TCP and UDP `PORT` to answer on (default 7475 to 7490, then any)")
	flags.StringSliceVar(&n.ifaces, "iface", nil, "network `IF` to use (default all that are usable); may be repeated")
	flags.BoolVar(&n.remote, "allow-remote", false, "answer callers from everywhere, not only from near networks and --join")
	n.secretFlags.register(flags)
	flags.IntVar(&n.maxMembers, "max-members", mostMembers, "link to at most `N` others")
	flags.BoolVar(&n.ephemeral, "ephemeral", false, "be a new person: keep the identity in memory only")
}

// maxRoom is how long a room's name may be, in bytes.
const maxRoom = 128

// named reports whether a room was named.
func (n *networkFlags) named() bool { return n.set != nil && n.set.Changed("room") }

// check finds what is wrong with the flags before anything is started.
func (n *networkFlags) check() error {
	switch {
	case strings.TrimSpace(n.name) != "" && clean(strings.TrimSpace(n.name)) && !clean(n.name):
		return usage(fmt.Sprintf("write --name %q", strings.TrimSpace(n.name)), "--name %q begins or ends with a space", n.name)
	case !clean(n.name):
		return usage("use letters, digits and spaces", "--name %q has characters that cannot be shown", n.name)
	case len(n.name) > peer.MaxName:
		return usage("choose a shorter one", "--name is %d bytes long, at most %d are allowed", len(n.name), peer.MaxName)
	case n.port < 0 || n.port > 65535:
		return usage(portHint, "--port %d is no port", n.port)
	case n.maxMembers < 1 || n.maxMembers > mostMembers:
		return usage(fmt.Sprintf("a room has 1 to %d others", mostMembers), "--max-members %d is out of range", n.maxMembers)
	case n.set != nil && n.set.Changed("secret-file") && n.secretFile == "":
		return usage("name the file that holds the secret, or leave it out", "--secret-file is empty")
	case n.secretFile != "" && n.askSecret:
		return usage("choose one of them", "--secret-file and --ask-secret exclude each other")
	}
	if err := n.checkRoom(); err != nil {
		return err
	}
	for _, target := range n.join {
		if isInvite(target) {
			return errInvite("--join")
		}
		if !isTarget(target) {
			return usage("write --join 10.0.0.7, --join ana.local:7475 or --join '[fe80::1%eth0]:7475'", "--join %q is not HOST or HOST:PORT", target)
		}
	}
	return nil
}

// checkRoom finds what is wrong with the name of the room.
func (n *networkFlags) checkRoom() error {
	switch {
	case n.room == "":
		return usage("leave it out for the room "+defaultRoom, "--room is empty")
	case isInvite(n.room):
		return errInvite("--room")
	case strings.TrimSpace(n.room) != "" && clean(strings.TrimSpace(n.room)) && !clean(n.room):
		return usage(fmt.Sprintf("write --room %q", strings.TrimSpace(n.room)), "--room %q begins or ends with a space", n.room)
	case !clean(n.room):
		return usage("use letters, digits and spaces", "--room %q has characters that cannot be shown", n.room)
	case len(n.room) > maxRoom:
		return usage("choose a shorter one", "--room is %d bytes long, at most %d are allowed", len(n.room), maxRoom)
	}
	return nil
}

// clean reports whether a terminal shows s as it is.
func clean(s string) bool { return safe.Line(s) == s }

// isTarget reports whether s is HOST or HOST:PORT.
func isTarget(s string) bool {
	bare, bracketed := strings.CutPrefix(s, "[")
	if inner, ok := strings.CutSuffix(bare, "]"); ok && bracketed {
		bare = inner
	} else {
		bare = s
	}
	if _, err := netip.ParseAddr(bare); err == nil {
		return true
	}
	host := s
	if strings.Contains(s, ":") {
		h, port, err := net.SplitHostPort(s)
		if err != nil {
			return false
		}
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return false
		}
		host = h
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return isHostName(host)
}

// isHostName reports whether s can be a name of DNS, mDNS or a hosts file; one
// that starts with a dash is a flag whose value was forgotten.
func isHostName(s string) bool {
	if s == "" || len(s) > 253 || s[0] == '-' || s[0] == '.' {
		return false
	}
	return strings.IndexFunc(s, func(r rune) bool {
		return r < utf8.RuneSelf && !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._", r)
	}) < 0
}

// join makes the node that the flags ask for. base says what kind of member
// it is.
func (a *app) join(ctx context.Context, flags networkFlags, base mesh.Config) (*mesh.Node, error) {
	if !flags.asked {
		return nil, errors.New("joining without having asked for the secret") // a room must not be open by mistake
	}
	logger, err := a.logger()
	if err != nil {
		return nil, err
	}
	if !flags.ephemeral {
		if base.Identity, err = a.identity(); err != nil {
			return nil, err
		}
	}
	base.Name = cmp.Or(flags.name, a.defaultName())
	base.Room = flags.room
	base.Secret = flags.secret
	base.MaxMembers = flags.maxMembers
	base.Peers = flags.join
	base.Port = flags.port
	base.Interfaces = flags.ifaces
	base.AllowRemote = flags.remote
	base.Network = a.network
	base.Logger = logger
	node, err := a.joinMesh(ctx, base)
	switch {
	case err == nil:
		a.node.Store(node)
		a.private.Store(flags.private())
		return node, nil
	case ctx.Err() != nil:
		return nil, context.Cause(ctx)
	}
	if _, missing := discovery.Interfaces(flags.ifaces); missing != nil {
		return nil, usage("lanyap doctor lists the interfaces; leave --iface out to use all", "%v", missing)
	}
	return nil, err
}

// logger returns what LANYAP_LOG asks for, or nil.
func (a *app) logger() (*slog.Logger, error) {
	value, _ := a.env(envPrefix + "LOG")
	if value == "" {
		return nil, nil
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(value)); err != nil {
		return nil, usage("use debug, info, warn or error", "environment: %sLOG=%q is no level", envPrefix, value)
	}
	return slog.New(slog.NewTextHandler(logWriter{a}, &slog.HandlerOptions{Level: level})), nil
}

// logWriter is standard error, or the terminal that the program has taken over
// if that is where standard error goes. Package slog quotes most of what a terminal
// obeys, but neither piles of marks nor letters that nobody sees.
type logWriter struct{ a *app }

func (w logWriter) Write(line []byte) (int, error) {
	file, isFile := fileOf(w.a.stderr)
	if face := w.a.terminal.Load(); face != nil && isFile && term.IsTerminal(int(file.Fd())) && (*face).Log(string(line)) {
		return len(line), nil
	}
	if _, err := io.WriteString(w.a.stderr, safe.Text(string(line))); err != nil {
		return 0, err
	}
	return len(line), nil
}

// defaultName is user@host. What is not known is left out; without either the
// mesh shows the short form of the ID.
func (a *app) defaultName() string {
	host, _ := os.Hostname()
	host, _, _ = strings.Cut(host, ".")
	return shorten(safe.Line(strings.Trim(a.userName()+"@"+host, "@")), peer.MaxName)
}

// userName asks the environment first: looking a user up can take a while
// where users are kept in a directory on the network.
func (a *app) userName() string {
	for _, key := range []string{"USER", "LOGNAME", "USERNAME"} {
		if name, _ := a.env(key); name != "" {
			return name
		}
	}
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username[strings.LastIndexByte(u.Username, '\\')+1:] // DOMAIN\user on Windows
}

// shorten cuts s to at most limit bytes between characters.
func shorten(s string, limit int) string {
	for len(s) > limit {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}
