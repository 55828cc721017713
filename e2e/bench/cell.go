package main

import (
	"fmt"
	"net/http"
)

var cellLatency = row{
	name:   "Python 1+1 on an idle context",
	unit:   "ms",
	target: target{bound: 1.25, times: true},
	run: func(b *bench) (result, error) {
		k, err := b.startKernel()
		if err != nil {
			return result{}, err
		}
		defer k.stop()
		c, err := dial(b.daemon.addr)
		if err != nil {
			return result{}, err
		}
		defer c.close()
		const cell = `{"language":"python","code":"1+1"}`
		value := timed(func() error {
			shown := false
			err := c.stream(http.MethodPost, "/code", cell, func(f frame) error {
				shown = shown || f.is("result")
				return nil
			})
			if err == nil && !shown {
				err = fmt.Errorf("1+1 has no result")
			}
			return err
		})
		floor := timed(func() error { return k.execute("1+1") })
		return inTurns(b.few(60, 12), 5, value, floor)
	},
}
