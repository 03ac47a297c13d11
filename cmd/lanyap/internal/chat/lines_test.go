package chat

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"unicode/utf8"

	"github.com/lanyap/lanyap/mesh"
)

// readAll returns what in yields; a mistake is "!" and its text.
func readAll(t *testing.T, in Input) []string {
	t.Helper()
	var got []string
	for {
		u, err := in.Next(t.Context())
		var mistake *MistakeError
		switch {
		case errors.Is(err, io.EOF):
			return got
		case errors.As(err, &mistake):
			got = append(got, "!"+mistake.Text)
		case err != nil:
			t.Fatal(err)
		case u.To != nil:
			got = append(got, *u.To+"<"+u.Text)
		default:
			got = append(got, u.Text)
		}
	}
}

func TestLines(t *testing.T) {
	full := strings.Repeat("x", mesh.MaxBody)
	tests := []struct {
		name, in string
		want     []string // a prefix of each
	}{
		{"empty", "", nil},
		{"lines", "one\ntwo\n", []string{"one", "two"}},
		{"last line without its end", "one\ntwo", []string{"one", "two"}},
		{"an empty line is a message", "one\n\ntwo\n", []string{"one", "", "two"}},
		{"no commands", "/etc is full\n//x\n/quit\n/me waves\n", []string{"/etc is full", "//x", "/quit", "/me waves"}},
		{"lines of Windows", "one\r\ntwo\r\n", []string{"one", "two"}},
		{"not UTF-8", "caf\xe9\n", []string{"caf\ufffd"}},
		{"UTF-8 that says so", "\ufeffone\n\ufefftwo\n", []string{"one", "\ufefftwo"}},
		{"UTF-8 that says so, as long as can be", "\ufeff" + full + "\nnext\n", []string{full, "next"}},
		{"UTF-8 that says so and nothing else", "\ufeff", []string{""}},
		{"UTF-16 of Windows", "\xff\xfeh\x00i\x00\n\x00h\x00o\x00\n\x00", []string{"!the input is UTF-16"}},
		{"UTF-16, the other way round", "\xfe\xff\x00h\x00i\x00\n\x00h\x00o\x00\n", []string{"!the input is UTF-16"}},
		{"UTF-16 that does not say so", "h\x00i\x00\n\x00plain\n", []string{"!line 1 of the input: has a zero byte", "!line 2"}},
		{"a program", "\x7fELF\x02\x01\x01\x00\nplain\n", []string{"!line 1 of the input: has a zero byte", "plain"}},
		{"as long as can be", full + "\nnext\n", []string{full, "next"}},
		{"as long as can be, of Windows", full + "\r\nnext\r\n", []string{full, "next"}},
		{"too long by one", full + "x\nnext\n", []string{"!line 1 of the input is 65537 bytes long", "next"}},
		{"too long by far, at the end", "one\n" + strings.Repeat("y", 1<<20), []string{"one", "!line 2 of the input is 1048576 bytes long"}},
		{"too long once replaced", strings.Repeat("\xff\n", 1) + strings.Repeat("\xffa", mesh.MaxBody/2) + "\n", []string{"\ufffd", "!line 2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantPrefixes(t, readAll(t, NewLines(strings.NewReader(tt.in))), tt.want)
		})
	}
}

func wantPrefixes(t *testing.T, got, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d utterances %.200q, want %d", len(got), got, len(want))
	}
	for i := range want {
		if !strings.HasPrefix(got[i], want[i]) {
			t.Errorf("utterance %d is %.100q, want %.100q", i, got[i], want[i])
		}
	}
}

func TestJSONLines(t *testing.T) {
	escaped := strings.Repeat(`\u0041`, mesh.MaxBody)
	tests := []struct {
		name, in string
		want     []string // a prefix of each
	}{
		{"to all", `{"text":"hi"}`, []string{"hi"}},
		{"to one", `{"text":"hi","to":"bo"}`, []string{"bo<hi"}},
		{"to nobody is not to all", `{"text":"hi","to":""}`, []string{"<hi"}},
		{"null is to all", `{"text":"hi","to":null}`, []string{"hi"}},
		{"line feed in a message", `{"text":"a\nb"}`, []string{"a\nb"}},
		{"empty text", `{"text":""}`, []string{""}},
		{"blank lines are skipped", "\n  \n{\"text\":\"hi\"}\n\n", []string{"hi"}},
		{"UTF-8 that says so", "\ufeff{\"text\":\"hi\"}\n", []string{"hi"}},
		{"UTF-16", "\xff\xfe{\x00}\x00\n\x00{\x00}\x00", []string{"!the input is UTF-16"}},
		{"a zero character", `{"text":"a\u0000b"}`, []string{"a\x00b"}},
		{"a reference that is too long", `{"text":"hi","ref":"` + strings.Repeat("r", maxRef+1) + `"}`, []string{`!line 1 of the input: has a "ref"`}},
		{"a reference that is a number", `{"text":"hi","ref":1}`, []string{"!line 1"}},
		{"no text", `{"to":"bo"}`, []string{`!line 1 of the input: has no "text"`}},
		{"misspelt key", `{"text":"secret","too":"bo"}`, []string{"!line 1 of the input: is not an object as expected"}},
		{"not JSON, then JSON", "hi\n{\"text\":\"hi\"}", []string{"!line 1", "hi"}},
		{"two objects", `{"text":"a"} {"text":"b"}`, []string{"!line 1 of the input: has something after"}},
		{"text is a number", `{"text":1}`, []string{"!line 1"}},
		{"an array", `["text"]`, []string{"!line 1"}},
		{"as long as can be, all escaped", `{"text":"` + escaped + `"}`, []string{"AAAA"}},
		{"too long by one", `{"text":"A` + escaped + `"}`, []string{"!line 1 of the input is 65537 bytes"}},
		{"too long by far", `{"text":"` + escaped + escaped + "\"}\n{\"text\":\"b\"}", []string{"!line 1 of the input is", "b"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantPrefixes(t, readAll(t, NewJSONLines(strings.NewReader(tt.in))), tt.want)
		})
	}
}

// counter counts the bytes read from r.
type counter struct {
	r io.Reader
	n atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

func TestReadAheadIsBounded(t *testing.T) {
	for name, text := range map[string]string{
		"short lines": strings.Repeat("line\n", 100_000),
		"one line":    strings.Repeat("x", 500_000),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				in := &counter{r: strings.NewReader(text)}
				lines := NewLines(in)
				synctest.Wait()
				if got := in.n.Load(); got != ReadAhead {
					t.Errorf("read %d bytes before anything was taken, want %d", got, ReadAhead)
				}
				select {
				case <-lines.Ended():
					t.Error("the end was seen before it was read")
				default:
				}
				if got := len(readAll(t, lines)); got != max(1, strings.Count(text, "\n")) {
					t.Errorf("%d lines", got)
				}
				<-lines.Ended()
			})
		})
	}
}

func TestEndIsSeenAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		lines := NewLines(r)
		for range 100 { // many small writes, as a loop of echo makes
			if _, err := io.WriteString(w, "tick\n"); err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
		synctest.Wait()
		select {
		case <-lines.Ended():
		default:
			t.Error("the end of 500 bytes was not seen before they were taken")
		}
	})
}

func TestNextEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		defer w.Close()
		lines := NewLines(r)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := lines.Next(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("Next = %v, want %v", err, context.Canceled)
		}
	})
}

func FuzzParseJSON(f *testing.F) {
	for _, s := range []string{`{"text":"hi"}`, `{"text":"hi","to":"bo"}`, `{}`, `{"text":"\ud800"}`, `[`, `{"text":1}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		u, err := parseJSON(line)
		if err != nil {
			return
		}
		if !utf8.ValidString(u.Text) {
			t.Errorf("parseJSON(%q): text is not UTF-8", line)
		}
		again, err := json.Marshal(map[string]any{"text": u.Text, "to": u.To})
		if err != nil {
			t.Fatal(err)
		}
		if v, err := parseJSON(again); err != nil || !reflect.DeepEqual(v, u) {
			t.Errorf("parseJSON(%q) = %+v, of its own output %+v, %v", line, u, v, err)
		}
	})
}
