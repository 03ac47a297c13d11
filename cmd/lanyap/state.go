package main

import (
	"os"
	"path/filepath"
	"runtime"

	"github.com/lanyap/lanyap/peer"
)

// stateDir is where the identity is kept: LANYAP_STATE_DIR, or lanyap in
// $XDG_STATE_HOME (XDG Base Directory Specification, which has relative paths
// ignored), by default ~/.local/state; on Windows in %LocalAppData%.
func (a *app) stateDir() (string, error) {
	if dir, _ := a.env("LANYAP_STATE_DIR"); dir != "" {
		return dir, nil
	}
	if base, _ := a.env("XDG_STATE_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "lanyap"), nil
	}
	if base, _ := a.env("LOCALAPPDATA"); runtime.GOOS == "windows" && base != "" {
		return filepath.Join(base, "lanyap"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", &failure{
			code: exitFailure,
			text: "state directory: " + err.Error(),
			hint: "name a directory with LANYAP_STATE_DIR, or use --ephemeral",
		}
	}
	return filepath.Join(home, ".local", "state", "lanyap"), nil
}

// identity reads the user's identity, and makes one on first use.
func (a *app) identity() (*peer.Identity, error) {
	dir, err := a.stateDir()
	if err != nil {
		return nil, err
	}
	identity, err := peer.LoadIdentity(dir)
	if err == nil {
		return identity, nil
	}
	f := explain(err)
	if f.hint == doctorHint {
		f.hint = "look at " + dir + ", name another place with LANYAP_STATE_DIR, or use --ephemeral"
	}
	return nil, f
}
