package reach

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// Count is a number as it is shown: coarse enough that no one person can be seen in it. Few stands for 0 to 4; others are
// rounded to the nearest 5 below 100 and to two significant digits above. In JSON it is a number or "<5".
type Count int64

const (
	// Few is what is shown of less than five.
	Few Count = 0
	// fewest is the least number that is shown.
	fewest = 5
	// fewMeans is what Few adds to a sum, in which it would vanish otherwise.
	fewMeans = 2
	// maxCount bounds a number that another hospital tells.
	maxCount = 1_000_000_000_000
)

const few = "<5"

// Coarse makes a Count of a number.
func Coarse(n int64) Count {
	if n < fewest {
		return Few
	}
	unit := int64(5)
	for limit := int64(100); n >= limit; limit *= 10 {
		unit = limit / 10
	}
	return Count((n + unit/2) / unit * unit)
}

// addend is what the count is worth in a sum.
func (c Count) addend() int64 {
	if c == Few {
		return fewMeans
	}
	return int64(c)
}

// String returns the digits, or "<5".
func (c Count) String() string {
	if c == Few {
		return few
	}
	return strconv.FormatInt(int64(c), 10)
}

// MarshalJSON writes a number, or "<5".
func (c Count) MarshalJSON() ([]byte, error) {
	if c == Few {
		return []byte(`"` + few + `"`), nil
	}
	return strconv.AppendInt(nil, int64(c), 10), nil
}

var errCount = errors.New(`a count is a number that is not negative, or "` + few + `"`)

// UnmarshalJSON reads a number or "<5", and makes it coarse if whoever wrote it did not.
func (c *Count) UnmarshalJSON(raw []byte) error {
	var text string
	if raw = bytes.TrimSpace(raw); len(raw) > 0 && raw[0] == '"' {
		var err error
		if text, err = strconv.Unquote(string(raw)); err != nil || text != few {
			return errCount
		}
		*c = Few
		return nil
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil || n < 0 || n > maxCount {
		return fmt.Errorf("%.40q: %w", raw, errCount)
	}
	*c = Coarse(n)
	return nil
}
