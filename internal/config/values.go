package config

import (
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// Duration is written as "800ms", "90s", "1h30m" or "30d".
type Duration time.Duration

// Std returns d as time.Duration.
func (d Duration) Std() time.Duration { return time.Duration(d) }

func (d Duration) String() string {
	const day = Duration(24 * time.Hour)
	if d >= day && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	text := time.Duration(d).String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return text
}

func (d *Duration) parse(text string) error {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 0 || n > 36500 {
			return fmt.Errorf("%q is not a duration; write for example 30d", text)
		}
		*d = Duration(time.Duration(n) * 24 * time.Hour)
		return nil
	}
	std, err := time.ParseDuration(text)
	if err != nil || std < 0 {
		return fmt.Errorf("%q is not a duration; write for example 800ms, 30s, 5m, 1h or 30d", text)
	}
	*d = Duration(std)
	return nil
}

// Size is a number of bytes, written as "50MB" (powers of 1024) or as a plain number.
type Size int64

var sizeUnits = []struct {
	name  string
	bytes int64
}{{"TB", 1 << 40}, {"GB", 1 << 30}, {"MB", 1 << 20}, {"KB", 1 << 10}, {"B", 1}}

// Bytes returns s as a plain number.
func (s Size) Bytes() int64 { return int64(s) }

func (s Size) String() string {
	for _, u := range sizeUnits {
		if s != 0 && int64(s)%u.bytes == 0 {
			return strconv.FormatInt(int64(s)/u.bytes, 10) + u.name
		}
	}
	return "0"
}

func (s *Size) parse(text string) error {
	number, unit := strings.ToUpper(strings.ReplaceAll(text, " ", "")), int64(1)
	number = strings.Replace(number, "IB", "B", 1)
	for _, u := range sizeUnits {
		if rest, ok := strings.CutSuffix(number, u.name); ok {
			number, unit = rest, u.bytes
			break
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || n < 0 || n*float64(unit) > math.MaxInt64/2 || math.IsNaN(n) {
		return fmt.Errorf("%q is not a size; write for example 512KB, 50MB or 2GB", text)
	}
	*s = Size(n * float64(unit))
	return nil
}

func parsePrefix(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		addr = addr.Unmap().WithZone("")
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, fmt.Errorf("%q is not a network; write for example 10.1.0.0/16 or 192.168.1.5", text)
	}
	return p.Masked(), nil
}

// defaultEngineTimeout is what an engine in the file has that does not say.
const defaultEngineTimeout = Duration(5 * time.Second)
