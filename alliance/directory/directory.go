package directory

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"medixchange/accounts"
	"medixchange/alliance/signed"
	"medixchange/internal/signing"
	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
	"medixchange/internal/web"
	"medixchange/rooms"
)

// Remote asks other members; *federation.Client implements it.
type Remote interface {
	// DirectoryPeople fetches the listing of a member; known is the hash of the one that is here. max bounds the answer.
	DirectoryPeople(ctx context.Context, server, known string, max int64) ([]byte, error)
	// OpenIDUser asks a server whose OpenID token this is.
	OpenIDUser(ctx context.Context, server, token string) (userID string, err error)
}

// Options is what a Directory is built from. Every field without "optional" must be set.
type Options struct {
	DB       *sqldb.DB
	Hub      *stream.Hub
	Accounts *accounts.Accounts
	Rooms    *rooms.Rooms
	Remote   Remote
	Self     string
	// Members are the admitted members of the alliance that may be talked to now, this hospital among them; nil without an
	// alliance.
	Members func() []signed.Hospital
	// Member returns one of them.
	Member func(server string) (signed.Hospital, bool)
	// Changed is called when a verification was given or taken back. It must not block.
	Changed func()
	// Say is a text of the catalogue that people read, in the hospital's language.
	Say func(key string, pairs ...string) string
	Now func() time.Time
	Log *logrus.Entry
}

// Directory is the clinicians of this hospital and what is known of those of others. All methods are safe for concurrent use.
type Directory struct {
	o      Options
	askers *web.Limiter
	others *others
	wake   chan struct{} // somebody else is on duty

	attending sync.Mutex // one room of a function account is seen to at a time

	mu  sync.Mutex
	own *ownPeople // nil: to be read
	fns []function // function accounts; nil: to be read
}

// ownPeople are the entries of this hospital as they were at a position of the stream.
type ownPeople struct {
	position int64
	read     time.Time
	people   []Person // listed and verified, sorted by user id
	hash     string
}

const (
	// ownAge bounds how long the hospital's own entries are kept in memory although nothing seems to have changed: an account
	// that is deactivated says nothing in the stream.
	ownAge = time.Minute
	// scanned bounds the entries of the stream that are looked through for a change.
	scanned = 5000
	// Somebody with an OpenID token may ask openIDBurst times at once, and once in openIDEvery after that.
	openIDBurst = 30
	openIDEvery = 2 * time.Second
	keptAskers  = 5000
)

// New returns a directory. Close ends what it does in the background.
func New(o Options) *Directory {
	d := &Directory{o: o, askers: web.NewLimiter(1/openIDEvery.Seconds(), openIDBurst, keptAskers), wake: make(chan struct{}, 1)}
	d.others = newOthers(d)
	return d
}

// Close waits for requests to other members that are under way, at the latest until ctx ends.
func (d *Directory) Close(ctx context.Context) error { return d.others.close(ctx) }

// CheckEntry says in a sentence why account data cannot be an entry; for accounts.Options.
func CheckEntry(content json.RawMessage) error {
	_, err := ReadEntry(content)
	return err
}

// Entry returns what a user of this hospital says of themself; a zero Entry without any.
func (d *Directory) Entry(ctx context.Context, userID string) (Entry, error) {
	raw, err := d.o.Accounts.AccountData(ctx, userID, "", TypeEntry)
	if errors.Is(err, accounts.ErrNotFound) {
		return Entry{}, nil
	}
	if err != nil {
		return Entry{}, fmt.Errorf("reading an entry of the directory: %w", err)
	}
	e, err := ReadEntry(raw)
	if err != nil {
		return Entry{}, nil // it was never one: SetAccountData refuses it
	}
	return e, nil
}

// SetEntry sets what a user of this hospital says of themself: they have agreed to it. A wrong one is accounts.ErrInvalidParam.
func (d *Directory) SetEntry(ctx context.Context, userID string, e Entry) error {
	content, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("writing an entry of the directory: %w", err)
	}
	return d.o.Accounts.SetAccountData(ctx, userID, "", TypeEntry, content)
}

// Standing is an entry with what the administrator says of it.
type Standing struct {
	UserID string `json:"user_id"`
	Entry
	Verified   bool   `json:"verified"`
	VerifiedBy string `json:"verified_by,omitempty"`
	VerifiedTS int64  `json:"verified_ts,omitempty"` // ms
}

// Standing returns how a user stands in the directory.
func (d *Directory) Standing(ctx context.Context, userID string) (Standing, error) {
	e, err := d.Entry(ctx, userID)
	if err != nil {
		return Standing{}, err
	}
	verified, err := d.readVerifications(ctx)
	if err != nil {
		return Standing{}, err
	}
	return standing(userID, e, verified), nil
}

func standing(userID string, e Entry, verified map[string]verification) Standing {
	s := Standing{UserID: userID, Entry: e}
	if v, ok := verified[userID]; ok && v.claim == e.claim() {
		s.Verified, s.VerifiedBy, s.VerifiedTS = true, v.by, v.ts
	}
	return s
}

// ErrNotListed means that there is nothing to verify: the user did not agree to be in the directory.
var ErrNotListed = errors.New("this user has not agreed to be in the directory")

// Verify notes that an administrator knows name, role and specialty of a user's entry to be true; by is who says so. It holds
// until the user changes one of them. ErrNotListed.
func (d *Directory) Verify(ctx context.Context, userID, by string) error {
	e, err := d.Entry(ctx, userID)
	if err != nil {
		return err
	}
	if !e.Listed {
		return fmt.Errorf("%s: %w", userID, ErrNotListed)
	}
	if err := d.storeVerification(ctx, verification{userID: userID, claim: e.claim(), by: by, ts: d.o.Now().UnixMilli()}); err != nil {
		return err
	}
	d.o.Log.WithField("user", userID).WithField("by", by).Info("an entry of the directory was verified")
	d.forget()
	return nil
}

// Unverify takes a verification back.
func (d *Directory) Unverify(ctx context.Context, userID, by string) error {
	if err := d.deleteVerification(ctx, userID); err != nil {
		return err
	}
	d.o.Log.WithField("user", userID).WithField("by", by).Info("the verification of an entry of the directory was taken back")
	d.forget()
	return nil
}

func (d *Directory) forget() {
	d.mu.Lock()
	d.own, d.fns = nil, nil
	d.mu.Unlock()
	d.o.Changed()
}

// functions returns the function accounts as they are now.
func (d *Directory) functions(ctx context.Context) ([]function, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fns == nil {
		read, err := d.readFunctions(ctx)
		if err != nil {
			return nil, err
		}
		d.fns = append([]function{}, read...)
	}
	return d.fns, nil
}

// people returns the entries of this hospital that are listed and verified, as they are now.
func (d *Directory) people(ctx context.Context) (*ownPeople, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.own != nil && d.unchanged(d.own) {
		return d.own, nil
	}
	position := d.o.Hub.Position()
	own, err := d.read(ctx)
	if err != nil {
		return nil, err
	}
	own.position, own.read = position, d.o.Now()
	d.own = own
	return own, nil
}

// unchanged reports whether nobody has changed an entry since own was read, and notes how far it has looked.
func (d *Directory) unchanged(own *ownPeople) bool {
	now := d.o.Hub.Position()
	if d.o.Now().Sub(own.read) > ownAge {
		return false
	}
	entries, complete := d.o.Hub.All(own.position, now, scanned)
	if !complete || len(entries) >= scanned {
		return false
	}
	for _, e := range entries {
		if datum, ok := e.Value.(*accounts.AccountDatum); ok && e.Kind == rooms.EntryAccountData && datum.Type == TypeEntry {
			return false
		}
	}
	own.position = now
	return true
}

func (d *Directory) read(ctx context.Context) (*ownPeople, error) {
	verified, err := d.readVerifications(ctx)
	if err != nil {
		return nil, err
	}
	functions, err := d.readFunctions(ctx)
	if err != nil {
		return nil, err
	}
	data, err := d.o.Accounts.DataOfType(ctx, TypeEntry)
	if err != nil {
		return nil, err
	}
	own := &ownPeople{}
	for userID, raw := range data {
		e, err := ReadEntry(raw)
		if err != nil || !e.Listed || !standing(userID, e, verified).Verified {
			continue
		}
		p, ok, err := d.person(ctx, userID, e)
		if err != nil {
			return nil, err
		}
		if ok && len(own.people) < maxPeople {
			p.OnDuty = p.OnDuty || slices.ContainsFunc(functions, func(f function) bool { return f.onDuty == userID })
			own.people = append(own.people, p)
		}
	}
	for _, f := range functions {
		if len(own.people) < maxPeople {
			own.people = append(own.people, f.person(d.o.Accounts.UserID(f.localpart)))
		}
	}
	sorted(own.people)
	encoded, err := json.Marshal(own.people)
	if err != nil {
		return nil, fmt.Errorf("writing the directory: %w", err)
	}
	sum := sha256.Sum256(encoded)
	own.hash = signing.EncodeBase64(sum[:])
	hospital, country := d.hospital(d.o.Self)
	for i, p := range own.people {
		own.people[i] = p.of(d.o.Self, hospital, country)
	}
	return own, nil
}

// person returns the person of an entry if the account is alive.
func (d *Directory) person(ctx context.Context, userID string, e Entry) (Person, bool, error) {
	user, err := d.o.Accounts.User(ctx, userID)
	if errors.Is(err, accounts.ErrNotFound) {
		return Person{}, false, nil
	}
	if err != nil || user.Deactivated || user.Locked {
		return Person{}, false, err
	}
	return Person{UserID: userID, Name: e.Name, Role: e.Role, Specialty: e.Specialty, Languages: e.Languages, OnDuty: e.OnDuty}, true, nil
}

// hospital is what the member list says of a server; without one the server's name is all that is known.
func (d *Directory) hospital(server string) (name, country string) {
	if h, ok := d.o.Member(server); ok {
		return h.LegalName, h.Country
	}
	return server, ""
}
