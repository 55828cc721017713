package httpapi

import (
	"io"

	"github.com/labstack/echo/v4"
	"github.com/rs/zerolog"

	"execd/fsops"
)

// uploads are the files of one request: first all are written beside their
// targets, then all are put into their places, so that a request that fails
// changes nothing.
type uploads struct {
	server    *Server
	log       *zerolog.Logger
	condition fsops.Precondition
	drafts    []*fsops.Draft
	paths     []string // of the drafts
}

func (s *Server) newUploads(c echo.Context) *uploads {
	return &uploads{server: s, log: s.about(c), condition: precondition(c.Request())}
}

// stage writes the content of a file. What can be refused is refused before
// it is read.
func (u *uploads) stage(place fsops.Placement, content io.Reader) error {
	if err := u.condition.Check(place.Path); err != nil {
		return fileFault(err)
	}
	if last := len(u.drafts) - 1; last >= 0 { // only one file is open at once
		if err := u.drafts[last].Park(); err != nil {
			return fileFault(err)
		}
	}
	draft, err := fsops.NewDraft(place)
	if err != nil {
		return fileFault(err)
	}
	u.drafts = append(u.drafts, draft)
	u.paths = append(u.paths, place.Path)
	_, err = receive(draft, content)
	return err
}

// commit puts all files into their places. With a precondition their paths
// are locked from the comparison to the last of them, so that of two writers
// with one base one is told. It returns the version of the last.
func (u *uploads) commit() (etag string, err error) {
	unlock := fsops.Lock(u.paths...)
	defer unlock()
	for _, path := range u.paths {
		if err := u.condition.Check(path); err != nil {
			return "", fileFault(err)
		}
	}
	for _, draft := range u.drafts {
		info, err := draft.Commit()
		if err != nil {
			return "", fileFault(err)
		}
		etag = fsops.ETag(info)
	}
	return etag, nil
}

// close gives up what was not committed.
func (u *uploads) close() {
	for i, draft := range u.drafts {
		if err := draft.Close(); err != nil {
			u.log.Error().Err(err).Str("path", u.paths[i]).Msg("a draft is left behind")
		}
	}
}

// receive copies a body, and tells who is to blame when that fails.
func receive(to io.ReaderFrom, body io.Reader) (int64, error) {
	source := &blamed{Reader: body}
	n, err := to.ReadFrom(source)
	switch {
	case err == nil:
		return n, nil
	case source.err != nil:
		return n, bodyFault(source.err)
	}
	return n, fileFault(err)
}

// blamed keeps the error of a reader.
type blamed struct {
	io.Reader
	err error
}

func (b *blamed) Read(p []byte) (int, error) {
	n, err := b.Reader.Read(p)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err //nolint:wrapcheck // it is the reader
}
