package httpapi

import (
	"context"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"execd/actors/msg"
)

// proxyPrefix begins the paths of what listens on the sandbox's own ports.
const proxyPrefix = "/proxy/"

// isProxied reports whether a request is for /proxy/{port}. Of such a request
// the method and the rest of the path are the other server's.
func isProxied(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, proxyPrefix) }

// newProxy passes requests on to servers on the loopback interface, and
// nowhere else.
func (s *Server) newProxy() *httputil.ReverseProxy {
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	return &httputil.ReverseProxy{
		Rewrite: rewrite,
		Transport: &http.Transport{
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				return dialer.DialContext(ctx, network, addr)
			},
			DisableCompression:  true, // what is compressed stays so
			MaxIdleConnsPerHost: 16,
			IdleConnTimeout:     30 * time.Second,
		},
		FlushInterval: -1, // streams are streams
		ErrorLog:      newErrorLog(s.config.Log),
		ErrorHandler: func(_ http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() != nil {
				return // nobody hears it
			}
			*r.Context().Value(proxyErrorKey{}).(*error) = err //nolint:forcetypeassert // proxy has put it there
		},
	}
}

type proxyErrorKey struct{}

// proxy passes a request on. A server that cannot be reached is a 502.
func (s *Server) proxy(c echo.Context) error {
	r := c.Request()
	if _, _, err := splitProxied(r.URL); err != nil {
		return err
	}
	var failure error
	ctx := context.WithValue(r.Context(), proxyErrorKey{}, &failure)
	s.reverse.ServeHTTP(c.Response(), r.WithContext(ctx))
	if failure != nil {
		return msg.Errorf(msg.BadGateway, "%w", failure)
	}
	return nil
}

// splitProxied takes the port out of /proxy/{port}[/path].
func splitProxied(u *url.URL) (port, path string, err error) {
	port, path, _ = strings.Cut(strings.TrimPrefix(u.EscapedPath(), proxyPrefix), "/")
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return "", "", badRequest("want /proxy/ and a port from 1 to 65535, got %q", port)
	}
	return port, "/" + path, nil
}

func rewrite(p *httputil.ProxyRequest) {
	port, path, err := splitProxied(p.In.URL)
	if err != nil {
		return // proxy has refused it
	}
	out := p.Out
	out.URL.Scheme, out.URL.Host = "http", net.JoinHostPort("127.0.0.1", port)
	out.URL.RawQuery = p.In.URL.RawQuery // as it is, what is odd in it included
	out.URL.RawPath = path
	if out.URL.Path, err = url.PathUnescape(path); err != nil {
		out.URL.Path = path
	}
	out.Host = p.In.Host
	out.Header.Del(headerToken) // it is for execd alone
	passTraceOn(p.In.Context(), out.Header)
	peer, _, err := net.SplitHostPort(p.In.RemoteAddr)
	if err != nil {
		peer = p.In.RemoteAddr
	}
	first, _, _ := strings.Cut(p.In.Header.Get("X-Forwarded-For"), ",")
	for _, known := range []string{p.In.Header.Get("X-Real-Ip"), peer} {
		if first == "" {
			first = known
		}
	}
	out.Header.Set("X-Forwarded-For", strings.TrimSpace(first)+", "+peer)
	out.Header.Set("X-Forwarded-Proto", "http")
}
