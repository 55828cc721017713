package fsops

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/bmatcuk/doublestar/v4"
)

// ErrBadPattern is a pattern that means nothing.
var ErrBadPattern = errors.New("not a pattern")

// Search says which files are looked for.
type Search struct {
	Root string // a directory, or one file

	// Pattern is in the syntax of doublestar. Without a slash it is for the
	// names of files at any depth; with one for their paths below Root.
	Pattern string

	Content *regexp.Regexp // what must be in a file; nil for nothing
	Limit   int            // hits; 0 for all
}

// Hit is what a search has found: a file, or a place in it.
type Hit struct {
	Info
	Line   int    `json:"line,omitempty"`   // of a place, from 1
	Column int    `json:"column,omitempty"` // in characters, from 1
	Text   string `json:"text,omitempty"`   // that matched
}

// Found tells what became of a search.
type Found struct {
	Hits    int64
	Skipped int64 // directories and files that could not be read
	Limited bool  // there are more
}

// errEnough ends a search at its limit.
var errEnough = errors.New("enough was found")

// Run calls found with each hit, one at a time and in no order, until there
// are no more, or the limit is reached, or found fails, or ctx is over. What
// may not be read is skipped and counted; what goes away meanwhile is left
// out. Symlinks are not followed, but for Root itself. The memory that it
// needs does not depend on how many files there are.
func (s Search) Run(ctx context.Context, found func(Hit) error) (Found, error) {
	pattern := strings.TrimPrefix(s.Pattern, "./")
	if !doublestar.ValidatePattern(pattern) {
		return Found{}, fmt.Errorf("pattern %q: %w", s.Pattern, ErrBadPattern)
	}
	info, err := os.Stat(s.Root)
	if err != nil {
		return Found{}, err //nolint:wrapcheck // it names the path
	}
	w := &walk{search: s, pattern: pattern, deep: strings.Contains(pattern, "/"), found: found}
	w.more.L = &w.mu
	if !info.IsDir() {
		err = w.visit(ctx, filepath.Dir(s.Root), "", fs.FileInfoToDirEntry(info))
	} else {
		err = w.run(ctx, info)
	}
	if errors.Is(err, errEnough) {
		w.sum.Limited, err = true, nil
	}
	w.sum.Skipped = w.skipped.Load()
	return w.sum, err
}

// walk is a search that goes on.
type walk struct {
	search  Search
	pattern string
	deep    bool // the pattern is for paths
	skipped atomic.Int64

	emit  sync.Mutex // guards found and sum
	found func(Hit) error
	sum   Found

	mu   sync.Mutex // guards the rest
	more sync.Cond
	todo []string // directories below the root, the next one last
	busy int      // workers that may add to them
	err  error
}

// maxWalkers is how many directories are read at once: more than processors,
// because they wait for the disk.
const maxWalkers = 8

func (w *walk) run(ctx context.Context, _ fs.FileInfo) error {
	stop := context.AfterFunc(ctx, func() { w.fail(context.Cause(ctx)) })
	defer stop()
	if _, err := os.ReadDir(w.search.Root); err != nil {
		return err //nolint:wrapcheck // it names the path
	}
	w.todo = append(w.todo, "")
	var group sync.WaitGroup
	for range min(maxWalkers, 2*runtime.GOMAXPROCS(0)) {
		group.Go(func() {
			for {
				dir, ok := w.next()
				if !ok {
					return
				}
				w.done(w.read(ctx, dir))
			}
		})
	}
	group.Wait()
	return w.err
}

// next takes a directory, and waits while there is none but may be.
func (w *walk) next() (string, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.todo) == 0 && w.busy > 0 && w.err == nil {
		w.more.Wait()
	}
	last := len(w.todo) - 1
	if last < 0 || w.err != nil {
		return "", false
	}
	dir := w.todo[last]
	w.todo = w.todo[:last]
	w.busy++
	return dir, true
}

func (w *walk) done(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy--
	if err != nil && w.err == nil {
		w.err = err
	}
	w.more.Broadcast()
}

func (w *walk) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = err
	}
	w.more.Broadcast()
}

func (w *walk) add(dir string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.todo = append(w.todo, dir)
	w.more.Signal()
}

// entriesAtOnce bounds what is held of a directory.
const entriesAtOnce = 512

// read looks at all that is in a directory below the root.
func (w *walk) read(ctx context.Context, dir string) error {
	full := filepath.Join(w.search.Root, dir)
	f, err := os.Open(full)
	if err != nil {
		w.skip(err)
		return nil
	}
	defer f.Close() //nolint:errcheck // only read from
	for {
		entries, err := f.ReadDir(entriesAtOnce)
		for _, e := range entries {
			if e.IsDir() && !IsDraft(e.Name()) {
				w.add(path.Join(dir, e.Name()))
				continue
			}
			if err := w.visit(ctx, full, dir, e); err != nil {
				return err
			}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				w.skip(err)
			}
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// skip counts what could not be read, but not what is gone.
func (w *walk) skip(err error) {
	if !absent(err) {
		w.skipped.Add(1)
	}
}

// visit looks at a file.
func (w *walk) visit(ctx context.Context, full, dir string, e fs.DirEntry) error {
	if !e.Type().IsRegular() || IsDraft(e.Name()) {
		return nil
	}
	subject := e.Name()
	if w.deep {
		subject = path.Join(dir, subject)
	}
	if !doublestar.MatchUnvalidated(w.pattern, subject) {
		return nil
	}
	info, err := Stat(filepath.Join(full, e.Name()))
	if err != nil {
		w.skip(err)
		return nil
	}
	hit := Hit{Info: info}
	if w.search.Content == nil {
		return w.tell(hit)
	}
	return w.grep(ctx, hit)
}

func (w *walk) tell(h Hit) error {
	w.emit.Lock()
	defer w.emit.Unlock()
	if w.search.Limit > 0 && w.sum.Hits >= int64(w.search.Limit) {
		return errEnough
	}
	w.sum.Hits++
	return w.found(h)
}
