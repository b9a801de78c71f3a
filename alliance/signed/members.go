package signed

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/language"

	"medixchange/internal/pattern"
	"medixchange/internal/strictjson"
)

// TypeMembers is the type of a member list.
const TypeMembers = "org.medixchange.alliance.members"

// MemberList says which servers belong to an alliance.
type MemberList struct {
	Alliance string `json:"alliance"`
	// Charter is the version of the charter by which it is signed.
	Charter int64 `json:"charter"`
	// Serial counts from 1; Previous is the hash of the list before, "" in the first.
	Serial   int64  `json:"serial"`
	Previous string `json:"previous"`
	// IssuedTS and ExpiresTS are in milliseconds since 1970.
	IssuedTS  int64 `json:"issued_ts"`
	ExpiresTS int64 `json:"expires_ts"`
	// Hospitals are sorted by server name.
	Hospitals []Hospital `json:"hospitals"`

	raw  []byte
	hash string
}

// Hospital is one member.
type Hospital struct {
	ServerName string `json:"server_name"`
	LegalName  string `json:"legal_name"`
	Country    string `json:"country"` // ISO 3166-1 alpha-2
	Kind       Kind   `json:"kind"`
	Status     Status `json:"status"`
	// Reason says why a hospital is suspended.
	Reason string `json:"reason,omitempty"`
	// Keys are the fingerprints of the signing keys of its server (see Fingerprint). Without any, every key that the server
	// publishes counts.
	Keys      []string `json:"keys,omitempty"`
	Languages []string `json:"languages,omitempty"` // BCP 47
	JoinedTS  int64    `json:"joined_ts"`           // ms
}

// Kind is what sort of institution a member is.
type Kind string

// Kinds.
const (
	KindHospital     Kind = "hospital"
	KindClinic       Kind = "clinic"
	KindUniversity   Kind = "university"
	KindLaboratory   Kind = "laboratory"
	KindPublicHealth Kind = "public_health"
	KindOther        Kind = "other"
)

// Kinds lists them all.
func Kinds() []Kind {
	return []Kind{KindHospital, KindClinic, KindUniversity, KindLaboratory, KindPublicHealth, KindOther}
}

// Status is whether a member takes part.
type Status string

// Statuses.
const (
	Admitted  Status = "admitted"
	Suspended Status = "suspended"
)

const (
	// MaxHospitals bounds a list.
	MaxHospitals = 20_000
	// MaxLifetime bounds how long a list may hold.
	MaxLifetime  = 400 * 24 * time.Hour
	maxKeys      = 8
	maxLanguages = 40
	maxReason    = 500
)

// Raw returns the document with its signatures. It must not be changed.
func (m *MemberList) Raw() []byte { return m.raw }

// Hash names the list; see the function Hash.
func (m *MemberList) Hash() string { return m.hash }

// Find returns the entry of a server, whose name must be equal to the letter.
func (m *MemberList) Find(server string) (Hospital, bool) {
	i, found := slices.BinarySearchFunc(m.Hospitals, server, func(h Hospital, name string) int { return strings.Compare(h.ServerName, name) })
	if !found {
		return Hospital{}, false
	}
	return m.Hospitals[i], true
}

// Expires returns when the list ends.
func (m *MemberList) Expires() time.Time { return time.UnixMilli(m.ExpiresTS) }

// Draft returns the unsigned document of a list in canonical form, sorted, after checking its rules.
func (m *MemberList) Draft() ([]byte, error) {
	slices.SortFunc(m.Hospitals, func(a, b Hospital) int { return strings.Compare(a.ServerName, b.ServerName) })
	draft := struct {
		Type string `json:"type"`
		*MemberList
	}{TypeMembers, m}
	if m.Hospitals == nil {
		m.Hospitals = []Hospital{}
	}
	raw, err := json.Marshal(draft)
	if err != nil {
		return nil, fmt.Errorf("writing a member list: %w", err)
	}
	if raw, err = strictjson.Canonical(raw, strictjson.Limits{MaxBytes: MaxBytes}); err != nil {
		return nil, fmt.Errorf("writing a member list: %w", err)
	}
	if _, err := ReadMembers(raw); err != nil {
		return nil, err
	}
	return raw, nil
}

// ReadMembers reads a member list and checks its form, not its signatures: see [Charter.VerifyMembers].
func ReadMembers(raw []byte) (*MemberList, error) {
	m := &MemberList{raw: raw}
	if err := read(raw, TypeMembers, m); err != nil {
		return nil, fmt.Errorf("reading a member list: %w", err)
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("reading a member list: %w", err)
	}
	var err error
	if m.hash, err = Hash(raw); err != nil {
		return nil, fmt.Errorf("reading a member list: %w", err)
	}
	return m, nil
}

func (m *MemberList) check() error {
	switch {
	case !allianceName().MatchString(m.Alliance):
		return malformed("the alliance's name %q is not like a domain name in small letters", m.Alliance)
	case m.Charter < 1:
		return malformed("it names no charter")
	case m.Serial < 1, (m.Serial == 1) != (m.Previous == ""):
		return malformed("serial %d and previous %q do not fit: the first list has serial 1 and none before", m.Serial, m.Previous)
	case m.IssuedTS <= 0, m.ExpiresTS <= m.IssuedTS, m.ExpiresTS-m.IssuedTS > MaxLifetime.Milliseconds():
		return malformed("it must end after it is issued and within %d days", int(MaxLifetime.Hours()/24))
	case len(m.Hospitals) > MaxHospitals:
		return malformed("there are more than %d hospitals", MaxHospitals)
	}
	for i, h := range m.Hospitals {
		if err := h.Check(); err != nil {
			return err
		}
		if i > 0 && m.Hospitals[i-1].ServerName >= h.ServerName {
			return malformed("the hospitals are not sorted by server name, or %s stands there twice", h.ServerName)
		}
	}
	return nil
}

var (
	country     = pattern.Lazy(`^[A-Z]{2}$`)
	fingerprint = pattern.Lazy(`^ed25519:[A-Za-z0-9_]{1,64} [A-Za-z0-9+/]{43}$`)
)

// Check returns what is wrong with an entry; the error wraps ErrMalformed. Which server names may be members is for the
// charter to say: see [Charter.CheckServerName].
func (h Hospital) Check() error {
	if err := checkLetters(h.ServerName); err != nil {
		return err
	}
	region, err := language.ParseRegion(h.Country)
	switch {
	case h.LegalName == "" || len(h.LegalName) > maxName || !printable(h.LegalName):
		return malformed("the legal name of %s is empty, longer than %d bytes or not plain text", h.ServerName, maxName)
	case !country().MatchString(h.Country), err != nil, !region.IsCountry():
		return malformed("the country %q of %s is not a code such as ES", h.Country, h.ServerName)
	case !slices.Contains(Kinds(), h.Kind):
		return malformed("the kind %q of %s is not known", h.Kind, h.ServerName)
	case h.Status != Admitted && h.Status != Suspended:
		return malformed("the status %q of %s is not known", h.Status, h.ServerName)
	case len(h.Reason) > maxReason || !printable(h.Reason):
		return malformed("the reason for %s is longer than %d bytes or not plain text", h.ServerName, maxReason)
	case h.JoinedTS <= 0:
		return malformed("joined_ts of %s is missing", h.ServerName)
	case len(h.Keys) > maxKeys:
		return malformed("%s has more than %d keys", h.ServerName, maxKeys)
	case len(h.Languages) > maxLanguages:
		return malformed("%s has more than %d languages", h.ServerName, maxLanguages)
	}
	for _, key := range h.Keys {
		if !fingerprint().MatchString(key) {
			return malformed("the key %q of %s is not like ed25519:NAME HASH", key, h.ServerName)
		}
	}
	for _, tag := range h.Languages {
		if _, err := language.Parse(tag); err != nil {
			return malformed("the language %q of %s is not one of BCP 47", tag, h.ServerName)
		}
	}
	return nil
}

// printable reports whether a text is one line of letters, without control characters and those that turn its direction.
func printable(text string) bool {
	for _, r := range text {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == unicode.ReplacementChar {
			return false
		}
	}
	return true
}

// VerifyMembers checks that enough coordinators of c have signed a list that goes by c.
func (c *Charter) VerifyMembers(m *MemberList) error {
	if m.Alliance != c.Alliance {
		return fmt.Errorf("%w: member list of %s, not of %s", ErrForeign, m.Alliance, c.Alliance)
	}
	if m.Charter != c.Version {
		return fmt.Errorf("%w: the member list goes by charter %d, and %d holds", ErrForeign, m.Charter, c.Version)
	}
	for _, h := range m.Hospitals {
		if err := c.CheckServerName(h.ServerName); err != nil {
			return err
		}
	}
	return c.enough(m.raw, "member list")
}

// VerifyFollows checks that next may take the place of m: it goes by a later charter, or by the same and has a higher serial,
// or is the same document. m may be nil. Lists between them may be missing, so that a node that was away takes the newest; if
// next is the very next one of its charter it must name m's hash. That a later charter comes before any serial lets the
// coordinators who are left undo what stolen keys have signed.
func (m *MemberList) VerifyFollows(next *MemberList) error {
	switch {
	case m == nil, next.hash == m.hash, next.Charter > m.Charter:
		return nil
	case next.Charter < m.Charter:
		return fmt.Errorf("%w: member list by charter %d, and one by %d is there", ErrOlder, next.Charter, m.Charter)
	case next.Serial == m.Serial:
		return fmt.Errorf("%w: member list %d", ErrFork, m.Serial)
	case next.Serial < m.Serial:
		return fmt.Errorf("%w: member list %d, and %d is there", ErrOlder, next.Serial, m.Serial)
	case next.Serial == m.Serial+1 && next.Previous != m.hash:
		return fmt.Errorf("%w: member list %d names another one as the one before it", ErrFork, next.Serial)
	}
	return nil
}

// Next returns the beginning of the list after m, for changing and signing. The first list of a charter follows nil.
func (m *MemberList) Next(c *Charter, now time.Time, lifetime time.Duration) *MemberList {
	next := &MemberList{
		Alliance: c.Alliance, Charter: c.Version, Serial: 1, IssuedTS: now.UnixMilli(), ExpiresTS: now.Add(lifetime).UnixMilli(),
	}
	if m != nil {
		next.Serial, next.Previous, next.Hospitals = m.Serial+1, m.hash, slices.Clone(m.Hospitals)
	}
	return next
}

// ErrUnknownServer means that a list has no entry for a server.
var ErrUnknownServer = errors.New("no such server in the member list")

// Put adds an entry or replaces the one of the same server.
func (m *MemberList) Put(h Hospital) {
	for i := range m.Hospitals {
		if m.Hospitals[i].ServerName == h.ServerName {
			m.Hospitals[i] = h
			return
		}
	}
	m.Hospitals = append(m.Hospitals, h)
}

// SetStatus changes the status of a server. It returns ErrUnknownServer if there is no such entry.
func (m *MemberList) SetStatus(server string, status Status, reason string) error {
	for i := range m.Hospitals {
		if m.Hospitals[i].ServerName == server {
			m.Hospitals[i].Status, m.Hospitals[i].Reason = status, reason
			return nil
		}
	}
	return fmt.Errorf("%w: %s", ErrUnknownServer, server)
}
