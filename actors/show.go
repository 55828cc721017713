package actors

import (
	"execd/actors/event"
	"execd/kernel"
)

// show appends to a log what a kernel shows.
func show(log *event.Log, o kernel.Output) {
	switch o.Kind {
	case kernel.KindStream:
		typ := event.TypeStdout
		if o.Name == "stderr" {
			typ = event.TypeStderr
		}
		log.Batch(func(b *event.Batch) { b.Text(typ, []byte(o.Text), false) })
	case kernel.KindResult, kernel.KindDisplay:
		log.Append(display(event.TypeResult, o))
	case kernel.KindUpdateDisplay:
		log.Append(display(event.TypeDisplayUpdate, o))
	case kernel.KindClear:
		log.Append(event.Event{Type: event.TypeClearOutput, Wait: o.Wait})
	case kernel.KindError:
		log.Append(event.Event{
			Type: event.TypeStatus, Status: "error_shown", Error: &event.Error{Name: o.EName, Value: o.EValue, Traceback: o.Traceback},
		})
	case kernel.KindCommOpen, kernel.KindComm, kernel.KindCommClose:
		log.Append(event.Event{
			Type: event.TypeComm, Metadata: o.Metadata, Buffers: o.Buffers,
			Comm: &event.Comm{Kind: string(o.Kind), ID: o.Comm.ID, Target: o.Comm.Target, Data: o.Comm.Data},
		})
	case kernel.KindEnvLeft:
		log.Append(event.Event{Type: event.TypeStatus, Status: "envs_not_restored", Reason: o.Text})
	case kernel.KindDropped:
		log.Append(event.Event{Type: event.TypeStatus, Status: "output_dropped", Reason: o.Text})
	}
}

// display is the event of a MIME bundle; only the value of a cell has a count.
func display(typ event.Type, o kernel.Output) event.Event {
	return event.Event{
		Type: typ, Results: results(o.Data), Metadata: o.Metadata, DisplayID: o.DisplayID,
		ExecutionCount: o.ExecutionCount, Buffers: o.Buffers,
	}
}

// results adds the name by which some clients look for plain text.
func results(data map[string]string) map[string]string {
	plain, ok := data["text/plain"]
	if !ok {
		return data
	}
	all := make(map[string]string, len(data)+1)
	for k, v := range data {
		all[k] = v
	}
	all["text"] = plain
	return all
}
