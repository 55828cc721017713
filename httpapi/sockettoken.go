package httpapi

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/gorilla/websocket"
)

// A browser sends no header of its own with a WebSocket, but offers
// subprotocols. A terminal's socket takes the token as one of them, beside the
// one that is chosen: like the header it is in no URL, in no history and in no
// log, and a page that does not know it cannot offer it.
const (
	terminalProtocol = "execd.terminal"
	tokenProtocol    = "execd.token." //nolint:gosec // a name, not a token; the token follows in base64url, without padding
)

// presentedToken is the token that a request brings.
func presentedToken(r *http.Request) string {
	if token := r.Header.Get(headerToken); token != "" || !isTerminalSocket(r) {
		return token
	}
	for _, offered := range websocket.Subprotocols(r) {
		if encoded, ok := strings.CutPrefix(offered, tokenProtocol); ok {
			token, err := base64.RawURLEncoding.DecodeString(encoded)
			if err == nil {
				return string(token)
			}
		}
	}
	return ""
}

// isTerminalSocket reports whether a request asks for a terminal's WebSocket.
func isTerminalSocket(r *http.Request) bool {
	return r.Method == http.MethodGet && websocket.IsWebSocketUpgrade(r) &&
		strings.HasPrefix(r.URL.Path, "/pty/") && strings.HasSuffix(r.URL.Path, "/ws")
}
