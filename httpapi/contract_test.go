package httpapi_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// contract holds requests and their answers against openapi.yaml, and knows
// which of the documented answers it has seen. It is for one goroutine.
type contract struct {
	doc    *openapi3.T
	router routers.Router
	seen   map[string]bool // "GET /ping 200"
	fields map[string]bool // "stdout.text", of the events seen
}

// loadContract reads the document. What it does not mention is forbidden
// here, so that a new field of an answer has to be described.
func loadContract(t *testing.T) *contract {
	t.Helper()
	streamDecoders()
	doc, err := openapi3.NewLoader().LoadFromFile("../openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, s := range doc.Components.Schemas {
		closeSchema(s.Value)
	}
	doc.Servers = nil // any address
	router, err := legacy.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return &contract{doc: doc, router: router, seen: map[string]bool{}, fields: map[string]bool{}}
}

func closeSchema(s *openapi3.Schema) {
	if len(s.Properties) > 0 && s.AdditionalProperties.Has == nil && s.AdditionalProperties.Schema == nil {
		none := false
		s.AdditionalProperties.Has = &none
	}
	for _, p := range s.Properties {
		if p.Ref == "" {
			closeSchema(p.Value)
		}
	}
	if s.Items != nil && s.Items.Ref == "" {
		closeSchema(s.Items.Value)
	}
}

// operations are the documented ones, as "GET /ping".
func (c *contract) operations() []string {
	var all []string
	for path, item := range c.doc.Paths.Map() {
		for method := range item.Operations() {
			all = append(all, method+" "+path)
		}
	}
	slices.Sort(all)
	return all
}

// answers are the documented ones, as "GET /ping 200".
func (c *contract) answers() []string {
	var all []string
	for path, item := range c.doc.Paths.Map() {
		for method, op := range item.Operations() {
			for status := range op.Responses.Map() {
				all = append(all, method+" "+path+" "+status)
			}
		}
	}
	slices.Sort(all)
	return all
}

// eventFields are the documented fields of every type of event.
func (c *contract) eventFields() []string {
	var all []string
	event := c.doc.Components.Schemas["Event"].Value
	for typ, ref := range event.Discriminator.Mapping {
		schema := c.doc.Components.Schemas[strings.TrimPrefix(ref.Ref, "#/components/schemas/")].Value
		for field := range schema.Properties {
			all = append(all, typ+"."+field)
		}
	}
	slices.Sort(all)
	return all
}

// request is what a test sends.
type request struct {
	method, target string // the path with its query
	body           string
	header         []string // name, value, name, value, …
}

// reply is what it gets.
type reply struct {
	status int
	header http.Header
	body   string
}

// execution is the id of the execution whose events these are.
func (r reply) execution() string { return r.header.Get("X-Execd-Execution-Id") }

// send makes a request and checks the answer against the document, and the
// request as well where it was successful.
func (c *contract) send(t *testing.T, server *httptest.Server, q request) reply {
	t.Helper()
	build := func() *http.Request {
		r, err := http.NewRequestWithContext(t.Context(), q.method, server.URL+q.target, strings.NewReader(q.body))
		if err != nil {
			t.Fatal(err)
		}
		if q.body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		for i := 0; i+1 < len(q.header); i += 2 {
			r.Header.Set(q.header[i], q.header[i+1])
		}
		return r
	}
	resp, err := server.Client().Do(build())
	if err != nil {
		t.Fatalf("%s %s: %v", q.method, q.target, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("%s %s: read body: %v", q.method, q.target, err)
	}
	c.check(t, build(), resp, body)
	return reply{resp.StatusCode, resp.Header, string(body)}
}

func (c *contract) check(t *testing.T, r *http.Request, resp *http.Response, body []byte) {
	t.Helper()
	r.URL = &url.URL{Path: r.URL.Path, RawQuery: r.URL.RawQuery}
	route, params, err := c.router.FindRoute(r)
	if err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
	op := route.Method + " " + route.Path
	c.seen[fmt.Sprintf("%s %d", op, resp.StatusCode)] = true
	in := &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params, Route: route,
		Options: &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true},
	}
	if resp.StatusCode < http.StatusBadRequest {
		if err := openapi3filter.ValidateRequest(r.Context(), in); err != nil {
			t.Errorf("%s: the request succeeded and is not as documented: %v", op, err)
		}
	}
	if documented := route.Operation.Responses.Status(resp.StatusCode); documented != nil && len(body) == 0 {
		_, in.Options.ExcludeResponseBody = documented.Value.Extensions["x-may-be-empty"]
	}
	err = openapi3filter.ValidateResponse(r.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in, Status: resp.StatusCode, Header: resp.Header,
		Body: io.NopCloser(bytes.NewReader(body)), Options: in.Options,
	})
	if err != nil {
		t.Errorf("%s: answer %d is not as documented: %v\n%.2000s", op, resp.StatusCode, err, body)
	}
	c.note(resp.Header, body)
}

// note remembers the fields of the events in a stream.
func (c *contract) note(h http.Header, body []byte) {
	if kind := h.Get("Content-Type"); kind != "text/event-stream" && kind != "application/x-ndjson" {
		return
	}
	events, err := parseEvents(bytes.NewReader(body))
	if err != nil {
		return // the check has said so
	}
	for _, e := range events {
		for field := range e.(map[string]any) { //nolint:forcetypeassert // parseEvents has nothing else
			c.fields[fmt.Sprintf("%v.%s", e.(map[string]any)["type"], field)] = true //nolint:forcetypeassert // likewise
		}
	}
}

// streamDecoders teaches openapi3filter to read streams.
var streamDecoders = sync.OnceFunc(func() {
	decode := func(r io.Reader, _ http.Header, _ *openapi3.SchemaRef, _ openapi3filter.EncodingFn) (any, error) {
		return parseEvents(r)
	}
	openapi3filter.RegisterBodyDecoder("text/event-stream", decode)
	openapi3filter.RegisterBodyDecoder("application/x-ndjson", decode)
	for _, kind := range []string{"text/html", "text/css", "text/javascript", "image/svg+xml"} { // of the console
		openapi3filter.RegisterBodyDecoder(kind, openapi3filter.PlainBodyDecoder)
	}
})

// parseEvents reads the objects of a stream in any framing.
func parseEvents(r io.Reader) ([]any, error) {
	var events []any
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		line := lines.Text()
		if id, ok := strings.CutPrefix(line, "id: "); ok {
			if _, err := strconv.ParseInt(id, 10, 64); err != nil {
				return nil, err
			}
			continue
		}
		line = strings.TrimPrefix(line, "data: ")
		if line == "" {
			continue
		}
		var e map[string]any
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			return nil, fmt.Errorf("line %q: %w", line, err)
		}
		events = append(events, e)
	}
	return events, lines.Err()
}

// expect is send for an answer that is known beforehand.
func (c *contract) expect(t *testing.T, server *httptest.Server, q request, status int, code string) reply {
	t.Helper()
	r := c.send(t, server, q)
	if q.method == http.MethodHead {
		code = "" // no answer to it has a body
	}
	if r.status != status || !strings.Contains(r.body, code) {
		t.Errorf("%s %s %s: got %d %.200s, want %d %s", q.method, q.target, q.body, r.status, r.body, status, code)
	}
	return r
}
