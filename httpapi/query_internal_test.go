package httpapi

import (
	"net/url"
	"slices"
	"testing"
)

// The values of a name are those that net/url finds, whatever the query is.
func FuzzValuesOf(f *testing.F) {
	for _, query := range []string{
		"", "path", "path=", "path=%2Ftmp&path=b", "a=1&path=x+y&&path=%zz&p%61th=z", "path=a;b&path=c", "pat%zh=a&path=%", "&=&path=a=b&",
	} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		want, _ := url.ParseQuery(query) // as URL.Query, which leaves out what is malformed
		if got := slices.Collect(valuesOf(query, "path")); !slices.Equal(got, want["path"]) {
			t.Errorf("%q: %q, want %q", query, got, want["path"])
		}
	})
}
