package e2e_test

import (
	"bytes"
	"testing"
)

// What comes by the megabyte is as it was written, on both streams at once, and no character of it is divided. What comes
// slowly behind that comes at once.
func TestBytes_Flow(t *testing.T) {
	t.Parallel()
	d := start(t)
	g, wait := newGate(t)
	const line, lines = "äöü€𝄞 text\n", 2_000_000
	want := bytes.Repeat([]byte(line), lines)
	script := "yes 'äöü€𝄞 text' | head -n 2000000 & yes error | head -n 1000000 >&2; wait; printf 'Name: '; " + wait + "; printf 'x\\n'"
	s := d.openCommand(t, asBytes(script))
	var r run
	s.until(t, "the prompt", func(e event) bool {
		r = append(r, e)
		return e.Type == "stdout" && bytes.HasSuffix(e.bytes(), []byte("Name: "))
	})
	g.open(t)
	r = append(r, s.rest(t)...)
	r.ends(t, success)
	if got := r.all("stderr"); !bytes.Equal(got, bytes.Repeat([]byte("error\n"), 1_000_000)) {
		t.Errorf("%d bytes of stderr, or others", len(got))
	}
	want = append(want, "Name: x\n"...)
	if got := r.all("stdout"); !bytes.Equal(got, want) {
		t.Errorf("%d bytes of stdout, want %d, or others", len(got), len(want))
	}
	for _, e := range r {
		if len(e.Base64) > 0 {
			t.Fatalf("a character was divided in event %d", e.ID)
		}
	}
	if got := d.raw(t, s.id, "?stream=stdout").body; got != string(want) {
		t.Errorf("%d bytes of output, want %d, or others", len(got), len(want))
	}
}
