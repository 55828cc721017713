package main

import (
	"net/http"
	"time"
)

// readyTime is from the start of the process to the answer of its first request, with the fork and exec.
var readyTime = row{
	name:   "exec to the first answer",
	unit:   "ms",
	target: target{bound: 50},
	run: func(b *bench) (result, error) {
		var values samples
		for range b.few(20, 5) {
			ms, err := b.startToAnswer()
			if err != nil {
				return result{}, err
			}
			values = append(values, ms)
		}
		return result{Value: values.summary()}, nil
	},
}

func (b *bench) startToAnswer() (float64, error) {
	began := time.Now()
	s, err := b.startExecd()
	if err != nil {
		return 0, err
	}
	defer s.stop()
	c, err := dial(s.addr)
	if err != nil {
		return 0, err
	}
	defer c.close()
	_, err = c.ask(http.MethodGet, "/ping", "")
	return milliseconds(time.Since(began)), err
}
