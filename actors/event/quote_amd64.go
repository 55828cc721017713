package event

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// quotesBlocks says that quoteBlocks can be called.
var quotesBlocks = cpu.X86.HasAVX2

// quoteBlocks quotes what src begins with, n bytes, for as long as there is a
// block of 32 bytes to look at and nothing in it but what stands for itself, ends
// of lines, quotes and backslashes. It returns how much it has read and written. To
// dst there have to be n bytes and a block, and slack is for how many of these
// escapes there is one more.
//
//go:noescape
func quoteBlocks(dst, src unsafe.Pointer, n, slack int) (read, written int)
