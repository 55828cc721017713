package httpapi

import (
	"iter"
	"net/url"
	"strings"
)

// valuesOf are the values that a name has in a query, as url.ParseQuery has
// them, without making a map of all names.
func valuesOf(query, name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for pair := range strings.SplitSeq(query, "&") {
			key, value, _ := strings.Cut(pair, "=")
			if pair == "" || strings.Contains(pair, ";") {
				continue
			}
			key, err := url.QueryUnescape(key)
			if err != nil || key != name {
				continue
			}
			value, err = url.QueryUnescape(value)
			if err == nil && !yield(value) {
				return
			}
		}
	}
}
