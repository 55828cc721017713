package httpapi

import (
	"encoding/json"
	"strings"

	"execd/actors/event"
)

// shownEvent is what matters of an event to one who sees its effect in the end.
type shownEvent struct {
	outputFrame
	Time      int64             `json:"timestamp"`
	Results   map[string]string `json:"results"`
	Metadata  json.RawMessage   `json:"metadata"`
	DisplayID string            `json:"display_id"`
	Count     int               `json:"execution_count"`
	Wait      bool              `json:"wait"`
	Shown     bool              `json:"shown"`
	Status    string            `json:"status"`
	Error     json.RawMessage   `json:"error"`
}

// shownOutput is an output of a code cell (nbformat 4, "Code cell outputs").
type shownOutput struct {
	fields    map[string]any
	displayID string
	text      *strings.Builder // of a stream, until finish
}

// MarshalJSON implements json.Marshaler.
func (o *shownOutput) MarshalJSON() ([]byte, error) { return json.Marshal(o.fields) } //nolint:wrapcheck // as is

// fold applies the events of an execution in their order and has what a
// notebook shows in the end. It does as nbclient 0.11 does, with
// coalesce_streams: each stream is one output, at the place of its first text.
type fold struct {
	lines   bool // an event of output is a line
	count   int
	outputs []*shownOutput
	streams map[string]*shownOutput
	clear   bool // when the next output comes
}

func (f *fold) take(e *shownEvent) {
	switch e.Type {
	case event.TypeStdout, event.TypeStderr:
		f.print(e)
	case event.TypeExecutionCount:
		f.count = e.Count
	case event.TypeResult:
		f.update(e)
		f.show(&shownOutput{fields: displayed(e), displayID: e.DisplayID})
	case event.TypeDisplayUpdate:
		f.update(e)
	case event.TypeClearOutput:
		if f.clear = e.Wait; !e.Wait {
			f.empty()
		}
	case event.TypeStatus:
		if e.Status == "error_shown" {
			f.fail(e)
		}
	case event.TypeError:
		if e.Shown {
			f.fail(e)
		}
	default: // shows nothing
	}
}

func (f *fold) empty() { f.outputs, f.streams, f.clear = nil, nil, false }

func (f *fold) show(o *shownOutput) {
	if f.clear {
		f.empty()
	}
	f.outputs = append(f.outputs, o)
}

func (f *fold) print(e *shownEvent) {
	if f.clear {
		f.empty()
	}
	name := string(e.Type)
	o := f.streams[name]
	if o == nil {
		o = &shownOutput{fields: map[string]any{"output_type": "stream", "name": name}, text: &strings.Builder{}}
		if f.streams == nil {
			f.streams = map[string]*shownOutput{}
		}
		f.streams[name] = o
		f.show(o)
	}
	o.text.Write(appendText(nil, e.outputFrame, f.lines))
}

func (f *fold) fail(e *shownEvent) {
	fields := map[string]any{}
	_ = json.Unmarshal(e.Error, &fields) // execd has written it
	fields["output_type"] = "error"
	f.show(&shownOutput{fields: fields})
}

// displayed are the fields of a MIME bundle. Values of JSON types are JSON,
// and metadata is there even if it is empty.
func displayed(e *shownEvent) map[string]any {
	fields := map[string]any{"output_type": "display_data", "data": bundle(e.Results), "metadata": e.Metadata}
	if e.Metadata == nil {
		fields["metadata"] = struct{}{}
	}
	if e.Count > 0 {
		fields["output_type"], fields["execution_count"] = "execute_result", e.Count
	}
	return fields
}

// bundle undoes what events do to the bundle of the kernel, for clients.
func bundle(results map[string]string) map[string]any {
	data := make(map[string]any, len(results))
	for mime, value := range results {
		data[mime] = value
		if isJSON(mime) && json.Valid([]byte(value)) {
			data[mime] = json.RawMessage(value)
		}
	}
	if _, twice := data["text/plain"]; twice {
		delete(data, "text")
	}
	return data
}

// isJSON goes by the name (RFC 6839, section 3.1), parameters aside.
func isJSON(mime string) bool {
	mime, _, _ = strings.Cut(mime, ";")
	mime = strings.TrimSpace(mime)
	return mime == "application/json" || strings.HasSuffix(mime, "+json")
}

// update replaces the displays that have the display id of e.
func (f *fold) update(e *shownEvent) {
	if e.DisplayID == "" {
		return
	}
	for _, o := range f.outputs {
		if o.displayID == e.DisplayID {
			fields := displayed(e)
			o.fields["data"], o.fields["metadata"] = fields["data"], fields["metadata"]
		}
	}
}

// displays reports whether others may update what is shown.
func (f *fold) displays() bool {
	for _, o := range f.outputs {
		if o.displayID != "" {
			return true
		}
	}
	return false
}

// finish returns the outputs. Which of two streams came first is chance, so
// stdout is put before stderr where they are side by side.
func (f *fold) finish() []*shownOutput {
	for _, o := range f.streams {
		o.fields["text"] = overwritten(o.text.String())
	}
	stderr, stdout := f.streams[string(event.TypeStderr)], f.streams[string(event.TypeStdout)]
	for i := range len(f.outputs) - 1 {
		if f.outputs[i] == stderr && f.outputs[i+1] == stdout && stdout != nil {
			f.outputs[i], f.outputs[i+1] = stdout, stderr
		}
	}
	if f.outputs == nil {
		return []*shownOutput{}
	}
	return f.outputs
}

// overwritten leaves out what a carriage return in the same line makes
// invisible: all before the last one that has something behind it.
func overwritten(text string) string {
	if !strings.Contains(text, "\r") {
		return text
	}
	var b strings.Builder
	for line := range strings.SplitAfterSeq(text, "\n") {
		body := strings.TrimSuffix(line, "\n")
		if body != "" {
			line = line[strings.LastIndexByte(body[:len(body)-1], '\r')+1:]
		}
		b.WriteString(line)
	}
	return b.String()
}
