package jupyter

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Config of a Client. Only URL is required.
type Config struct {
	// URL is the server's, with its base path: https://host/user/name/. A
	// token in its query, as in the address that Jupyter prints, is taken if
	// Token is empty.
	URL   string
	Token string
	TLS   *tls.Config // of https; nil trusts what the system trusts

	Timeout   time.Duration // of a call that starts nothing; 10 s if 0
	PingEvery time.Duration // see Channels; 10 s if 0
	Limit     int64         // of one message; DefaultLimit if 0
}

// DefaultLimit of a message. A notebook's picture or table is below 100 MB; a
// server that sends more than this at once would fill our memory.
const DefaultLimit = 256 << 20

const (
	defaultTimeout = 10 * time.Second
	defaultPing    = 10 * time.Second

	// dialTimeout is for the TCP handshake: twice the time after which a lost
	// SYN has been sent a third time (RFC 6298).
	dialTimeout = 6 * time.Second
)

// Client talks to one server. Use New.
type Client struct {
	cfg    Config
	base   *url.URL // path without the slash at its end
	http   *http.Client
	dialer *websocket.Dialer
}

// ErrAddress is a URL that cannot be one of a Jupyter server.
var ErrAddress = errors.New("not the address of a Jupyter server: give it as http://host:8888/base")

// New returns a Client; it connects to nothing yet.
func New(cfg Config) (*Client, error) {
	base, token, err := parseAddress(cfg.URL)
	if err != nil {
		return nil, err
	}
	if cfg.Token == "" {
		cfg.Token = token
	}
	if cfg.Timeout <= 0 {
		cfg.Timeout = defaultTimeout
	}
	if cfg.PingEvery <= 0 {
		cfg.PingEvery = defaultPing
	}
	if cfg.Limit <= 0 {
		cfg.Limit = DefaultLimit
	}
	c := &Client{cfg: cfg, base: base}
	c.http = &http.Client{
		CheckRedirect: c.checkRedirect,
		Transport: &http.Transport{
			DialContext:         dial,
			TLSClientConfig:     cfg.TLS.Clone(),
			MaxIdleConnsPerHost: 4, // contexts are created a few at a time
			IdleConnTimeout:     30 * time.Second,
		},
	}
	c.dialer = &websocket.Dialer{
		NetDialContext:  dial,
		TLSClientConfig: cfg.TLS.Clone(),
		Subprotocols:    []string{subprotocol},
		ReadBufferSize:  16 << 10, // held by every idle kernel
		WriteBufferSize: 4 << 10,
		WriteBufferPool: &sync.Pool{},
	}
	return c, nil
}

// Close gives idle connections up. Channels are closed by their owners.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// URL returns the server's address, without the token.
func (c *Client) URL() string { return c.base.String() }

// Loopback reports whether the server is reached without a network, so that it
// most likely runs on this machine.
func (c *Client) Loopback() bool {
	host := c.base.Hostname()
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// parseAddress takes the URL apart that an operator gives.
func parseAddress(text string) (base *url.URL, token string, err error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrAddress, stripURL(err))
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, "", ErrAddress
	}
	if u.User != nil {
		return nil, "", fmt.Errorf("%w: a user in it is not supported, use a token", ErrAddress)
	}
	token = u.Query().Get("token")
	path := strings.TrimRight(u.Path, "/")
	// What a browser shows is a page below the base URL.
	for _, page := range []string{"/lab", "/tree"} {
		path = strings.TrimSuffix(path, page)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: path}, token, nil
}

// stripURL drops the URL, which may hold a token, from an error.
func stripURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// RedirectError is a redirect that was not followed.
type RedirectError struct{ To string } // scheme and host

func (e *RedirectError) Error() string {
	return "refuse redirect to " + e.To + ", which must not get the token: configure that address if it is right"
}

// maxRedirects is enough for a missing slash and a login that sends back.
const maxRedirects = 3

func (c *Client) checkRedirect(r *http.Request, via []*http.Request) error {
	if r.URL.Scheme != c.base.Scheme || !strings.EqualFold(r.URL.Host, c.base.Host) {
		return &RedirectError{To: r.URL.Scheme + "://" + r.URL.Host}
	}
	if len(via) > maxRedirects {
		return fmt.Errorf("more than %d redirects", maxRedirects)
	}
	return nil
}

// dial connects such that every read is acknowledged at once; see quickAck.
func dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: dialTimeout}
	nc, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return newPromptConn(nc), nil
}
