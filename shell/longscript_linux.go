package shell

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// maxArgument is the longest argument that execve(2) takes, without its NUL
// (MAX_ARG_STRLEN).
const maxArgument = 128<<10 - 1

// withLongScript has a shell read a script that is too long for an argument
// from a file without a name, and run it as the argument it would have been:
// with the same $0, and with the same BASH_EXECUTION_STRING in bash. Done lets
// go of the file when the process has it.
func (c Command) withLongScript() (changed Command, done func(), err error) {
	if len(c.Argv) != 3 || c.Argv[1] != "-c" || len(c.Argv[2]) <= maxArgument {
		return c, func() {}, nil
	}
	name := filepath.Base(c.Argv[0])
	if !slices.Contains([]string{"bash", "sh"}, name) { // it may mean something else by -c
		return c, func() {}, nil
	}
	file, _, err := scriptFile(c.Argv[2])
	if err != nil {
		return c, nil, fmt.Errorf("start process: %w", err)
	}
	done = func() { _ = file.Close() } // only read from
	if _, err := file.Seek(0, 0); err != nil {
		done()
		return c, nil, fmt.Errorf("start process: %w", err)
	}
	fd := int(streams) + 1 + len(c.Files)
	// All on the first line, so that the script's own lines have their numbers.
	text := fmt.Sprintf("eval \"exec %d<&-; $(cat <&%d)\n\"", fd, fd)
	if name == "bash" {
		text = fmt.Sprintf(`IFS= read -r -d '' -u %d BASH_EXECUTION_STRING; exec %d<&-; eval "$BASH_EXECUTION_STRING"`, fd, fd)
	}
	c.Argv = []string{c.Argv[0], "-c", text}
	c.Files = append(append([]*os.File{}, c.Files...), file)
	return c, done, nil
}
