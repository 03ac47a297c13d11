//go:build linux

package hosts

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/lab"
)

// mover moves a file or a folder from one host into a directory of another.
type mover struct {
	name  string
	needs []string // programs
	move  func(*haul) moved
}

// haul is what is moved, once.
type haul struct {
	*lab.Lab
	t        testing.TB
	from, to *lab.Host
	path     string // of what is moved
	dir      string // where it lands
}

// moved is what that took, from the start of the program that is started last
// until the last has ended that ends by itself.
type moved struct {
	took             time.Duration
	sender, receiver time.Duration // of a processor
}

// crocVariable names croc where it is not in the path.
const crocVariable = "LANYAP_CROC"

func croc() string { return cmp.Or(os.Getenv(crocVariable), "croc") }

// movers returns ours and those beside which it is measured, as far as they are
// installed.
func movers(t *testing.T, names ...string) []mover {
	all := []mover{
		{name: "lanyap", move: moveLanyap},
		{name: "TLS", move: moveTLS},
		{name: "tar over TLS", needs: []string{"tar"}, move: moveTar},
		{name: "croc", needs: []string{croc()}, move: moveCroc},
		{name: "HTTP", needs: []string{"python3", "curl"}, move: moveHTTP},
		{name: "rsync", needs: []string{"rsync"}, move: moveRsync},
		{name: "scp", needs: []string{sshd, "scp", "ssh-keygen"}, move: moveSCP},
	}
	var there []mover
	for _, m := range all {
		if !slices.Contains(names, m.name) {
			continue
		}
		missing := slices.DeleteFunc(slices.Clone(m.needs), func(program string) bool {
			_, err := exec.LookPath(program)
			return err == nil
		})
		if len(missing) > 0 {
			t.Logf("without %s: %s is not installed", m.name, strings.Join(missing, ", "))
			continue
		}
		there = append(there, m)
	}
	return there
}

// once moves a path, checks that all of it is there, and removes it.
func (m mover) once(t testing.TB, l *lab.Lab, from, to *lab.Host, path string) moved {
	t.Helper()
	h := &haul{Lab: l, t: t, from: from, to: to, path: path, dir: inbox(t, to)}
	defer os.RemoveAll(h.dir)
	syscall.Sync() // what was written before is not written meanwhile
	h.warm()
	took := m.move(h)
	h.check()
	return took
}

// warm fills as many pages of the file cache as will be filled, and frees them. A
// virtual machine has to get pages from its host that were free for a few seconds,
// which takes longer than to copy them: whoever comes second would be the faster.
func (h *haul) warm() {
	h.t.Helper()
	path := filepath.Join(h.dir, "warm")
	f, err := os.Create(path)
	if err != nil {
		h.t.Fatal(err)
	}
	defer os.Remove(path)
	defer f.Close()
	page := make([]byte, 1<<20)
	for range gibibyte / len(page) {
		if _, err := f.Write(page); err != nil {
			h.t.Fatal(err)
		}
	}
}

// check compares sizes: that the bytes are right is what tests are for.
func (h *haul) check() {
	h.t.Helper()
	size := func(path string) (files int, bytes int64) {
		err := filepath.Walk(path, func(_ string, info os.FileInfo, err error) error {
			if err == nil && info.Mode().IsRegular() {
				files++
				bytes += info.Size()
			}
			return err
		})
		if err != nil {
			h.t.Error(err)
		}
		return files, bytes
	}
	files, bytes := size(h.path)
	gotFiles, gotBytes := size(filepath.Join(h.dir, filepath.Base(h.path)))
	if gotFiles != files || gotBytes != bytes {
		h.t.Errorf("%d files of %d bytes have moved, want %d of %d", gotFiles, gotBytes, files, bytes)
	}
}

// finish waits until these have ended, the last started of which is first, ends
// those that serve on, and returns what it took.
func (h *haul) finish(sender, receiver *lab.Process, first *lab.Process, serving ...*lab.Process) moved {
	h.t.Helper()
	const limit = 5 * time.Minute
	for _, p := range []*lab.Process{sender, receiver} {
		if !slices.Contains(serving, p) {
			exits(h.t, p, limit, 0)
		}
	}
	took := time.Since(first.Started)
	for _, p := range serving {
		p.Signal(syscall.SIGTERM)
		p.Wait(patience)
	}
	return moved{took, sender.Spent(), receiver.Spent()}
}

// program starts another program on a host.
func (h *haul) program(on *lab.Host, path string, args ...string) *lab.Process {
	return h.with(on, nil, path, args...)
}

// with is program with something in the environment.
func (h *haul) with(on *lab.Host, env []string, path string, args ...string) *lab.Process {
	return on.Start(lab.Program{Path: path, Args: args, Env: env})
}

// answers waits until somebody listens on a port of a host.
func (h *haul) answers(p *lab.Process, from *lab.Host, port int) {
	h.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		probe := h.program(from, "/bin/bash", "-c", fmt.Sprintf("exec 3<>/dev/tcp/%s/%d", p.Host.Addr, port))
		if probe.Wait(patience) == 0 {
			return
		}
		pause(h.Lab, 20*time.Millisecond)
	}
	h.t.Fatalf("%s does not listen: %s", p.Host.Name, p.Stderr())
}

func moveLanyap(h *haul) moved {
	receiver := receive(h.t, h.Lab, h.to, "--progress", "none")
	pause(h.Lab, time.Second/2) // a receiver that has been there for a while
	sender := send(h.t, h.from, h.path, "--to", h.to.Name, "--progress", "none")
	return h.finish(sender, receiver, sender)
}

// moveTLS copies one file over TLS 1.3 without a look at it.
func moveTLS(h *haul) moved {
	receiver := h.role(h.to, "tls-receiver", filepath.Join(h.dir, filepath.Base(h.path)))
	h.Await(patience, "it listens", receiver.Ready)
	sender := h.role(h.from, "tls-sender", h.path)
	return h.finish(sender, receiver, sender)
}

// moveTar has tar write and read what is copied over TLS.
func moveTar(h *haul) moved {
	receiver := h.role(h.to, "tls-receiver", h.dir, "tar", "xf", "-", "-C", h.dir)
	h.Await(patience, "it listens", receiver.Ready)
	sender := h.role(h.from, "tls-sender", h.path, "tar", "cf", "-", "-C", filepath.Dir(h.path), filepath.Base(h.path))
	return h.finish(sender, receiver, sender)
}

// moveCroc has croc use its own relay on the sender's host, as it does between two
// on one network.
func moveCroc(h *haul) moved {
	const secret = "1234-lanyap-figures"
	flags := []string{"--local", "--no-compress", "--yes", "--ignore-stdin", "--disable-clipboard"}
	env := []string{"CROC_SECRET=" + secret}
	sender := h.with(h.from, env, croc(), append(flags, "send", h.path)...)
	h.answers(sender, h.to, 9009)
	receiver := h.with(h.to, env, croc(), append(flags, "--overwrite", "--ip", h.from.Addr.String()+":9009", "--out", h.dir)...)
	return h.finish(sender, receiver, receiver)
}

func moveHTTP(h *haul) moved {
	server := h.program(h.from, "python3", "-m", "http.server", "8000", "--directory", filepath.Dir(h.path))
	h.answers(server, h.to, 8000)
	name := filepath.Base(h.path)
	client := h.program(h.to, "curl", "-sSfo", filepath.Join(h.dir, name), fmt.Sprintf("http://%s:8000/%s", h.from.Addr, name))
	return h.finish(server, client, client, server)
}

// moveRsync has rsync write to its own daemon, in the clear.
func moveRsync(h *haul) moved {
	config := put(h.t, filepath.Join(h.to.StateDir, "rsyncd.conf"), []byte(fmt.Sprintf(
		"use chroot = no\nuid = 0\ngid = 0\npid file = %s\nlog file = /dev/null\n[inbox]\npath = %s\nread only = no\n",
		filepath.Join(h.to.StateDir, "rsyncd.pid"), h.dir)), 0o600)
	daemon := h.program(h.to, "rsync", "--daemon", "--no-detach", "--port", "8730", "--config", config)
	h.answers(daemon, h.from, 8730)
	client := h.program(h.from, "rsync", "-a", "--whole-file", h.path, fmt.Sprintf("rsync://%s:8730/inbox/", h.to.Addr))
	return h.finish(client, daemon, client, daemon)
}

const sshd = "/usr/sbin/sshd"

// moveSCP has sshd run with keys and files of its own.
func moveSCP(h *haul) moved {
	key := filepath.Join(h.from.StateDir, "key")
	if _, err := os.Stat(key); err != nil {
		if out, err := exec.Command("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key).CombinedOutput(); err != nil {
			h.t.Fatalf("%v: %s", err, out)
		}
	}
	script := `mount --make-rprivate / && mount -t tmpfs tmpfs /run && mkdir /run/sshd && exec "$0" -D -e -f /dev/null -p 2222 -h "$1" ` +
		`-o AuthorizedKeysFile="$1.pub" -o StrictModes=no -o UsePAM=no -o PidFile=none -o PermitRootLogin=yes -o "Subsystem=sftp internal-sftp"`
	server := h.to.Start(lab.Program{Path: "/bin/sh", Args: []string{"-c", script, sshd, key}, Mount: true})
	h.answers(server, h.from, 2222)
	client := h.program(h.from, "scp", "-qr", "-P", "2222", "-i", key, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
		h.path, fmt.Sprintf("root@%s:%s/", h.to.Addr, h.dir))
	return h.finish(client, server, client, server)
}
