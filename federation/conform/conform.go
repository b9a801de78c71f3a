package conform

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"medixchange/federation"
	"medixchange/internal/web"
)

// Path is where administrators have another server examined.
const Path = "/conform"

// Limit bounds an examination; what was not asked by then is unknown.
const Limit = 3 * time.Minute

const maxBody = 64 << 10

// State is what a check came to.
type State string

// The states. Unknown is what could not be judged; it is no fault.
const (
	Good    State = "good"
	Bad     State = "bad"
	Unknown State = "unknown"
)

// Verdict is what one check found.
type Verdict struct {
	Check   string `json:"check"`
	Section string `json:"section"` // of the Matrix specification, or of the alliance's
	State   State  `json:"verdict"`
	Found   string `json:"found,omitempty"`
	Fix     string `json:"fix,omitempty"`
	MS      int64  `json:"ms"`
}

// Request is the body of Path, and Report its answer.
type Request struct {
	Server string   `json:"server"`
	Only   []string `json:"only,omitempty"` // names of checks; all when empty
}

// Report is everything that was found. OK says that nothing is bad.
type Report struct {
	Server   string    `json:"server"`
	OK       bool      `json:"ok"`
	Good     int       `json:"good"`
	Bad      int       `json:"bad"`
	Unknown  int       `json:"unknown"`
	Verdicts []Verdict `json:"verdicts"`
}

// Options is what an Examiner is built from. All fields are needed but the last two.
type Options struct {
	Client     *federation.Client
	ServerName string // this server's
	// Fetch sends requests to the addresses in their URLs, under the policy of federation.
	Fetch func(*http.Request) (*http.Response, error)
	// Allows says whether this node federates with a server.
	Allows   func(server string) bool
	Alliance string           // the name of this node's; "" without
	Now      func() time.Time // nil: time.Now
}

// Examiner examines servers, one at a time. It is safe for concurrent use.
type Examiner struct {
	o    Options
	busy chan struct{}
}

// New returns an examiner.
func New(o Options) *Examiner {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Examiner{o: o, busy: make(chan struct{}, 1)}
}

// AddRoutes lets administrators have servers examined.
func (e *Examiner) AddRoutes(router *web.Router) {
	router.Handle(http.MethodPost, Path, func(_ http.ResponseWriter, r *http.Request) (any, error) {
		var q Request
		if err := web.Decode(r, &q, maxBody); err != nil {
			return nil, err
		}
		return e.Examine(r.Context(), q)
	})
}

// Examine goes through the list. Its errors are about the request; whatever is wrong with the server is in the report.
func (e *Examiner) Examine(ctx context.Context, q Request) (*Report, error) {
	if q.Server == e.o.ServerName {
		return nil, web.InvalidParam("%s is this node itself; have another one examine it.", q.Server)
	}
	chosen, err := choose(q.Only)
	if err != nil {
		return nil, err
	}
	select {
	case e.busy <- struct{}{}:
		defer func() { <-e.busy }()
	default:
		return nil, web.NewError(http.StatusConflict, "M_UNKNOWN", "Another server is being examined; try again in a moment.")
	}
	ctx, cancel := context.WithTimeout(ctx, Limit)
	defer cancel()
	location, err := e.o.Client.Locate(ctx, q.Server)
	if err != nil {
		return nil, web.InvalidParam("%q is no server name, such as matrix.hospital.example.", q.Server).Because(err)
	}
	v := &visit{o: e.o, server: q.Server, location: location}
	v.reach(ctx)
	report := &Report{Server: q.Server}
	for _, c := range chosen {
		report.add(v.examine(ctx, c))
	}
	report.OK = report.Bad == 0
	return report, nil
}

func (r *Report) add(v Verdict) {
	r.Verdicts = append(r.Verdicts, v)
	switch v.State {
	case Good:
		r.Good++
	case Bad:
		r.Bad++
	case Unknown:
		r.Unknown++
	}
}

// choose returns the checks with these names in the list's order, all without names.
func choose(only []string) ([]check, error) {
	if len(only) == 0 {
		return list, nil
	}
	for _, name := range only {
		if !slices.ContainsFunc(list, func(c check) bool { return c.name == name }) {
			return nil, web.InvalidParam("There is no check %q. The checks are: %s.", name, strings.Join(Names(), ", "))
		}
	}
	var chosen []check
	for _, c := range list {
		if slices.Contains(only, c.name) {
			chosen = append(chosen, c)
		}
	}
	return chosen, nil
}

// Names are those of all checks, in their order.
func Names() []string {
	names := make([]string, len(list))
	for i, c := range list {
		names[i] = c.name
	}
	return names
}

// need is what has to hold before a check means anything.
type need int

const (
	needNothing  need = iota
	needReached       // the server answers
	needAdmitted      // it takes our signed requests
)

// check is one entry of the list.
type check struct {
	name    string
	section string
	need    need
	run     func(ctx context.Context, v *visit) finding
	fix     string // what to do when it is not good
}

// finding is what a check came to. fix, if set, is better advice than the check's own.
type finding struct {
	state State
	found string
	fix   string
}

func good(format string, args ...any) finding {
	return finding{state: Good, found: fmt.Sprintf(format, args...)}
}

func bad(format string, args ...any) finding {
	return finding{state: Bad, found: fmt.Sprintf(format, args...)}
}

func unknown(format string, args ...any) finding {
	return finding{state: Unknown, found: fmt.Sprintf(format, args...)}
}

// examine runs one check.
func (v *visit) examine(ctx context.Context, c check) Verdict {
	began := time.Now()
	f, may := v.ready(ctx, c.need)
	if may {
		f = c.run(ctx, v)
		if f.fix == "" {
			f.fix = c.fix
		}
	}
	if f.state == Good {
		f.fix = ""
	}
	return Verdict{Check: c.name, Section: c.section, State: f.state, Found: f.found, Fix: f.fix, MS: time.Since(began).Milliseconds()}
}

// ready reports whether a check may run; f says why not.
func (v *visit) ready(ctx context.Context, n need) (f finding, may bool) {
	switch {
	case ctx.Err() != nil:
		return unknown("the time was over before it was asked"), false
	case n >= needReached && v.unreached != nil:
		return unknown("the server was not reached"), false
	case n >= needAdmitted && !v.admitted(ctx):
		return unknown("the server does not take this node's signed requests"), false
	}
	return finding{}, true
}
