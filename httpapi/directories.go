package httpapi

import (
	"io/fs"
	"net/http"
	"os"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"execd/fsops"
)

// listDirectory describes what is in a directory, down to a depth.
func (s *Server) listDirectory(c echo.Context) error {
	path, err := queryPath(c)
	if err != nil {
		return err
	}
	depth := 1
	if v := c.QueryParam("depth"); v != "" {
		if depth, err = strconv.Atoi(v); err != nil || depth < 0 {
			return badRequest("depth must be a number of levels, at least 0, got %q", v)
		}
	}
	list, err := fsops.List(path, depth)
	if err != nil {
		return fileFault(err)
	}
	return sendJSON(c, listJSON(list, appendInfo))
}

// makeDirectories makes directories with their parents.
func (s *Server) makeDirectories(c echo.Context) error {
	return s.withPermissions(c, false, fsops.MakeDir)
}

// removeDirectories removes directories with everything in them.
func (s *Server) removeDirectories(c echo.Context) error {
	paths, err := queryPaths(c)
	if err != nil {
		return err
	}
	for _, path := range paths {
		if err := fsops.RemoveDir(path); err != nil {
			return fileFault(err)
		}
	}
	return c.NoContent(http.StatusOK)
}

// withPermissions does something with each path of a body, in their order,
// after all of the body has been checked; and that the paths are there, if
// they have to be.
func (s *Server) withPermissions(c echo.Context, exist bool, do func(string, *fs.FileMode, fsops.Owner) error) error {
	var body map[string]permission
	if _, err := decode(c, s.config.MaxBody, &body); err != nil {
		return err
	}
	type task struct {
		path  string
		mode  *fs.FileMode
		owner fsops.Owner
	}
	log := s.about(c)
	tasks := make([]task, 0, len(body))
	for asked, p := range body {
		path, err := expand(asked)
		if err != nil {
			return err
		}
		mode, err := fsops.ParseMode(p.Mode)
		if err != nil {
			return fileFault(err)
		}
		owner, err := findOwner(log, p.Owner, p.Group)
		if err != nil {
			return err
		}
		if _, err := os.Stat(path); exist && err != nil {
			return fileFault(err)
		}
		tasks = append(tasks, task{path, mode, owner})
	}
	slices.SortFunc(tasks, func(a, b task) int { return len(a.path) - len(b.path) }) // parents first
	for _, t := range tasks {
		if err := do(t.path, t.mode, t.owner); err != nil {
			return fileFault(err)
		}
	}
	return c.NoContent(http.StatusOK)
}
