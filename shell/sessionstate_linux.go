package shell

import "os"

// state is what is known of a shell that may have ended.
type state struct {
	dir     string
	exports string // as "declare -px" tells it
	all     string // everything, from a shell that was interrupted
}

// lessen gives up what a fresh shell may not have survived, the most first. It
// reports false where there is nothing left to give up.
func (s *state) lessen() bool {
	for _, text := range []*string{&s.all, &s.exports} {
		if *text != "" {
			*text = ""
			return true
		}
	}
	return false
}

// existing is dir, or the root where somebody has removed it.
func existing(dir string) string {
	if dir == "" {
		return ""
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return "/"
	}
	return dir
}
