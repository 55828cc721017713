package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
)

// infoConnections is the concurrency of infoRate.
const infoConnections = 32

var infoRate = row{
	name:   "GET /files/info, 32 connections",
	unit:   "/s",
	target: target{bound: 0.7, least: true, times: true},
	run: func(b *bench) (result, error) {
		conns, err := dialMany(b.daemon.addr, infoConnections)
		if err != nil {
			return result{}, err
		}
		defer closeAll(conns)
		path := filepath.Join(b.dir, "info")
		if err := makeFile(path, 1<<20); err != nil {
			return result{}, err
		}
		target := "/files/info?path=" + url.QueryEscape(path)
		each := b.few(150, 100)
		infos := rate(len(conns), each, func(i int) error {
			_, err := conns[i].get(target)
			return err
		})
		return inTurns(b.few(25, 7), 1, infos, pings(conns, each))
	},
}

// searchFiles is how many files are searched, of which one in a hundred has another name.
const searchFiles = 50_000

var searchFew = searchRow("GET /files/search, 500 of 50,000 files", "*.go")

var searchAll = searchRow("GET /files/search, all of 50,000 files", "**")

// searchRow measures a search against find(1), which tells the same of the same files.
func searchRow(name, pattern string) row {
	return row{
		name:   name,
		unit:   "ms",
		target: target{bound: 1.5, times: true},
		run: func(b *bench) (result, error) {
			root, err := b.searchTree()
			if err != nil {
				return result{}, err
			}
			c, err := dial(b.daemon.addr)
			if err != nil {
				return result{}, err
			}
			defer c.close()
			args := []string{root, "-type", "f"}
			if pattern != "**" {
				args = append(args, "-name", pattern)
			}
			args = append(args, "-printf", `%p %s %T@ %C@ %u %g %m %i\n`)
			var lines, hits int
			find := func() error {
				out, err := exec.Command("find", args...).Output()
				lines = bytes.Count(out, []byte("\n"))
				return err //nolint:wrapcheck // tells why find is not there
			}
			if err := find(); err != nil {
				return result{}, skip("find: %v", err)
			}
			target := "/files/search?path=" + url.QueryEscape(root) + "&pattern=" + url.QueryEscape(pattern)
			search := func() error {
				body, err := c.get(target)
				hits = bytes.Count(body, []byte(`"path":`))
				return err
			}
			r, err := inTurns(b.few(15, 5), 1, timed(search), timed(find))
			if err == nil && hits != lines {
				err = fmt.Errorf("%s: %d hits, find has %d", target, hits, lines)
			}
			return r, err
		},
	}
}

// searchTree makes the files to search, once.
func (b *bench) searchTree() (string, error) {
	root := filepath.Join(b.dir, "search")
	if _, err := os.Stat(root); err == nil {
		return root, nil
	}
	var all error
	for i := range searchFiles {
		dir := fmt.Sprintf("%s/%02d/%02d", root, i%50, i/50%20)
		if i < 50*20 {
			all = errors.Join(all, os.MkdirAll(dir, 0o755))
		}
		name := fmt.Sprintf("%s/file%05d.txt", dir, i)
		if i%100 == 0 {
			name = fmt.Sprintf("%s/file%05d.go", dir, i)
		}
		all = errors.Join(all, os.WriteFile(name, nil, 0o600))
	}
	return root, all
}
