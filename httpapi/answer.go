package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/labstack/echo/v4"
)

// answers writes the JSON answers of the API. A long one, as a list is, waits
// for its client as a download does: for one that takes nothing it would wait
// for ever.
type answers struct {
	echo.DefaultJSONSerializer
	server *Server
}

var _ echo.JSONSerializer = answers{}

// longAnswer is more than the server and the kernel keep for a client that
// does not read.
const longAnswer = 16 << 10

// Serialize implements echo.JSONSerializer. Echo asks for an indent where the
// request has ?pretty.
func (a answers) Serialize(c echo.Context, what any, indent string) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", indent)
	if err := encoder.Encode(what); err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	if text.Len() < longAnswer {
		_, err := c.Response().Write(text.Bytes())
		return err //nolint:wrapcheck // as echo's own
	}
	w := a.server.contentWriter(c)
	defer w.end()
	w.Response.WriteHeader(w.Status)
	for text.Len() > 0 {
		if _, err := w.Write(text.Next(sendAtFirst)); err != nil {
			return errGone
		}
	}
	return nil
}
