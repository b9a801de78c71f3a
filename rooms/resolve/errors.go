package resolve

import (
	"errors"
	"fmt"
)

// ErrUnknownVersion is returned for room versions other than 1 to 12.
var ErrUnknownVersion = errors.New("unknown room version")

// ErrMissingEvent is returned when the loader does not know an event that a state or an auth chain names.
var ErrMissingEvent = errors.New("event not known")

// Denied is the answer of the authorisation rules to an event that they do not allow.
type Denied struct {
	Rule   string // which rule, as a short stable name: "member.join.banned", "power_levels.users", ...
	Reason string // for people: names the values that decided
	// Malformed says that the content itself is wrong, whoever sends it and whatever power they have.
	Malformed bool
}

// Error implements error.
func (d *Denied) Error() string { return "not allowed (" + d.Rule + "): " + d.Reason }

// malformed is deny for a content that is wrong in itself.
func malformed(rule, format string, args ...any) error {
	return &Denied{Rule: rule, Reason: fmt.Sprintf(format, args...), Malformed: true}
}

func deny(rule, format string, args ...any) error {
	return &Denied{Rule: rule, Reason: fmt.Sprintf(format, args...)}
}
