package transfer

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/lanyap/lanyap/mesh/share"
)

func TestRows(t *testing.T) {
	one := half(offered("one", bo, zip).deal())
	many := half(offered("two", cy, slides).deal())
	waiting := one
	waiting.At.Phase, waiting.Left = share.Waiting, 24*time.Second
	sending := one
	sending.Incoming = false
	asking := sending
	asking.At.Phase = share.Asking
	asking.Peer.Name = "somebody with a very long name indeed"
	empty := one
	empty.At.Bytes, empty.At.BytesDone, empty.At.Phase = 0, 0, share.Verifying
	tests := []struct {
		name  string
		width int
		under []Progress
		want  []string
	}{
		{"one", 80, []Progress{one}, []string{"holiday.zip from bo  ██████░░░░░░  50 %  512 KiB of 1.0 MiB  10 MiB/s  4 s left"}},
		{"wide", 200, []Progress{one}, []string{"holiday.zip from bo  ███████████████░░░░░░░░░░░░░░░  50 %  512 KiB of 1.0 MiB  10 MiB/s  4 s left"}},
		{"narrow", 40, []Progress{one}, []string{"holiday.z…   50 %  512 KiB of 1.0 MiB …"}},
		{"no width to speak of", 3, []Progress{one}, []string{" …"}},
		{"to somebody", 80, []Progress{sending}, []string{"bo  ███████████████░░░░░░░░░░░░░░  50 %  512 KiB of 1.0 MiB  10 MiB/s  4 s left"}},
		{"many files", 80, []Progress{many}, []string{
			"slides/ from cy  ████████░░░░░░░░  50 %  512 KiB of 1.0 MiB  10 MiB/s  4 s left",
			"  6 of 12 files  a/b.jpg",
		}},
		{"vanished", 80, []Progress{waiting}, []string{"holiday.zip from bo  at 50 %, vanished; waiting for 24 s more"}},
		{"aligned", 80, []Progress{sending, asking}, []string{
			"bo                    ██████░░░░░  50 %  512 KiB of 1.0 MiB  10 MiB/s  4 s left",
			"somebody with a ver…  waiting for the answer",
		}},
		{"nothing in it", 80, []Progress{empty}, []string{"holiday.zip from bo  █████████████████████████████ 100 %  0 B of 0 B  verifying"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := rows{width: tt.width, height: 24}.layOut(tt.under)
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("rows\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// TestRowsFitTheScreen holds that however many there are, and however they are
// called, they take half of the screen and no row more than its width.
func TestRowsFitTheScreen(t *testing.T) {
	var under []Progress
	for range 100 {
		d := offered("x", member("日本語"+strings.Repeat("語", 50), 5), slides, zip).deal()
		under = append(under, half(d))
	}
	for _, size := range [][2]int{{1, 1}, {10, 2}, {40, 10}, {80, 24}, {300, 100}} {
		for _, n := range []int{1, 2, 9, 10, 11, 100} {
			got := rows{width: size[0], height: size[1], color: true}.layOut(under[:n])
			if most := max(1, min(size[1]/2, maxRows)); len(got) > most+1 || len(got) == 0 {
				t.Errorf("%v: %d of %d rows", size, len(got), most)
			}
			for _, row := range got {
				if width := ansi.StringWidth(row); width > max(1, size[0]-1) {
					t.Errorf("%v: row of %d: %s", size, width, row)
				}
			}
		}
	}
	if got := (rows{width: 80, height: 24}.layOut(under)); got[len(got)-1] != "and 96 more" && got[len(got)-1] != "and 95 more" {
		t.Errorf("rows end with %q", got[len(got)-1])
	}
}
