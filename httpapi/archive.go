package httpapi

import (
	"cmp"
	"errors"
	"net/http"
	"path/filepath"

	"github.com/labstack/echo/v4"

	"execd/actors/msg"
	"execd/fsops"
)

// archiveTypes are the media types of the formats.
//
//nolint:gochecknoglobals // a table
var archiveTypes = map[string]string{fsops.Tar: "application/x-tar", fsops.TarGz: "application/gzip", fsops.Zip: "application/zip"}

// archiveFormat reads the format in the query; it may be empty.
func archiveFormat(c echo.Context) (string, error) {
	format := c.QueryParam("format")
	if format != "" && archiveTypes[format] == "" {
		return "", badRequest("format must be tar, tar.gz or zip, got %q", format)
	}
	return format, nil
}

// archiveFiles sends a directory, or one file, as an archive.
func (s *Server) archiveFiles(c echo.Context) error {
	path, err := queryPath(c)
	if err != nil {
		return err
	}
	format, err := archiveFormat(c)
	if err != nil {
		return err
	}
	format = cmp.Or(format, fsops.TarGz)
	if err := fsops.CheckArchivable(path); err != nil { // as long as there can be another answer
		return fileFault(err)
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, archiveTypes[format])
	h.Set(echo.HeaderContentDisposition, attachment(filepath.Base(path)+"."+format))
	w := s.contentWriter(c)
	defer w.end()
	w.WriteHeader(http.StatusOK)
	err = fsops.WriteArchive(c.Request().Context(), w, path, format)
	if err != nil && c.Request().Context().Err() != nil {
		return errGone
	}
	return err //nolint:wrapcheck // the connection is cut, and the log says why
}

// extractFiles unpacks the body into a directory.
func (s *Server) extractFiles(c echo.Context) error {
	path, err := queryPath(c)
	if err != nil {
		return err
	}
	format, err := archiveFormat(c)
	if err != nil {
		return err
	}
	body, err := s.uploadBody(c)
	if err != nil {
		return err
	}
	source := &blamed{Reader: body}
	done, err := fsops.Extract(c.Request().Context(), source, path, format, s.config.SpoolDir, s.config.MaxUpload)
	if err == nil {
		return c.JSON(http.StatusOK, done)
	}
	if source.err != nil {
		err = bodyFault(source.err)
	} else {
		err = fileFault(err)
	}
	var known *msg.Error
	if errors.As(err, &known) {
		return msg.Errorf(known.Code, "%d entries were unpacked; then: %w", done.Entries, known)
	}
	return err
}
