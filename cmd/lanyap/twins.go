package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const envPrefix = "LANYAP_"

// envName returns the twin of a flag.
func envName(flag string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// hasTwin reports whether a flag is one that the environment may set. Help and
// version are asked for once.
func hasTwin(f *pflag.Flag) bool { return f.Name != "help" && f.Name != "version" }

// applyEnv sets flags that were not given from their twins in the environment.
// An empty one counts as not set. A twin does not contradict a flag: --json
// on the command line goes before LANYAP_PLAIN.
func (a *app) applyEnv(flags *pflag.FlagSet) error {
	given := make(map[string]bool)
	flags.Visit(func(f *pflag.Flag) { given[f.Name] = true })
	var failed error
	flags.VisitAll(func(f *pflag.Flag) {
		value, _ := a.env(envName(f.Name))
		if value == "" || given[f.Name] || !hasTwin(f) || failed != nil {
			return
		}
		if rival := rivals[f.Name]; rival != "" && given[rival] {
			return
		}
		if err := flags.Set(f.Name, value); err != nil {
			failed = badValue(err)
		}
		a.twins = append(a.twins, f.Name)
	})
	return failed
}

// rivals are flags that exclude each other.
var rivals = map[string]string{"json": "plain", "plain": "json", "secret-file": "ask-secret", "ask-secret": "secret-file"}

// blame puts the blame for a mistake where it was made: on the variable of the
// environment, if that has set the flag.
func (a *app) blame(text string) string {
	for _, flag := range a.twins {
		for from := 0; ; {
			at := strings.Index(text[from:], "--"+flag)
			if at < 0 {
				break
			}
			start, end := from+at, from+at+len("--"+flag)
			if end < len(text) && (text[end] == '-' || 'a' <= text[end] && text[end] <= 'z') {
				from = end // of a longer name
				continue
			}
			if rest := text[end:]; len(rest) > 1 && rest[0] == ' ' && strings.ContainsRune(`"-0123456789`, rune(rest[1])) {
				text = text[:end] + "=" + rest[1:] // a value follows
			}
			text = text[:start] + envName(flag) + text[end:]
			from = start
		}
	}
	return text
}

// badValue says what a flag takes that was given something else.
func badValue(err error) error {
	var invalid *pflag.InvalidValueError
	if !errors.As(err, &invalid) {
		return err
	}
	f, value := invalid.GetFlag(), invalid.GetValue()
	hint := "lanyap --help says what it takes"
	switch f.Value.Type() {
	case "duration":
		hint = fmt.Sprintf("write a time with its unit, such as --%s 30s or --%[1]s 2m", f.Name)
		if _, err := strconv.Atoi(value); err == nil {
			hint = fmt.Sprintf("write --%s %ss for seconds, or %[2]sm for minutes", f.Name, value)
		}
	case "int":
		hint = "give it a whole number"
		if f.Name == "port" {
			hint = portHint
		}
	case "bool":
		hint = "true or false, or nothing for true"
	}
	return usage(hint, "--%s %q is %s", f.Name, value, wanted[f.Value.Type()])
}

// wanted says by the type of a flag what its value is not.
var wanted = map[string]string{
	"duration":    "no time",
	"int":         "no number",
	"bool":        "neither true nor false",
	"stringSlice": "no list",
}

// portHint is about --port.
const portHint = "ports are 1 to 65535; leave it out to have a free one found"

// flagError explains what is wrong with a flag.
func flagError(cmd *cobra.Command, err error) error { return badValue(err) }
