package httpapi

import (
	"errors"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
	"github.com/rs/zerolog"

	"execd/actors/msg"
	"execd/fsops"
)

const headerETag = "Etag"

// fileInfo describes files, by their paths as they were asked for.
func (s *Server) fileInfo(c echo.Context) error {
	var body infosBody
	defer body.free()
	var last string
	for asked := range valuesOf(c.Request().URL.RawQuery, "path") {
		path, err := expand(asked)
		if err != nil {
			return err
		}
		info, err := fsops.Stat(path)
		if err != nil {
			return fileFault(err)
		}
		body.add(asked, info)
		last = info.ETag
	}
	if body.count == 1 {
		c.Response().Header()[headerETag] = []string{last}
	}
	return sendJSON(c, body.json())
}

// deleteFiles removes files. That one is missing is no error, and all are
// looked at before the first is removed.
func (s *Server) deleteFiles(c echo.Context) error {
	paths, err := queryPaths(c)
	if err != nil {
		return err
	}
	defer fsops.Lock(paths...)()
	condition := precondition(c.Request())
	for _, path := range paths {
		if err := condition.CheckEntry(path); err != nil {
			return fileFault(err)
		}
		if err := fsops.CheckRemovable(path); err != nil {
			return fileFault(err)
		}
	}
	for _, path := range paths {
		if err := fsops.RemoveFile(path); err != nil {
			return fileFault(err)
		}
	}
	return c.NoContent(http.StatusOK)
}

// permission is what a client wants a file or a directory to be. What is
// absent stays.
type permission struct {
	Mode  int    `json:"mode"` // decimal digits that are octal
	Owner string `json:"owner"`
	Group string `json:"group"`
}

// setPermissions changes modes and owners. All that is asked for is checked
// before anything is changed.
func (s *Server) setPermissions(c echo.Context) error {
	return s.withPermissions(c, true, fsops.SetPermission)
}

// moveFiles renames files and directories, in their order, all or none.
func (s *Server) moveFiles(c echo.Context) error {
	var body []struct {
		Src  string `json:"src"`
		Dest string `json:"dest"`
	}
	if _, err := decode(c, s.config.MaxBody, &body); err != nil {
		return err
	}
	var all []string
	var moves []fsops.Renaming
	for i, m := range body {
		if m.Src == "" || m.Dest == "" {
			return badRequest("item %d: want the fields 'src' and 'dest'", i+1)
		}
		from, err := expand(m.Src)
		if err != nil {
			return err
		}
		to, err := expand(m.Dest)
		if err != nil {
			return err
		}
		moves, all = append(moves, fsops.Renaming{From: from, To: to}), append(all, from, to)
	}
	defer fsops.Lock(all...)()
	condition := precondition(c.Request())
	for _, m := range moves {
		if err := condition.CheckEntry(m.From); err != nil {
			return fileFault(err)
		}
	}
	if err := fsops.MoveAll(moves); err != nil {
		return fileFault(err)
	}
	return c.NoContent(http.StatusOK)
}

// expand is the path that a client means.
func expand(path string) (string, error) {
	expanded, err := fsops.Expand(path)
	if err != nil {
		return "", fileFault(err)
	}
	return expanded, nil
}

// queryPath is the path in the query.
func queryPath(c echo.Context) (string, error) {
	path := c.QueryParam("path")
	if path == "" {
		return "", &msg.Error{Code: msg.MissingQuery, Message: "missing query parameter 'path'"}
	}
	return expand(path)
}

// queryPaths are all of them.
func queryPaths(c echo.Context) ([]string, error) {
	asked := c.QueryParams()["path"]
	if len(asked) == 0 {
		return nil, &msg.Error{Code: msg.MissingQuery, Message: "missing query parameter 'path'"}
	}
	paths := make([]string, 0, len(asked))
	for _, p := range asked {
		path, err := expand(p)
		if err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	return paths, nil
}

// precondition is what the request says about versions (RFC 9110, 13.1).
func precondition(r *http.Request) fsops.Precondition {
	return fsops.Precondition{
		Match:     strings.Join(r.Header.Values("If-Match"), ","),
		NoneMatch: strings.Join(r.Header.Values("If-None-Match"), ","),
	}
}

// findOwner looks up a user and a group. One that does not exist is said in the
// log and left out: clients name the users of another image, and rely on it.
func findOwner(log *zerolog.Logger, name, group string) (fsops.Owner, error) {
	owner, err := fsops.FindOwner(name, "")
	if err == nil {
		var groups fsops.Owner
		groups, err = fsops.FindOwner("", group)
		owner.Group = groups.Group
	}
	if errors.Is(err, fsops.ErrUnknownOwner) {
		log.Warn().Err(err).Msg("owner not changed")
		return owner, nil
	}
	return owner, err //nolint:wrapcheck // nil
}
