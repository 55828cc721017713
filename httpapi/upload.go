package httpapi

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"strconv"

	"github.com/labstack/echo/v4"

	"execd/actors/msg"
	"execd/fsops"
)

// putFile takes a body as it is, as curl -T sends it.
func (s *Server) putFile(c echo.Context) error {
	target, err := queryTarget(c)
	if err != nil {
		return err
	}
	place, err := placement(target, s.about(c))
	if err != nil {
		return fileFault(err)
	}
	body, err := s.uploadBody(c)
	if err != nil {
		return err
	}
	files := s.newUploads(c)
	defer files.close()
	if err := files.stage(place, body); err != nil {
		return err
	}
	etag, err := files.commit()
	if err != nil {
		return err
	}
	c.Response().Header().Set(headerETag, etag)
	return c.NoContent(http.StatusOK)
}

// queryTarget is metadata in a query.
func queryTarget(c echo.Context) (uploadTarget, error) {
	t := uploadTarget{Path: c.QueryParam("path"), Owner: c.QueryParam("owner"), Group: c.QueryParam("group")}
	if t.Path == "" {
		return t, &msg.Error{Code: msg.MissingQuery, Message: "missing query parameter 'path'"}
	}
	if mode := c.QueryParam("mode"); mode != "" {
		var err error
		if t.Mode, err = strconv.Atoi(mode); err != nil {
			return t, badRequest("mode must be a number such as 755, got %q", mode)
		}
	}
	return t, nil
}

// uploadFiles takes files as a form: pairs of metadata and file, matched by
// their order among those of the same name.
func (s *Server) uploadFiles(c echo.Context) error {
	body, err := s.uploadBody(c)
	if err != nil {
		return err
	}
	r := c.Request()
	r.Body = body
	parts, err := r.MultipartReader()
	if err != nil {
		return msg.Errorf(msg.InvalidFile, "want multipart/form-data with the parts metadata and file: %w", err)
	}
	up := s.newUploads(c)
	form := &uploadForm{uploads: up, place: func(r io.Reader) (fsops.Placement, error) { return metadataPlacement(r, up.log) }}
	defer form.close()
	if err := form.read(parts); err != nil {
		return err
	}
	if _, err := form.commit(); err != nil {
		return err
	}
	return c.NoContent(http.StatusOK)
}

// uploadBody is the body with the limit of uploads. What announces itself as
// too long is refused before it is sent.
func (s *Server) uploadBody(c echo.Context) (io.ReadCloser, error) {
	r := c.Request()
	if r.ContentLength > s.config.MaxUpload {
		return nil, bodyFault(&http.MaxBytesError{Limit: s.config.MaxUpload})
	}
	return http.MaxBytesReader(c.Response().Writer, r.Body, s.config.MaxUpload), nil
}

// uploadForm is a form while it is read.
type uploadForm struct {
	*uploads
	place   func(metadata io.Reader) (fsops.Placement, error)
	places  []fsops.Placement
	files   int           // parts read
	waiting map[int]spool // files that came before their metadata
	spooled *os.File      // what waits, all in one file
	size    int64
}

// spool is where a file waits.
type spool struct{ from, size int64 }

// read takes all parts. Those with other names are passed over.
func (f *uploadForm) read(parts *multipart.Reader) error {
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return f.check()
		}
		if err != nil {
			return bodyFault(err)
		}
		switch partName(part) {
		case "metadata":
			err = f.takeMetadata(part)
		case "file":
			err = f.takeFile(part)
		}
		if err != nil {
			return err
		}
	}
}

// check tells what is missing. Nothing has been put into its place yet.
func (f *uploadForm) check() error {
	switch {
	case len(f.places) == 0 && f.files == 0:
		return msg.Errorf(msg.InvalidFile, "the form is empty; send the parts 'metadata' and 'file'")
	case len(f.places) == 0:
		return msg.Errorf(msg.InvalidFileMetadata, "the form has no part 'metadata'")
	case f.files == 0:
		return msg.Errorf(msg.InvalidFileContent, "the form has no part 'file'")
	case f.files != len(f.places):
		return msg.Errorf(msg.InvalidFile, "the form has %d parts 'metadata' and %d parts 'file'; they go in pairs", len(f.places), f.files)
	}
	return nil
}

func (f *uploadForm) takeMetadata(part io.Reader) error {
	place, err := f.place(part)
	if err != nil {
		return err
	}
	i := len(f.places)
	f.places = append(f.places, place)
	if s, ok := f.waiting[i]; ok {
		delete(f.waiting, i)
		return f.stage(place, io.NewSectionReader(f.spooled, s.from, s.size))
	}
	return nil
}

func (f *uploadForm) takeFile(part io.Reader) error {
	i := f.files
	f.files++
	if i < len(f.places) {
		return f.stage(f.places[i], part)
	}
	if f.spooled == nil {
		var err error
		if f.spooled, err = fsops.NewSpool(f.server.config.SpoolDir); err != nil {
			return fileFault(err)
		}
		f.waiting = map[int]spool{}
	}
	n, err := receive(f.spooled, part)
	if err != nil {
		return err
	}
	f.waiting[i] = spool{f.size, n}
	f.size += n
	return nil
}

func (f *uploadForm) close() {
	f.uploads.close()
	if f.spooled != nil {
		_ = f.spooled.Close() // it has no name, so it is gone
	}
}
