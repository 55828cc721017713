package httpapi

import (
	"fmt"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/labstack/echo/v4"

	"execd/actors/msg"
)

// actorBody is an actor with those that it supervises.
type actorBody struct {
	Kind     string         `json:"kind"`
	ID       string         `json:"id"`
	State    msg.ActorState `json:"state"`
	Restarts int            `json:"restarts"`
	Failures int            `json:"failures"`
	Mailbox  int            `json:"mailbox"`
	Age      int64          `json:"age_ms"`
	Children []*actorBody   `json:"children"`
}

// actors tells what the supervision tree looks like now: as JSON for programs,
// or as text for people.
func (s *Server) actors(c echo.Context) error {
	text, err := wantsText(c)
	if err != nil {
		return err
	}
	list, err := msg.Ask(c.Request().Context(), s.config.Supervisor, msg.ListActors{Reply: msg.NewReply[[]msg.Actor]()})
	if err != nil {
		return err
	}
	root := plant(list, time.Now())
	if text {
		return c.String(http.StatusOK, drawActors(root))
	}
	return c.JSON(http.StatusOK, root)
}

func wantsText(c echo.Context) (bool, error) {
	switch format := c.QueryParam("format"); format {
	case "":
		c.Response().Header().Set(echo.HeaderVary, echo.HeaderAccept)
		return prefersText(c.Request().Header.Values(echo.HeaderAccept)), nil
	case "text":
		return true, nil
	case "json":
		return false, nil
	default:
		return false, badRequest("format must be text or json, got %q", format)
	}
}

// plant makes a tree of a list in which each actor comes after the one above
// it, the root first.
func plant(list []msg.Actor, now time.Time) *actorBody {
	var branch []*actorBody // from the root to the actor before
	for _, a := range list {
		body := &actorBody{
			Kind: a.Kind, ID: a.Path[len(a.Path)-1], State: a.State, Restarts: a.Restarts, Failures: a.Failures,
			Mailbox: a.Mailbox, Age: now.Sub(a.Started).Milliseconds(), Children: []*actorBody{},
		}
		depth := min(len(a.Path)-1, len(branch))
		branch = append(branch[:depth:depth], body)
		if depth > 0 {
			parent := branch[depth-1]
			parent.Children = append(parent.Children, body)
		}
	}
	return branch[0]
}

// drawActors draws a tree with lines, and what is known of each actor beside
// it.
func drawActors(root *actorBody) string {
	var text strings.Builder
	table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "KIND\tID\tSTATE\tRESTARTS\tFAILURES\tMAILBOX\tAGE") // a Builder takes everything
	root.draw(table, "", "")
	_ = table.Flush()
	return text.String()
}

// draw writes a line, which begins with first, and those of the children,
// which begin with rest.
func (a *actorBody) draw(table *tabwriter.Writer, first, rest string) {
	age := (time.Duration(a.Age) * time.Millisecond).Round(100 * time.Millisecond)
	_, _ = fmt.Fprintf(table, "%s%s\t%s\t%s\t%d\t%d\t%d\t%v\n", first, a.Kind, a.ID, a.State, a.Restarts, a.Failures, a.Mailbox, age)
	for i, child := range a.Children {
		if i < len(a.Children)-1 {
			child.draw(table, rest+"├── ", rest+"│   ")
		} else {
			child.draw(table, rest+"└── ", rest+"    ")
		}
	}
}
