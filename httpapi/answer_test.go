package httpapi_test

import (
	"bytes"
	"encoding/json"
	"io"
	"testing"

	"execd/actors/event"
	"execd/httpapi"
)

// Who asks with ?pretty, as echo has it, gets the same answer for people to read.
func TestAnswer_Pretty(t *testing.T) {
	t.Parallel()
	log := event.NewStore(t.TempDir(), event.Limits{}, nil).NewLog("x1")
	t.Cleanup(log.Remove)
	server := serve(t, httpapi.Config{Supervisor: holder{log}})
	get := func(query string) []byte {
		r, err := server.Client().Get(server.URL + "/executions/x1" + query)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		return body
	}
	var want bytes.Buffer
	if err := json.Indent(&want, get(""), "", "  "); err != nil {
		t.Fatal(err)
	}
	if got := get("?pretty"); !bytes.Equal(got, want.Bytes()) || !bytes.Contains(got, []byte("\n  ")) {
		t.Errorf("%s, want %s", got, want.Bytes())
	}
}
