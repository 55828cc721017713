package e2e_test

import (
	"net/http"
	"testing"
)

func TestPing_EmptySuccess(t *testing.T) {
	t.Parallel()
	d := start(t)
	d.empty(t, http.MethodGet, "/ping", nil)
}
