//go:build !race

package mesh_test

// raceEnabled says that a step takes ten times as long, and a byte that is used
// has several more beside it. What is a race shows in a room of 20 as in one of
// 60, and in a flood's first tenth: the largest are left out then.
const raceEnabled = false
