package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

const fakeContext = `{"language":"fake"}`

// startFakes starts an execd with a kernel that needs little, so that it is the daemon that is measured: it is built from
// the source, which is in the working directory.
func (b *bench) startFakes() (*server, error) {
	dir, err := os.MkdirTemp(b.dir, "f")
	if err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	binary := filepath.Join(dir, "fakekernel")
	out, err := exec.Command("go", "build", "-buildvcs=false", "-o", binary, "./kernel/kerneltest/fakekernel").CombinedOutput()
	if err != nil {
		return nil, skip("the fake kernel cannot be built: %v: %s", err, out)
	}
	spec, err := json.Marshal(map[string]any{"argv": []string{binary, "{connection_file}"}, "display_name": "Fake", "language": "fake"})
	if err != nil {
		return nil, fmt.Errorf("encode kernelspec: %w", err)
	}
	home := filepath.Join(dir, "kernels", "fake")
	if err := os.MkdirAll(home, 0o755); err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	if err := os.WriteFile(filepath.Join(home, "kernel.json"), spec, 0o600); err != nil {
		return nil, fmt.Errorf("write kernelspec: %w", err)
	}
	return b.startExecdWith([]string{"JUPYTER_PATH=" + dir})
}

var contextMemory = row{
	name:   "100 idle contexts: memory of execd for each",
	unit:   "KiB",
	target: target{bound: 150},
	run: func(b *bench) (result, error) {
		s, err := b.startFakes()
		if err != nil {
			return result{}, err
		}
		defer s.stop()
		c, err := dial(s.addr)
		if err != nil {
			return result{}, err
		}
		defer c.close()
		make1 := makeContext(c, fakeContext)
		if _, err := make1(); err != nil { // what the first one needs, the others share
			return result{}, err
		}
		time.Sleep(settleTime)
		before, err := residentMemory(s.pid())
		if err != nil {
			return result{}, err
		}
		const contexts = 100
		for range contexts {
			if _, err := make1(); err != nil {
				return result{}, err
			}
		}
		time.Sleep(settleTime)
		after, err := residentMemory(s.pid())
		return alone((after - before) / contexts / 1024), err
	},
}

// crossTalk is a million messages of fifty contexts at once, each of which has to come to its own reader.
var crossTalk = row{
	name:   "1,000,000 messages of 50 contexts: runs with lost or foreign ones",
	unit:   "count",
	target: target{bound: 0},
	run: func(b *bench) (result, error) {
		s, err := b.startFakes()
		if err != nil {
			return result{}, err
		}
		defer s.stop()
		const contexts = 50
		errs := make([]error, contexts)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() { errs[i] = talk(s.addr, i, b.few(20_000, 2000)) })
		}
		all.Wait()
		wrong := 0.0
		for _, err := range errs {
			if err != nil {
				fmt.Fprintf(os.Stderr, "bench: %v\n", err)
				wrong++
			}
		}
		return alone(wrong), nil
	},
}

// talk makes a context that prints so many messages, and checks each.
func talk(addr string, number, messages int) error {
	c, err := dial(addr)
	if err != nil {
		return err
	}
	defer c.close()
	if _, err := c.ask(http.MethodPost, "/code/context", fakeContext); err != nil {
		return err
	}
	text, err := c.whole()
	if err != nil {
		return err
	}
	var made struct{ ID string }
	if err := json.Unmarshal(text, &made); err != nil {
		return fmt.Errorf("read context: %w", err)
	}
	tag := fmt.Sprintf("context %d message", number)
	cell := fmt.Sprintf(`{"context":{"id":%q},"code":"count %d %s"}`, made.ID, messages, tag)
	return c.counted(cell, tag+" ", messages)
}
