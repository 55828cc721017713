//go:build unix && !linux

package shell

// siphon only reads.
type siphon struct{ source *source }

func (s *source) newSiphon() siphon { return siphon{s} }

func (p siphon) read(fd int, deliver func([]byte)) pipeState {
	return p.source.read(fd, deliver, turn)
}

func (siphon) close() {}
