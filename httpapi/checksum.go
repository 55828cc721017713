package httpapi

import (
	"crypto/md5"  //nolint:gosec // the protocol's choice, against accidents
	"crypto/sha1" //nolint:gosec // likewise
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"hash"
	"io"
	"net/http"
	"os"
	"strings"

	"execd/actors/msg"
	"execd/fsops"
)

const headerChecksum = "Upload-Checksum"

// checksums are the algorithms of the tus checksum extension.
//
//nolint:gochecknoglobals // a table
var checksums = map[string]func() hash.Hash{"md5": md5.New, "sha1": sha1.New, "sha256": sha256.New}

const checksumNames = "md5,sha1,sha256"

// checked reads the body of a chunk, and gives it back only when it has the
// checksum that was announced: one that has not must leave no trace (tus 1.0,
// Checksum). It is on the disk meanwhile, where it has no name.
func (u *resumable) checked(r *http.Request) (*os.File, error) {
	name, encoded, _ := strings.Cut(r.Header.Get(headerChecksum), " ")
	algorithm, known := checksums[name]
	want, err := base64.StdEncoding.DecodeString(encoded)
	if !known || err != nil || len(want) == 0 {
		return nil, badRequest("Upload-Checksum must be one of %s, a space, and the checksum in base64", checksumNames)
	}
	spool, err := fsops.NewSpool(u.dir)
	if err != nil {
		return nil, fileFault(err)
	}
	sum := algorithm()
	source := &blamed{Reader: io.LimitReader(r.Body, u.limit)}
	_, err = io.Copy(io.MultiWriter(spool, sum), source)
	if source.err != nil {
		_ = spool.Close() // it has no name, so it is gone
		return nil, bodyFault(source.err)
	}
	if err == nil && subtle.ConstantTimeCompare(sum.Sum(nil), want) != 1 {
		err = msg.Errorf(msg.ChecksumMismatch, "the chunk has another %s checksum than Upload-Checksum; it was not taken", name)
	}
	if err == nil {
		_, err = spool.Seek(0, io.SeekStart)
	}
	if err != nil {
		_ = spool.Close() // it has no name, so it is gone
		return nil, fileFault(err)
	}
	return spool, nil
}
