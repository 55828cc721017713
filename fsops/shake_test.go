package fsops_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
)

// shake does so many things to a tree, in an order that is another one each
// time: directories come and go and are renamed into one another.
func shake(t *testing.T, root string, steps int) {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	dirs := func() string {
		path := root
		for range random.IntN(4) {
			path += fmt.Sprintf("/d%d", random.IntN(3))
		}
		return path
	}
	for range steps {
		dir := dirs()
		file := dir + fmt.Sprintf("/f%d", random.IntN(3))
		// Most of it fails, as when there is no such directory.
		switch random.IntN(7) {
		case 0, 1:
			_ = os.MkdirAll(dir, 0o700)
		case 2, 3:
			_ = os.WriteFile(file, []byte("text"), 0o600)
		case 4:
			if dir != root {
				_ = os.RemoveAll(dir)
			}
		case 5:
			_ = os.Remove(file)
		case 6:
			if to := dirs(); dir != root && to != root {
				_ = os.Rename(dir, to)
			}
		}
	}
}
