//go:build race

package manifest_test

const raceEnabled = true
