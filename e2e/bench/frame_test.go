package main

import (
	"net/http"
	"strings"
	"testing"
)

func TestFrame_Fields(t *testing.T) {
	for _, c := range []struct {
		frame, typ, text string
		id               int64
	}{
		{"id: 12\ndata: {\"type\":\"stdout\",\"text\":\"hi\",\"timestamp\":1}", "stdout", "hi", 12},
		{"data: {\"type\":\"ping\",\"text\":\"pong\",\"timestamp\":1}", "ping", "pong", 0},
		{"id: 3\ndata: {\"type\":\"execution_complete\",\"timestamp\":1}", "execution_complete", "", 3},
		{"id: 3\ndata: {\"type\":\"stdout\",\"text\":\"cut", "stdout", "", 3},
		{"id: 4", "", "", 4},
		{"", "", "", 0},
	} {
		f := frame(c.frame)
		if f.id() != c.id || string(f.text()) != c.text || c.typ != "" && !f.is(c.typ) || f.is("std") {
			t.Errorf("%q: id %d, text %q, is %s: %v", c.frame, f.id(), f.text(), c.typ, f.is(c.typ))
		}
	}
}

// events is a body with an event for each type, ids from 1.
func events(types ...string) string {
	var b strings.Builder
	for i, typ := range types {
		if typ != "ping" {
			b.WriteString("id: " + string(rune('1'+i)) + "\n")
		}
		b.WriteString("data: {\"type\":\"" + typ + "\",\"text\":\"t\"}\n\n")
	}
	return b.String()
}

func TestStream_Completion(t *testing.T) {
	for _, c := range []struct {
		body string
		ok   bool
	}{
		{events("init", "stdout", "execution_complete"), true},
		{events("init", "stdout"), false},
		{events("init", "error"), false},
		{events("init", "execution_complete", "stdout"), false},
		{events("init", "execution_complete") + "id: 3", false},
		{"", false},
	} {
		text := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks([]byte(c.body), 7)
		count := 0
		err := answered(text).stream(http.MethodGet, "/", "", func(frame) error { count++; return nil })
		if (err == nil) != c.ok || c.ok && count != 3 {
			t.Errorf("%q: %d events, error %v", c.body, count, err)
		}
	}
}

func TestSequence(t *testing.T) {
	var s sequence
	for _, id := range []string{"id: 1\n", "", "id: 2\n"} {
		if err := s.add(frame(id + `data: {"type":"ping"}`)); err != nil {
			t.Fatal(err)
		}
	}
	if s.pings != 1 || s.last != 2 {
		t.Errorf("%+v", s)
	}
	for _, bad := range []string{"id: 2\n", "id: 4\n"} {
		if s.add(frame(bad+`data: {"type":"stdout"}`)) == nil {
			t.Errorf("%q is taken after 2", bad)
		}
	}
	if s.add(frame(`data: {"type":"stdout"}`)) == nil {
		t.Error("output without an id is taken")
	}
}
