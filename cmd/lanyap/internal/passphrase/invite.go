package passphrase

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// ErrInvite says that something looks like an invite and is none; test with errors.Is.
var ErrInvite = errors.New("is not a whole invite")

// Invite is what one needs to know to join a private room.
type Invite struct {
	Room   string    // empty: the default room
	Secret string    // in canonical form
	Until  time.Time // when it is no longer meant, in whole seconds; zero: it has no end
}

// Expired reports whether the invite is no longer meant at now.
func (i Invite) Expired(now time.Time) bool { return !i.Until.IsZero() && !now.Before(i.Until) }

// URL returns the invite for somebody who opens page, the address of one.
func (i Invite) URL(page string) string {
	var fragment []string
	if i.Room != "" {
		fragment = append(fragment, "room="+escape(i.Room))
	}
	fragment = append(fragment, "secret="+escape(i.Secret))
	if !i.Until.IsZero() {
		fragment = append(fragment, "until="+strconv.FormatInt(i.Until.Unix(), 10))
	}
	return page + "#" + strings.Join(fragment, "&")
}

// escape is what encodeURIComponent of browsers reads back.
func escape(value string) string { return strings.ReplaceAll(url.QueryEscape(value), "+", "%20") }

// IsInvite reports whether somebody who was asked for a passphrase gave an invite.
func IsInvite(text string) bool {
	text = strings.ToLower(squeeze(text))
	for _, start := range []string{"http://", "https://", "#room=", "#secret="} {
		if strings.HasPrefix(text, start) {
			return true
		}
	}
	return false
}

// squeeze drops all white space, and a byte order mark.
func squeeze(text string) string {
	return strings.Join(strings.Fields(strings.TrimPrefix(text, "\ufeff")), "")
}

// maxInvite is how many bytes an invite has at most: a room's name and a passphrase,
// each with three for one, and the address.
const maxInvite = 8 << 10

// ParseInvite reads an invite. Its secret may be no passphrase, for the reasons that
// [Canonical] gives; all else that is wrong with it is [ErrInvite].
func ParseInvite(text string) (Invite, error) {
	var invite Invite
	_, fragment, ok := strings.Cut(squeeze(text), "#")
	if !ok || len(text) > maxInvite {
		return invite, ErrInvite
	}
	seen := make(map[string]bool)
	for part := range strings.SplitSeq(fragment, "&") {
		key, value, _ := strings.Cut(part, "=")
		if key != "room" && key != "secret" && key != "until" {
			continue
		}
		text, err := url.QueryUnescape(value)
		if err != nil || text == "" || !utf8.ValidString(text) || seen[key] {
			return Invite{}, ErrInvite
		}
		seen[key] = true
		switch key {
		case "room":
			invite.Room = text
		case "secret":
			invite.Secret = text
		case "until":
			if invite.Until, ok = parseTime(text); !ok {
				return Invite{}, ErrInvite
			}
		}
	}
	if !seen["secret"] {
		return Invite{}, ErrInvite
	}
	var err error
	if invite.Secret, err = Canonical(invite.Secret); err != nil {
		return Invite{}, err
	}
	return invite, nil
}

// maxDigits keeps a time within what a number of JavaScript holds.
const maxDigits = 15

func parseTime(text string) (time.Time, bool) {
	isDigit := func(r rune) bool { return r < utf8.RuneSelf && unicode.IsDigit(r) }
	if len(text) > maxDigits || strings.TrimFunc(text, isDigit) != "" {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	return time.Unix(seconds, 0), err == nil
}
