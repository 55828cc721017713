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

// languages has the aliases that clients use. "sh" and "shell" are none of
// bash's: a POSIX shell is asked for there. Deno's kernel calls its language
// typescript and runs JavaScript as well.
var languages = []language{
	{"bash", nil, []string{"bash"}, "pip install bash_kernel && python3 -m bash_kernel.install"},
	{"c++", []string{"cpp", "cxx", "c++11", "c++14", "c++17", "c++20", "c++23"}, []string{"xcpp20", "xcpp17"}, ""},
	{"c#", []string{"csharp", "cs"}, []string{".net-csharp"}, ""},
	{"go", []string{"golang"}, []string{"gonb"}, "go install github.com/janpfeifer/gonb@latest && gonb --install"},
	{"java", nil, []string{"java"}, "pip install jjava"},
	{"javascript", []string{"js", "node", "nodejs", "ecmascript"}, []string{"jslab", "javascript", "deno"},
		"npm install -g tslab && tslab install"},
	{"julia", []string{"jl"}, nil, ""},
	{"kotlin", []string{"kt"}, nil, "pip install kotlin-jupyter-kernel"},
	{"python", []string{"py", "python3", "ipython", "ipython3"}, []string{"python3", "python", "ipykernel"},
		"pip install ipykernel"},
	{"r", nil, []string{"ir"}, ""},
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
// canonical name of its language. In this order: the spec of exactly this
// name, the preferred specs of the language, the first on the Jupyter path
// that says it is of the language.
func choose(specs []kernelspec, asked string) (kernelspec, string, error) {
	want, _ := knownLanguage(asked)
	exact := strings.ToLower(strings.TrimSpace(asked))
	if i := slices.IndexFunc(specs, func(s kernelspec) bool { return s.name == exact }); i >= 0 {
		own, _ := knownLanguage(specs[i].Language)
		return specs[i], own.name, nil
	}
	if s, ok := best(specs, want); ok {
		return s, want.name, nil
	}
	var installed []string
	for _, l := range installedLanguages(specs) {
		installed = append(installed, l.Name)
	}
	return kernelspec{}, "", &NoKernelError{Language: want.name, Installed: installed, Hint: want.install}
}

// best returns the spec that serves a language.
func best(specs []kernelspec, l language) (kernelspec, bool) {
	for _, name := range l.prefer {
		if i := slices.IndexFunc(specs, func(s kernelspec) bool { return s.name == name }); i >= 0 {
			return specs[i], true
		}
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
func installedLanguages(specs []kernelspec) []Language {
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
		if s, ok := best(specs, l); ok {
			aliases := slices.Sorted(slices.Values(l.aliases))
			list = append(list, Language{Name: l.name, Aliases: aliases, Kernel: s.name, DisplayName: s.DisplayName, Dir: s.dir})
		}
	}
	slices.SortFunc(list, func(a, b Language) int { return strings.Compare(a.Name, b.Name) })
	return list
}
