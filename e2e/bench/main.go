// Bench measures an execd binary: its speed and memory, each beside the floor that the same machine allows, measured in
// the same run.
//
// A floor does only the job itself, in the most direct way: a fork and exec without a daemon, a handler without limits
// and logs, a messaging client without HTTP. Floors and values are measured in turns, so that what else the machine
// does hits both, and their ratio says more than either.
//
// A measurement is a row in a file of its own (see row); to add one, write it and name it in rows.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"syscall"
)

// options are what the command line says.
type options struct {
	execd   string
	out     string
	only    *regexp.Regexp
	quick   bool
	strict  bool
	profile string
}

// Exit statuses.
const (
	exitFailure = 1
	exitUsage   = 2
)

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	if code, ours := runHelper(args); ours {
		return code
	}
	o, err := parseOptions(args)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return exitUsage
	}
	raiseFileLimit()
	b, err := newBench(o)
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		return exitFailure
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		b.close() // its children are in groups of their own, which the terminal does not reach
		os.Exit(exitFailure)
	}()
	records := b.measure(rows)
	b.close()
	if err := report(o, b.about, records); err != nil {
		fmt.Fprintf(os.Stderr, "bench: %v\n", err)
		return exitFailure
	}
	if o.strict && !allMet(records) {
		return exitFailure
	}
	return 0
}

func parseOptions(args []string) (options, error) {
	var o options
	binary := os.Getenv("EXECD_BIN")
	if binary == "" {
		binary = "bin/execd"
	}
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.StringVar(&o.execd, "execd", binary, "the `binary` to measure")
	fs.StringVar(&o.out, "o", "", "write the measurements as JSON to `file`")
	fs.BoolVar(&o.quick, "quick", false, "measure less of everything: some 20 seconds, and more noise")
	fs.BoolVar(&o.strict, "strict", false, "exit with 1 if a target is missed")
	fs.StringVar(&o.profile, "profile", "", "write a CPU profile of execd for each row to `directory`")
	fs.Func("run", "measure only rows that match `regexp`", func(v string) (err error) {
		o.only, err = regexp.Compile(v)
		return err
	})
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if fs.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "bench: unexpected argument %q\n", fs.Arg(0))
		return o, flag.ErrHelp
	}
	return o, nil
}

// runHelper is the other end of some measurements: bench starts itself, so that a floor is a process of its own too.
func runHelper(args []string) (code int, ours bool) {
	if len(args) == 0 {
		return 0, false
	}
	var err error
	switch args[0] {
	case helperFloor:
		err = serveFloor(os.Stdin, os.Stdout)
	case helperProduce:
		err = produce(os.Stdout, args[1:])
	default:
		return 0, false
	}
	if err != nil && !errors.Is(err, io.EOF) {
		fmt.Fprintf(os.Stderr, "bench %s: %v\n", args[0], err)
		return exitFailure, true
	}
	return 0, true
}

// The names of the helpers on the command line.
const (
	helperFloor   = "floor-server"
	helperProduce = "timestamp-producer"
)
