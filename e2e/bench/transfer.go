package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// transferSize is how much a transfer moves: enough for its beginning and its end not to count.
const transferSize = 256 << 20

// memorySize is how much is moved to see what that needs.
const memorySize = 1 << 30

var downloadRate = row{
	name:   "GET /files/download of 256 MiB",
	unit:   "MiB/s",
	target: target{bound: 0.9, least: true, times: true},
	run: func(b *bench) (result, error) {
		path := filepath.Join(b.dir, "download")
		if err := makeFile(path, transferSize); err != nil {
			return result{}, err
		}
		return b.transfers(
			func(c *connection) error { return c.download(downloadPath(path), transferSize) },
			func(c *connection) error { return c.download(floorPath(path), transferSize) })
	},
}

var uploadRate = row{
	name:   "PUT /files/upload of 256 MiB",
	unit:   "MiB/s",
	target: target{bound: 0.8, least: true, times: true},
	run: func(b *bench) (result, error) {
		value, floor := filepath.Join(b.dir, "upload"), filepath.Join(b.dir, "upload-floor")
		return b.transfers(
			func(c *connection) error { return c.upload(uploadPath(value), transferSize) },
			func(c *connection) error { return c.upload(floorPath(floor), transferSize) })
	},
}

var transferMemory = row{
	name:   "peak memory of 1 GiB up and down",
	unit:   "MiB more",
	target: target{bound: 16},
	run: func(b *bench) (result, error) {
		s, err := b.startExecd()
		if err != nil {
			return result{}, err
		}
		defer s.stop()
		c, err := dial(s.addr)
		if err != nil {
			return result{}, err
		}
		defer c.close()
		path := filepath.Join(b.dir, "memory")
		both := func(size int64) error {
			return errors.Join(c.upload(uploadPath(path), size), c.download(downloadPath(path), size))
		}
		if err := both(1 << 20); err != nil { // what is made once
			return result{}, err
		}
		before, err := peakMemory(s.pid())
		if err != nil {
			return result{}, err
		}
		if err := both(int64(b.few(memorySize, transferSize))); err != nil {
			return result{}, err
		}
		after, err := peakMemory(s.pid())
		return alone((after - before) / (1 << 20)), errors.Join(err, os.Remove(path))
	},
}

func downloadPath(path string) string { return "/files/download?path=" + url.QueryEscape(path) }

func uploadPath(path string) string { return "/files/upload?path=" + url.QueryEscape(path) }

func floorPath(path string) string { return "/file?path=" + url.QueryEscape(path) }

// transfers measures how fast the daemon and the floor move transferSize.
func (b *bench) transfers(value, floor func(*connection) error) (result, error) {
	v, err := dial(b.daemon.addr)
	if err != nil {
		return result{}, err
	}
	defer v.close()
	f, err := dial(b.floor.addr)
	if err != nil {
		return result{}, err
	}
	defer f.close()
	speed := func(c *connection, move func(*connection) error) probe {
		return func() (float64, error) {
			start := time.Now()
			err := move(c)
			return (transferSize >> 20) / time.Since(start).Seconds(), err
		}
	}
	return inTurns(b.few(9, 3), 1, speed(v, value), speed(f, floor))
}

// makeFile writes a file of so many bytes.
func makeFile(path string, size int64) error {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("make file: %w", err)
	}
	for block := make([]byte, 1<<20); size > 0 && err == nil; size -= int64(len(block)) {
		_, err = f.Write(block)
	}
	return errors.Join(err, f.Close())
}

// download reads a body of so many bytes.
func (c *connection) download(path string, size int64) error {
	if _, err := c.ask(http.MethodGet, path, ""); err != nil {
		return err
	}
	for {
		b, err := c.next()
		size -= int64(len(b))
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	if size != 0 {
		return fmt.Errorf("GET %s: %d bytes are missing", path, size)
	}
	return nil
}

// upload sends a body of so many bytes.
func (c *connection) upload(path string, size int64) error {
	if _, err := fmt.Fprintf(c.nc, "PUT %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n", path, size); err != nil {
		return fmt.Errorf("send request: %w", err)
	}
	for block := make([]byte, 256<<10); size > 0; {
		n, err := c.nc.Write(block[:min(size, int64(len(block)))])
		if err != nil {
			return fmt.Errorf("send body: %w", err)
		}
		size -= int64(n)
	}
	r, err := c.receive()
	if err != nil {
		return err
	}
	text, err := c.whole()
	if r.status != http.StatusOK {
		return fmt.Errorf("PUT %s: status %d: %s", path, r.status, text)
	}
	return err
}
