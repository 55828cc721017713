package jupyter

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Info is what a server can do.
type Info struct {
	Version  string // "2.21.1"
	Gateway  bool   // Kernel Gateway or Enterprise Gateway
	Sessions bool   // sessions can be made and listed
}

// Probe finds out what the server is.
func (c *Client) Probe(ctx context.Context) (Info, error) {
	var about struct {
		Version string `json:"version"`
		Gateway string `json:"gateway_version"`
	}
	if err := c.do(ctx, call{method: http.MethodGet, path: "/api", into: &about}); err != nil {
		return Info{}, err
	}
	info := Info{Version: about.Version, Gateway: about.Gateway != ""}
	if !info.Gateway { // Kernel Gateway 3 does not say it, but has no files
		err := gone(c.do(ctx, call{method: http.MethodGet, path: "/api/contents?content=0"}))
		if info.Gateway = errors.Is(err, ErrGone); err != nil && !info.Gateway {
			return Info{}, err
		}
	}
	_, err := c.Sessions(ctx)
	info.Sessions = err == nil
	if info.Gateway && isStatus(err) {
		err = nil // it forbids listing unless told to allow it
	}
	return info, err
}

func isStatus(err error) bool {
	var status *StatusError
	return errors.As(err, &status) && status.Code != http.StatusUnauthorized
}

// Spec is a kernelspec of the server.
type Spec struct {
	Name        string
	Argv        []string
	DisplayName string
	Language    string
}

// Kernelspecs returns what the server can start, its default first, then by
// name.
func (c *Client) Kernelspecs(ctx context.Context) ([]Spec, error) {
	var answer struct {
		Default string `json:"default"`
		Specs   map[string]struct {
			Spec struct {
				Argv        []string `json:"argv"`
				DisplayName string   `json:"display_name"`
				Language    string   `json:"language"`
			} `json:"spec"`
		} `json:"kernelspecs"`
	}
	if err := c.do(ctx, call{method: http.MethodGet, path: "/api/kernelspecs", into: &answer}); err != nil {
		return nil, err
	}
	specs := make([]Spec, 0, len(answer.Specs))
	for name, s := range answer.Specs {
		specs = append(specs, Spec{Name: name, Argv: s.Spec.Argv, DisplayName: s.Spec.DisplayName, Language: s.Spec.Language})
	}
	slices.SortFunc(specs, func(a, b Spec) int {
		switch answer.Default {
		case a.Name:
			return -1
		case b.Name:
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return specs, nil
}

// Kernel is a kernel of the server.
type Kernel struct {
	ID    string `json:"id"`
	Name  string `json:"name"`            // of its spec
	State string `json:"execution_state"` // "idle", "busy", "starting", "restarting", "dead", "unknown"
}

// Session is a kernel with a name.
type Session struct {
	ID     string `json:"id"`
	Path   string `json:"path"`
	Kernel Kernel `json:"kernel"`

	// Notebook has the path in the older form, which the gateways use.
	Notebook struct {
		Path string `json:"path"`
	} `json:"notebook"`
}

// SessionRequest is a session to make. A new kernel's working directory is the
// deepest directory there is in Path, below the server's root.
type SessionRequest struct {
	Path string // unique: the server answers with the session that has it
	Name string
	Spec string // starts a kernel of it
	ID   string // or: takes the kernel that has it
}

// StartSession makes a session; timeout includes the start of the process.
func (c *Client) StartSession(ctx context.Context, r SessionRequest, timeout time.Duration) (Session, error) {
	kernel := map[string]string{"name": r.Spec}
	if r.ID != "" {
		kernel["id"] = r.ID
	}
	body := map[string]any{"path": r.Path, "name": r.Name, "type": "console", "kernel": kernel}
	var s Session
	err := c.do(ctx, call{method: http.MethodPost, path: "/api/sessions", body: body, into: &s, timeout: timeout})
	return s, err
}

// Sessions returns all sessions, those of others too.
func (c *Client) Sessions(ctx context.Context) ([]Session, error) {
	var list []Session
	err := c.do(ctx, call{method: http.MethodGet, path: "/api/sessions", into: &list})
	for i, s := range list {
		list[i].Path = cmp.Or(s.Path, s.Notebook.Path)
	}
	return list, err
}

// DeleteSession ends a session and its kernel.
func (c *Client) DeleteSession(ctx context.Context, id string, timeout time.Duration) error {
	return gone(c.do(ctx, call{method: http.MethodDelete, path: "/api/sessions/" + escape(id), timeout: timeout}))
}

// KernelRequest is a kernel to start without a session.
type KernelRequest struct {
	Name string            `json:"name"`
	Path string            `json:"path,omitempty"`
	Env  map[string]string `json:"env,omitempty"` // gateways take of it what they are configured to
}

// StartKernel starts a kernel; timeout includes the start of the process.
func (c *Client) StartKernel(ctx context.Context, r KernelRequest, timeout time.Duration) (Kernel, error) {
	var k Kernel
	err := c.do(ctx, call{method: http.MethodPost, path: "/api/kernels", body: r, into: &k, timeout: timeout})
	return k, err
}

// Kernel asks for one kernel. It fails with ErrGone if there is none.
func (c *Client) Kernel(ctx context.Context, id string) (Kernel, error) {
	var k Kernel
	err := c.do(ctx, call{method: http.MethodGet, path: "/api/kernels/" + escape(id), into: &k})
	return k, gone(err)
}

// DeleteKernel ends a kernel.
func (c *Client) DeleteKernel(ctx context.Context, id string, timeout time.Duration) error {
	return gone(c.do(ctx, call{method: http.MethodDelete, path: "/api/kernels/" + escape(id), timeout: timeout}))
}

// Interrupt interrupts a kernel by signal or message, as its spec says.
func (c *Client) Interrupt(ctx context.Context, id string) error {
	body := json.RawMessage("{}")
	return gone(c.do(ctx, call{method: http.MethodPost, path: "/api/kernels/" + escape(id) + "/interrupt", body: body}))
}
