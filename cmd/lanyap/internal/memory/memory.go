// Package memory sets how much memory the program uses.
//
// It lives within what a container or a service unit gives it. The Go runtime
// reads GOMEMLIMIT and nothing else: a program that could do with less is killed
// for garbage it had yet to collect. And it lets garbage gather in a heap that is
// small: the runtime's measure, as much as is in use, keeps the collector of a
// program busy that uses a few megabytes. When nothing happens any more it gives back
// what is not in use.
package memory

import (
	"bytes"
	"io/fs"
	"math"
	"os"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
)

// share is the part of the limit that is the Go runtime's, of 10. What the
// kernel holds for us counts too: socket buffers and pages of files.
const share = 8

// Obey tells the runtime the limit of this process's control group, unless
// GOMEMLIMIT says something else or there is none. Where limits cannot be read
// (elsewhere than on Linux, or in a file system that is mounted somewhere else)
// it does nothing.
func Obey() {
	if _, told := os.LookupEnv("GOMEMLIMIT"); told {
		return
	}
	if limit, ok := Limit(os.DirFS("/")); ok {
		debug.SetMemoryLimit(limit / 10 * share)
	}
}

// Limit returns the least memory limit of the control group of this process and
// of those around it, in bytes. root is the file system. Both versions of
// cgroups count (man 7 cgroups; Linux, Documentation/admin-guide/cgroup-v1/memory.rst
// and cgroup-v2.rst).
func Limit(root fs.FS) (int64, bool) {
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return 0, false
	}
	least := int64(math.MaxInt64)
	for line := range strings.Lines(string(groups)) {
		// hierarchy:controllers:path
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) < 3 {
			continue
		}
		switch {
		case fields[0] == "0" && fields[1] == "":
			least = min(least, around(root, "sys/fs/cgroup", fields[2], "memory.max"))
		case strings.Contains(","+fields[1]+",", ",memory,"):
			least = min(least, around(root, "sys/fs/cgroup/memory", fields[2], "memory.limit_in_bytes"))
		}
	}
	// "No limit" is max in one version and the largest number of pages in the other.
	return least, least < 1<<60
}

// around returns the least limit on the way from group up to mount. In a
// container the path may be the host's, and the mount the container's group.
func around(root fs.FS, mount, group, file string) int64 {
	least := int64(math.MaxInt64)
	for group = path.Clean("/" + group); ; group = path.Dir(group) {
		text, err := fs.ReadFile(root, path.Join(mount, group, file))
		if err == nil {
			if limit, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64); err == nil && limit > 0 {
				least = min(least, limit)
			}
		}
		if group == "/" {
			return least
		}
	}
}
