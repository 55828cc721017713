package httpapi

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/tus/tusd/v2/pkg/filelocker"
	"github.com/tus/tusd/v2/pkg/filestore"
	tus "github.com/tus/tusd/v2/pkg/handler"
	"golang.org/x/exp/slog"

	"execd/actors/msg"
)

const (
	resumablePath = "/files/uploads"

	// tusExtensions are those of the library, and those added here.
	tusExtensions = "creation,creation-with-upload,creation-defer-length,termination,concatenation,checksum,expiration"
)

// resumable takes files in as many requests as it needs: the tus protocol 1.0
// (https://tus.io/protocols/resumable-upload), and the IETF's draft of
// resumable uploads in the versions that the library knows.
type resumable struct {
	server *Server
	dir    string // of what has come so far; it outlives the daemon
	limit  int64

	open func() (http.Handler, error) // once

	ages uploadAges
}

func newResumable(s *Server) *resumable {
	u := &resumable{server: s, dir: s.config.UploadDir, limit: s.config.MaxUpload, ages: newUploadAges(time.Now())}
	u.open = sync.OnceValues(u.handler)
	return u
}

func (u *resumable) handler() (http.Handler, error) {
	if err := makePrivate(u.dir); err != nil {
		return nil, fmt.Errorf("make directory of uploads: %w", err)
	}
	reopenUnfinished(u.dir)
	composer := tus.NewStoreComposer()
	store := filestore.New(u.dir)
	store.UseIn(composer)
	composer.UseCore(privateStore{store})
	filelocker.New(u.dir).UseIn(composer)
	h, err := tus.NewUnroutedHandler(tus.Config{
		StoreComposer:              composer,
		MaxSize:                    u.limit,
		BasePath:                   resumablePath + "/",
		EnableExperimentalProtocol: true,
		DisableDownload:            true,
		Cors:                       &tus.CorsConfig{Disable: true}, // origins are the daemon's to judge
		Logger:                     slog.New(slog.NewTextHandler(io.Discard, nil)),
		RespectForwardedHeaders:    true,

		NetworkTimeout: u.server.config.BodyTimeout,

		// Of a request whose client is gone: the store only has to write what has come.
		GracefulRequestCompletionTimeout: 200 * time.Millisecond,

		PreUploadCreateCallback:   u.vet,
		PreFinishResponseCallback: u.finish,
	})
	if err != nil {
		return nil, fmt.Errorf("make upload handler: %w", err)
	}
	return h.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Method {
		case http.MethodPost:
			h.PostFile(w, r)
		case http.MethodHead:
			h.HeadFile(w, r)
		case http.MethodPatch:
			h.PatchFile(w, r)
		default:
			h.DelFile(w, r)
		}
	})), nil
}

// makePrivate makes a directory that is nobody else's: in a temporary
// directory somebody could have made it before.
func makePrivate(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err //nolint:wrapcheck // it names the path
	}
	if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
		return fmt.Errorf("%s is not a directory: %w", dir, err)
	}
	if os.Getuid() >= 0 { // -1 where users have no numbers
		if err := os.Lchown(dir, os.Getuid(), -1); err != nil {
			return err //nolint:wrapcheck // it names the path
		}
	}
	return os.Chmod(dir, 0o700) //nolint:wrapcheck // it names the path
}

// serve answers a request of either protocol.
func (u *resumable) serve(c echo.Context) error {
	h, err := u.open()
	if err != nil {
		return fileFault(err)
	}
	if c.Request().Header.Get(headerChecksum) != "" {
		u.server.hurry(c)
	}
	r := c.Request()
	r = r.WithContext(u.server.about(c).WithContext(r.Context())) // a copy: whatever changes the request comes before
	if err := checkUploads(c.Param("id"), r.Header.Get("Upload-Concat")); err != nil {
		return err
	}
	if r.Method == http.MethodPost {
		u.ages.sweep(u.dir, time.Now())
	}
	w := &tusWriter{Response: c.Response(), method: r.Method}
	if r.Header.Get(headerChecksum) != "" {
		body, err := u.checked(r)
		if err != nil {
			return err
		}
		defer body.Close() //nolint:errcheck // it has no name, so it is gone
		r.Body = body
	}
	http.StripPrefix(resumablePath, h).ServeHTTP(w, r)
	if r.Method == http.MethodDelete {
		unmarkRemoved(u.dir, c.Param("id"))
	}
	// The library's deadline would end what the connection is used for next.
	_ = http.NewResponseController(c.Response().Writer).SetWriteDeadline(time.Time{})
	return w.refusal()
}

// uploadID is an id as the store makes them. Others would be names of files
// anywhere.
var uploadID = regexp.MustCompile(`^[0-9a-f]{32}$`)

// checkUploads refuses ids of uploads that the store has not made: the one in
// the path, and those that a concatenation names.
func checkUploads(id, concat string) error {
	ids := []string{}
	if id != "" {
		ids = append(ids, id)
	}
	if list, final := strings.CutPrefix(concat, "final;"); final {
		for part := range strings.FieldsSeq(list) {
			_, id, _ := strings.Cut(part, resumablePath+"/")
			ids = append(ids, strings.Trim(id, "/"))
		}
	}
	for _, id := range ids {
		if !uploadID.MatchString(id) {
			return msg.Errorf(msg.FileNotFound, "there is no upload %q", id)
		}
	}
	return nil
}

// options says what the server can do (tus 1.0, OPTIONS).
func (u *resumable) options(c echo.Context) error {
	h := c.Response().Header()
	h.Set("Tus-Resumable", "1.0.0")
	h.Set("Tus-Version", "1.0.0")
	h.Set("Tus-Extension", tusExtensions)
	h.Set("Tus-Max-Size", fmt.Sprint(u.limit))
	h.Set("Tus-Checksum-Algorithm", checksumNames)
	return c.NoContent(http.StatusNoContent)
}
