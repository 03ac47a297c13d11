package source

import (
	"io/fs"
	"syscall"
)

// touched is when anything about a file was changed last, which no program can
// set back; zero where the system does not tell.
func touched(info fs.FileInfo) int64 {
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Ctim.Nano()
	}
	return 0
}
