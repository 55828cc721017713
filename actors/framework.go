package actors

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/rs/zerolog"
)

// frameworkLogger gives protoactor's records to zerolog with what they must
// not say taken out: it logs messages, and so commands and code, whole.
func frameworkLogger(log zerolog.Logger) *slog.Logger {
	return slog.New(redact{zerolog.NewSlogHandler(log.With().Str("component", "actors").Logger())})
}

// redact replaces every value that is not plain by its type, and renames the
// attribute that clashes with zerolog's own field.
type redact struct{ next slog.Handler }

func (r redact) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && r.next.Enabled(ctx, l)
}

func (r redact) Handle(ctx context.Context, rec slog.Record) error {
	out := slog.NewRecord(rec.Time, rec.Level, rec.Message, rec.PC)
	rec.Attrs(func(a slog.Attr) bool {
		out.AddAttrs(plainAttr(a))
		return true
	})
	return r.next.Handle(ctx, out)
}

func (r redact) WithAttrs(attrs []slog.Attr) slog.Handler {
	plain := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		plain[i] = plainAttr(a)
	}
	return redact{r.next.WithAttrs(plain)}
}

func (r redact) WithGroup(name string) slog.Handler { return redact{r.next.WithGroup(name)} }

func plainAttr(a slog.Attr) slog.Attr {
	if a.Key == zerolog.MessageFieldName {
		a.Key = "on"
	}
	if a.Value.Kind() == slog.KindAny {
		a.Value = slog.StringValue(fmt.Sprintf("%T", a.Value.Any()))
	}
	return a
}
