package cpace

import (
	"bytes"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"filippo.io/edwards25519"

	"github.com/lanyap/lanyap/peer/internal/ristretto"
)

// draft reads the appendix's test vectors for ristretto255 and SHA-512, as
// testvectors.json of the draft's repository has them at the tag
// draft-irtf-cfrg-cpace-21.
func draft(t testing.TB) (run, points map[string][]byte) {
	t.Helper()
	p, err := os.ReadFile("testdata/draft-irtf-cfrg-cpace-21.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]map[string]string
	if err := json.Unmarshal(p, &all); err != nil {
		t.Fatal(err)
	}
	decode := func(values map[string]string) map[string][]byte {
		out := make(map[string][]byte)
		for name, value := range values {
			out[name] = unhex(value)
		}
		return out
	}
	return decode(all["run"]), decode(all["points"])
}

func unhex(s string) []byte {
	p, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		panic(err)
	}
	return p
}

func inputs(run map[string][]byte) Inputs {
	return Inputs{run["PRS"], run["CI"], run["sid"], run["ADa"], run["ADb"]}
}

func scalar(t testing.TB, p []byte) *ristretto.Scalar {
	t.Helper()
	s, err := edwards25519.NewScalar().SetCanonicalBytes(p)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func same(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s is\n%x, want\n%x", what, got, want)
	}
}

func count(n int) (p []byte) {
	for i := range n {
		p = append(p, byte(i))
	}
	return p
}

func TestDraftLengths(t *testing.T) {
	same(t, "prepend_len of nothing", appendLengths(nil, nil), []byte{0})
	same(t, "prepend_len of 1234", appendLengths(nil, []byte("1234")), unhex("0431323334"))
	same(t, "prepend_len of 127 bytes", appendLengths(nil, count(127)), append([]byte{0x7f}, count(127)...))
	same(t, "prepend_len of 128 bytes", appendLengths(nil, count(128)), append([]byte{0x80, 1}, count(128)...))
	same(t, "lv_cat", appendLengths(nil, []byte("1234"), []byte("5"), nil, []byte("678")), unhex("043132333401350003363738"))
}

// ordered is the draft's transcript_oc, for two sides of which either may begin. We
// have no use for it; its vectors test what it is made of.
func ordered(a, b []byte) []byte {
	if bytes.Compare(a, b) < 0 {
		a, b = b, a
	}
	return slices.Concat([]byte("oc"), a, b)
}

func TestDraftTranscripts(t *testing.T) {
	for _, c := range []struct{ ya, ada, yb, adb, ir, oc string }{
		{
			"123", "PartyA", "234", "PartyB",
			"03313233065061727479410332333406506172747942",
			"6f6303323334065061727479420331323306506172747941",
		},
		{
			"3456", "PartyA", "2345", "PartyB",
			"043334353606506172747941043233343506506172747942",
			"6f63043334353606506172747941043233343506506172747942",
		},
	} {
		a, b := appendLengths(nil, []byte(c.ya), []byte(c.ada)), appendLengths(nil, []byte(c.yb), []byte(c.adb))
		same(t, "transcript_ir", slices.Concat(a, b), unhex(c.ir))
		same(t, "transcript_oc", ordered(a, b), unhex(c.oc))
	}
	same(t, "o_cat of ABCD and BCD", ordered([]byte("ABCD"), []byte("BCD")), unhex("6f6342434441424344"))
	same(t, "o_cat of BCD and ABCDE", ordered([]byte("BCD"), []byte("ABCDE")), unhex("6f634243444142434445"))
	for _, c := range []struct {
		a, b   string
		larger bool
	}{
		{"\x00", "\x00\x00", false},
		{"\x01", "\x00\x00", true},
		{"\x00\x00", "\x00", true},
		{"\x00\x00", "\x01", false},
		{"\x00\x01", "\x01", false},
		{"ABCD", "BCD", false},
	} {
		if got := bytes.Compare([]byte(c.a), []byte(c.b)) > 0; got != c.larger {
			t.Errorf("%q larger than %q: %v", c.a, c.b, got)
		}
	}
}

func TestDraftGenerator(t *testing.T) {
	run, _ := draft(t)
	in := inputs(run)
	p := in.generatorString()
	same(t, "generator_string", p, unhex(`
		11435061636552697374726574746f3235350850617373776f726464
		00000000000000000000000000000000000000000000000000000000
		00000000000000000000000000000000000000000000000000000000
		00000000000000000000000000000000000000000000000000000000
		00000000000000000000000000000000180b415f696e69746961746f
		720b425f726573706f6e646572107e4b4791d6a8ef019b936c79fb7f
		2c57`))
	hash := sha512.Sum512(p)
	same(t, "the hash", hash[:], unhex(`
		da6d3ddc8802fca9058755ffd3ebde08a9c2c74945901a258482a288
		b6663af06bf645c93cd1c51512307199c80e84908916d983b34af772
		05f90851a657ee27`))
	g := in.generator().Encode()
	same(t, "the generator", g[:], run["g"])
}

func TestDraftRun(t *testing.T) {
	run, _ := draft(t)
	in := inputs(run)
	i, ya := start(in, scalar(t, run["ya"]))
	same(t, "Ya", ya[:], run["Ya"])
	r, yb, tb, err := respond(in, ya[:], scalar(t, run["yb"]))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "Yb", yb[:], run["Yb"])
	key, ta, err := i.Finish(yb[:], tb[:])
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the initiator's ISK", key[:], run["ISK_IR"])
	if key, err = r.Finish(ta[:]); err != nil {
		t.Fatal(err)
	}
	same(t, "the responder's ISK", key[:], run["ISK_IR"])

	// The draft has no vectors for tags. These were made with Python's hmac from its
	// description and the ISK above.
	same(t, "Ta", ta[:], unhex(`
		30478d28d83ae3b214295e91f4a3eb62999a8ed94575075db4a7d3bc3e4d26f1
		6c51adba12dc7771372637a46b5134e0937cddd7d820bfdd83be335e339eb57a`))
	same(t, "Tb", tb[:], unhex(`
		e927a7da291676f8878caae9cb70407d2f14117e6f9ff9adcfda797c4bcf2bd2
		fefd2ca3f2ddcce81b7386996c895b2f359010cc92069d5ff4ad49a977de79a6`))
}

func TestDraftSymmetric(t *testing.T) {
	run, _ := draft(t)
	in := inputs(run)
	for _, of := range []struct{ secret, share string }{{"ya", "Yb"}, {"yb", "Ya"}} {
		k, ok := timesVerified(scalar(t, run[of.secret]), run[of.share])
		if !ok {
			t.Fatal("the other share is none")
		}
		same(t, "K", k[:], run["K"])
		a, b := appendLengths(nil, run["Ya"], run["ADa"]), appendLengths(nil, run["Yb"], run["ADb"])
		key := in.key(k, ordered(a, b))
		same(t, "ISK_SY", key[:], run["ISK_SY"])
		ir := sha512.Sum512(slices.Concat([]byte("CPaceSidOutput"), a, b))
		same(t, "sid_output_ir", ir[:], run["sid_output_ir"])
		oc := sha512.Sum512(slices.Concat([]byte("CPaceSidOutput"), ordered(a, b)))
		same(t, "sid_output_oc", oc[:], run["sid_output_oc"])
	}
}

func TestDraftPoints(t *testing.T) {
	run, points := draft(t)
	got, ok := timesVerified(scalar(t, points["s"]), points["X"])
	if !ok {
		t.Error("a valid point is refused")
	}
	same(t, "scalar_mult_vfy", got[:], points["product"])
	for _, name := range []string{"invalid", "identity"} {
		if len(points[name]) != ShareSize {
			t.Fatalf("%s has %d bytes", name, len(points[name]))
		}
		if _, ok := timesVerified(scalar(t, points["s"]), points[name]); ok {
			t.Errorf("the %s point is taken", name)
		}
		// And both sides of a run end.
		in := inputs(run)
		if _, yb, tb, err := Respond(in, points[name]); err != ErrMismatch || yb != [ShareSize]byte{} || tb != [TagSize]byte{} {
			t.Errorf("the responder takes the %s point, and says %x, %x, %v", name, yb, tb, err)
		}
		i, _ := Start(in)
		if _, _, err := i.Finish(points[name], make([]byte, TagSize)); err != ErrMismatch {
			t.Errorf("the initiator takes the %s point: %v", name, err)
		}
	}
}
