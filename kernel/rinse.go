package kernel

import (
	"fmt"

	"execd/kernel/wire"
)

// An interrupt that Node.js has no use for any more, because the script has
// just ended or begun to wait, it keeps, and interrupts with it the script that
// runs next (node:vm, breakOnSigint: a semaphore stays raised). So after an
// interrupt of a kernel with quirk.rinse something else runs first, quietly,
// and the requests that come meanwhile wait for its end.

// stain notes that the kernel may have an interrupt for what runs next.
func (c *client) stain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stained = c.quirk.rinse != ""
}

// sendClean sends a request to a kernel that has no interrupt for it.
func (c *client) sendClean(m wire.Message) error {
	c.mu.Lock()
	if !c.stained && !c.rinsing {
		c.mu.Unlock()
		return c.transport.send(shellChannel, m)
	}
	c.waiting = append(c.waiting, m)
	begin := !c.rinsing
	c.stained, c.rinsing = c.stained && !begin, true
	c.mu.Unlock()
	if !begin {
		return nil
	}
	return c.rinse()
}

func (c *client) rinse() error {
	content, err := executeContent(Request{Code: c.quirk.rinse, Silent: true})
	if err != nil {
		return err
	}
	e := &execution{owner: c, handler: rinser{c}, content: content, grace: c.grace, quirk: c.quirk, rinses: true}
	id, err := c.enlist(e)
	if err != nil {
		return err
	}
	return c.sendExecute(e, id, content)
}

// rinser is the Handler of what runs between.
type rinser struct{ client *client }

// Output implements Handler.
func (rinser) Output(Output) {}

// Finished implements Handler: however it has ended, the interrupt is gone.
func (r rinser) Finished(Result) {
	c := r.client
	for {
		c.mu.Lock()
		waiting := c.waiting
		c.waiting = nil
		c.rinsing = len(waiting) > 0
		c.mu.Unlock()
		if len(waiting) == 0 {
			return
		}
		for _, m := range waiting {
			if err := c.transport.send(shellChannel, m); err != nil {
				c.transport.lose(fmt.Errorf("shell: %w", err))
			}
		}
	}
}
