package kernel

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"execd/kernel/wire"
)

// errNotShown is a message that is no output: debugger events, and comms
// where nobody asked for them.
var errNotShown = errors.New("message shows nothing")

// content has the fields that matter here of all messages on iopub and stdin
// (Jupyter messaging documentation, "Messages on the IOPub channel").
type content struct {
	Name           string                     `json:"name"`
	Text           string                     `json:"text"`
	Data           map[string]json.RawMessage `json:"data"`
	Metadata       json.RawMessage            `json:"metadata"`
	Transient      transient                  `json:"transient"`
	ExecutionCount int                        `json:"execution_count"`
	Wait           bool                       `json:"wait"`
	EName          string                     `json:"ename"`
	EValue         string                     `json:"evalue"`
	Traceback      []string                   `json:"traceback"`
	Prompt         string                     `json:"prompt"`
	Password       bool                       `json:"password"`
}

// commContent is the content of the messages of comms.
type commContent struct {
	ID     string          `json:"comm_id"`
	Target string          `json:"target_name"`
	Data   json.RawMessage `json:"data"`
}

type transient struct {
	DisplayID string `json:"display_id"`
}

// decodeOutput returns the Output of a message that shows something, or that
// belongs to a comm.
func decodeOutput(m *wire.Message, comms bool) (Output, error) {
	o := Output{Kind: Kind(m.Type)}
	var ok bool
	if o.Kind == KindStream {
		if o.Name, o.Text, ok = scanStream(m.Content); ok {
			return o, nil
		}
	}
	switch {
	case comms && isComm(o.Kind):
		return decodeComm(o, m)
	case !isOutput(o.Kind):
		return o, errNotShown
	}
	var c content
	if err := json.Unmarshal(m.Content, &c); err != nil {
		return o, err
	}
	o.Buffers = cloneAll(m.Buffers)
	return fill(o, &c), nil
}

func decodeComm(o Output, m *wire.Message) (Output, error) {
	var c commContent
	if err := json.Unmarshal(m.Content, &c); err != nil {
		return o, err
	}
	o.Comm = Comm{ID: c.ID, Target: c.Target, Data: string(c.Data)}
	o.Metadata, o.Buffers = metadata(m.Metadata), cloneAll(m.Buffers)
	return o, nil
}

// cloneAll copies buffers, which point into what was read.
func cloneAll(buffers [][]byte) [][]byte {
	var all [][]byte
	for _, b := range buffers {
		all = append(all, bytes.Clone(b))
	}
	return all
}

func isComm(k Kind) bool { return k == KindCommOpen || k == KindComm || k == KindCommClose }

// isOutput reports whether k is also the type of a message that shows something.
func isOutput(k Kind) bool {
	switch k {
	case KindStream, KindExecuteInput, KindResult, KindDisplay, KindUpdateDisplay, KindClear, KindError, KindInput:
		return true
	}
	return false
}

// fill takes the fields that o's kind has; what else is there is not
// documented and not passed on.
func fill(o Output, c *content) Output {
	switch o.Kind {
	case KindStream:
		o.Name, o.Text = c.Name, c.Text
	case KindExecuteInput:
		o.ExecutionCount = c.ExecutionCount
	case KindResult, KindDisplay, KindUpdateDisplay:
		o.Data, o.Metadata, o.DisplayID = bundle(c.Data), metadata(c.Metadata), c.Transient.DisplayID
		o.ExecutionCount = c.ExecutionCount
	case KindClear:
		o.Wait = c.Wait
	case KindError:
		o.EName, o.EValue, o.Traceback = c.EName, c.EValue, c.Traceback
	case KindInput:
		o.Text, o.Password = c.Prompt, c.Password
	}
	return o
}

// bundle makes every value of a MIME bundle a string. A JSON type may come as
// a JSON value, which it should, or already as text in a string, which some
// kernels do; what is given on is JSON text in both cases.
func bundle(data map[string]json.RawMessage) map[string]string {
	if len(data) == 0 {
		return nil
	}
	out := make(map[string]string, len(data))
	for mime, raw := range data {
		out[mime] = string(raw)
		var text string
		if raw[0] != '"' || json.Unmarshal(raw, &text) != nil {
			continue
		}
		if !isJSON(mime) || json.Valid([]byte(text)) {
			out[mime] = text
		}
	}
	return out
}

// isJSON goes by the name (RFC 6839, section 3.1), parameters aside.
func isJSON(mime string) bool {
	mime, _, _ = strings.Cut(mime, ";")
	mime = strings.TrimSpace(mime)
	return mime == "application/json" || strings.HasSuffix(mime, "+json")
}

func metadata(raw json.RawMessage) string {
	if raw = bytes.TrimSpace(raw); len(raw) == 0 || string(raw) == "{}" || string(raw) == "null" {
		return ""
	}
	return string(raw)
}

func decodeState(b []byte) (string, error) {
	var c struct {
		State string `json:"execution_state"`
	}
	if err := json.Unmarshal(b, &c); err != nil {
		return "", fmt.Errorf("status: %w", err)
	}
	return c.State, nil
}

// reply is the content of an execute_reply.
type reply struct {
	Status         string    `json:"status"`
	ExecutionCount int       `json:"execution_count"`
	EName          string    `json:"ename"`
	EValue         string    `json:"evalue"`
	Traceback      []string  `json:"traceback"`
	Payload        []payload `json:"payload"`
}

// payload is what a reply wants done. Only "page" shows something; IPython
// uses it for obj? and %pinfo, which show nothing otherwise.
type payload struct {
	Source string                     `json:"source"`
	Data   map[string]json.RawMessage `json:"data"`
}

// decodeReply returns the outcome in an execute_reply and the pages in it.
func decodeReply(b []byte) (Result, []Output, error) {
	var r reply
	if err := json.Unmarshal(b, &r); err != nil {
		return Result{}, nil, err
	}
	result := Result{ExecutionCount: r.ExecutionCount}
	switch r.Status {
	case "ok":
		result.Status = StatusOK
	case "aborted", "abort": // tslab says the latter
		result.Status = StatusAborted
	case "error":
		result.Status = StatusError
		result.EName, result.EValue, result.Traceback = r.EName, r.EValue, r.Traceback
	default:
		return Result{}, nil, fmt.Errorf("unknown status %q", r.Status)
	}
	var pages []Output
	for _, p := range r.Payload {
		if p.Source == "page" && len(p.Data) > 0 {
			pages = append(pages, Output{Kind: KindDisplay, Data: bundle(p.Data)})
		}
	}
	return result, pages, nil
}
