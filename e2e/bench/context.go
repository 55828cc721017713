package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

const pythonContext = `{"language":"python"}`

// makeContext is a probe of how many milliseconds it takes until a context can run code.
func makeContext(c *connection, body string) probe {
	return timed(func() error {
		if _, err := c.ask(http.MethodPost, "/code/context", body); err != nil {
			return err
		}
		_, err := c.whole()
		return err
	})
}

// dropContexts deletes all contexts of a language.
func dropContexts(c *connection, language string) error {
	if _, err := c.ask(http.MethodDelete, "/code/contexts?language="+language, ""); err != nil {
		return err
	}
	_, err := c.whole()
	return err
}

var contextCold = row{
	name:   "a Python context, from request to response",
	unit:   "ms",
	target: target{bound: 1.2, times: true},
	run: func(b *bench) (result, error) {
		if _, err := kernelArgv(); err != nil {
			return result{}, err
		}
		c, err := dial(b.daemon.addr)
		if err != nil {
			return result{}, err
		}
		defer c.close()
		value := func() (float64, error) {
			ms, err := makeContext(c, pythonContext)()
			if err == nil {
				err = dropContexts(c, "python")
			}
			time.Sleep(settleTime) // the kernel that ends takes time of the next one
			return ms, err
		}
		floor := func() (float64, error) {
			start := time.Now()
			k, err := b.launchKernel()
			ms := milliseconds(time.Since(start))
			if err == nil {
				k.stop()
			}
			time.Sleep(settleTime)
			return ms, err
		}
		return inTurns(b.few(10, 3), 1, value, floor)
	},
}

// crowd is how many contexts are made at once.
const crowd = 10

// pool is an execd that holds a crowd of kernels ready.
type pool struct {
	*server
	control *connection
}

func (b *bench) startPool() (*pool, error) {
	if _, err := kernelArgv(); err != nil {
		return nil, err
	}
	s, err := b.startExecd("--kernel-pool", fmt.Sprintf("python=%d", crowd))
	if err != nil {
		return nil, err
	}
	p := &pool{server: s}
	if p.control, err = dial(s.addr); err != nil {
		s.stop()
		return nil, err
	}
	return p, nil
}

// fill waits until the pool is full and at rest.
func (p *pool) fill() error {
	const again = 50 * time.Millisecond
	for deadline := time.Now().Add(crowd * patience); time.Now().Before(deadline); time.Sleep(again) {
		text, err := p.control.get("/code/languages")
		if err != nil {
			return err
		}
		var all []struct {
			Language string
			Spares   int
		}
		if err := json.Unmarshal(text, &all); err != nil {
			return fmt.Errorf("read languages: %w", err)
		}
		for _, l := range all {
			if l.Language == "python" && l.Spares == crowd {
				time.Sleep(settleTime)
				return nil
			}
		}
	}
	return fmt.Errorf("the pool is not full after %v", crowd*patience)
}

// crowded makes a crowd of contexts at once, and returns how long each took and how long all took.
func (p *pool) crowded(body string) (each samples, all float64, err error) {
	if err := p.fill(); err != nil {
		return nil, 0, err
	}
	each = make(samples, crowd)
	errs := make([]error, crowd)
	var wg sync.WaitGroup
	gate := make(chan struct{})
	for i := range each {
		c, err := dial(p.addr)
		if err != nil {
			return nil, 0, err
		}
		wg.Go(func() {
			defer c.close()
			<-gate
			each[i], errs[i] = makeContext(c, body)()
		})
	}
	start := time.Now()
	close(gate)
	wg.Wait()
	all = milliseconds(time.Since(start))
	for _, err := range errs {
		if err != nil {
			return nil, 0, err
		}
	}
	return each, all, dropContexts(p.control, "python")
}

// fromPool measures contexts out of a pool, many at once.
func fromPool(body string) func(*bench) (result, error) {
	return func(b *bench) (result, error) {
		p, err := b.startPool()
		if err != nil {
			return result{}, err
		}
		defer p.stop()
		var values samples
		for range b.few(10, 2) {
			each, _, err := p.crowded(body)
			if err != nil {
				return result{}, err
			}
			values = append(values, each...)
		}
		return result{Value: values.summary()}, nil
	}
}

var contextWarm = row{
	name:   "a Python context from the pool, 10 at once",
	unit:   "ms",
	target: target{bound: 20, slow99: true},
	run:    fromPool(pythonContext),
}

var contextWarmPlaced = row{
	name:   "the same with cwd and envs",
	unit:   "ms",
	target: target{bound: 20},
	run:    fromPool(`{"language":"python","cwd":"/tmp","envs":{"A":"b"}}`),
}

// oneCold makes a context without a pool.
func (b *bench) oneCold() (float64, error) {
	c, err := dial(b.daemon.addr)
	if err != nil {
		return 0, err
	}
	defer c.close()
	ms, err := makeContext(c, pythonContext)()
	if err != nil {
		return 0, err
	}
	return ms, dropContexts(c, "python")
}

var contextsAtOnce = row{
	name:   "10 Python contexts at once from the pool, beside one that is started",
	unit:   "ms",
	target: target{bound: 2, times: true},
	run: func(b *bench) (result, error) {
		p, err := b.startPool()
		if err != nil {
			return result{}, err
		}
		defer p.stop()
		var values, floors samples
		for range b.few(5, 2) {
			_, all, err := p.crowded(pythonContext)
			if err == nil {
				err = p.fill()
			}
			if err != nil {
				return result{}, err
			}
			one, err := b.oneCold()
			if err != nil {
				return result{}, err
			}
			values, floors = append(values, all), append(floors, one)
		}
		return with(values, floors), nil
	},
}
