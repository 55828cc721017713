package fsops

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
)

// The faults of a Replacement. See ErrEmptyOld too.
var (
	// ErrTwice is a file that one request names twice.
	ErrTwice = errors.New("the request names this file twice")

	// ErrChanged is a file that a program has written meanwhile.
	ErrChanged = errors.New("the file has changed while it was read; try again")
)

// Replacement is a text in a file that becomes another one, everywhere.
type Replacement struct {
	Path     string
	Old, New string
}

// Replaced is what became of a Replacement.
type Replaced struct {
	Count int64
	ETag  string // the version that there is now
}

// Replace does all replacements, each as a whole or not at all. It looks at
// every file, and writes every new content beside it, before the first one
// takes its place; so whatever fails has changed nothing yet, but for a
// disk that breaks in between: then the error says what is done. A file
// without the text stays as it is. The others keep mode and owner.
func Replace(list []Replacement, p Precondition) ([]Replaced, error) {
	paths := make([]string, len(list))
	for i, r := range list {
		paths[i] = r.Path
	}
	defer Lock(paths...)()
	edits := make([]*edit, len(list))
	defer func() {
		for _, e := range edits {
			e.close()
		}
	}()
	for i, r := range list {
		var err error
		if edits[i], err = examine(r, p); err != nil {
			return nil, err
		}
		same := func(e *edit) bool { return os.SameFile(e.info, edits[i].info) }
		if slices.ContainsFunc(edits[:i], same) {
			return nil, &fs.PathError{Op: "replace", Path: r.Path, Err: ErrTwice}
		}
	}
	for _, e := range edits {
		if err := e.stage(); err != nil {
			return nil, err
		}
	}
	return commit(edits)
}

// commit puts the new contents into their places.
func commit(edits []*edit) ([]Replaced, error) {
	for _, e := range edits {
		if err := e.unchanged(); err != nil {
			return nil, err
		}
	}
	done, changed := make([]Replaced, len(edits)), []string{}
	for i, e := range edits {
		info := e.info
		if e.draft != nil {
			var err error
			if info, err = e.draft.Commit(); err != nil && len(changed) > 0 {
				return nil, fmt.Errorf("%w; these are done: %q", err, changed)
			} else if err != nil {
				return nil, err
			}
			changed = append(changed, e.Path)
		}
		done[i] = Replaced{Count: e.count, ETag: ETag(info)}
	}
	return done, nil
}

// edit is a Replacement while it is done.
type edit struct {
	Replacement
	info  fs.FileInfo // of what was read
	count int64
	draft *Draft // nil while there is nothing to write
}

// examine counts what there is to replace, and fails where that cannot be.
func examine(r Replacement, p Precondition) (*edit, error) {
	if r.Old == "" {
		return nil, &fs.PathError{Op: "replace", Path: r.Path, Err: ErrEmptyOld}
	}
	if err := p.Check(r.Path); err != nil {
		return nil, err
	}
	e := &edit{Replacement: r}
	file, err := e.open()
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // only read from
	if e.info, err = file.Stat(); err != nil {
		return nil, err //nolint:wrapcheck // it names the path
	}
	found := newSubstitution(file, r.Old, "")
	if _, err := io.Copy(io.Discard, found); err != nil {
		return nil, fmt.Errorf("replace in %s: %w", r.Path, err)
	}
	e.count = found.count
	return e, nil
}

// open opens the file, if it is one.
func (e *edit) open() (*os.File, error) {
	file, _, err := openRegular(e.Path)
	if absent(err) {
		return nil, pathError("open", e.Path, fs.ErrNotExist)
	}
	return file, err
}

// stage writes the new content beside the file.
func (e *edit) stage() error {
	if e.count == 0 {
		return nil
	}
	file, err := e.open()
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // only read from
	if e.draft, err = NewDraft(Placement{Path: e.Path}); err != nil {
		return err
	}
	content := newSubstitution(file, e.Old, e.New)
	if _, err := e.draft.ReadFrom(content); err != nil {
		return err
	}
	e.count = content.count
	return e.draft.Park()
}

// unchanged fails where another program has written since.
func (e *edit) unchanged() error {
	info, err := os.Stat(e.Path)
	if err != nil {
		return err //nolint:wrapcheck // it names the path
	}
	if ETag(info) != ETag(e.info) {
		return &fs.PathError{Op: "replace", Path: e.Path, Err: ErrChanged}
	}
	return nil
}

func (e *edit) close() {
	if e != nil && e.draft != nil {
		_ = e.draft.Close() // what is in its place stays
	}
}
