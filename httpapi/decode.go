package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"execd/actors/msg"
)

const headerKey = "Idempotency-Key"

// maxKey bounds an Idempotency-Key, which is kept as long as its execution.
const maxKey = 256

// decode reads the JSON body of a request, whatever its content type says:
// curl sends a form type by default. Unknown fields and what follows the
// first value are ignored, null is as absent. The body is read to its end, so
// that net/http notices from then on when the client goes away.
func decode(c echo.Context, limit int64, into any) (raw []byte, err error) {
	body := http.MaxBytesReader(c.Response(), c.Request().Body, limit)
	raw, err = io.ReadAll(body)
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, msg.Errorf(msg.TooLarge, "the body exceeds the limit of %d bytes", tooLarge.Limit)
	}
	if err != nil {
		return nil, badRequest("read body: %w", err)
	}
	err = json.NewDecoder(bytes.NewReader(raw)).Decode(into)
	var wrong *json.UnmarshalTypeError
	switch {
	case err == nil:
		return raw, nil
	case errors.Is(err, io.EOF):
		return raw, errEmptyBody
	case errors.As(err, &wrong):
		return raw, badRequest("field %q: want %s, got %s", wrong.Field, wrong.Type, wrong.Value)
	}
	return raw, badRequest("parse JSON body: %w", err)
}

var errEmptyBody = &msg.Error{Code: msg.InvalidRequest, Message: "the body is empty; send a JSON object"}

// retry is what makes a POST safe to send again: its key, and a digest of
// what it asks for.
func retry(c echo.Context, raw []byte) (msg.Retry, error) {
	key := c.Request().Header.Get(headerKey)
	if key == "" {
		return msg.Retry{}, nil
	}
	if len(key) > maxKey {
		return msg.Retry{}, badRequest("the Idempotency-Key is longer than %d bytes", maxKey)
	}
	sum := sha256.New()
	_, _ = fmt.Fprintf(sum, "%s %s\n", c.Request().Method, c.Path()) // a hash never fails
	_, _ = sum.Write(raw)
	return msg.Retry{Key: key, Body: hex.EncodeToString(sum.Sum(nil))}, nil
}

// millis turns the API's timeout into a duration.
func millis(n int64) (time.Duration, error) {
	const most = int64(1<<63-1) / int64(time.Millisecond)
	if n < 0 || n > most {
		return 0, badRequest("timeout must be between 0 and %d milliseconds", most)
	}
	return time.Duration(n) * time.Millisecond, nil
}

// killOnDisconnect reads on_disconnect.
func killOnDisconnect(policy string) (bool, error) {
	switch policy {
	case "", "continue":
		return false, nil
	case "kill":
		return true, nil
	}
	return false, badRequest("on_disconnect must be \"continue\" or \"kill\"")
}

// queryID is the id that a DELETE names in its query.
func queryID(c echo.Context) (string, error) {
	id := c.QueryParam("id")
	if id == "" {
		return "", &msg.Error{Code: msg.MissingQuery, Message: "missing query parameter 'id'"}
	}
	return id, nil
}
