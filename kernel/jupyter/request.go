package jupyter

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// ErrGone is the answer of a server that runs and does not know the kernel or
// session.
var ErrGone = errors.New("the Jupyter server does not have it")

// StatusError is an answer that is no success.
type StatusError struct {
	Call    string // "POST /api/kernels"
	Code    int
	Message string // the server's own
}

func (e *StatusError) Error() string {
	s := fmt.Sprintf("%s: status %d", e.Call, e.Code)
	if e.Message != "" {
		s += ": " + e.Message
	}
	if e.Code == http.StatusUnauthorized || e.Code == http.StatusForbidden {
		s += " (check the token)"
	}
	return s
}

// maxAnswer bounds what is read of an answer: kernelspecs have some KiB each.
const maxAnswer = 16 << 20

// call is one HTTP request with JSON both ways.
type call struct {
	method, path string        // of the API, without the base
	body         any           // nil for none
	into         any           // nil for none
	timeout      time.Duration // the client's own if 0
}

func (c *Client) do(ctx context.Context, r call) error {
	timeout := r.timeout
	if timeout <= 0 {
		timeout = c.cfg.Timeout
	}
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("no answer within %v: %w", timeout, context.DeadlineExceeded))
	defer cancel()
	err := c.exchange(ctx, r)
	switch cause := context.Cause(ctx); {
	case err == nil:
		return nil
	case cause != nil:
		return fmt.Errorf("%s %s: %w", r.method, r.path, cause)
	}
	return err
}

func (c *Client) exchange(ctx context.Context, r call) error {
	name := r.method + " " + r.path
	request, err := c.request(ctx, r)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return fmt.Errorf("%s: %w", name, stripURL(err))
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("%s: read answer: %w", name, err)
	}
	if response.StatusCode >= 300 {
		return &StatusError{Call: name, Code: response.StatusCode, Message: message(body)}
	}
	if r.into == nil {
		return nil
	}
	if err := json.Unmarshal(body, r.into); err != nil {
		return fmt.Errorf("%s: answer of type %q is not what a Jupyter server says: %w",
			name, response.Header.Get("Content-Type"), err)
	}
	return nil
}

func (c *Client) request(ctx context.Context, r call) (*http.Request, error) {
	var body io.Reader
	if r.body != nil {
		b, err := json.Marshal(r.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(b)
	}
	request, err := http.NewRequestWithContext(ctx, r.method, c.base.String()+r.path, body)
	if err != nil {
		return nil, err
	}
	request.Header = c.header()
	if r.body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}

// header has the credentials. A server without a token wants tornado's double
// submit against forgery, a cookie and a header that agree; any value does.
func (c *Client) header() http.Header {
	h := http.Header{"Cookie": {"_xsrf=execd"}, "X-Xsrftoken": {"execd"}}
	if c.cfg.Token != "" {
		h.Set("Authorization", "token "+c.cfg.Token)
	}
	return h
}

// message takes the reason out of an error's body.
func message(body []byte) string {
	var m struct{ Message, Reason string }
	if json.Unmarshal(body, &m) != nil {
		return ""
	}
	if m.Message == "" {
		return m.Reason
	}
	return strings.TrimSpace(m.Message)
}

// gone makes a 404 an ErrGone.
func gone(err error) error {
	var status *StatusError
	if errors.As(err, &status) && status.Code == http.StatusNotFound {
		return fmt.Errorf("%w: %w", ErrGone, err)
	}
	return err
}

func escape(segment string) string { return url.PathEscape(segment) }
