package kernel

import (
	"fmt"
	"strings"
)

// Order says which kernelspecs run a language, best first. It comes before the
// order that is built in; languages go by any of their names, and specs that
// are not installed are passed over.
type Order map[string][]string

// preferred returns the specs to try for a language.
func (o Order) preferred(l language) []string {
	var list []string
	for name, specs := range o {
		if Canonical(name) == l.name {
			list = append(list, specs...)
		}
	}
	return append(list, l.prefer...)
}

// ParseOrder reads pairs of a language and a kernelspec, best first, as in
// "python=venv,python=python3,java=jjava".
func ParseOrder(text string) (Order, error) {
	order := make(Order)
	for _, pair := range strings.Split(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		language, spec, ok := strings.Cut(pair, "=")
		language, spec = Canonical(language), strings.ToLower(strings.TrimSpace(spec))
		if !ok || language == "" || !validName.MatchString(spec) {
			return nil, fmt.Errorf("parse %q: want a language, = and the name of a kernelspec", pair)
		}
		order[language] = append(order[language], spec)
	}
	return order, nil
}
