package httpapi

import "syscall"

// setCork has a TCP connection send full packets only, or all there is again
// (tcp(7), TCP_CORK). It reports whether that is so now.
func setCork(conn any, on bool) bool {
	c, ok := bare(conn).(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return false
	}
	value := 0
	if on {
		value = 1
	}
	if cerr := raw.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_CORK, value)
	}); cerr != nil {
		return false
	}
	return on && err == nil
}
