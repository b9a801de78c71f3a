package alliance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"
	"golang.org/x/time/rate"

	"medixchange/alliance/signed"
	"medixchange/internal/sqldb"
)

// Remote asks other servers; *federation.Client implements it.
type Remote interface {
	// AlliancePage fetches one of the public pages of the alliance from a server, a member or not; path begins after the
	// alliance's own prefix, such as "/head".
	AlliancePage(ctx context.Context, server, path string, max int64) ([]byte, error)
	// AllianceHint tells a server that there is something new here.
	AllianceHint(ctx context.Context, server string) error
}

// Options is what a Keeper is built from. Every field without "optional" must be set.
type Options struct {
	DB   *sqldb.DB
	Gate *Gate
	// Pinned is the charter that the administrator trusts.
	Pinned *signed.Charter
	Remote Remote
	Self   string
	// Peers are servers that are asked besides members, such as those of the coordinators.
	Peers []string
	// MayAsk reports whether the administrator lets this node talk to a server at all.
	MayAsk func(server string) bool
	// Poll is how often others are asked for something new.
	Poll time.Duration
	// Warn is how long before the end of a list the log begins to say so.
	Warn time.Duration
	// Changed is called after another member list has become the one that counts; optional. It must not block.
	Changed func(before, now *signed.MemberList)
	Now     func() time.Time
	Log     *logrus.Entry
	// Registerer takes the metrics; optional.
	Registerer prometheus.Registerer
}

// Keeper keeps the newest charter and member list that were verified. All methods are safe for concurrent use.
type Keeper struct {
	o       Options
	current atomic.Pointer[current]
	taking  sync.Mutex
	hints   chan string
	refused *lru.Cache[string, struct{}] // documents whose refusal is in the log
	logging *rate.Limiter                // of refusals, so that a hostile peer cannot fill the log
	asked   *lru.Cache[string, time.Time]
	metrics *metrics
}

// current is what counts now. members is nil before any list was taken.
type current struct {
	charters []*signed.Charter // from the pinned one on
	members  *signed.MemberList
}

func (c *current) charter() *signed.Charter { return c.charters[len(c.charters)-1] }

const (
	// maxCharters bounds the charters from the pinned one on.
	maxCharters = 1000
	// maxHints bounds the servers that wait to be asked because they said that there is something new.
	maxHints = 64
	// keptRefusals bounds the refused documents that are remembered, so that one sent again is logged once.
	keptRefusals = 1000
	// refusalBurst and refusalEvery bound the refusals in the log.
	refusalBurst = 100
	refusalEvery = 10 * time.Minute
	// keptAsked bounds the servers of which it is remembered when they were asked because of a hint.
	keptAsked = 1000
)

// NewKeeper reads what was taken before, verifies it again from the pinned charter on, and gives the gate its list.
func NewKeeper(ctx context.Context, o Options) (*Keeper, error) {
	k := &Keeper{o: o, hints: make(chan string, maxHints), logging: rate.NewLimiter(rate.Every(refusalEvery), refusalBurst)}
	var err error
	if k.asked, err = lru.New[string, time.Time](keptAsked); err != nil {
		return nil, fmt.Errorf("building the keeper of the alliance: %w", err)
	}
	if k.refused, err = lru.New[string, struct{}](keptRefusals); err != nil {
		return nil, fmt.Errorf("building the keeper of the alliance: %w", err)
	}
	if k.metrics, err = newMetrics(o.Registerer, k); err != nil {
		return nil, fmt.Errorf("building the keeper of the alliance: %w", err)
	}
	if err := o.Pinned.VerifyFirst(); err != nil {
		return nil, fmt.Errorf("the pinned charter: %w", err)
	}
	if err := k.load(ctx); err != nil {
		return nil, err
	}
	return k, nil
}

// load verifies what is stored. What does not verify any more, because another charter is pinned, is left out.
func (k *Keeper) load(ctx context.Context) error {
	c := &current{charters: []*signed.Charter{k.o.Pinned}}
	stored, err := k.storedCharters(ctx, k.o.Pinned.Version+1)
	if err != nil {
		return err
	}
	for _, d := range stored {
		next, err := signed.ReadCharter(d.raw)
		if err == nil {
			err = c.charter().VerifyNext(next)
		}
		if err != nil {
			k.o.Log.WithError(err).WithField("charter", d.charter).Warn("a stored charter does not follow the pinned one and is left out")
			break
		}
		c.charters = append(c.charters, next)
	}
	lists, err := k.storedLists(ctx, keptLists)
	if err != nil {
		return err
	}
	for _, d := range lists {
		list, err := verifyStored(c, d)
		if err == nil {
			c.members = list
			break
		}
		k.o.Log.WithError(err).WithField("serial", d.serial).Warn("a stored member list does not hold any more and is left out")
	}
	k.current.Store(c)
	if c.members != nil {
		k.o.Gate.Hold(c.members)
	}
	return nil
}

// verifyStored checks a list by the charter that held when it was taken.
func verifyStored(c *current, d storedDocument) (*signed.MemberList, error) {
	list, err := signed.ReadMembers(d.raw)
	if err != nil {
		return nil, err
	}
	for _, charter := range c.charters {
		if charter.Version == list.Charter {
			return list, charter.VerifyMembers(list)
		}
	}
	return nil, fmt.Errorf("%w: charter %d", signed.ErrForeign, list.Charter)
}

// Charter returns the charter that holds.
func (k *Keeper) Charter() *signed.Charter { return k.current.Load().charter() }

// Charters returns the charters after a version, in order, the pinned one among them.
func (k *Keeper) Charters(after int64) []*signed.Charter {
	all := k.current.Load().charters
	for i, c := range all {
		if c.Version > after {
			return all[i:]
		}
	}
	return nil
}

// Members returns the member list that counts, nil before any was taken.
func (k *Keeper) Members() *signed.MemberList { return k.current.Load().members }

// TakeCharter takes the next charter, from a server or, with source "", from the administrator. It reports whether it is new.
// The error wraps one of signed's if it is not taken; nothing changes then.
func (k *Keeper) TakeCharter(ctx context.Context, raw []byte, source string) (bool, error) {
	k.taking.Lock()
	defer k.taking.Unlock()
	before := k.current.Load()
	next, err := signed.ReadCharter(raw)
	if err != nil {
		return false, k.refuse(ctx, kindCharter, raw, source, err)
	}
	if err := before.charter().VerifyNext(next); err != nil {
		if errors.Is(err, signed.ErrOlder) && known(before.charters, next) {
			return false, nil
		}
		return false, k.refuse(ctx, kindCharter, raw, source, err)
	}
	err = k.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		d := storedDocument{charter: next.Version, hash: next.Hash(), raw: raw, source: source, takenTS: k.o.Now().UnixMilli()}
		if err := insertDocument(tx, kindCharter, d); err != nil {
			return err
		}
		return audit(tx, k.entry(source, "charter taken", next.Alliance, fmt.Sprintf("version %d, signed by %v", next.Version, next.SignedBy(raw))))
	})
	if err != nil {
		return false, err
	}
	charters := append(before.charters[:len(before.charters):len(before.charters)], next)
	k.current.Store(&current{charters: charters, members: before.members})
	k.o.Log.WithFields(logrus.Fields{"charter": next.Version, "source": source}).Info("another charter of the alliance holds")
	return true, nil
}

func known(charters []*signed.Charter, c *signed.Charter) bool {
	for _, there := range charters {
		if there.Hash() == c.Hash() {
			return true
		}
	}
	return false
}

// TakeMembers takes a newer member list; otherwise as TakeCharter. It holds from then on, and after a restart.
func (k *Keeper) TakeMembers(ctx context.Context, raw []byte, source string) (bool, error) {
	k.taking.Lock()
	defer k.taking.Unlock()
	before := k.current.Load()
	list, err := signed.ReadMembers(raw)
	if err == nil {
		err = before.charter().VerifyMembers(list)
	}
	if err == nil {
		err = before.members.VerifyFollows(list)
	}
	if err == nil && !k.o.Now().Before(list.Expires()) {
		err = fmt.Errorf("%w: member list %d has ended", signed.ErrOlder, list.Serial)
	}
	if err != nil {
		return false, k.refuse(ctx, kindMembers, raw, source, err)
	}
	if before.members != nil && before.members.Hash() == list.Hash() {
		return false, nil
	}
	if err := k.storeMembers(ctx, list, source); err != nil {
		return false, err
	}
	k.current.Store(&current{charters: before.charters, members: list})
	k.o.Gate.Hold(list)
	k.o.Log.WithFields(logrus.Fields{"serial": list.Serial, "hospitals": len(list.Hospitals), "source": source}).Info("another member list holds")
	if k.o.Changed != nil {
		k.o.Changed(before.members, list)
	}
	return true, nil
}

func (k *Keeper) storeMembers(ctx context.Context, list *signed.MemberList, source string) error {
	return k.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		d := storedDocument{
			charter: list.Charter, serial: list.Serial, hash: list.Hash(), raw: list.Raw(), source: source, takenTS: k.o.Now().UnixMilli(),
		}
		if err := insertDocument(tx, kindMembers, d); err != nil {
			return err
		}
		if err := forgetLists(tx); err != nil {
			return err
		}
		by := k.current.Load().charter().SignedBy(list.Raw())
		return audit(tx, k.entry(source, "member list taken", list.Alliance, fmt.Sprintf("serial %d, %d hospitals, signed by %v", list.Serial, len(list.Hospitals), by)))
	})
}

func (k *Keeper) entry(source, action, subject, detail string) AuditEntry {
	actor := source
	if actor == "" {
		actor = k.o.Self
	}
	return AuditEntry{TS: k.o.Now().UnixMilli(), Actor: actor, Action: action, Subject: subject, Detail: detail}
}

// refuse writes into the log that a document was not taken, once for each, and returns why. A list that is merely older is no
// news: peers have them.
func (k *Keeper) refuse(ctx context.Context, kind string, raw []byte, source string, why error) error {
	k.metrics.refused.WithLabelValues(kind).Inc()
	if errors.Is(why, signed.ErrOlder) {
		return why
	}
	hash, err := signed.Hash(raw)
	if err != nil {
		hash = "unreadable"
	}
	key := strings.Join([]string{source, kind, hash, why.Error()}, " ")
	if seen, _ := k.refused.ContainsOrAdd(key, struct{}{}); seen || !k.logging.AllowN(k.o.Now(), 1) {
		return why
	}
	k.o.Log.WithError(why).WithFields(logrus.Fields{"source": source, "kind": kind}).Warn("a document of the alliance was refused")
	err = k.o.DB.Write(ctx, func(tx *sqldb.Tx) error { return audit(tx, k.entry(source, kind+" refused", hash, why.Error())) })
	return errors.Join(why, err)
}
