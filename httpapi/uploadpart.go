package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"regexp"

	"github.com/rs/zerolog"

	"execd/actors/msg"
	"execd/fsops"
)

// uploadTarget is the metadata of an uploaded file.
type uploadTarget struct {
	Path  string `json:"path"`
	Mode  int    `json:"mode"`
	Owner string `json:"owner"`
	Group string `json:"group"`
}

// placement is where a file goes, and how.
func placement(t uploadTarget, log *zerolog.Logger) (place fsops.Placement, err error) {
	if place.Path, err = fsops.ExpandFile(t.Path); err != nil {
		return place, err //nolint:wrapcheck // it names the path
	}
	if place.Mode, err = fsops.ParseMode(t.Mode); err != nil {
		return place, fmt.Errorf("%s: %w", t.Path, err)
	}
	place.Owner, err = findOwner(log, t.Owner, t.Group)
	return place, err
}

// maxMetadata is the size of one file's metadata: the longest path there is,
// with every byte escaped, and room to spare.
const maxMetadata = 64 << 10

// parseTarget reads metadata as decode reads a request: unknown fields and
// what follows the object are ignored, null is as absent.
func parseTarget(r io.Reader) (uploadTarget, error) {
	var t uploadTarget
	text, err := io.ReadAll(io.LimitReader(r, maxMetadata+1))
	if err != nil {
		return t, bodyFault(err)
	}
	if len(text) > maxMetadata {
		return t, msg.Errorf(msg.InvalidFileMetadata, "metadata: longer than %d bytes", maxMetadata)
	}
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&t); err != nil {
		return t, metadataFault(err)
	}
	if t.Path == "" {
		return t, msg.Errorf(msg.InvalidFileMetadata, "metadata: missing field 'path'")
	}
	return t, nil
}

// metadataPlacement is what metadata says about where its file goes.
func metadataPlacement(r io.Reader, log *zerolog.Logger) (fsops.Placement, error) {
	target, err := parseTarget(r)
	if err != nil {
		return fsops.Placement{}, err
	}
	place, err := placement(target, log)
	if err != nil {
		return place, msg.Errorf(msg.InvalidFileMetadata, "metadata: %w", err)
	}
	return place, nil
}

func metadataFault(err error) error {
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.EOF):
		return msg.Errorf(msg.InvalidFileMetadata, "metadata: empty; send a JSON object with a path")
	case errors.As(err, &wrong):
		return msg.Errorf(msg.InvalidFileMetadata, "metadata: field %q: want %s, got %s", wrong.Field, wrong.Type, wrong.Value)
	}
	return msg.Errorf(msg.InvalidFileMetadata, "metadata: parse JSON: %w", err)
}

// bodyFault is what went wrong with a body that is read to its end.
func bodyFault(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return msg.Errorf(msg.TooLarge, "the body exceeds the limit of %d bytes; see --max-upload", tooLarge.Limit)
	}
	return msg.Errorf(msg.InvalidFile, "read body: %w", err)
}

// partName is the form field of a part. A file name that its client did not
// escape makes the header unreadable as a whole (RFC 7578, 4.2); the field
// comes before it.
func partName(p *multipart.Part) string {
	if name := p.FormName(); name != "" {
		return name
	}
	if m := fieldName.FindStringSubmatch(p.Header.Get("Content-Disposition")); m != nil {
		return m[1]
	}
	return ""
}

var fieldName = regexp.MustCompile(`(?i)^\s*form-data\s*;\s*name="?(metadata|file)"?\s*;`)
