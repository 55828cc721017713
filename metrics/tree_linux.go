package metrics

import (
	"bytes"
	"os"
	"strconv"
	"time"
)

// maxTree bounds the walk: a fork bomb is not to be counted to its end.
const maxTree = 1 << 14

// TreeOf measures the process and everything below it that has not been
// adopted by another parent. It reports false where there is no such process.
// One that has exited and is not waited for still counts.
func TreeOf(pid int) (Tree, bool) {
	var t Tree
	buf := make([]byte, 2048)
	known := map[int]bool{pid: true}
	for queue := []int{pid}; len(queue) > 0 && len(known) < maxTree; queue = queue[1:] {
		p, ok := processOf(queue[0], buf)
		if !ok {
			continue
		}
		t.add(p)
		for _, child := range childrenOf(queue[0], buf) {
			if !known[child] {
				known[child] = true
				queue = append(queue, child)
			}
		}
	}
	t.Peak = max(t.Peak, t.Memory)
	return t, t.Processes > 0
}

func procPath(pid int, file string) string { return "/proc/" + strconv.Itoa(pid) + "/" + file }

func processOf(pid int, buf []byte) (Tree, bool) {
	text, err := readFile(procPath(pid, "stat"), buf)
	if err != nil {
		return Tree{}, false
	}
	p, ok := parseProcess(text)
	if !ok {
		return Tree{}, false
	}
	if text, err = readFile(procPath(pid, "status"), buf); err == nil {
		kib, _ := valueOf(text, "VmHWM:")
		p.Peak = kib << 10
	}
	// Another user's is not to be seen, and counts as nothing.
	if text, err = readFile(procPath(pid, "io"), buf); err == nil {
		p.Read, _ = valueOf(text, "read_bytes:")
		p.Written, _ = valueOf(text, "write_bytes:")
		p.ReadChars, _ = valueOf(text, "rchar:")
		p.WrittenChars, _ = valueOf(text, "wchar:")
	}
	return p, true
}

// parseProcess reads a line of proc_pid_stat(5). The name is in parentheses
// and may hold anything.
func parseProcess(text []byte) (Tree, bool) {
	end := bytes.LastIndexByte(text, ')')
	if end < 0 {
		return Tree{}, false
	}
	const utime, stime, cutime, cstime, rss = 11, 12, 13, 14, 21 // behind the name
	fields := bytes.Fields(text[end+1:])
	if len(fields) <= rss {
		return Tree{}, false
	}
	var ticks uint64
	for _, i := range []int{utime, stime, cutime, cstime} {
		ticks += number(fields[i]) // below 0 at overflow, which reads as 0
	}
	return Tree{
		Processes: 1,
		CPU:       time.Duration(ticks) * (time.Second / userHz),
		Memory:    number(fields[rss]) * uint64(os.Getpagesize()),
	}, true
}

// childrenOf lists the children of all threads of a process, as far as the
// kernel was built to tell (CONFIG_PROC_CHILDREN).
func childrenOf(pid int, buf []byte) []int {
	threads, err := os.ReadDir(procPath(pid, "task"))
	if err != nil {
		return nil
	}
	var children []int
	for _, thread := range threads {
		text, err := readFile(procPath(pid, "task/"+thread.Name()+"/children"), buf)
		if err != nil {
			continue
		}
		for field := range bytes.FieldsSeq(text) {
			children = append(children, int(number(field)))
		}
	}
	return children
}
