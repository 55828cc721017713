package httpapi

import (
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"execd/fsops"
)

// download sends a file, or parts of it.
func (s *Server) download(c echo.Context) error {
	path, err := queryPath(c)
	if err != nil {
		return err
	}
	lines, err := lineQuery(c)
	if err != nil {
		return err
	}
	content, err := fsops.OpenContent(path)
	if err != nil {
		return fileFault(err)
	}
	defer func() { _ = content.Close() }() // only read
	h := c.Response().Header()
	h.Set("Content-Disposition", attachment(filepath.Base(path)))
	h.Set(echo.HeaderContentType, echo.MIMEOctetStream)
	if lines != nil {
		h.Set(echo.HeaderContentType, echo.MIMETextPlainCharsetUTF8)
	}
	f := content.File()
	if f != nil {
		h.Set(headerETag, fsops.ETag(content.Info))
	}
	if f != nil && lines == nil {
		return s.serveContent(c, content.Info.ModTime(), f)
	}
	// Only reading it tells how much there is, so there are no ranges.
	c.Response().WriteHeader(http.StatusOK)
	if c.Request().Method == http.MethodHead {
		return nil
	}
	source := content.Reader()
	if lines != nil {
		source = fsops.NewLines(source, lines.first, lines.count)
	}
	w := s.contentWriter(c)
	defer w.end()
	_, err = io.Copy(w, source) // an error cuts the connection, as what came is not all
	return err                  //nolint:wrapcheck // for the log
}

// lineRange is which lines a request asks for.
type lineRange struct{ first, count int64 }

// lineQuery reads offset, the first line counted from 1, and limit, the
// number of lines. It is nil without either.
func lineQuery(c echo.Context) (*lineRange, error) {
	first, limit := c.QueryParam("offset"), c.QueryParam("limit")
	if first == "" && limit == "" {
		return nil, nil //nolint:nilnil // no lines are asked for, which is no error
	}
	if c.Request().Header.Get("Range") != "" {
		return nil, badRequest("offset and limit name lines and Range names bytes; send one of them")
	}
	lines := &lineRange{first: 1, count: -1}
	var err error
	if first != "" {
		if lines.first, err = strconv.ParseInt(first, 10, 64); err != nil || lines.first < 1 {
			return nil, badRequest("offset must be the number of a line, the first being 1, got %q", first)
		}
	}
	if limit != "" {
		if lines.count, err = strconv.ParseInt(limit, 10, 64); err != nil || lines.count < 1 {
			return nil, badRequest("limit must be a number of lines, at least 1, got %q", limit)
		}
	}
	return lines, nil
}

// attachment names a file for who saves it (RFC 6266). A name that does not
// fit into a quoted string is percent-encoded, for clients that know no
// filename*, and given again in the form that says so (RFC 8187).
func attachment(name string) string {
	plain := func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' || r == '%' }
	if !strings.ContainsFunc(name, plain) {
		return `attachment; filename="` + name + `"`
	}
	encoded := strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
	return `attachment; filename="` + encoded + `"; filename*=UTF-8''` + encoded
}
