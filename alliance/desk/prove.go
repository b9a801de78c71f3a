package desk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"medixchange/alliance"
	"medixchange/internal/sqldb"
)

// Where an applicant shows its challenge.
const (
	// ChallengePath is where a server shows it by itself, one challenge a line.
	ChallengePath = "/.well-known/medixchange/challenge"
	// ChallengeRecord is the label before the server's name under which a TXT record shows it.
	ChallengeRecord = "_medixchange-challenge."
)

// Method is how the control of a domain was proven.
type Method string

// Methods.
const (
	ByDNS       Method = "dns"
	ByWellKnown Method = "well-known"
)

// TXT finds TXT records; *net.Resolver is one.
type TXT interface {
	LookupTXT(ctx context.Context, name string) ([]string, error)
}

// HTTP calls out; *netguard.Client is one, which refuses addresses that are not public.
type HTTP interface {
	Do(*http.Request) (*http.Response, error)
}

const (
	proofTimeout = 15 * time.Second
	// proofsAtOnce bounds the proofs that are looked for, since strangers start them.
	proofsAtOnce = 4
	// maxChallengePage bounds what is read of a page, in bytes.
	maxChallengePage = 4 << 10
)

// Prover looks whether a domain shows a challenge. It is safe for concurrent use.
type Prover struct {
	txt   TXT
	http  HTTP
	slots chan struct{}
}

// NewProver returns one that looks with these.
func NewProver(txt TXT, client HTTP) *Prover {
	return &Prover{txt: txt, http: client, slots: make(chan struct{}, proofsAtOnce)}
}

// found is what one way of looking came to.
type found struct {
	by  Method
	err error
}

// Look returns how a server shows a challenge. The error wraps ErrUnproven with what was found instead, or is ErrTooMany.
func (p *Prover) Look(ctx context.Context, server, challenge string) (Method, error) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	default:
		return "", ErrTooMany
	}
	ctx, cancel := context.WithTimeout(ctx, proofTimeout)
	defer cancel()
	results := make(chan found, 2)
	go func() { results <- found{ByDNS, p.lookDNS(ctx, server, challenge)} }()
	go func() { results <- found{ByWellKnown, p.lookPage(ctx, server, challenge)} }()
	var why []string
	for range 2 {
		result := <-results
		if result.err == nil {
			return result.by, nil
		}
		why = append(why, result.err.Error())
	}
	return "", fmt.Errorf("%w: %s", ErrUnproven, strings.Join(why, "; "))
}

// The reasons say what the applicant can mend and nothing of the network that this server is in.
var (
	errNoRecord    = errors.New("no TXT record " + ChallengeRecord + "… with the challenge was found")
	errNoPage      = errors.New("https://…" + ChallengePath + " could not be read")
	errOtherStatus = errors.New("https://…" + ChallengePath + " did not answer with status 200")
	errOtherPage   = errors.New("https://…" + ChallengePath + " does not hold the challenge")
)

func (p *Prover) lookDNS(ctx context.Context, server, challenge string) error {
	host := server
	if at := strings.LastIndexByte(host, ':'); at > 0 && !strings.HasSuffix(host, "]") {
		host = host[:at]
	}
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return errNoRecord
	}
	records, err := p.txt.LookupTXT(ctx, ChallengeRecord+strings.TrimSuffix(host, ".")+".")
	if err != nil {
		return errNoRecord
	}
	for _, record := range records {
		if strings.TrimSpace(record) == challenge {
			return nil
		}
	}
	return errNoRecord
}

func (p *Prover) lookPage(ctx context.Context, server, challenge string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+server+ChallengePath, nil)
	if err != nil {
		return errNoPage
	}
	res, err := p.http.Do(req)
	if err != nil {
		return errNoPage
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return errOtherStatus
	}
	page, err := io.ReadAll(io.LimitReader(res.Body, maxChallengePage))
	if err != nil {
		return errNoPage
	}
	for line := range strings.Lines(string(page)) {
		if strings.TrimSpace(line) == challenge {
			return nil
		}
	}
	return errOtherPage
}

// Resolver is the system's.
func Resolver() TXT { return net.DefaultResolver }

// Prove looks for the proof of an application's domain. An application that has it waits for coordinators from then on; others
// for the same server that have none end. It returns ErrUnproven, with what was found, if there is no proof.
func (d *Desk) Prove(ctx context.Context, id string) (Application, error) {
	a, err := d.Application(ctx, id)
	if err != nil {
		return a, err
	}
	if a.State != Received {
		return a, nil
	}
	by, err := d.o.Prover.Look(ctx, a.ServerName, a.Challenge)
	if err != nil {
		return a, err
	}
	d.deciding.Lock()
	defer d.deciding.Unlock()
	if a, err = d.Application(ctx, id); err != nil || a.State != Received {
		return a, err
	}
	a.State, a.ProvenTS, a.ProvenBy, a.ChangedTS = Proven, d.o.Now().UnixMilli(), by, d.o.Now().UnixMilli()
	others, err := d.rivals(ctx, a)
	if err != nil {
		return a, err
	}
	err = d.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if err := updateApplication(tx, a); err != nil {
			return err
		}
		if err := alliance.Note(tx, d.entry("applicant", "domain proven", a.ServerName, a.ID+" by "+string(by))); err != nil {
			return err
		}
		for _, other := range others {
			if err := d.overtake(tx, other, a); err != nil {
				return err
			}
		}
		return d.told(tx, a)
	})
	return a, err
}

// rivals are the other applications for the same server that have no proof.
func (d *Desk) rivals(ctx context.Context, a Application) ([]Application, error) {
	waiting, err := d.list(ctx, []State{Received}, maxListed)
	if err != nil {
		return nil, err
	}
	var others []Application
	for _, other := range waiting {
		if other.ServerName == a.ServerName && other.ID != a.ID {
			others = append(others, other)
		}
	}
	return others, nil
}

func (d *Desk) overtake(tx *sqldb.Tx, other, proven Application) error {
	other.State, other.ChangedTS = Lapsed, d.o.Now().UnixMilli()
	if err := updateApplication(tx, other); err != nil {
		return err
	}
	return alliance.Note(tx, d.entry(d.o.Self, "application lapsed", other.ServerName, other.ID+": "+proven.ID+" proved the domain"))
}
