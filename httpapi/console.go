package httpapi

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"
)

// consolePath is the page; what it loads is in one folder below it.
const consolePath = "/ui"

//go:embed console/*.html console/*.css console/*.svg console/js/*.js console/xterm
var consoleFiles embed.FS

// The policies of the page and of the frame in it, which shows HTML that code
// has made. Scripts of that HTML run, in an origin of its own that may ask
// nobody anything; the page lets the frame go to no other address.
const (
	pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; " +
		"frame-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
	framePolicy = "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; " +
		"img-src data: blob:; font-src data:; media-src data: blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)

// contentTypes are set by name: mime.TypeByExtension asks the machine, which
// may know better.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".svg":  "image/svg+xml",
	".js":   "text/javascript; charset=utf-8",
	".mjs":  "text/javascript; charset=utf-8",
	".txt":  "text/plain; charset=utf-8",
}

// asset is a file of the console.
type asset struct {
	body   []byte
	kind   string
	policy string
	etag   func() string // once: nobody may ever ask
}

// consoleAssets are all of them by the path under which they are served.
var consoleAssets = sync.OnceValue(func() map[string]*asset {
	assets := map[string]*asset{}
	err := fs.WalkDir(consoleFiles, "console", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err //nolint:wrapcheck // there is none in what is built in
		}
		body, err := consoleFiles.ReadFile(name)
		at := consolePath + "/" + path.Base(name)
		if path.Base(name) == "index.html" {
			at = consolePath
		}
		if assets[at] != nil {
			return fmt.Errorf("two files of the console are named %s", path.Base(name))
		}
		assets[at] = newAsset(name, body)
		return err //nolint:wrapcheck // likewise
	})
	if err != nil {
		panic(err) // the build is broken, and every test says so
	}
	return assets
})

func newAsset(name string, body []byte) *asset {
	a := &asset{body: body, kind: contentTypes[path.Ext(name)], policy: pagePolicy}
	if path.Base(name) == "frame.html" {
		a.policy = framePolicy
	}
	a.etag = sync.OnceValue(func() string {
		sum := sha256.Sum256(a.body)
		return `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`
	})
	return a
}

// isConsole reports whether a request is for a file of the console. These are
// the same for everybody and hold no secret, and a browser cannot send a
// header with what it navigates to, so they need no token. What they show
// comes from the API, which does.
func (s *Server) isConsole(r *http.Request) bool {
	if s.config.NoConsole || r.Method != http.MethodGet || !strings.HasPrefix(r.URL.Path, consolePath) {
		return false
	}
	return r.URL.Path == consolePath+"/" || consoleAssets()[r.URL.Path] != nil
}

// console sends a file of the console.
func (s *Server) console(c echo.Context) error {
	r, h := c.Request(), c.Response().Header()
	if s.config.NoConsole {
		return echo.ErrNotFound
	}
	a := consoleAssets()[r.URL.Path]
	if a == nil {
		return echo.ErrNotFound
	}
	h.Set(echo.HeaderContentSecurityPolicy, a.policy)
	h.Set(echo.HeaderXContentTypeOptions, "nosniff")
	h.Set(echo.HeaderReferrerPolicy, "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set(echo.HeaderCacheControl, "no-cache") // the next execd may have another: ask, and get 304
	h.Set(headerETag, a.etag())
	if r.Header.Get("If-None-Match") == a.etag() {
		return c.NoContent(http.StatusNotModified)
	}
	return c.Blob(http.StatusOK, a.kind, a.body)
}
