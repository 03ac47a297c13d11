package peer

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"
)

// Others of the same room derive the same, today and in years, whatever they run.
// The values were made with libargon2 and Python's hmac.
func TestSecretGolden(t *testing.T) {
	s := NewSecret("kitchen", "correct horse battery staple")
	password, room := s.password(), s.RoomKey("kitchen")
	for _, c := range []struct {
		what string
		got  [32]byte
		want string
	}{
		{"secret", *s.key(), "1ea99094cc0875b2f3399521194073eae81781a0486304ed3d79e5c104fe6769"},
		{"password", password, "fe6c507f9336b66b110f284106518168d8ba22430996a2727ee49a20720f2ccc"},
		{"room key", room, "f566b5dbdfc53707c7833e585f930a6217a8b716bad6e34a0c27b9150b8d4cf0"},
		{"room key without a secret", Secret{}.RoomKey("lan"), "6827854fc16c0eae5a234eba4f31202758e2cbd20c070ab3a7f60f37f868ecc0"},
	} {
		if got := hex.EncodeToString(c.got[:]); got != c.want {
			t.Errorf("%s is %s, want %s", c.what, got, c.want)
		}
	}
}

func TestSecretOfAnOpenRoom(t *testing.T) {
	if s := NewSecret("kitchen", ""); !s.IsZero() {
		t.Error("an empty passphrase is a secret")
	}
	if s := NewSecret("kitchen", " "); s.IsZero() {
		t.Error("a blank is no secret")
	}
}

func TestSecretsDiffer(t *testing.T) {
	const room, words = "kitchen", "correct horse battery staple"
	s := NewSecret(room, words)
	if *NewSecret(room, words).key() != *s.key() {
		t.Error("the same words make another secret the second time")
	}
	if *NewSecret("", words).key() != *NewSecret(DefaultRoom, words).key() {
		t.Error("no room is another one than the default room")
	}
	if s.RoomKey("") != s.RoomKey(DefaultRoom) {
		t.Error("no room has another key than the default room")
	}
	keys := map[[32]byte]string{*s.key(): "secret"}
	for what, key := range map[string][32]byte{
		"of another room":           *NewSecret("cellar", words).key(),
		"of other words":            *NewSecret(room, words+" ").key(),
		"password":                  s.password(),
		"room key":                  s.RoomKey(room),
		"room key of another room":  s.RoomKey("cellar"),
		"room key without a secret": Secret{}.RoomKey(room),
	} {
		if same, ok := keys[key]; ok {
			t.Errorf("%s is the same as %s", what, same)
		}
		keys[key] = what
	}
}

// Nothing that prints a secret, or what it is in, shows a byte of it.
func TestSecretIsNotShown(t *testing.T) {
	s := NewSecret("kitchen", "correct horse battery staple")
	type hidden struct{ s Secret }
	type shown struct{ S Secret }
	for _, v := range []any{s, &s, hidden{s}, &hidden{s}, shown{s}, []Secret{s}, map[string]Secret{"a": s}, Config{Secret: s}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%b", "%c", "%U"} {
			checkHidden(t, s, fmt.Sprintf("%s of %T", verb, v), []byte(fmt.Sprintf(verb, v)))
		}
		if _, ok := v.(Config); ok {
			continue // has functions, which JSON has not
		}
		p, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		checkHidden(t, s, fmt.Sprintf("JSON of %T", v), p)
	}
	if got := fmt.Sprint(s, Secret{}); got != "secret no secret" {
		t.Errorf("printed are %q", got)
	}
}

// checkHidden fails if p shows any four bytes of s that follow each other, however
// they are written.
func checkHidden(t *testing.T, s Secret, what string, p []byte) {
	t.Helper()
	for i := range len(s.key()) - 3 {
		four := s.key()[i : i+4]
		for _, verb := range []string{"%s", "%x", "%X", "%d", "%o", "%b", "%#v"} {
			if seen := bytes.Trim([]byte(fmt.Sprintf(verb, four)), "[]"); bytes.Contains(p, seen) {
				t.Fatalf("%s shows the secret: %s", what, p)
			}
		}
	}
}
