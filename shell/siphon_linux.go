package shell

import "golang.org/x/sys/unix"

// siphon is how a flow gets to a Taker: by way of a pipe that nobody else has.
// What a program writes is moved there page by page, which takes a moment (see
// splice(2)); to take it from its own pipe would keep the program from writing.
type siphon struct {
	source *source
	r, w   int // -1 for none: what comes is read
}

// worthTaking is what there has to be for a Taker. It is enough for what a
// file costs, and less is soon read.
const worthTaking = 64 << 10

// newSiphon makes the pipe where somebody takes what is in it, and where the
// system gives it room, which unprivileged users have a limit of.
func (s *source) newSiphon() *siphon {
	p := &siphon{source: s, r: -1, w: -1}
	if s.take == nil {
		return p
	}
	var err error
	if p.r, p.w, err = pipe(); err != nil {
		p.r, p.w = -1, -1
		return p
	}
	grow(p.w)
	if capacity(p.w) < worthTaking*2 {
		p.close()
	}
	return p
}

// read is source.read of a turn.
func (p *siphon) read(fd int, deliver func([]byte)) pipeState {
	for got := 0; got < turn; {
		if p.r < 0 {
			return p.source.read(fd, deliver, turn-got)
		}
		n, err := unix.Splice(fd, nil, p.w, nil, turn, unix.SPLICE_F_NONBLOCK|unix.SPLICE_F_MOVE)
		switch {
		case err == unix.EINTR:
			continue
		case err == unix.EAGAIN:
			return pipeEmpty
		case err != nil:
			p.close()
			continue
		case n <= 0:
			return pipeEnded
		}
		p.source.flow.add(int(n))
		got += int(n)
		p.deliver(int(n), deliver)
	}
	return pipeHasMore
}

// deliver empties the pipe, which has n bytes.
func (p *siphon) deliver(n int, deliver func([]byte)) {
	taken := 0
	if n >= worthTaking {
		taken = p.source.take(p.r, n)
	}
	if taken == n {
		return
	}
	readPipe(p.r, n-taken, deliver)
	if n >= worthTaking { // what was not taken now will not be
		p.source.take = nil
		p.close()
	}
}

func (p *siphon) close() {
	if p.r >= 0 {
		_ = unix.Close(p.r) // it is empty
		_ = unix.Close(p.w)
	}
	p.r, p.w = -1, -1
}
