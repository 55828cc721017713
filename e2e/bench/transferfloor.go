package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/labstack/echo/v4"
)

// sendFile sends a file as any program does that serves files with net/http.
func sendFile(c echo.Context) error {
	f, err := os.Open(c.QueryParam("path"))
	if err != nil {
		return err //nolint:wrapcheck // told to the client
	}
	defer func() { _ = f.Close() }() // only read
	h := c.Response().Writer
	h.Header().Set("Content-Type", "application/octet-stream")
	http.ServeContent(h, c.Request(), "", time.Time{}, f)
	return nil
}

// takeFile takes a file as any program does that wants it whole and durable.
func takeFile(c echo.Context) error {
	path := c.QueryParam("path")
	f, err := os.CreateTemp(filepath.Dir(path), "floor-")
	if err != nil {
		return err //nolint:wrapcheck // told to the client
	}
	if _, err = io.Copy(f, c.Request().Body); err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	_ = f.Close() // it is on the disk
	if err != nil {
		return err //nolint:wrapcheck // told to the client
	}
	return c.NoContent(http.StatusOK)
}
