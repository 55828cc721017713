package httpapi

import (
	"context"
	"fmt"
	"os"

	"github.com/tus/tusd/v2/pkg/filestore"
	tus "github.com/tus/tusd/v2/pkg/handler"
)

// privateStore keeps what has come of uploads for this user's eyes. The
// library makes its files for the group too; their directory lets nobody in,
// but somebody may have it open, or move the files.
type privateStore struct{ filestore.FileStore }

// NewUpload implements tus.DataStore.
func (s privateStore) NewUpload(ctx context.Context, info tus.FileInfo) (tus.Upload, error) {
	upload, err := s.FileStore.NewUpload(ctx, info)
	if err != nil {
		return nil, err //nolint:wrapcheck // the handler knows the store's errors
	}
	made, err := upload.GetInfo(ctx)
	if err != nil {
		return nil, err //nolint:wrapcheck // likewise
	}
	for _, key := range []string{"Path", "InfoPath"} {
		if err := os.Chmod(made.Storage[key], 0o600); err != nil {
			return nil, fmt.Errorf("make upload private: %w", err)
		}
	}
	return upload, nil
}
