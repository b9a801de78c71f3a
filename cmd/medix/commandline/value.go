package commandline

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"time"
)

var durationType = reflect.TypeFor[time.Duration]()

func settable(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int64, reflect.Float64:
		return v.CanSet()
	case reflect.Slice:
		return v.CanSet() && v.Type().Elem().Kind() == reflect.String
	}
	return false
}

func (f *field) isSwitch() bool { return f.value.Kind() == reflect.Bool }

// repeats reports a field that takes any number of values.
func (f *field) repeats() bool { return f.value.Kind() == reflect.Slice }

// set puts a text that the user wrote into the field.
func (f *field) set(text string) error {
	if f.given && !f.repeats() {
		return fmt.Errorf("%s is given twice", f.name)
	}
	f.given = true
	return f.put(text)
}

func (f *field) put(text string) error {
	if f.path {
		absolute, err := absolutePath(text)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		text = absolute
	}
	v := f.value
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Slice:
		v.Set(reflect.Append(v, reflect.ValueOf(text)))
	case reflect.Bool:
		on, err := strconv.ParseBool(text)
		if err != nil {
			return fmt.Errorf("%s: %q is neither true nor false", f.name, text)
		}
		v.SetBool(on)
	case reflect.Float64:
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return fmt.Errorf("%s: %q is no number", f.name, text)
		}
		v.SetFloat(n)
	default:
		return f.putWhole(text)
	}
	return nil
}

// putWhole sets whole numbers and durations.
func (f *field) putWhole(text string) error {
	if f.value.Type() == durationType {
		d, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("%s: %q is no duration such as 90m or 72h", f.name, text)
		}
		f.value.SetInt(int64(d))
		return nil
	}
	n, err := strconv.ParseInt(text, 10, f.value.Type().Bits())
	if err != nil {
		return fmt.Errorf("%s: %q is no whole number", f.name, text)
	}
	f.value.SetInt(n)
	return nil
}

// fill gives a field that the user left out its variable's value, or its default.
func (f *field) fill() error {
	if f.given {
		return nil
	}
	if text, set := os.LookupEnv(f.env); f.env != "" && set {
		return f.put(text)
	}
	if f.fallback == "" {
		return nil
	}
	return f.put(f.fallback)
}

// absolutePath resolves a path from the working folder, and ~ as the user's own folder.
func absolutePath(path string) (string, error) {
	if path == "" || path == "-" {
		return path, nil
	}
	if rest, own := strings.CutPrefix(path, "~/"); own {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", fmt.Errorf("finding the user's folder: %w", err)
		}
		return filepath.Join(home, rest), nil
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("resolving %s: %w", path, err)
	}
	return absolute, nil
}
