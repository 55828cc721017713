package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/rs/zerolog"

	"execd/actors"
	"execd/actors/event"
	"execd/httpapi"
	"execd/kernel"
	"execd/metrics/telemetry"
	"execd/shell"
)

// daemon is what runs between start and stop, in the order in which it is
// started; it is stopped in reverse.
type daemon struct {
	config    *config
	writer    *logWriter
	log       zerolog.Logger
	orphans   *shell.Orphans // nil unless this is process 1, or is to do its work
	state     *state
	telemetry *telemetry.Telemetry
	kernels   kernel.Provider
	system    *actors.System
	server    *httpapi.Server
	listener  net.Listener
	entry     *shell.Entrypoint // nil unless a command is to run beside it
}

// serve runs the daemon until a signal, until the command beside it exits, or
// until it cannot go on. It returns the exit status.
func serve(cfg *config) (int, error) {
	// Notify, not Ignore: what is ignored here would be ignored in every
	// command. A daemon that a shell started in the background has SIGINT
	// ignored, which this undoes for its commands too. SIGPIPE of a closed
	// standard output becomes an error of that write.
	signals := make(chan os.Signal, 32)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	if len(cfg.entrypoint) > 0 {
		signal.Notify(signals, forwarded...)
	}
	shell.KeepDescriptors()
	defer relaxCollector()()
	d, err := start(cfg)
	if err != nil {
		return exitFailure, err
	}
	served := make(chan error, 1)
	go func() { served <- d.server.Serve(d.listener) }()
	status, cause := d.startEntrypoint()
	if cause == nil {
		cause = d.wait(signals, served)
	}
	if err := errors.Join(cause, d.stop(signals)); err != nil {
		return max(status, exitFailure), err
	}
	return d.entryStatus(), nil
}

func start(cfg *config) (*daemon, error) {
	limitMemory()
	makeThreads(spareThreads)
	d := &daemon{config: cfg}
	var err error
	if d.writer, err = newLogWriter(cfg.logFile, cfg.console()); err != nil {
		return nil, err
	}
	d.log = newLogger(d.writer, cfg.logLevel)
	if err = d.listen(); err != nil {
		d.writer.close()
		return nil, err
	}
	if d.state, err = openState(cfg.stateDir); err != nil {
		_ = d.listener.Close()
		d.writer.close()
		return nil, err
	}
	go d.state.sweepDrafts(d.log)
	if cfg.init || os.Getpid() == 1 {
		if d.orphans, err = shell.AdoptOrphans(); err != nil {
			d.log.Warn().Err(err).Msg("orphans are left to process 1")
		}
	}
	if d.kernels, err = d.provider(); err != nil {
		return nil, errors.Join(err, d.abort())
	}
	d.startTelemetry()
	d.startActors()
	d.server = httpapi.New(httpapi.Config{
		Supervisor:     d.system,
		Log:            d.log,
		Token:          cfg.accessToken,
		AllowedOrigins: cfg.allowedOrigins,
		Framing:        cfg.streamFormat,
		Collectors:     d.system.Collectors(),
		Profiles:       cfg.profiles,
		Tracer:         d.telemetry.Tracer(),
		Meter:          d.telemetry.Meter(),
		NoConsole:      !cfg.page,
		SpoolDir:       d.state.dir,
		UploadDir:      filepath.Join(cmp.Or(cfg.stateDir, os.TempDir()), "uploads-execd"),
		MaxBody:        cfg.maxBody,
		MaxUpload:      cfg.maxUpload,
		MaxHeader:      cfg.maxHeader,
		MaxStreams:     cfg.maxStreams,
		HeaderTimeout:  cfg.headerTime,
		BodyTimeout:    cfg.bodyTime,
		Sprint:         fitProcessors(),
	})
	d.standForJupyter()
	d.announce()
	return d, nil
}

// abort gives back what a start that failed has taken.
func (d *daemon) abort() error {
	err := errors.Join(d.listener.Close(), d.state.close())
	d.writer.close()
	return err
}

func (d *daemon) startActors() {
	cfg := d.config
	store := event.NewStore(d.state.dir, event.Limits{
		MemoryPerLog: cfg.logMemory, MemoryTotal: cfg.memoryLimit,
		DiskPerLog: cfg.logDisk, DiskTotal: cfg.diskLimit,
	}, func(err error) { d.log.Error().Err(err).Msg("events cannot be kept on disk; the oldest are evicted") })
	d.system = actors.Start(actors.Config{
		Log: d.log, Store: store, Kernels: d.kernels, Platform: cfg.platform(),
		EnvFile: cfg.envFile, StopGrace: cfg.stop, DisconnectGrace: cfg.disconnect,
		Retention:  actors.Retention{Time: cfg.retention, Count: cfg.retentionCount},
		MaxRunning: cfg.maxRunning, QueueLength: cfg.queue, IdleLimit: cfg.contextIdle,
		Tracer: d.telemetry.Tracer(), Meter: d.telemetry.Meter(),
		MaxWatches: cfg.maxWatches, WatchRetention: cfg.watchRetention,
	})
}

// standForJupyter tells who looks for the Jupyter server of a sandbox at
// JUPYTER_PORT that code can run: the SDKs of OpenSandbox try to connect to it
// before they do anything. Without a server it is execd that has the kernels.
func (d *daemon) standForJupyter() {
	addr, ok := d.listener.Addr().(*net.TCPAddr)
	if _, set := os.LookupEnv("JUPYTER_PORT"); set || !ok || d.config.jupyterHost != "" {
		return
	}
	_ = os.Setenv("JUPYTER_PORT", strconv.Itoa(addr.Port)) // never fails with such a name and value
}

// announce says where the daemon listens, and what a person should know.
func (d *daemon) announce() {
	addr := d.listener.Addr().String()
	fmt.Fprintf(d.config.console(), "execd %s listening on %s\n", version, d.address()) //nolint:errcheck // nobody to tell
	d.log.Info().Str("version", version).Str("address", addr).Int("pid", os.Getpid()).Msg("execd listens")
	if why := tokenExposure(d.config.tokenFile); why != "" {
		d.log.Warn().Msg(why)
	}
	if d.exposed() && d.config.accessToken == "" {
		d.log.Warn().Str("address", addr).Msg("anybody who reaches this address can run commands: set --access-token, or --host 127.0.0.1")
	}
	go d.announceLanguages() // a Jupyter server may take its time
}

// wait returns nil for a signal that asks for the end, or why the daemon
// cannot go on.
func (d *daemon) wait(signals <-chan os.Signal, served <-chan error) error {
	for {
		select {
		case sig := <-signals:
			if sig == syscall.SIGHUP {
				if err := d.writer.reopen(); err != nil {
					d.log.Error().Err(err).Msg("log not reopened")
				}
			}
			if d.asksForEnd(sig) {
				d.log.Info().Str("signal", sig.String()).Msg("execd ends")
				return nil
			}
			d.forward(sig)
		case <-d.entryExited():
			d.log.Info().Stringer("exit", d.entry.Exit()).Msg("the command has ended, and so does execd")
			return nil
		case err := <-served:
			return err
		case <-d.system.Failed():
			return fmt.Errorf("give up: %w", d.system.Err())
		}
	}
}

// lastWindow is the time for what is killed when the graceful window is over:
// longer than a kernel takes from the request to end to SIGKILL.
const lastWindow = 3 * time.Second

// farewellTime is what readers have for the last events of what was killed
// after the window.
const farewellTime = 500 * time.Millisecond

// farewellDeadline is the end of the window, or a little later than now.
func farewellDeadline(window context.Context) time.Time {
	soon := time.Now().Add(farewellTime)
	if end, _ := window.Deadline(); window.Err() == nil && end.After(soon) {
		return end
	}
	return soon
}

// stop ends everything within the graceful window; a second signal ends the
// patience.
func (d *daemon) stop(signals <-chan os.Signal) error {
	ctx, cancel := context.WithTimeout(context.Background(), d.config.grace)
	defer cancel()
	go func() {
		for sig := range signals {
			if d.asksForEnd(sig) {
				cancel()
				return
			}
			d.forward(sig)
		}
	}()
	d.signalEntry(syscall.SIGTERM)
	if err := d.system.Drain(ctx); err != nil {
		d.log.Warn().Err(err).Msg("not everything ended in time; the rest is killed")
	}
	d.awaitEntry(ctx)
	end := time.Now().Add(lastWindow)
	if window, _ := ctx.Deadline(); ctx.Err() == nil && window.After(end) {
		end = window
	}
	last, cancelLast := context.WithDeadline(context.Background(), end)
	defer cancelLast()
	errSystem := d.system.End(last) // also kills what did not end in time, or before a second signal
	farewell, cancelFarewell := context.WithDeadline(context.Background(), farewellDeadline(ctx))
	defer cancelFarewell()
	_ = d.server.Shutdown(farewell) // clients that did not read to the end: no failure of ours
	d.system.Release()
	errKernels := d.kernels.Close()
	if d.orphans != nil {
		d.orphans.Close(last)
	}
	shell.ReleaseGroups()
	errState := d.state.close()
	d.stopTelemetry()
	d.log.Info().Msg("execd has ended")
	d.writer.close()
	if err := errors.Join(errSystem, errKernels, errState); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	return nil
}
