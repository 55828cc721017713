package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// ping says that the daemon serves: 200, empty.
func ping(c echo.Context) error { return c.NoContent(http.StatusOK) }
