package kernel

import (
	"context"
	"slices"
)

// Lookup implements Provider.
func (l *Local) Lookup(ctx context.Context, language string) (Language, error) {
	if err := context.Cause(ctx); err != nil {
		return Language{}, err
	}
	spec, name, err := choose(kernelspecs(l.env), language)
	if err != nil {
		return Language{}, err
	}
	known, _ := knownLanguage(name)
	return Language{
		Name: name, Aliases: slices.Clone(known.aliases),
		Kernel: spec.name, DisplayName: spec.DisplayName, Dir: spec.dir,
	}, nil
}

// Canonical returns the name of a language that has several: "py" and
// "Python3" are "python". One that is not known is returned in lower case.
func Canonical(language string) string {
	l, _ := knownLanguage(language)
	return l.name
}
