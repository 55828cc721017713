package e2e_test

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
)

// With argv no shell is in between.
func TestCommand_Argv(t *testing.T) {
	t.Parallel()
	d := start(t)
	for _, background := range []bool{false, true} {
		body := object{"argv": []string{"printf", "%s|", "a b", "$HOME", "*", "", "ä"}, "background": background}
		var id string
		if background {
			id = d.open(t, http.MethodPost, "/command", body).rest(t)[0].Text
		} else {
			r := d.command(t, body)
			r.ends(t, success)
			id = r[0].Text
		}
		d.await(t, id)
		if got := d.raw(t, id, "").body; got != "a b|$HOME|*||ä|" {
			t.Errorf("%q", got)
		}
		if x := d.execution(t, id); x.Content != "printf %s| a b $HOME *  ä" {
			t.Errorf("%+v", x)
		}
	}
	dir := t.TempDir()
	must(t, os.WriteFile(dir+"/tool", []byte("#!/bin/sh\necho $0 in $PWD\n"), 0o755))
	r := d.command(t, object{"argv": []string{"./tool"}, "cwd": dir})
	if got := r.stdout(); !slices.Equal(got, []string{"./tool in " + dir}) {
		t.Errorf("%q", got)
	}
	r = d.command(t, object{"argv": []string{"tool"}, "envs": object{"PATH": "/bin:" + dir}})
	if got := r.stdout(); len(got) != 1 || !strings.HasPrefix(got[0], dir+"/tool in ") {
		t.Errorf("%q", got)
	}
	if end := d.command(t, object{"argv": []string{"no-such-program"}}).last(); end.Type != "error" {
		t.Errorf("%s", end.Raw)
	}
	for _, wrong := range []object{
		{"argv": []string{}}, {"argv": []string{""}}, {"argv": []string{"a", "b\x00"}}, {"argv": "ls"}, {"argv": []any{1}},
		{"argv": []string{"true"}, "command": "true"}, {"argv": nil},
	} {
		d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodPost, "/command", wrong)
	}
}
