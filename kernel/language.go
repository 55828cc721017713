package kernel

import (
	"slices"
	"strings"
)

// language is what is known of a language beforehand. One that is not in the
// table works too, under the name its kernelspec gives.
type language struct {
	name    string
	aliases []string
	prefer  []string // kernelspecs, best first; they serve the language whatever they call theirs
	install string
}

// languages has the aliases that clients use, the order of the kernels of one
// language, and how to install one. Deno's kernel calls its language
// typescript and runs JavaScript as well.
var languages = []language{
	{"bash", []string{"sh", "shell"}, []string{"bash"}, "pip install bash_kernel && python3 -m bash_kernel.install"},
	{"c++", []string{"cpp", "cxx", "c++11", "c++14", "c++17", "c++20", "c++23"}, []string{"xcpp20", "xcpp17"}, ""},
	{"c#", []string{"csharp", "cs"}, []string{".net-csharp"}, ""},
	{"go", []string{"golang"}, []string{"gonb"}, "go install github.com/janpfeifer/gonb@v0.10.7 && " +
		"go install golang.org/x/tools/cmd/goimports@v0.38.0 && gonb --install --force_deps"},
	{"java", nil, []string{"java"}, "pip install jjava==1.0a7"}, // pip takes older ones for newer
	{"javascript", []string{"js", "node", "nodejs", "ecmascript"}, []string{"jslab", "javascript", "deno"},
		"npm install -g tslab && tslab install"},
	{"julia", []string{"jl"}, nil, ""},
	{"kotlin", []string{"kt"}, nil, "pip install kotlin-jupyter-kernel"},
	{"python", []string{"py", "python3", "ipython", "ipython3"}, []string{"python3", "python", "ipykernel"},
		"pip install ipykernel"},
	{"r", nil, []string{"ir"}, `R -e 'install.packages("IRkernel"); IRkernel::installspec()'`},
	{"ruby", []string{"rb"}, nil, "gem install iruby && iruby register"},
	{"rust", []string{"rs"}, []string{"rust"}, "cargo install evcxr_jupyter && evcxr_jupyter --install"},
	{"typescript", []string{"ts"}, []string{"tslab", "deno"}, "npm install -g tslab && tslab install"},
}

// knownLanguage finds name or alias in the table; ok is false for a language
// that only a kernelspec knows, and l.name is the name in lower case then.
func knownLanguage(name string) (l language, ok bool) {
	name = strings.ToLower(strings.TrimSpace(name))
	for _, l := range languages {
		if l.name == name || slices.Contains(l.aliases, name) {
			return l, true
		}
	}
	return language{name: name}, false
}

// choose returns the kernelspec for what a client called a language, and the
// canonical name of its language. In this order: the spec of exactly this name
// (unless it is also the language's name and order has other specs for it),
// the preferred specs of the language, the first on the Jupyter path that says
// it is of the language.
func choose(specs []kernelspec, order Order, asked string) (kernelspec, string, error) {
	want, _ := knownLanguage(asked)
	exact := strings.ToLower(strings.TrimSpace(asked))
	ordered := exact == want.name && len(order.preferred(language{name: want.name})) > 0
	if s, ok := named(specs, []string{exact}); ok && !ordered {
		own, _ := knownLanguage(s.Language)
		return s, own.name, nil
	}
	if s, ok := best(specs, order, want); ok {
		return s, want.name, nil
	}
	var installed []string
	for _, l := range installedLanguages(specs, order) {
		installed = append(installed, l.Name)
	}
	return kernelspec{}, "", &NoKernelError{Language: want.name, Installed: installed, Hint: want.install}
}

// named returns the first spec that there is of some names.
func named(specs []kernelspec, names []string) (kernelspec, bool) {
	for _, name := range names {
		name = strings.ToLower(strings.TrimSpace(name))
		if i := slices.IndexFunc(specs, func(s kernelspec) bool { return s.name == name }); i >= 0 {
			return specs[i], true
		}
	}
	return kernelspec{}, false
}

// best returns the spec that serves a language.
func best(specs []kernelspec, order Order, l language) (kernelspec, bool) {
	if s, ok := named(specs, order.preferred(l)); ok {
		return s, true
	}
	i := slices.IndexFunc(specs, func(s kernelspec) bool {
		own, _ := knownLanguage(s.Language)
		return own.name == l.name && l.name != ""
	})
	if i < 0 {
		return kernelspec{}, false
	}
	return specs[i], true
}

// installedLanguages returns what specs serve, sorted by name.
func installedLanguages(specs []kernelspec, order Order) []Language {
	all := slices.Clone(languages)
	for _, s := range specs {
		l, known := knownLanguage(s.Language)
		listed := slices.ContainsFunc(all, func(o language) bool { return o.name == l.name })
		if !known && !listed && l.name != "" {
			all = append(all, l)
		}
	}
	var list []Language
	for _, l := range all {
		if s, ok := best(specs, order, l); ok {
			list = append(list, l.served(&s))
		}
	}
	slices.SortFunc(list, func(a, b Language) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// served is l as the spec serves it.
func (l language) served(s *kernelspec) Language {
	return Language{
		Name: l.name, Aliases: slices.Sorted(slices.Values(l.aliases)), Install: l.install,
		Kernel: s.name, DisplayName: s.DisplayName, Dir: s.dir,
	}
}

// Missing returns the languages that execd knows how to install and that are
// not among those a Provider has, sorted by name. They have no kernel.
func Missing(installed []Language) []Language {
	var list []Language
	for _, l := range languages {
		there := slices.ContainsFunc(installed, func(i Language) bool { return i.Name == l.name })
		if !there && l.install != "" {
			list = append(list, l.served(&kernelspec{}))
		}
	}
	return list
}

// Canonical returns the name of a language that has several: "py" and
// "Python3" are "python". One that is not known is returned in lower case.
func Canonical(language string) string {
	l, _ := knownLanguage(language)
	return l.name
}
