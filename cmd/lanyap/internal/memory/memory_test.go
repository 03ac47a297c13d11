package memory_test

import (
	"testing"
	"testing/fstest"

	"github.com/lanyap/lanyap/cmd/lanyap/internal/memory"
)

func TestLimit(t *testing.T) {
	tests := []struct {
		name  string
		files map[string]string
		want  int64 // 0: none
	}{
		{"no cgroups", nil, 0},
		{"version 2, no limit", map[string]string{
			"proc/self/cgroup":                    "0::/user.slice\n",
			"sys/fs/cgroup/user.slice/memory.max": "max\n",
		}, 0},
		{"version 2", map[string]string{
			"proc/self/cgroup":                            "0::/user.slice/a.scope\n",
			"sys/fs/cgroup/user.slice/memory.max":         "900000000\n",
			"sys/fs/cgroup/user.slice/a.scope/memory.max": "max\n",
		}, 900000000},
		{"version 2, the inner is less", map[string]string{
			"proc/self/cgroup":                            "0::/user.slice/a.scope\n",
			"sys/fs/cgroup/user.slice/memory.max":         "900000000\n",
			"sys/fs/cgroup/user.slice/a.scope/memory.max": "67108864\n",
		}, 67108864},
		{"version 2, a container that sees the path of the host", map[string]string{
			"proc/self/cgroup":         "0::/system.slice/docker-1.scope\n",
			"sys/fs/cgroup/memory.max": "67108864\n",
		}, 67108864},
		{"version 1", map[string]string{
			"proc/self/cgroup": "5:cpu,cpuacct:/x\n4:memory:/docker/1\n0::/\n",
			"sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes": "67108864\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":          "9223372036854771712\n",
		}, 67108864},
		{"version 1, no limit", map[string]string{
			"proc/self/cgroup":                           "4:memory:/\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
		}, 0},
		{"nonsense", map[string]string{
			"proc/self/cgroup":         "0\n::\n0::../../..\n4:memory:\n",
			"sys/fs/cgroup/memory.max": "-5\n",
		}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := fstest.MapFS{}
			for name, text := range tt.files {
				root[name] = &fstest.MapFile{Data: []byte(text)}
			}
			got, ok := memory.Limit(root)
			if ok != (tt.want > 0) || ok && got != tt.want {
				t.Errorf("limit %d, %v, want %d", got, ok, tt.want)
			}
		})
	}
}
