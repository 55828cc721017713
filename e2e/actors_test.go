package e2e_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// node is an actor with those below it.
type node struct {
	Kind, ID, State             string
	Restarts, Failures, Mailbox int
	Age                         *int64 `json:"age_ms"`
	Children                    []node
}

// below finds an actor by its id.
func (n node) below(id string) *node {
	if n.ID == id {
		return &n
	}
	for _, child := range n.Children {
		if found := child.below(id); found != nil {
			return found
		}
	}
	return nil
}

func TestActors_Tree(t *testing.T) {
	t.Parallel()
	d := start(t)
	id := d.background(t, "sleep 1000")
	session := post[struct {
		ID string `json:"session_id"`
	}](t, d, "/session", object{}).ID
	tree := get[node](t, d, "/debug/actors")
	for id, kind := range map[string]string{
		"root": "root", "commands": "commands", id: "command", "sessions": "sessions", session: "bash session", "kernels": "kernels",
		"terminals": "terminals", "metrics": "metrics", "janitor": "janitor",
	} {
		n := tree.below(id)
		if n == nil || n.Kind != kind || n.State != "running" || n.Restarts+n.Failures != 0 || n.Age == nil {
			t.Errorf("%s: %+v in %+v", id, n, tree)
		}
	}
	if tree.below("commands").below(id) == nil || tree.below("sessions").below(session) == nil {
		t.Errorf("%+v", tree)
	}
	for name, get := range map[string]func() answer{
		"by query":  func() answer { return d.ok(t, http.MethodGet, "/debug/actors?format=text", nil) },
		"by Accept": func() answer { return d.ok(t, http.MethodGet, "/debug/actors", nil, "Accept", "text/plain") },
	} {
		text := get()
		line := regexp.MustCompile(`(?m)^│   └── command +` + id + ` +running +0 +0 +\d+ +\d\S*s$`)
		if !strings.HasPrefix(text.header.Get("Content-Type"), "text/plain") || !line.MatchString(text.body) {
			t.Errorf("%s: %v\n%s", name, text.header, text.body)
		}
	}
	if a := d.call(t, http.MethodGet, "/debug/actors?format=json", nil, "Accept", "text/plain"); a.body[0] != '{' {
		t.Errorf("%s", a.body)
	}
	d.fails(t, http.StatusBadRequest, "INVALID_REQUEST_BODY", http.MethodGet, "/debug/actors?format=xml", nil)
	d.call(t, http.MethodDelete, "/executions/"+id, nil)
	eventually(t, "the end of the actor", func() bool { return get[node](t, d, "/debug/actors").below(id) == nil })
}
