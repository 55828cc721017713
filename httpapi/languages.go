package httpapi

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"execd/actors/msg"
)

// languageBody describes a language.
type languageBody struct {
	Language    string   `json:"language"`
	Aliases     []string `json:"aliases"`
	Installed   bool     `json:"installed"`
	Kernel      string   `json:"kernel,omitempty"`
	DisplayName string   `json:"display_name,omitempty"`
	Install     string   `json:"install,omitempty"`
	Spares      int      `json:"spares,omitempty"`
}

// listLanguages tells which languages code can be in, and how to get others.
func (s *Server) listLanguages(c echo.Context) error {
	all, err := msg.Ask(c.Request().Context(), s.config.Supervisor, msg.ListLanguages{Reply: msg.NewReply[[]msg.Language]()})
	if err != nil {
		return err
	}
	list := make([]languageBody, len(all))
	for i, l := range all {
		list[i] = languageBody{
			Language: l.Name, Aliases: append([]string{}, l.Aliases...), Installed: l.Installed,
			Kernel: l.Kernel, DisplayName: l.DisplayName, Install: l.Install, Spares: l.Spares,
		}
	}
	return c.JSON(http.StatusOK, list)
}
