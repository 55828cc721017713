//go:build linux && (amd64 || arm64)

package event

import (
	"bytes"
	"os"
	"slices"
	"syscall"
	"testing"
	"unsafe"
)

// resident is how many pages of a file the page cache has (mincore(2)).
func resident(t *testing.T, f *os.File, size int) (pages int) {
	t.Helper()
	m, err := syscall.Mmap(int(f.Fd()), 0, size, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = syscall.Munmap(m) }()
	in := make([]byte, size/os.Getpagesize())
	_, _, errno := syscall.Syscall(syscall.SYS_MINCORE, uintptr(unsafe.Pointer(&m[0])), uintptr(size), uintptr(unsafe.Pointer(&in[0])))
	if errno != 0 {
		t.Fatal(errno)
	}
	for _, b := range in {
		pages += int(b & 1)
	}
	return pages
}

// A file leaves the page cache when the disk has it, and is read as before.
func TestUncache(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/x")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // it is synced
	var fs syscall.Statfs_t
	if err := syscall.Fstatfs(int(f.Fd()), &fs); err != nil {
		t.Fatal(err)
	}
	const ext4, xfs, btrfs = 0xEF53, 0x58465342, 0x9123683E
	if !slices.Contains([]int64{ext4, xfs, btrfs}, fs.Type) {
		t.Skip("this filesystem may keep its pages")
	}
	want := bytes.Repeat([]byte("0123456789abcdef"), 64<<10)
	if _, err := f.Write(want); err != nil {
		t.Fatal(err)
	}
	if resident(t, f, len(want)) == 0 {
		t.Fatal("nothing is in the page cache to begin with")
	}
	until(t, "the pages to leave", func() bool {
		uncache(f.Name())
		return resident(t, f, len(want)) == 0
	})
	if got, err := os.ReadFile(f.Name()); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d bytes are not those that were written; %v", len(got), err)
	}
}
