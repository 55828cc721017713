package metrics_test

import (
	"bufio"
	"os"
	"os/exec"
	"testing"

	"execd/metrics"
)

// TestTreeOf: a process, its child and its grandchild, and what they did.
func TestTreeOf(t *testing.T) {
	const script = `dd if=/dev/zero of=/dev/null bs=1M count=3 2>/dev/null
		i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done
		sh -c 'cat <&3; :' & echo ready; cat; wait`
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "exec 3<&0; "+script)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = stdin.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}()
	if _, err := bufio.NewReader(stdout).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	got, ok := metrics.TreeOf(cmd.Process.Pid)
	if !ok || got.Processes < 2 || got.Processes > 4 {
		t.Errorf("%+v, want a shell, its child and grandchild, and the last cat where that has been forked", got)
	}
	if got.CPU == 0 || got.Memory == 0 || got.Peak < got.Memory || got.ReadChars < 3<<20 || got.WrittenChars < 3<<20 {
		t.Errorf("%+v, want processor time, memory, and 3 MiB copied", got)
	}
	one, ok := metrics.TreeOf(os.Getpid())
	if !ok || one.Processes <= got.Processes {
		t.Errorf("this process and its children are %d, and %d below it", one.Processes, got.Processes)
	}
}

func TestTreeOf_None(t *testing.T) {
	const none = 1 << 30 // more than pid_max can be (proc_sys_kernel(5))
	if got, ok := metrics.TreeOf(none); ok {
		t.Errorf("%+v of no process", got)
	}
}
