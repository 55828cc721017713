package main

import "net/http"

// metricsLatency is that of the newest sample; its floor is that of a request for nothing, to the same daemon.
var metricsLatency = row{
	name:   "GET /metrics",
	unit:   "ms",
	target: target{bound: 2, times: true, slow99: true},
	run: func(b *bench) (result, error) {
		c, err := dial(b.daemon.addr)
		if err != nil {
			return result{}, err
		}
		defer c.close()
		get := func(path string) probe {
			return timed(func() error {
				if _, err := c.ask(http.MethodGet, path, ""); err != nil {
					return err
				}
				_, err := c.whole()
				return err
			})
		}
		r, err := inTurns(b.few(200, 40), 50, get("/metrics"), get("/ping"))
		r.paired = 0 // of medians, and it is the tails that matter
		return r, err
	},
}
