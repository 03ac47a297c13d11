package transfer

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/lanyap/lanyap/mesh/share"
)

// TestJSON holds that objects are what the manual says, key by key.
func TestJSON(t *testing.T) {
	const clock = `"v":1,"type":"%","time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z"`
	one := offered("abcdefgh", bo, zip, slides)
	in := one.deal()
	out := in
	out.Incoming = false
	text := in
	text.Text, text.Items, text.Count, text.Files, text.Size = "meet\x1b\u202e", nil, 0, 0, 8
	at := share.Progress{Phase: share.Moving, Bytes: 2 << 20, BytesDone: 1 << 20, Files: 13, FilesDone: 2, Skipped: 3, Sent: 4, Received: 5, Holders: 6, Current: "a/b"}
	part := &share.IncompleteError{Failed: 7, Failures: []share.Failure{{Path: "a/b", Err: share.ErrChanged}}}
	who := `{"id":"` + bo.ID.String() + `","instance":"` + bo.Instance.String() + `","name":"bo"}`
	tests := []struct {
		ev   Event
		kind string
		want string
	}{
		{Ready{Self: bo, Room: "lan", Dir: "in"}, "ready", `"id":"` + bo.ID.String() + `","instance":"` + bo.Instance.String() + `","name":"bo","room":"lan","addrs":[],"dir":"in"`},
		{Offered{Deal: in, Partial: &share.Partial{Have: 9}}, "offer",
			`"offer":"abcdefgh","from":` + who + `,"items":[{"name":"holiday.zip","kind":"file","files":1,"size":1048576},{"name":"slides","kind":"folder","files":12,"size":1048576}],"count":2,"files":13,"size":2097152,"here":9`},
		{Offered{Deal: text}, "offer", `"offer":"abcdefgh","from":` + who + `,"count":0,"files":0,"size":8,"text":"meet\u001b\u202e"`},
		{Accepted{out}, "accepted", `"offer":"abcdefgh","to":` + who},
		{Refused{out, share.ErrDeclined}, "refused", `"offer":"abcdefgh","to":` + who + `,"reason":"declined","text":"declined"`},
		{Refused{in, errNotFrom}, "refused", `"offer":"abcdefgh","from":` + who + `,"reason":"not_from","text":"` + errNotFrom.Error() + `"`},
		{Withdrawn{in, share.ErrTaken}, "withdrawn", `"offer":"abcdefgh","from":` + who + `,"reason":"taken","text":"was taken by another program of yours"`},
		{Progress{Deal: out, At: at, Rate: 10.7, Left: 1500 * time.Millisecond}, "progress",
			`"offer":"abcdefgh","to":` + who + `,"phase":"moving","files":13,"files_done":2,"size":2097152,"done":1048576,"skipped":3,"sent":4,"received":5,"holders":6,"current":"a/b","rate":10,"left_s":1.5`},
		{Progress{Deal: out, At: share.Progress{Phase: share.Asking}}, "progress",
			`"offer":"abcdefgh","to":` + who + `,"phase":"asking","files":0,"files_done":0,"size":0,"done":0,"skipped":0,"sent":0,"received":0,"rate":0`},
		{Received{in, share.Landed{Item: zip, Path: "in/holiday.zip", Root: [32]byte{0xab}}}, "received",
			`"offer":"abcdefgh","from":` + who + `,"name":"holiday.zip","kind":"file","path":"in/holiday.zip","files":1,"size":1048576,"root":"ab` + strings.Repeat("00", 31) + `"`},
		{Received{in, share.Landed{Item: slides, Path: "in/slides", Skipped: true}}, "received",
			`"offer":"abcdefgh","from":` + who + `,"name":"slides","kind":"folder","path":"in/slides","files":12,"size":1048576,"skipped":true`},
		{Received{Deal: text}, "received", `"offer":"abcdefgh","from":` + who + `,"kind":"text","size":8,"text":"meet\u001b\u202e"`},
		{Completed{Deal: in, At: at, Took: 2 * time.Second}, "completed",
			`"offer":"abcdefgh","from":` + who + `,"files":13,"size":2097152,"skipped":3,"sent":4,"received":5,"took_s":2`},
		{Failed{Deal: out, At: at, Err: part}, "failed",
			`"offer":"abcdefgh","to":` + who + `,"reason":"changed","text":"lacks 7 files: a/b changed while it was sent, and 6 more","size":2097152,"done":1048576,"failed":7,"failures":[{"path":"a/b","reason":"changed"}]`},
		{Failed{Deal: out, At: at, Err: &VanishedError{time.Second}}, "failed",
			`"offer":"abcdefgh","to":` + who + `,"reason":"vanished","text":"vanished, and did not come back within 1s","size":2097152,"done":1048576`},
		{Omitted{[]share.Omission{{Path: "a/l", Reason: "symbolic link"}}}, "omitted", `"paths":[{"path":"a/l","reason":"symbolic link"}]`},
		{Removed{[]share.Partial{{Key: "k", Name: "bo", Dir: "in", Size: 3, Have: 2}}}, "removed", `"key":"k","name":"bo","dir":"in","size":3,"here":2`},
		{Warning{Text: "x"}, "warning", `"text":"x"`},
		{Asked{Deal: in}, "", ""},
	}
	for _, tt := range tests {
		var got, notices bytes.Buffer
		if err := NewJSON(&got, &notices, true).Show(tt.ev); err != nil {
			t.Error(err)
		}
		want := "^{" + strings.ReplaceAll(clock, "%", tt.kind) + "," + regexp.QuoteMeta(tt.want) + "}\n$"
		if tt.kind == "" {
			want = "^$"
		}
		if !regexp.MustCompile(want).MatchString(got.String()) {
			t.Errorf("%T is\n%swant\n%s", tt.ev, got.String(), tt.want)
		}
		if _, asked := tt.ev.(Asked); asked && !strings.Contains(notices.String(), choices) {
			t.Errorf("asks %q", notices.String())
		}
	}
}

// TestJSONProgress holds that it tells what changes, and nothing if nothing does.
func TestJSONProgress(t *testing.T) {
	p := half(offered("one", bo, zip).deal())
	var got, notices bytes.Buffer
	face := NewJSON(&got, &notices, true)
	for range 10 {
		face.Show(p)
	}
	p.At.BytesDone++
	face.Show(p)
	if lines := strings.Count(got.String(), "\n"); lines != 2 {
		t.Errorf("%d lines, want 2:\n%s", lines, got.String())
	}
	got.Reset()
	NewJSON(&got, &notices, false).Show(p)
	if got.Len() > 0 {
		t.Errorf("without progress it tells %s", got.String())
	}
}
