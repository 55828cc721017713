package actors

import (
	"syscall"
	"time"

	"execd/kernel"
	"execd/shell"
)

// LaunchKernel starts the process of a kernel through the one door to exec.
// It is a kernel.Launcher.
func LaunchKernel(spec kernel.LaunchSpec) (kernel.Process, error) {
	p, err := shell.Start(shell.Command{Argv: spec.Argv, Dir: spec.Dir, Env: spec.Env, ID: newID(), Join: true})
	if err != nil {
		return nil, err //nolint:wrapcheck // the provider says which kernel it was
	}
	k := &kernelProcess{process: p, counter: shell.NewCPUCounter(p), done: make(chan struct{})}
	go k.follow(kernelOutput(spec.Output))
	return k, nil
}

var (
	_ kernel.Process  = (*kernelProcess)(nil)
	_ kernel.CPUTimer = (*kernelProcess)(nil)
)

// kernelProcess is a process as package kernel needs it. Its goroutine lives
// as long as the process.
type kernelProcess struct {
	process *shell.Process
	counter *shell.CPUCounter
	done    chan struct{}
	exit    shell.Exit // set before done is closed
}

func (k *kernelProcess) follow(out kernelOutput) {
	k.exit = k.process.Run(out)
	k.counter.Close()
	close(k.done)
}

func (k *kernelProcess) Pid() int { return k.process.Pid() }

// CPUTime implements kernel.CPUTimer.
func (k *kernelProcess) CPUTime() (used time.Duration, ok bool) {
	user, system, ok := k.counter.CPUTime()
	return user + system, ok
}

func (k *kernelProcess) Signal(sig syscall.Signal) error {
	return k.process.Signal(sig) //nolint:wrapcheck // as above
}

func (k *kernelProcess) Kill() {
	k.process.Kill()
	k.process.CloseOutput()
}

func (k *kernelProcess) Done() <-chan struct{} { return k.done }

func (k *kernelProcess) ExitText() string { return k.exit.String() }

// kernelOutput takes what a kernel itself writes, which is not the output of
// any cell.
type kernelOutput func(p []byte)

// Output implements shell.Sink.
func (f kernelOutput) Output(_ shell.Stream, p []byte) {
	if f != nil {
		f(p)
	}
}
