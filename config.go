package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"execd/kernel"
)

// config is what flags and environment say.
type config struct {
	listen, host               string
	port                       int
	tlsCert, tlsKey            string
	accessToken, tokenFile     string
	allowedOrigins             []string
	streamFormat               string
	logLevel                   int
	logFile                    string
	envFile                    string
	stateDir                   string
	jupyterHost, jupyterToken  string
	kernels                    kernel.Order
	pool                       kernel.PoolSizes
	idlePoll                   time.Duration
	grace, stop, disconnect    time.Duration
	retention                  time.Duration
	retentionCount, maxRunning int
	queue                      int
	contextIdle                time.Duration
	maxWatches                 int
	watchRetention             time.Duration
	maxBody, maxUpload         int64
	maxHeader                  int64
	maxStreams                 int
	headerTime, bodyTime       time.Duration
	memoryLimit, diskLimit     int64
	logMemory, logDisk         int64
	profiles, page             bool
	init                       bool
	entrypoint                 []string // the command behind --, and its arguments
	version                    bool
	probe                      string // ping or ready: ask a running daemon, and be none
}

const defaultPort = 44772

func (c *config) settings() []setting {
	return slices.Concat(c.ownSettings(), c.codeSettings())
}

func (c *config) ownSettings() []setting {
	return []setting{
		{"host", "EXECD_HOST", "0.0.0.0", "address to listen on", text(&c.host)},
		{"port", "EXECD_PORT", strconv.Itoa(defaultPort), "TCP port to listen on; 0 takes a free one and prints it", number(&c.port, 0, 65535)},
		{
			"listen", "EXECD_LISTEN", "", "where to listen in place of --host and --port: unix:/path, or address:port",
			text(&c.listen),
		},
		{"tls-cert", "EXECD_TLS_CERT", "", "PEM file with the certificate for TLS, and its chain; read again when it changes", text(&c.tlsCert)},
		{"tls-key", "EXECD_TLS_KEY", "", "PEM file with the certificate's key", text(&c.tlsKey)},
		{"access-token", "EXECD_ACCESS_TOKEN", "", "token that every request must carry in X-EXECD-ACCESS-TOKEN", text(&c.accessToken)},
		{"access-token-file", "EXECD_ACCESS_TOKEN_FILE", "", "file with that token, in place of --access-token", text(&c.tokenFile)},
		{
			"allowed-origins", "EXECD_ALLOWED_ORIGINS", "",
			"web origins that may call without a token, separated by commas; * for all", list(&c.allowedOrigins),
		},
		{
			"stream-format", "EXECD_STREAM_FORMAT", "",
			"framing of streams for every client: sse or json; empty chooses by client", oneOf(&c.streamFormat, "", "sse", "json"),
		},
		{"log-level", "EXECD_LOG_LEVEL", "6", "0-2 fatal, 3 error, 4 warning, 5-6 info, 7 debug", number(&c.logLevel, 0, 7)},
		{"log-file", "EXECD_LOG_FILE", "", "file for the log, reopened on SIGHUP; empty is standard output", text(&c.logFile)},
		{"envs-file", "EXECD_ENVS", "", "file with KEY=VALUE lines for commands, read at each start", text(&c.envFile)},
		{
			"state-dir", "EXECD_STATE_DIR", "",
			"directory for files of long logs and kernels; empty is the system's temporary directory", text(&c.stateDir),
		},
		{"graceful-shutdown-timeout", "EXECD_API_GRACE_SHUTDOWN", "5s", "window for everything to end after SIGTERM", duration(&c.grace, false)},
		{"stop-grace", "EXECD_STOP_GRACE", "3s", "time from SIGTERM to SIGKILL when a command is stopped", duration(&c.stop, false)},
		{
			"disconnect-grace", "EXECD_DISCONNECT_GRACE", "10s",
			"how long a run with on_disconnect kill outlives its last reader", duration(&c.disconnect, false),
		},
		{"retention", "EXECD_RETENTION", "24h", "how long ended executions are kept", duration(&c.retention, false)},
		{"retention-count", "EXECD_RETENTION_COUNT", "10000", "how many ended executions are kept", number(&c.retentionCount, 1, 1<<30)},
		{"max-executions", "EXECD_MAX_EXECUTIONS", "10000", "how many executions run at once", number(&c.maxRunning, 1, 1<<30)},
		{"max-watches", "EXECD_MAX_WATCHES", "64", "how many watches of files are kept at once", number(&c.maxWatches, 1, 1<<20)},
		{
			"watch-retention", "EXECD_WATCH_RETENTION", "5m",
			"how long a watch of files outlives its last reader", duration(&c.watchRetention, false),
		},
		{"max-body", "EXECD_MAX_BODY", "32MiB", "size of a JSON request", size(&c.maxBody)},
		{"max-upload", "EXECD_MAX_UPLOAD", "1024GiB", "size of a request that uploads files", size(&c.maxUpload)},
		{"max-header", "EXECD_MAX_HEADER", "64KiB", "size of a request's header", size(&c.maxHeader)},
		{"max-streams", "EXECD_MAX_STREAMS", "10000", "how many responses stream or wait at once", number(&c.maxStreams, 1, 1<<30)},
		{"header-timeout", "EXECD_HEADER_TIMEOUT", "10s", "how long a client may take for a request's header", duration(&c.headerTime, false)},
		{
			"body-timeout", "EXECD_BODY_TIMEOUT", "30s",
			"how long a request's body may stall, or be slower than 1 KiB/s", duration(&c.bodyTime, false),
		},
		{"log-memory", "EXECD_LOG_MEMORY", "1MiB", "memory of one execution's events before they go to files", size(&c.logMemory)},
		{"log-disk", "EXECD_LOG_DISK", "1GiB", "files of one execution's events before the oldest are evicted", size(&c.logDisk)},
		{"memory-limit", "EXECD_MEMORY_LIMIT", "64MiB", "memory of all events together", size(&c.memoryLimit)},
		{"disk-limit", "EXECD_DISK_LIMIT", "8GiB", "files of all events together", size(&c.diskLimit)},
		{"init", "EXECD_INIT", "false", "adopt and reap orphans, as process 1 does, and run the command behind --, if any", boolean(&c.init)},
		{"ui", "EXECD_UI", "true", "serve the console, a page for people, at /ui", boolean(&c.page)},
		{"pprof", "EXECD_PPROF", "false", "serve profiles for go tool pprof at /debug/pprof/", boolean(&c.profiles)},
	}
}

// codeSettings are those about code and its kernels.
func (c *config) codeSettings() []setting {
	return []setting{
		{"jupyter-host", "JUPYTER_HOST", "", "URL of a Jupyter server to run code in", webURL(&c.jupyterHost)},
		{"jupyter-token", "JUPYTER_TOKEN", "", "token of the Jupyter server", text(&c.jupyterToken)},
		{
			"kernels", "EXECD_KERNELS", "",
			"kernelspecs to prefer, best first, as in python=venv,python=python3,java=jjava", kernelOrder(&c.kernels),
		},
		{
			"kernel-pool", "EXECD_KERNEL_POOL", "",
			"kernels to hold ready, so that a context is there at once, as in python=2,bash=1", poolSizes(&c.pool),
		},
		{
			"jupyter-idle-poll-interval", "EXECD_JUPYTER_IDLE_POLL_INTERVAL", "100ms",
			"accepted for compatibility: execd does not poll", duration(&c.idlePoll, true),
		},
		{"queue-length", "EXECD_QUEUE_LENGTH", "128", "how many runs wait in one code context", number(&c.queue, 1, 1<<20)},
		{
			"context-idle", "EXECD_CONTEXT_IDLE", "0s",
			"how long a code context may go unused before its kernel ends; 0 is for ever", duration(&c.contextIdle, false),
		},
	}
}

// parseConfig reads flags over environment over defaults. Its errors are one
// line and name what was wrong.
func parseConfig(args []string, lookup func(string) (string, bool)) (*config, error) {
	c := &config{}
	fs := flag.NewFlagSet("execd", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.BoolVar(&c.version, "version", false, "print the version")
	fs.Func("probe", "ask a running execd", oneOf(&c.probe, "ping", "ready"))
	given := map[string]string{}
	settings := c.settings()
	for _, s := range settings {
		define := fs.Func
		if s.value == "false" || s.value == "true" { // a switch: it needs no value
			define = fs.BoolFunc
		}
		define(s.flag, s.usage, func(v string) error { given[s.flag] = v; return s.set(v) })
	}
	if i := slices.Index(args, "--"); i >= 0 {
		args, c.entrypoint = args[:i], args[i+1:]
	}
	if err := fs.Parse(args); err != nil {
		return nil, oneLine(err)
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	}
	for _, s := range settings {
		if _, ok := given[s.flag]; ok {
			continue
		}
		name, value := "default of --"+s.flag, s.value
		if v, ok := lookup(s.env); ok && v != "" {
			name, value = s.env, v
		}
		if err := s.set(value); err != nil {
			return nil, fmt.Errorf("invalid value %q for %s: %w", value, name, err)
		}
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	return c, nil
}

// check holds the settings against each other.
func (c *config) check() error {
	if len(c.entrypoint) > 0 && !c.init && os.Getpid() != 1 {
		return errors.New("a command behind -- needs --init")
	}
	if (c.tlsCert == "") != (c.tlsKey == "") {
		return errors.New("--tls-cert and --tls-key need each other")
	}
	if len(c.pool) > 0 && c.jupyterHost != "" {
		return errors.New("--kernel-pool is for kernels that execd starts itself: it does not go with --jupyter-host")
	}
	if c.tokenFile == "" {
		return nil
	}
	if c.accessToken != "" {
		return errors.New("--access-token and --access-token-file (or their variables) exclude each other")
	}
	var err error
	c.accessToken, err = readToken(c.tokenFile)
	return err
}

func oneLine(err error) error {
	if errors.Is(err, flag.ErrHelp) {
		return err
	}
	return errors.New(strings.ReplaceAll(err.Error(), "\n", " "))
}

// writeUsage writes the reference of all settings.
func writeUsage(w io.Writer) {
	var b strings.Builder
	b.WriteString("execd runs code and commands over HTTP and streams their output.\n\n" +
		"Usage: execd [flags] [--init -- command [argument...]]\n\n")
	for _, s := range (&config{}).settings() {
		fmt.Fprintf(&b, "  --%s", s.flag)
		if s.value != "" {
			fmt.Fprintf(&b, " (default %s)", s.value)
		}
		fmt.Fprintf(&b, "\n        %s [%s]\n", s.usage, s.env)
	}
	b.WriteString("  --probe ping|ready\n        ask the execd with these settings whether it serves, or can run code; exit with 0 or 1\n" +
		"  --version\n        print the version\n  --help\n        print this text\n\n" +
		"A flag wins over its environment variable, which wins over the default.\n" +
		"With EXECD_CLONE3_COMPAT=true (or reexec) execd and what it starts do without clone3(2), on Linux.\n")
	_, _ = io.WriteString(w, b.String()) // nobody to tell
}
