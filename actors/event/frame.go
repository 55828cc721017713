package event

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"
)

// appendFrame appends the SSE frame of e: "id: N", "data: {json}", a blank
// line. An id of 0 leaves the id line out, as for a ping.
func appendFrame(b []byte, id int64, e *Event) []byte {
	b = appendHead(b, id)
	b = append(b, `{"type":"`...)
	b = append(b, e.Type...)
	b = append(b, '"')
	if e.Text != "" {
		b = append(b, `,"text":`...)
		b = appendString(b, e.Text)
	}
	b = appendNumber(b, `,"execution_count":`, int64(e.ExecutionCount))
	b = appendNumber(b, `,"execution_time":`, e.Duration.Milliseconds())
	b = appendStamp(b, e.Time)
	b = appendDetails(b, e)
	return append(b, "}\n\n"...)
}

// late marks the events of a late log.
const late = `,"late":true`

func appendDetails(b []byte, e *Event) []byte {
	b = appendMap(b, `,"results":`, e.Results)
	b = appendValue(b, `,"metadata":`, e.Metadata)
	if e.Comm != nil {
		b = appendComm(b, e.Comm)
	}
	b = appendBuffers(b, e.Buffers)
	if e.Error != nil {
		b = appendError(b, e.Error)
	}
	b = appendField(b, `,"execution_id":`, e.ExecutionID)
	b = appendField(b, `,"display_id":`, e.DisplayID)
	b = appendField(b, `,"status":`, e.Status)
	b = appendNumber(b, `,"position":`, int64(e.Position))
	b = appendField(b, `,"prompt":`, e.Prompt)
	if e.Password {
		b = append(b, `,"password":true`...)
	}
	if e.ExitCode != nil {
		b = append(b, `,"exit_code":`...)
		b = strconv.AppendInt(b, int64(*e.ExitCode), 10)
	}
	b = appendField(b, `,"signal":`, e.Signal)
	b = appendField(b, `,"reason":`, e.Reason)
	b = appendNumber(b, `,"processes_ended":`, int64(e.Killed))
	if e.Usage != nil {
		b = appendResources(b, e.Usage)
	}
	if e.Path != "" {
		b = appendFile(b, e)
	}
	if e.Partial {
		b = append(b, `,"partial":true`...)
	}
	if e.Wait {
		b = append(b, `,"wait":true`...)
	}
	if e.Late {
		b = append(b, late...)
	}
	if e.Shown {
		b = append(b, `,"shown":true`...)
	}
	return b
}

// appendValue appends a JSON value. It comes from a kernel, and an invalid one
// would spoil the frame.
func appendValue(b []byte, name, value string) []byte {
	if !json.Valid([]byte(value)) {
		return b
	}
	return appendJSON(append(b, name...), value)
}

func appendComm(b []byte, c *Comm) []byte {
	b = append(b, `,"comm":{"msg_type":`...)
	b = appendString(b, c.Kind)
	b = append(b, `,"comm_id":`...)
	b = appendString(b, c.ID)
	b = appendField(b, `,"target_name":`, c.Target)
	b = appendValue(b, `,"data":`, c.Data)
	return append(b, '}')
}

func appendBuffers(b []byte, buffers [][]byte) []byte {
	if len(buffers) == 0 {
		return b
	}
	b = append(b, `,"buffers":`...)
	sep := byte('[')
	for _, p := range buffers {
		b = append(b, sep, '"')
		b = append(base64.StdEncoding.AppendEncode(b, p), '"')
		sep = ','
	}
	return append(b, ']')
}

// appendText is appendFrame for what a process prints: the one that runs a
// million times a second. Text that is not UTF-8 is sent with U+FFFD in place
// of each bad byte and a second time, exactly, in the field base64.
// The stamp is from appendStamp.
func appendText(b []byte, id int64, typ Type, text []byte, partial bool, stamp []byte) []byte {
	b = appendHead(b, id)
	b = append(b, `{"type":"`...)
	b = append(b, typ...)
	b = append(b, `","text":`...)
	b, valid := appendQuoted(b, text)
	b = append(b, stamp...)
	if partial {
		b = append(b, `,"partial":true`...)
	}
	if !valid {
		b = append(b, `,"base64":"`...)
		b = base64.StdEncoding.AppendEncode(b, text)
		b = append(b, '"')
	}
	return append(b, "}\n\n"...)
}

func appendHead(b []byte, id int64) []byte {
	if id != 0 {
		b = append(b, "id: "...)
		b = strconv.AppendInt(b, id, 10)
		b = append(b, '\n')
	}
	return append(b, "data: "...)
}

func appendStamp(b []byte, t time.Time) []byte {
	return appendMillis(b, t.UnixMilli())
}

func appendMillis(b []byte, millis int64) []byte {
	return strconv.AppendInt(append(b, `,"timestamp":`...), millis, 10)
}

func appendNumber(b []byte, name string, n int64) []byte {
	if n == 0 {
		return b
	}
	return strconv.AppendInt(append(b, name...), n, 10)
}

func appendField(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return appendString(append(b, name...), value)
}

func appendMap(b []byte, name string, m map[string]string) []byte {
	if len(m) == 0 {
		return b
	}
	b = append(b, name...)
	sep := byte('{')
	for _, k := range slices.Sorted(maps.Keys(m)) {
		b = append(b, sep)
		b = append(appendString(b, k), ':')
		b = appendString(b, m[k])
		sep = ','
	}
	return append(b, '}')
}

func appendError(b []byte, e *Error) []byte {
	b = append(b, `,"error":{"ename":`...)
	b = appendString(b, e.Name)
	b = append(b, `,"evalue":`...)
	b = appendString(b, e.Value)
	b = append(b, `,"traceback":[`...)
	for i, line := range e.Traceback {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, line)
	}
	return append(b, "]}"...)
}
