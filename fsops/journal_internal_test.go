package fsops

import (
	"archive/tar"
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// keepJournal keeps one for a test, which may not be parallel.
func keepJournal(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "journal")
	must(t, KeepJournal(dir))
	t.Cleanup(func() { journal.Store(nil) })
	return dir
}

// checkNotes checks that there is a note for each draft below root, and no other.
func checkNotes(t *testing.T, what, journal, root string) {
	t.Helper()
	var drafts, notes []string
	for name := range strings.FieldsSeq(names(t, root)) {
		if IsDraft(filepath.Base(name)) {
			drafts = append(drafts, filepath.Join(root, name))
		}
	}
	for name := range strings.FieldsSeq(names(t, journal)) {
		if path := noted(filepath.Join(journal, name)); path != "" {
			notes = append(notes, path)
		}
	}
	slices.Sort(drafts)
	slices.Sort(notes)
	if !slices.Equal(drafts, notes) {
		t.Errorf("%s: there are %q, noted are %q", what, drafts, notes)
	}
}

// TestJournal_Notes: a draft that has a name is noted as long as it has it, and nothing stays.
func TestJournal_Notes(t *testing.T) {
	kept := keepJournal(t)
	for name, open := range ways {
		dir, err := filepath.EvalSymlinks(t.TempDir())
		must(t, err)
		for _, path := range []string{dir + "/new", dir + "/new", dir + "/deep/new"} {
			d, err := newDraft(Placement{Path: path}, open)
			must(t, err)
			checkNotes(t, name, kept, dir)
			must(t, d.Park())
			if !strings.Contains(names(t, dir), draftPrefix) {
				t.Errorf("%s: nothing is parked", name)
			}
			checkNotes(t, name+" parked", kept, dir)
			_, err = d.Commit()
			must(t, err)
			checkNotes(t, name+" committed", kept, dir)
			must(t, d.Close())
			given, err := newDraft(Placement{Path: path}, open)
			must(t, err)
			must(t, given.Park())
			must(t, given.Close())
			checkNotes(t, name+" given up", kept, dir)
		}
		source := filepath.Join(dir, "source")
		for _, commit := range []bool{false, true} {
			must(t, os.WriteFile(source, nil, 0o600))
			d, err := AdoptDraft(Placement{Path: dir + "/adopted"}, source)
			must(t, err)
			checkNotes(t, "adopted", kept, dir)
			if commit {
				_, err = d.Commit()
				must(t, err)
			}
			must(t, d.Close())
		}
		_, err = newDraft(Placement{Path: dir}, open)
		if err == nil {
			t.Error("a draft of a directory")
		}
	}
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	must(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "file"}))
	must(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeSymlink, Name: "link", Linkname: "file"}))
	must(t, w.Close())
	_, err := Extract(t.Context(), &archive, t.TempDir(), Tar, "", 1)
	must(t, err)
	if left := names(t, kept); left != "" {
		t.Errorf("left behind are notes: %s", left)
	}
}

// TestJournal_Inherit: what a dead process has noted is removed, or given back to where it was adopted from; whatever else
// may be in its journal does no harm.
func TestJournal_Inherit(t *testing.T) {
	dead, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	dir, err := filepath.EvalSymlinks(t.TempDir())
	must(t, err)
	kept := keepJournal(t)
	file := func(path string) string {
		t.Helper()
		path = filepath.Join(dir, path)
		must(t, os.MkdirAll(filepath.Dir(path), 0o755))
		must(t, os.WriteFile(path, []byte(path), 0o600))
		return path
	}
	link := func(to, name string) {
		t.Helper()
		must(t, os.Symlink(to, filepath.Join(dead, name)))
	}
	draft := func() string { return draftName(false) }
	noted := func(path string) string { link(path, filepath.Base(path)); return path }
	over := noted(file("sub/" + draftName(true)))
	tree := noted(filepath.Join(dir, draft()))
	file(filepath.Base(tree) + "/closed/file")
	must(t, os.Chmod(tree+"/closed", 0o500))
	noted(filepath.Join(dir, draft())) // has been put into its place
	adopted, again := noted(file(draft())), noted(file(draft()))
	link(dir+"/origin", filepath.Base(adopted)+originEnd)
	link(file("new-origin"), filepath.Base(again)+originEnd) // its old name is taken
	link(dir+"/nothing", draft()+originEnd)

	precious := file("precious")
	link(precious, draft())          // another name
	link(dir, draft()+draftReplaces) // also of a directory
	noted(precious)
	noted(file(draftPrefix + "short"))
	link(filepath.Base(file(draft())), draft())
	must(t, os.WriteFile(filepath.Join(dead, draft()), []byte(precious), 0o600))
	unnoted := file(draft())

	var left Inherited
	left.Inherit(dead)
	if content(t, dir+"/origin") != adopted {
		t.Error("what was adopted was not given back")
	}
	if got := names(t, dead); got != "" {
		t.Errorf("the old journal still has %s", got)
	}
	swept, err := left.Sweep()
	if !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), dir+"/new-origin") || !strings.Contains(err.Error(), again) {
		t.Errorf("%v, want that %s cannot be given back", err, again)
	}
	slices.Sort(swept)
	want := []string{over, tree}
	slices.Sort(want)
	if !slices.Equal(swept, want) {
		t.Errorf("swept were %q, want %q", swept, want)
	}
	for _, path := range want {
		if _, err := os.Lstat(path); err == nil {
			t.Errorf("%s is still there", path)
		}
	}
	for _, path := range []string{precious, unnoted, again, dir + "/new-origin", dir + "/" + draftPrefix + "short"} {
		if content(t, path) != path {
			t.Errorf("%s has changed", path)
		}
	}
	giveBackLater(t, kept, again, dir+"/new-origin")
}

// giveBackLater has the next process give back what could not be, once its old name is free.
func giveBackLater(t *testing.T, kept, draft, origin string) {
	t.Helper()
	if got, want := names(t, kept), filepath.Base(draft)+" "+filepath.Base(draft)+originEnd; got != want {
		t.Errorf("notes stay: %s, want %s", got, want)
	}
	must(t, os.Remove(origin))
	next := filepath.Join(t.TempDir(), "journal")
	must(t, KeepJournal(next))
	var left Inherited
	left.Inherit(kept)
	swept, err := left.Sweep()
	if content(t, origin) != draft || len(swept) > 0 || err != nil || names(t, kept)+names(t, next) != "" {
		t.Errorf("%q, %v; notes stay: %s %s", swept, err, names(t, kept), names(t, next))
	}
}

// TestJournal_Full: what cannot be noted is written all the same.
func TestJournal_Full(t *testing.T) {
	must(t, os.RemoveAll(keepJournal(t)))
	dir := t.TempDir()
	put(t, NewDraft, Placement{Path: dir + "/file"}, "text")
	if got := names(t, dir); got != "file" {
		t.Errorf("there is %s", got)
	}
	var none Inherited
	none.Inherit(dir + "/gone")
	if swept, err := none.Sweep(); err != nil || len(swept) > 0 {
		t.Errorf("%q, %v", swept, err)
	}
	if err := KeepJournal(dir); !errors.Is(err, fs.ErrExist) {
		t.Error("a journal where there is something")
	}
}
