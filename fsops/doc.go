// Package fsops does what can be done with files and directories: plain
// functions over paths, for any number of callers at once.
//
// Paths are absolute; [Expand] makes them so. An error says which path it is
// about ([io/fs.PathError]) and can be told apart with errors.Is: the errors of
// the system, and those that are declared here.
//
// What this package writes is there as a whole or not at all. Writers that
// compare versions first ([Precondition]) hold the [Lock] of the path meanwhile,
// so that none of them writes over what it has not seen.
package fsops
