// Execd is the daemon inside a sandbox that runs code and commands for an
// agent, over HTTP, and streams what they print.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"

	"execd/shell"
)

// What the build says about itself; set with -ldflags.
var (
	version = "dev"
	commit  = "unknown"
	date    = "unknown"
)

// Exit statuses, as shells and service managers know them.
const (
	exitFailure = 1
	exitUsage   = 2
)

func main() {
	if shell.Become() {
		os.Exit(exitFailure)
	}
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	cfg, err := parseConfig(args, os.LookupEnv)
	if errors.Is(err, flag.ErrHelp) {
		writeUsage(os.Stdout)
		return 0
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "execd: %v; see execd --help\n", err)
		return exitUsage
	}
	if cfg.version {
		fmt.Printf("execd %s (commit %s, built %s, %s %s/%s)\n", version, commit, date, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return 0
	}
	if cfg.probe != "" {
		if err := probe(cfg, cfg.probe); err != nil {
			fmt.Fprintf(os.Stderr, "execd: %v\n", err)
			return exitFailure
		}
		return 0
	}
	if err := avoidClone3(os.Getenv(clone3Variable)); err != nil {
		fmt.Fprintf(os.Stderr, "execd: %v\n", err)
		return exitFailure
	}
	cfg.hideToken()
	status, err := serve(cfg)
	if err != nil {
		fmt.Fprintf(os.Stderr, "execd: %v\n", err)
		return max(status, exitFailure)
	}
	return status
}
