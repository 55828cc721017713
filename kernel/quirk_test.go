package kernel_test

import (
	"slices"
	"syscall"
	"testing"

	"execd/kernel"
	"execd/kernel/kerneltest"
)

// TestQuirk_LostInterrupt: kernels that are known to lose an interrupt get
// another one, until the run that it was for has ended, and no run after that.
func TestQuirk_LostInterrupt(t *testing.T) {
	const lost = 2
	for program, mode := range map[string]string{"jjava": "message", "tslab": "signal"} {
		t.Run(program, func(t *testing.T) {
			f := &kerneltest.Fake{Execute: func(c *kerneltest.Cell) {
				if c.Code == "lose" {
					c.Status("busy")
					c.Stream("stdout", "on")
					for range lost {
						select {
						case <-c.Interrupted():
						case <-c.Done():
						}
					}
					c.Code = "hang"
				}
				c.Run()
			}}
			l := newLocal(t, f, kernel.Config{}, kerneltest.Spec{Program: program, InterruptMode: mode})
			k := start(t, l, kernel.StartSpec{Language: "fake"})
			r := begin(t, k, "lose")
			r.await(t, kernel.KindStream)
			if err := k.Interrupt(deadline(t)); err != nil {
				t.Fatal(err)
			}
			if got := r.wait(t); got.EName != "KeyboardInterrupt" {
				t.Errorf("%+v", got)
			}
			if r, got := execute(t, k, "print a"); got.Status != kernel.StatusOK || r.text("stdout") != "a\n" {
				t.Errorf("the run after it: %+v", got)
			}
		})
	}
}

// TestQuirk_InterruptMode: Deno ends on the signal, and gonb does not answer
// the message.
func TestQuirk_InterruptMode(t *testing.T) {
	for program, mode := range map[string]string{"deno": "signal", "gonb": "message"} {
		t.Run(program, func(t *testing.T) {
			f := &kerneltest.Fake{}
			l := newLocal(t, f, kernel.Config{}, kerneltest.Spec{Program: program, InterruptMode: mode})
			k := start(t, l, kernel.StartSpec{Language: "fake"})
			r := begin(t, k, "print on\nhang")
			r.await(t, kernel.KindStream)
			if err := k.Interrupt(deadline(t)); err != nil {
				t.Fatal(err)
			}
			if got := r.wait(t); got.EName != "KeyboardInterrupt" {
				t.Errorf("%+v", got)
			}
			if got := slices.Contains(f.Launched()[0].Signals(), syscall.SIGINT); got != (program == "gonb") {
				t.Errorf("interrupted by signal: %t", got)
			}
		})
	}
}

// TestQuirk_KeptInterrupt: an interrupt that tslab keeps for what runs next, and
// its refusal after an error, do no harm to the next run.
func TestQuirk_KeptInterrupt(t *testing.T) {
	kept, failed := false, false
	var ran []string
	f := &kerneltest.Fake{Execute: func(c *kerneltest.Cell) {
		switch {
		case failed:
			failed, c.Code = false, "abort"
		case kept:
			kept, failed, c.Code = false, true, "stderr oh\nquiet"
		case c.Code == "hang":
			kept, failed = true, true
		default:
			ran = append(ran, c.Code)
		}
		c.Run()
	}}
	l := newLocal(t, f, kernel.Config{}, kerneltest.Spec{Program: "tslab"})
	k := start(t, l, kernel.StartSpec{Language: "fake"})
	r := begin(t, k, "hang")
	r.await(t, kernel.KindExecuteInput)
	if err := k.Interrupt(deadline(t)); err != nil {
		t.Fatal(err)
	}
	r.wait(t)
	for _, code := range []string{"print a", "print b"} {
		if r, got := execute(t, k, code); got.Status != kernel.StatusOK || r.text("stdout") != code[6:]+"\n" || r.text("stderr") != "" {
			t.Errorf("%q: %+v", code, got)
		}
	}
	if !slices.Equal(ran, []string{"print a", "print b"}) {
		t.Errorf("ran %q", ran)
	}
}
