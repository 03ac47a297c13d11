//go:build !linux && !darwin && !freebsd && !dragonfly && !windows

package landing

import (
	"math"
	"os"
)

// free returns the most there is: nobody asks here.
func free(*os.File) int64 { return math.MaxInt64 }
