package httpapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"strconv"

	"github.com/rs/zerolog"
	tus "github.com/tus/tusd/v2/pkg/handler"

	"execd/actors/msg"
	"execd/fsops"
)

// vet refuses an upload whose file could not be put into its place, before
// any of it is sent; and remembers the place as it is meant now.
func (u *resumable) vet(e tus.HookEvent) (tus.HTTPResponse, tus.FileInfoChanges, error) {
	if e.Upload.IsPartial { // it becomes a part of another one
		return tus.HTTPResponse{}, tus.FileInfoChanges{}, nil
	}
	meta := tus.MetaData{}
	if at, err := url.ParseRequestURI(e.HTTPRequest.URI); err == nil {
		for name := range at.Query() {
			meta[name] = at.Query().Get(name)
		}
	}
	for name, value := range e.Upload.MetaData {
		meta[name] = value
	}
	place, err := u.place(meta, zerolog.Ctx(e.Context))
	if err != nil {
		return tus.HTTPResponse{}, tus.FileInfoChanges{}, tusFault(err)
	}
	draft, err := fsops.NewDraft(place)
	if err != nil {
		return tus.HTTPResponse{}, tus.FileInfoChanges{}, tusFault(fileFault(err))
	}
	_ = draft.Close() // it was only a trial
	meta["path"] = place.Path
	return tus.HTTPResponse{}, tus.FileInfoChanges{MetaData: meta}, nil
}

// place is where metadata says that a file goes.
func (u *resumable) place(meta tus.MetaData, log *zerolog.Logger) (fsops.Placement, error) {
	if meta["path"] == "" {
		return fsops.Placement{}, msg.Errorf(msg.InvalidFileMetadata, "Upload-Metadata or the query must have a 'path'")
	}
	target := uploadTarget{Path: meta["path"], Owner: meta["owner"], Group: meta["group"]}
	if mode := meta["mode"]; mode != "" {
		var err error
		if target.Mode, err = strconv.Atoi(mode); err != nil {
			return fsops.Placement{}, msg.Errorf(msg.InvalidFileMetadata, "mode must be a number like 644, got %q", mode)
		}
	}
	place, err := placement(target, log)
	if err != nil {
		return place, fileFault(err)
	}
	return place, nil
}

// finish puts a file that has come whole into its place. What stays behind is
// a hole of its size: a client that did not get the answer asks how much has
// come, and has to hear that it was everything.
func (u *resumable) finish(e tus.HookEvent) (tus.HTTPResponse, error) {
	if e.Upload.IsPartial {
		return tus.HTTPResponse{}, nil
	}
	path := e.Upload.Storage["Path"]
	tag, err := u.put(path, e.Upload.MetaData, zerolog.Ctx(e.Context))
	if err != nil {
		// The client may send the last byte again, and so try again.
		if e.Upload.Size > 0 && !e.Upload.IsFinal {
			_ = os.Truncate(path, e.Upload.Size-1) // then it has to start again
		}
		return tus.HTTPResponse{}, tusFault(err)
	}
	err = markDone(path)
	var hole *os.File
	if err == nil {
		hole, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	}
	if err == nil {
		err = errors.Join(hole.Truncate(e.Upload.Size), hole.Close())
	}
	if err != nil {
		zerolog.Ctx(e.Context).Warn().Err(err).Str("upload", e.Upload.ID).Msg("a finished upload will not be known as that")
	}
	return tus.HTTPResponse{Header: tus.HTTPHeader{headerETag: tag}}, nil
}

func (u *resumable) put(path string, meta tus.MetaData, log *zerolog.Logger) (etag string, err error) {
	place, err := u.place(meta, log)
	if err != nil {
		return "", err
	}
	draft, err := fsops.AdoptDraft(place, path)
	if err != nil {
		return "", fileFault(err)
	}
	defer draft.Close() //nolint:errcheck // what was not committed is gone
	unlock := fsops.Lock(place.Path)
	defer unlock()
	info, err := draft.Commit()
	if err != nil {
		return "", fileFault(err)
	}
	return fsops.ETag(info), nil
}

// tusFault makes the library answer with err as this API does.
func tusFault(err error) error {
	status, body := describe(err)
	text, marshalErr := json.Marshal(body)
	if marshalErr != nil {
		return errors.Join(err, marshalErr)
	}
	return tus.Error{ErrorCode: string(body.Code), Message: body.Message, HTTPResponse: tus.HTTPResponse{
		StatusCode: status, Body: string(text), Header: tus.HTTPHeader{"Content-Type": "application/json"},
	}}
}

// tusCodes are the codes of what the library refuses, by status.
//
//nolint:gochecknoglobals // a table
var tusCodes = map[int]msg.Code{
	http.StatusNotFound:              msg.FileNotFound,
	http.StatusGone:                  msg.FileNotFound,
	http.StatusConflict:              msg.UploadConflict,
	http.StatusLocked:                msg.UploadConflict,
	http.StatusRequestEntityTooLarge: msg.TooLarge,
	http.StatusPreconditionFailed:    msg.PreconditionFailed,
	http.StatusInternalServerError:   msg.RuntimeError,
}
