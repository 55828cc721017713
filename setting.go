package main

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"execd/kernel"
)

// setting is one row of the reference: a flag, the environment variable below
// it, and the default below both.
type setting struct {
	flag, env, value, usage string
	set                     func(string) error
}

func text(into *string) func(string) error {
	return func(v string) error { *into = v; return nil }
}

func boolean(into *bool) func(string) error {
	return func(v string) (err error) {
		switch strings.ToLower(v) {
		case "yes", "on": // bootstrap.sh takes these as well
			*into = true
		case "no", "off":
			*into = false
		default:
			if *into, err = strconv.ParseBool(v); err != nil {
				return errors.New("want true or false")
			}
		}
		return nil
	}
}

func list(into *[]string) func(string) error {
	return func(v string) error {
		*into = nil
		for part := range strings.SplitSeq(v, ",") {
			if part = strings.TrimSpace(part); part != "" {
				*into = append(*into, part)
			}
		}
		return nil
	}
}

func oneOf(into *string, allowed ...string) func(string) error {
	return func(v string) error {
		for _, a := range allowed {
			if v == a {
				*into = v
				return nil
			}
		}
		return fmt.Errorf("want one of %s", strings.TrimPrefix(strings.Join(allowed, ", "), ", "))
	}
}

func number(into *int, least, most int) func(string) error {
	return func(v string) error {
		n, err := strconv.Atoi(v)
		if err != nil || n < least || n > most {
			return fmt.Errorf("want a number from %d to %d", least, most)
		}
		*into = n
		return nil
	}
}

// duration reads "3s" or "500ms". Where any is set it takes values below zero
// too, as the reference does for this setting.
func duration(into *time.Duration, anySign bool) func(string) error {
	return func(v string) error {
		d, err := time.ParseDuration(v)
		if err != nil || (d < 0 && !anySign) {
			return errors.New("want a duration such as 3s or 500ms")
		}
		*into = d
		return nil
	}
}

// size reads a number of bytes, with KiB, MiB or GiB behind it.
func size(into *int64) func(string) error {
	return func(v string) error {
		number, unit := v, int64(1)
		for suffix, bytes := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30} {
			if n, ok := strings.CutSuffix(v, suffix); ok {
				number, unit = n, bytes
			}
		}
		n, err := strconv.ParseInt(strings.TrimSpace(number), 10, 64)
		if err != nil || n <= 0 || n > (1<<62)/unit {
			return errors.New("want a size such as 512KiB, 64MiB or 1GiB")
		}
		*into = n * unit
		return nil
	}
}

func webURL(into *string) func(string) error {
	return func(v string) error {
		u, err := url.Parse(v)
		if v != "" && (err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https")) {
			return errors.New("want a URL that begins with http:// or https://")
		}
		*into = v
		return nil
	}
}

func poolSizes(into *kernel.PoolSizes) func(string) error {
	return func(v string) (err error) {
		*into, err = kernel.ParsePoolSizes(v)
		return err
	}
}

func kernelOrder(into *kernel.Order) func(string) error {
	return func(v string) (err error) {
		*into, err = kernel.ParseOrder(v)
		return err
	}
}
