package main

import "net/http"

// pingConnections is the concurrency of pingRate.
const pingConnections = 64

var pingRate = row{
	name:   "GET /ping, 64 connections",
	unit:   "/s",
	target: target{bound: 0.85, least: true, times: true},
	run: func(b *bench) (result, error) {
		values, err := dialMany(b.daemon.addr, pingConnections)
		if err != nil {
			return result{}, err
		}
		defer closeAll(values)
		floors, err := dialMany(b.floor.addr, pingConnections)
		if err != nil {
			return result{}, err
		}
		defer closeAll(floors)
		each := b.few(150, 100)
		return inTurns(b.few(25, 7), 1, pings(values, each), pings(floors, each))
	},
}

func pings(conns []*connection, each int) probe {
	return rate(len(conns), each, func(i int) error {
		if _, err := conns[i].ask(http.MethodGet, "/ping", ""); err != nil {
			return err
		}
		_, err := conns[i].whole()
		return err
	})
}
