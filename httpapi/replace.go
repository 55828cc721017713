package httpapi

import (
	"maps"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"execd/fsops"
)

// replacement is a text that becomes another one.
type replacement struct {
	Old string `json:"old"`
	New string `json:"new"`
}

// replacedBody is what is told of a file in a verbose answer.
type replacedBody struct {
	Count int64 `json:"replacedCount"`
}

// replaceInFiles replaces texts in files. The files are named as they were
// asked for.
func (s *Server) replaceInFiles(c echo.Context) error {
	var body map[string]replacement
	if _, err := decode(c, s.config.MaxBody, &body); err != nil {
		return err
	}
	asked := slices.Sorted(maps.Keys(body))
	list := make([]fsops.Replacement, len(asked))
	for i, as := range asked {
		path, err := expand(as)
		if err != nil {
			return err
		}
		list[i] = fsops.Replacement{Path: path, Old: body[as].Old, New: body[as].New}
	}
	done, err := fsops.Replace(list, precondition(c.Request()))
	if err != nil {
		return fileFault(err)
	}
	if len(done) == 1 {
		c.Response().Header().Set(headerETag, done[0].ETag)
	}
	if c.QueryParam("verbose") != "true" {
		return c.NoContent(http.StatusOK)
	}
	counts := make(map[string]replacedBody, len(done))
	for i, as := range asked {
		counts[as] = replacedBody{done[i].Count}
	}
	return c.JSON(http.StatusOK, counts)
}
