package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
)

// tokenVariable is where the token is when it is in the environment.
const tokenVariable = "EXECD_ACCESS_TOKEN"

// readToken reads the file with the access token. An editor ends its lines;
// that is no part of the token.
func readToken(path string) (string, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("read access token: %w", err)
	}
	token := strings.TrimRight(string(text), "\r\n")
	if token == "" {
		return "", fmt.Errorf("access token: %s is empty", path)
	}
	for _, b := range []byte(token) {
		if b < ' ' || b == 0x7f { // no header can carry it (RFC 9110, 5.5)
			return "", fmt.Errorf("access token: %s has a line break or another control character in it", path)
		}
	}
	return token, nil
}

// tokenExposure says who else may read the file with the token, or nothing.
// Windows has no such modes.
func tokenExposure(path string) string {
	if path == "" || runtime.GOOS == "windows" {
		return ""
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o077 == 0 {
		return ""
	}
	return fmt.Sprintf("the file with the access token has mode %04o: other users may read it; chmod 0600 %s", info.Mode().Perm(), path)
}

// hideToken takes the token away from where the processes that execd starts
// would find it: their environment, and what the system shows of this process.
func (c *config) hideToken() {
	if c.accessToken == "" {
		return
	}
	c.accessToken = strings.Clone(c.accessToken) // what it was cut from is overwritten
	overwriteToken()
	_ = os.Unsetenv(tokenVariable) // fails for names that are empty only
	hideProcess()
}
