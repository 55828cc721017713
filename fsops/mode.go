package fsops

import (
	"errors"
	"fmt"
	"io/fs"
)

// ErrBadMode is a number that is no mode.
var ErrBadMode = errors.New("not a mode")

// special are the bits above the permissions, by the value of their digit
// (chmod(1)).
var special = []struct {
	bit  int
	mode fs.FileMode
}{{4, fs.ModeSetuid}, {2, fs.ModeSetgid}, {1, fs.ModeSticky}}

// modeBits are the parts of a mode that can be set.
const modeBits = fs.ModePerm | fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky

// ParseMode reads a mode from a decimal number whose digits are octal: 755 is
// rwxr-xr-x. It is nil for 0, which leaves a mode as it is.
func ParseMode(digits int) (*fs.FileMode, error) {
	if digits == 0 {
		return nil, nil //nolint:nilnil // nothing is asked for, which is no error
	}
	if digits < 0 || digits > 7777 {
		return nil, fmt.Errorf("mode %d: %w: want up to four octal digits, as in 644", digits, ErrBadMode)
	}
	bits := 0
	for rest, shift := digits, 0; rest > 0; rest, shift = rest/10, shift+3 {
		if rest%10 > 7 {
			return nil, fmt.Errorf("mode %d: %w: a digit is above 7", digits, ErrBadMode)
		}
		bits |= rest % 10 << shift
	}
	mode := fs.FileMode(bits) & fs.ModePerm //nolint:gosec // four octal digits
	for _, s := range special {
		if bits>>9&s.bit != 0 {
			mode |= s.mode
		}
	}
	return &mode, nil
}

// ModeDigits is the reverse of ParseMode.
func ModeDigits(mode fs.FileMode) int {
	bits := int(mode.Perm())
	for _, s := range special {
		if mode&s.mode != 0 {
			bits |= s.bit << 9
		}
	}
	return octalDigits(bits)
}

// octalDigits is the decimal number with the octal digits of bits.
func octalDigits(bits int) int {
	digits := 0
	for factor := 1; bits > 0; bits, factor = bits>>3, factor*10 {
		digits += bits & 7 * factor
	}
	return digits
}
