package passphrase

import (
	"errors"
	"strings"
	"testing"
	"time"
)

const five = "cleft-cam-synopsis-sleep-grimy"

var until = time.Unix(1795000000, 0)

func TestInviteURL(t *testing.T) {
	for _, tt := range []struct {
		invite Invite
		want   string
	}{
		{Invite{"kitchen", five, until}, "#room=kitchen&secret=" + five + "&until=1795000000"},
		{Invite{Secret: five}, "#secret=" + five},
		{Invite{Room: "Büro 2&3=6+#", Secret: "100 % sure & more"}, "#room=B%C3%BCro%202%263%3D6%2B%23&secret=100%20%25%20sure%20%26%20more"},
	} {
		got := tt.invite.URL("http://10.0.0.7:7475/")
		if got != "http://10.0.0.7:7475/"+tt.want {
			t.Errorf("%+v is %s, want %s behind the page", tt.invite, got, tt.want)
		}
		if back, err := ParseInvite(got); back != tt.invite || err != nil {
			t.Errorf("%s is read as %+v, %v; want %+v", got, back, err, tt.invite)
		}
	}
}

func TestParseInvite(t *testing.T) {
	whole := Invite{"kitchen", five, until}
	for text, want := range map[string]Invite{
		"#until=1795000000&room=kitchen&secret=" + five:                                  whole,
		"#more=1&room=kitchen&secret=" + five + "&until=1795000000&":                     whole,
		"http://h/?name=bo#room=kitchen&\r\n secret=" + five + "&until=17950\n00000\n":   whole,
		"\ufeffHTTP://H/#room=kitchen&secret=" + five + "&until=1795000000":              whole,
		"#room=kitchen&until=1795000000&secret=%63left%2Dcam%2Dsynopsis%2Dsleep%2Dgrimy": whole,
		"#secret=one+two+three+four":                                                     {Secret: "one two three four"},
		"#secret=%20o%CC%88%20two%20%20threes%20":                                        {Secret: "ö two threes"},
		"#secret=" + five + "#room=x":                                                    {Secret: five + "#room=x"},
	} {
		if got, err := ParseInvite(text); got != want || err != nil {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
		}
	}
	for text, want := range map[string]error{
		"":                                     ErrInvite,
		five:                                   ErrInvite,
		"http://10.0.0.7:7475/":                ErrInvite,
		"http://10.0.0.7:7475/?secret=" + five: ErrInvite,
		"#room=kitchen":                        ErrInvite,
		"#secret=":                             ErrInvite,
		"#secret":                              ErrInvite,
		"#room=&secret=" + five:                ErrInvite,
		"#secret=" + five + "&secret=" + five:  ErrInvite,
		"#room=a&room=b&secret=" + five:        ErrInvite,
		"#Secret=" + five:                      ErrInvite,
		"#secret=%zz" + five:                   ErrInvite,
		"#secret=%ff" + five:                   ErrInvite,
		"#secret=" + five + "&until=":          ErrInvite,
		"#secret=" + five + "&until=-5":        ErrInvite,
		"#secret=" + five + "&until=1e9":       ErrInvite,
		"#secret=" + five + "&until=٣":         ErrInvite,
		"#secret=" + five + "&until=1234567890123456":            ErrInvite,
		"#secret=" + five + "&room=" + strings.Repeat("a", 9000): ErrInvite,
		"#secret=short":                ErrShort,
		"#secret=%20%20":               ErrEmpty,
		"#secret=" + five + "%1b%5b2J": ErrUnclean,
	} {
		if got, err := ParseInvite(text); !errors.Is(err, want) || got != (Invite{}) {
			t.Errorf("%.60q: %+v, %v; want %v", text, got, err, want)
		}
	}
}

func TestIsInvite(t *testing.T) {
	for text, want := range map[string]bool{
		"http://10.0.0.7:7475/#secret=x": true,
		" HTTPS://h/":                    true,
		"#room=a&secret=b":               true,
		"#secret=b":                      true,
		"ht\ntp://h/#secret=b":           true,
		"correct horse":                  false,
		"# of horses is 12":              false,
		"my home is http://h/":           false,
		"":                               false,
	} {
		if got := IsInvite(text); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}

func TestExpired(t *testing.T) {
	for name, tt := range map[string]struct {
		until, now time.Time
		want       bool
	}{
		"before":  {until, until.Add(-time.Nanosecond), false},
		"then":    {until, until, true},
		"without": {time.Time{}, until, false},
	} {
		if got := (Invite{Until: tt.until}).Expired(tt.now); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func FuzzParseInvite(f *testing.F) {
	for _, text := range []string{
		"", "http://10.0.0.7:7475/#room=kitchen&secret=" + five + "&until=1795000000", "#secret=one+two+three%20four",
		"#room=B%C3%BCro%202%263%3D6%2B%23&secret=100%20%25%20sure%20%26%20more", "#secret=%ff", "#secret=a&secret=b", "#until=999999999999999&secret=abcdefghijkl",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		invite, err := ParseInvite(text)
		if err != nil {
			return
		}
		url := invite.URL("http://10.0.0.7:7475/")
		if len(url) > maxInvite {
			return // what was not escaped is three times as long when it is
		}
		if again, err := ParseInvite(url); again != invite || err != nil {
			t.Errorf("%q is %+v, written as %q, and read as %+v, %v", text, invite, url, again, err)
		}
		if !IsInvite(url) || strings.ContainsFunc(url, func(r rune) bool { return r <= ' ' || r > '~' }) {
			t.Errorf("%q is written as %q", text, url)
		}
	})
}
