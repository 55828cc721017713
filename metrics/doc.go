// Package metrics measures the machine, the container and processes.
//
// A Sampler reads counters into a Reading; a Sample is the difference of two
// Readings, so each reader of samples has its percentages over its own
// interval. On Linux both come from /proc and from the control groups of this
// process, versions 1 and 2 (proc(5), cgroups(7)); elsewhere from gopsutil,
// and without containers.
//
// Where a control group leaves this process less than the machine has, the
// numbers of a Sample are those of the group that sets the limit, and Host has
// the machine's beside them. Each resource stands for itself: a container with
// a memory limit only has the memory of the container and the processors of
// the machine.
//
// The package has no goroutines. A Sampler is for one goroutine at a time; all
// else may be called from any. Everything may block as long as the kernel
// takes to answer, which for the disk is as long as its file system does: so
// not in an actor. A Reading takes some 150 µs.
//
// To test, give New a Root with a tree of files in the shape of /proc and
// /sys.
package metrics
