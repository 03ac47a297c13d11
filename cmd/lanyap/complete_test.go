package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// completions are what shells should offer for a command line; the last word is
// the one being typed. files says that it should be the names of files.
var completions = []struct {
	line  []string
	want  []string // among what is offered
	never []string
	files bool
}{
	{line: []string{"lanyap", "pe"}, want: []string{"peers"}},
	{line: []string{"lanyap", "chat", "--hist"}, want: []string{"--history", "--history-file"}},
	{line: []string{"lanyap", "chat", "--input", ""}, want: []string{"lines", "json"}},
	{line: []string{"lanyap", "--input", "j"}, want: []string{"json"}, never: []string{"lines"}},
	{line: []string{"lanyap", "say", "--timeout", "1"}, want: []string{"1s", "10s"}},
	{line: []string{"lanyap", "help", "doc"}, want: []string{"doctor"}},
	{line: []string{"lanyap", "completion", "z"}, want: []string{"zsh"}},
	{line: []string{"lanyap", "chat", "--room", "a"}},
	{line: []string{"lanyap", "chat", "--name", "a"}},
	{line: []string{"lanyap", "chat", "--port", "a"}},
	{line: []string{"lanyap", "peers", "--join", "a"}},
	{line: []string{"lanyap", "say", "--to", "a"}},
	{line: []string{"lanyap", "say", "a"}},
	{line: []string{"lanyap", "chat", "a"}},
	{line: []string{"lanyap", "chat", "--history-file", "a"}, files: true},
	{line: []string{"lanyap", "chat", "--secret-file", "a"}, files: true},
	{line: []string{"lanyap", "peers", "--secret"}, want: []string{"--secret-file"}},
	{line: []string{"lanyap", "inv"}, want: []string{"invite"}},
	{line: []string{"lanyap", "invite", "a"}},
	{line: []string{"lanyap", "invite", "--for", "a"}},
	{line: []string{"lanyap", "send", "a"}, files: true},
	{line: []string{"lanyap", "send", "b", "a"}, files: true},
	{line: []string{"lanyap", "send", "--to", "a"}},
	{line: []string{"lanyap", "send", "--progress", "p"}, want: []string{"plain"}},
	{line: []string{"lanyap", "rec"}, want: []string{"receive"}},
	{line: []string{"lanyap", "receive", "--conflict", ""}, want: []string{"rename", "skip", "overwrite"}},
	{line: []string{"lanyap", "recv", "--from", "a"}},
}

func TestCompletions(t *testing.T) {
	for _, tt := range completions {
		p := setting{}.start(t, append([]string{"__complete"}, tt.line[1:]...)...)
		p.wantExit(exitOK)
		offered := strings.Split(strings.TrimSpace(p.out.String()), "\n")
		directive := offered[len(offered)-1]
		if noFiles := directive == ":4" || directive == ":36"; noFiles == tt.files {
			t.Errorf("%q: directive %s, files should be offered: %t", tt.line, directive, tt.files)
		}
		wantOffered(t, tt.line, offered[:len(offered)-1], tt.want, nil) // shells leave out what does not begin so
	}
}

func wantOffered(t *testing.T, line, offered, want, never []string) {
	t.Helper()
	words := make([]string, len(offered))
	for i, o := range offered {
		words[i], _, _ = strings.Cut(strings.TrimSpace(o), "\t")
	}
	for _, w := range want {
		if !slices.Contains(words, w) {
			t.Errorf("%q: offered %q, want %s among it", line, words, w)
		}
	}
	for _, w := range never {
		if slices.Contains(words, w) {
			t.Errorf("%q: offered %q, %s does not belong there", line, words, w)
		}
	}
	if len(want) == 0 && len(words) > 0 {
		t.Errorf("%q: offered %q, want nothing", line, words)
	}
}

// bashParts stand for what the script calls in an interactive bash: a function
// of the package bash-completion, and compopt, by which it says that no names of
// files are to be offered where it offers nothing.
const bashParts = `
_get_comp_words_by_ref() { words=("${COMP_WORDS[@]}"); cword=$COMP_CWORD; cur=${words[cword]}; prev=${words[cword-1]}; }
type() { echo builtin; } # which the script asks of compopt
compopt() { if [ "$1 $2" = "+o default" ]; then files=no; fi; }
touch a-file
files=yes
source <(lanyap completion bash)
`

func TestCompletionInBash(t *testing.T) {
	for _, tt := range completions {
		quoted := "'" + strings.Join(tt.line, "' '") + "'"
		out := shell(t, "bash", bashParts+`COMP_WORDS=(`+quoted+`); COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
COMP_LINE="${COMP_WORDS[*]}"; COMP_POINT=${#COMP_LINE}; COMP_TYPE=9; COMP_KEY=9
COMPREPLY=(); __start_lanyap
if [ $files$COMPREPLY = yes ]; then COMPREPLY=($(compgen -f -- a)); fi
for word in "${COMPREPLY[@]}"; do printf '%s\n' "${word%% *}"; done`, "--norc", "--noprofile")
		want := tt.want
		if tt.files {
			want = []string{"a-file"}
		}
		wantOffered(t, tt.line, strings.Fields(out), want, tt.never)
	}
}

func TestCompletionInFish(t *testing.T) {
	for _, tt := range completions {
		out := shell(t, "fish", "touch a-file; lanyap completion fish | source; complete --do-complete='"+strings.Join(tt.line, " ")+"'", "--no-config")
		want := tt.want
		if tt.files {
			want = []string{"a-file"}
		}
		wantOffered(t, tt.line, strings.FieldsFunc(out, func(r rune) bool { return r == '\n' }), want, tt.never)
	}
}

// TestCompletionScriptsRead has the shells read the scripts, where they are.
func TestCompletionScriptsRead(t *testing.T) {
	t.Run("zsh", func(t *testing.T) {
		out := shell(t, "zsh", "autoload -U compinit && compinit -u -d ./dump; source <(lanyap completion zsh) && whence -w _lanyap", "-f")
		if !strings.Contains(out, "_lanyap: function") {
			t.Errorf("zsh says %s", out)
		}
	})
	t.Run("PowerShell", func(t *testing.T) {
		if _, err := exec.LookPath("pwsh"); err != nil {
			t.Skip("there is no pwsh here")
		}
		out := shell(t, "pwsh", "lanyap completion powershell | Out-String | Invoke-Expression; (TabExpansion2 'lanyap pe' 9).CompletionMatches.CompletionText", "-NoProfile")
		if !strings.Contains(out, "peers") {
			t.Errorf("PowerShell offers %s", out)
		}
	})
}
