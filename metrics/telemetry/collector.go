package telemetry

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"
)

// collector sends requests to one destination. The SDK calls it from one
// goroutine for each signal.
type collector struct {
	signal signal
	to     *destination
	client *http.Client
	report func(error)        // told when it begins to fail, with nil when it is well again
	last   context.Context    //nolint:containedctx // ends when nothing is tried again
	close  context.CancelFunc // ends it

	mu      sync.Mutex
	failing bool
}

func newCollector(s signal, to *destination, report func(error)) *collector {
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: to.tls, ForceAttemptHTTP2: true,
		MaxIdleConns: 1, IdleConnTimeout: idleTime, TLSHandshakeTimeout: defaultTimeout,
	}
	c := &collector{signal: s, to: to, client: &http.Client{Transport: transport}, report: report}
	c.last, c.close = context.WithCancel(context.Background())
	return c
}

// idleTime is longer than the interval between two reports of metrics.
const idleTime = 90 * time.Second

// The pauses between attempts double. The SDK ends them with its own timeout,
// of 30 s as a rule.
const (
	firstPause   = time.Second
	longestPause = 15 * time.Second
)

// busyError is a failure after which the specification wants another attempt
// ("OTLP/HTTP Throttling").
type busyError struct {
	err   error
	after time.Duration // as the collector says; 0 if it does not
}

func (e *busyError) Error() string { return e.err.Error() }
func (e *busyError) Unwrap() error { return e.err }

// sendError is what the SDK is told; it was reported.
type sendError struct{ err error }

func (e *sendError) Error() string { return e.err.Error() }
func (e *sendError) Unwrap() error { return e.err }

// send posts a request until it is taken or refused, ctx is over, or the
// daemon ends. It returns the body of the answer.
func (c *collector) send(ctx context.Context, body []byte) ([]byte, error) {
	if c.to.gzip {
		body = zip(body)
	}
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		answer, err := c.post(ctx, body)
		if err == nil {
			c.note(nil)
			return answer, nil
		}
		err = &sendError{fmt.Errorf("send %s to %s: %w", c.signal.name, c.to.host, err)}
		c.note(err)
		var busy *busyError
		if !errors.As(err, &busy) {
			return nil, err
		}
		again := time.NewTimer(max(busy.after, pause/2+rand.N(pause)))
		select {
		case <-again.C:
		case <-ctx.Done():
		case <-c.last.Done():
		}
		again.Stop()
		if ctx.Err() != nil || c.last.Err() != nil {
			return nil, err
		}
	}
}

// note reports the first of a row of failures, and its end.
func (c *collector) note(err error) {
	c.mu.Lock()
	news := c.failing != (err != nil)
	c.failing = err != nil
	c.mu.Unlock()
	if news {
		c.report(err)
	}
}

func zip(body []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(body) // a buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

// maxAnswer is more than a collector has to say.
const maxAnswer = 64 << 10

func (c *collector) post(ctx context.Context, body []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, c.to.timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.to.url, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("make request: %w", withoutURL(err))
	}
	for name, value := range c.to.headers {
		r.Header.Set(name, value)
	}
	r.Header.Set("Content-Type", "application/x-protobuf")
	if c.to.gzip {
		r.Header.Set("Content-Encoding", "gzip")
	}
	answer, err := c.client.Do(r)
	if err != nil {
		return nil, &busyError{err: withoutURL(err)}
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	switch {
	case err != nil:
		return nil, &busyError{err: fmt.Errorf("read answer: %w", err)}
	case answer.StatusCode >= 200 && answer.StatusCode < 300:
		return text, nil
	}
	err = errors.New("the collector answers " + answer.Status)
	switch answer.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return nil, &busyError{err, retryAfter(answer.Header.Get("Retry-After"))}
	}
	return nil, err
}

// retryAfter reads RFC 9110, section 10.2.3, as far as it is a number.
func retryAfter(text string) time.Duration {
	seconds, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
}

// withoutURL is an error of net/http without the address, which may hold a
// password or a token.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}
