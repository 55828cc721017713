package httpapi_test

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"execd/actors"
	"execd/actors/event"
	"execd/actors/msg"
	"execd/httpapi"
	"execd/kernel"
	"execd/kernel/kerneltest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds waits for what should take milliseconds on a busy machine.
const patience = 20 * time.Second

// heartbeat is short, so that a stream which waits for anything has a ping.
const heartbeat = 20 * time.Millisecond

// serve returns a server over config that ends with the test.
func serve(t *testing.T, config httpapi.Config) *httptest.Server {
	t.Helper()
	config.Log = zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.ErrorLevel)
	return serveLogged(t, config)
}

// serveLogged is serve with a log of the caller's.
func serveLogged(t *testing.T, config httpapi.Config) *httptest.Server {
	t.Helper()
	config.Heartbeat = heartbeat
	api := httpapi.New(config)
	server := httptest.NewServer(api.Handler())
	t.Cleanup(func() {
		server.Close()
		if err := api.Shutdown(context.Background()); err != nil { // ends who watches metrics
			t.Error(err)
		}
	})
	return server
}

// serveSystem returns a server over a supervision tree of its own, which runs
// real commands, and code in fake kernels.
func serveSystem(t *testing.T, fake *kerneltest.Fake, config httpapi.Config) *httptest.Server {
	t.Helper()
	config.Supervisor = startSystem(t, fake)
	return serve(t, config)
}

// startSystem starts a supervision tree, which is stopped at the end.
func startSystem(t *testing.T, fake *kerneltest.Fake) *actors.System {
	t.Helper()
	data, err := kerneltest.Install(t.TempDir(), kerneltest.Spec{Name: "python"})
	if err != nil {
		t.Fatal(err)
	}
	kernels := kernel.NewLocal(kernel.Config{
		RuntimeDir: t.TempDir(), Launch: fake.Launch, Env: []string{"JUPYTER_PATH=" + data},
	})
	system := actors.Start(actors.Config{
		Log:       zerolog.New(zerolog.NewTestWriter(t)).Level(zerolog.ErrorLevel),
		Store:     event.NewStore(t.TempDir(), event.Limits{}, nil),
		Kernels:   kernels,
		StopGrace: 100 * time.Millisecond,
	})
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := system.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
		if err := kernels.Close(); err != nil {
			t.Errorf("close kernels: %v", err)
		}
	})
	return system
}

// refusing answers every request with an error.
type refusing struct{ err error }

var _ msg.Supervisor = refusing{}

func (r refusing) Tell(m msg.Message) { m.Fail(r.err) }

func (refusing) Done() <-chan struct{} { return nil }
