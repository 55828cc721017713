package fsops_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"execd/fsops"
)

func pack(t *testing.T, root, format string) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, fsops.WriteArchive(t.Context(), &b, root, format))
	return b.Bytes()
}

func unpack(t *testing.T, archive []byte, dir, format string) (fsops.Extracted, error) {
	t.Helper()
	return fsops.Extract(t.Context(), bytes.NewReader(archive), dir, format, t.TempDir(), 1<<20)
}

func TestArchive_RoundTrip(t *testing.T) {
	root := t.TempDir()
	write(t, strings.Repeat("text ", 10_000), root, "sub", "ä ö", "file")
	write(t, "#!/bin/sh", root, "run")
	write(t, "", root, "closed", "empty")
	must(t, os.Chmod(root+"/run", 0o751))
	must(t, os.Symlink("../run", root+"/sub/link"))
	must(t, syscall.Mkfifo(root+"/pipe", 0o600))
	stamp := time.Date(2021, 2, 3, 4, 5, 6, 0, time.UTC)
	must(t, os.Chtimes(root+"/run", stamp, stamp))
	must(t, os.Chtimes(root+"/closed", stamp, stamp))
	must(t, os.Chmod(root+"/closed", 0o550))
	for _, format := range []string{fsops.Tar, fsops.TarGz, fsops.Zip} {
		for _, told := range []string{format, ""} {
			archive, dir := pack(t, root, format), t.TempDir()+"/new"
			done, err := unpack(t, archive, dir, told)
			if err != nil || done.Entries != 7 || done.Bytes != 50_009 {
				t.Fatalf("%s: %+v, %v", format, done, err)
			}
			if read(t, dir+"/sub/ä ö/file") != strings.Repeat("text ", 10_000) || read(t, dir+"/sub/link") != "#!/bin/sh" {
				t.Errorf("%s: another content", format)
			}
			for path, mode := range map[string]fs.FileMode{"run": 0o751, "closed": 0o550 | fs.ModeDir} {
				info, err := os.Stat(filepath.Join(dir, path))
				if err != nil || info.Mode() != mode || !info.ModTime().Equal(stamp) {
					t.Errorf("%s: %s: %v %v, %v", format, path, info.Mode(), info.ModTime(), err)
				}
			}
			if _, err := unpack(t, archive, dir, told); err != nil { // over itself
				t.Errorf("%s: %v", format, err)
			}
		}
	}
	if done, err := unpack(t, pack(t, root+"/run", fsops.TarGz), t.TempDir(), ""); err != nil || done.Entries != 1 {
		t.Errorf("one file: %+v, %v", done, err)
	}
}

// tarOf makes an archive of headers, with "evil" in every file.
func tarOf(t *testing.T, headers ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		if h.Mode = 0o644; h.Typeflag == tar.TypeReg {
			h.Size = 4
		}
		must(t, w.WriteHeader(&h))
		_, err := io.WriteString(w, "evil"[:h.Size])
		must(t, err)
	}
	must(t, w.Close())
	return b.Bytes()
}

func TestExtract_Refused(t *testing.T) {
	outside := t.TempDir()
	file := func(name string) tar.Header { return tar.Header{Typeflag: tar.TypeReg, Name: name} }
	link := func(name, to string) tar.Header {
		return tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: to}
	}
	for name, archive := range map[string][]byte{
		"up":             tarOf(t, file("../up")),
		"up, later":      tarOf(t, file("a/../../up")),
		"absolute":       tarOf(t, file(outside+"/up")),
		"absolute link":  tarOf(t, link("l", outside)),
		"link up":        tarOf(t, link("a/l", "../../up")),
		"hard link":      tarOf(t, tar.Header{Typeflag: tar.TypeLink, Name: "h", Linkname: "/etc/passwd"}),
		"hard link up":   tarOf(t, tar.Header{Typeflag: tar.TypeLink, Name: "h", Linkname: "../up"}),
		"device":         tarOf(t, tar.Header{Typeflag: tar.TypeChar, Name: "d"}),
		"pipe":           tarOf(t, tar.Header{Typeflag: tar.TypeFifo, Name: "p"}),
		"through a link": tarOf(t, file("there/up")),
		"no archive":     bytes.Repeat([]byte("not an archive "), 100),
		"half a gzip":    {0x1f, 0x8b, 8, 0},
		"half a zip":     []byte("PK\x03\x04"),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			must(t, os.Symlink(outside, dir+"/there"))
			if _, err := unpack(t, archive, dir, ""); !errors.Is(err, fsops.ErrBadArchive) {
				t.Error(err)
			}
			left, err := filepath.Glob(dir + "/.execd*")
			must(t, err)
			if found, err := os.ReadDir(outside); err != nil || len(found) > 0 || len(left) > 0 {
				t.Errorf("outside there is %v, %v; inside %v", found, err, left)
			}
		})
	}
	dir := t.TempDir()
	done, err := unpack(t, tarOf(t, file("one"), file("../up"), file("two")), dir, fsops.Tar)
	if !errors.Is(err, fsops.ErrBadArchive) || done.Entries != 1 || read(t, dir+"/one") != "evil" {
		t.Errorf("%+v, %v", done, err)
	}
	var bomb bytes.Buffer
	w := zip.NewWriter(&bomb)
	f, err := w.Create("zeros")
	must(t, err)
	_, err = f.Write(make([]byte, 2<<20))
	must(t, errors.Join(err, w.Close()))
	if _, err := unpack(t, bomb.Bytes(), dir, ""); !errors.Is(err, fsops.ErrTooLarge) {
		t.Errorf("a bomb: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := fsops.Extract(ctx, bytes.NewReader(tarOf(t, file("x"))), dir, fsops.Tar, dir, 1); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Whatever an archive is called, nothing is written outside.
func FuzzExtract_Names(f *testing.F) {
	for _, seed := range []string{"a", "../a", "/a", "a/../../b", "./a", "..", ".", "", "a/", "a//b", "a\\..\\b", "l/a", "\x00"} {
		f.Add(seed, "l", "..")
	}
	f.Fuzz(func(t *testing.T, name, link, target string) {
		base := t.TempDir()
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		if w.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: link, Linkname: target}) != nil ||
			w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name}) != nil || w.Close() != nil {
			return // no name in an archive
		}
		_, _ = unpack(t, b.Bytes(), base+"/in", fsops.Tar) // it may refuse
		left, err := os.ReadDir(base)
		if err != nil || len(left) > 1 {
			t.Errorf("%q, %q -> %q: %v, %v", name, link, target, left, err)
		}
	})
}
