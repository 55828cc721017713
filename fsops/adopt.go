package fsops

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// AdoptDraft makes a draft of a file that is there already, under another
// name: by renaming it, or by copying where the place is on another
// filesystem. What is not committed gets its old name back.
func AdoptDraft(place Placement, from string) (*Draft, error) {
	d, err := NewDraft(place)
	if err != nil {
		return nil, err
	}
	info, err := d.file.Stat() // which mode a new file would have
	if err != nil {
		return nil, errors.Join(fmt.Errorf("adopt %s: %w", from, err), d.Close())
	}
	_, missing := os.Lstat(d.target)
	name := d.freshName(missing == nil)
	forget := note(name, from)
	if err = os.Rename(from, name); err != nil {
		forget()
	}
	if errors.Is(err, syscall.EXDEV) {
		return d.copyFrom(from)
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	giveBack := func() error {
		err := os.Rename(name, from)
		if err == nil { // else it stays noted
			forget()
		}
		return err
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err == nil {
		if err = f.Chmod(info.Mode().Perm()); err != nil {
			_ = f.Close() // the other error says more
		}
	}
	if err != nil {
		return nil, errors.Join(pathError("adopt", from, err), giveBack(), d.Close())
	}
	if err := d.Close(); err != nil {
		_ = f.Close() // likewise
		return nil, errors.Join(err, giveBack())
	}
	d.file, d.name, d.origin, d.forget = f, name, from, forget
	return d, nil
}

func (d *Draft) copyFrom(path string) (*Draft, error) {
	f, err := os.Open(path)
	if err == nil {
		_, err = d.ReadFrom(f)
		_ = f.Close() // only read
	}
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}
