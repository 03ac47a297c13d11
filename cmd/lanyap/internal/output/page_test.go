package output

import "testing"

func TestPage(t *testing.T) {
	for _, tt := range []struct {
		urls []string
		want string
	}{
		{[]string{"http://10.0.0.7:7475/"}, "* page: http://10.0.0.7:7475/"},
		{[]string{"http://10.0.0.7:7475/", "http://[fd00::1]:7475/"}, "* page: http://10.0.0.7:7475/"},
		{[]string{"http://[fd00::1]:7475/"}, "* page: http://[fd00::1]:7475/"},
		{[]string{"a", "b", "c", "d"}, "* page: a or b or c"},
	} {
		if got := Page(tt.urls); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
