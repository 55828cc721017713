package kernel

import "context"

// Lookup implements Provider.
func (l *Local) Lookup(ctx context.Context, language string) (Language, error) {
	if err := context.Cause(ctx); err != nil {
		return Language{}, err
	}
	spec, name, err := choose(kernelspecs(l.env), l.cfg.Order, language)
	if err != nil {
		return Language{}, err
	}
	known, _ := knownLanguage(name)
	return known.served(&spec), nil
}
