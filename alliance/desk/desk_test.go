package desk_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"medixchange/alliance"
	"medixchange/alliance/desk"
	"medixchange/alliance/signed"
	"medixchange/alliance/signed/signedtest"
	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
)

// internet is what domains show.
type internet struct {
	mu    sync.Mutex
	txt   map[string][]string
	pages map[string]string
}

func (n *internet) LookupTXT(_ context.Context, name string) ([]string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.txt[name], nil
}

func (n *internet) Do(r *http.Request) (*http.Response, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	page, ok := n.pages[r.URL.Host]
	if !ok || r.URL.Path != desk.ChallengePath || r.URL.Scheme != "https" {
		return nil, errors.New("refused")
	}
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(page))}, nil
}

func (n *internet) show(server, page string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.pages[server] = page
}

func (n *internet) record(server, value string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.txt["_medixchange-challenge."+server+"."] = []string{"v=spf1 -all", value}
}

// nobody is a remote that is away.
type nobody struct{}

func (nobody) AlliancePage(context.Context, string, string, int64) ([]byte, error) {
	return nil, errors.New("away")
}
func (nobody) AllianceHint(context.Context, string) error { return errors.New("away") }

// office is a desk with its coordinators, in a test.
type office struct {
	*desk.Desk
	t       *testing.T
	council signedtest.Committee
	charter *signed.Charter
	keeper  *alliance.Keeper
	net     *internet
	now     time.Time
	told    []string
	limits  desk.Limits
	db      *sqldb.DB
}

func newOffice(t *testing.T, change ...func(*office)) *office {
	o := &office{t: t, council: signedtest.NewCommittee(t, "ana", "bo", "chen"), now: signedtest.Epoch,
		net: &internet{txt: map[string][]string{}, pages: map[string]string{}}, limits: desk.DefaultLimits(), db: sqldbtest.Open(t, sqldbtest.SQLite(t))}
	t.Cleanup(func() { require.NoError(t, o.db.Close()) })
	o.charter = o.council.Charter(t, func(c *signed.Charter) { c.Coordinators[0].UserID = "@ana:self.example" })
	for _, f := range change {
		f(o)
	}
	log := logrus.New()
	log.SetOutput(io.Discard)
	clock := func() time.Time { return o.now }
	gate := alliance.NewGate(alliance.GateOptions{Self: "self.example", Mode: alliance.ModeMembers, Now: clock})
	var err error
	o.keeper, err = alliance.NewKeeper(t.Context(), alliance.Options{
		DB: o.db, Gate: gate, Pinned: o.charter, Remote: nobody{}, Self: "self.example", MayAsk: func(string) bool { return false },
		Poll: time.Hour, Now: clock, Log: logrus.NewEntry(log),
	})
	require.NoError(t, err)
	o.Desk, err = desk.New(t.Context(), desk.Options{
		DB: o.db, Keeper: o.keeper, Prover: desk.NewProver(o.net, o.net), Limits: o.limits, Self: "self.example", Now: clock, Log: logrus.NewEntry(log),
		Coordinators: map[string]string{"@bo:self.example": "bo"},
		Told: func(_ *sqldb.Tx, a desk.Application) error {
			o.told = append(o.told, a.ServerName+" "+string(a.State))
			return nil
		},
	})
	require.NoError(t, err)
	return o
}

func form(server string) desk.Form {
	return desk.Form{
		LegalName: "Hôpital Saint-Luc <b>", Country: "fr", ServerName: server, Kind: signed.KindHospital, Contact: "Dr Martin, DSI",
		Email: "dsi@" + server, Languages: []string{"fr, en"}, Specialties: "cardiology\noncology",
	}
}

func (o *office) apply(server string) (desk.Application, string) {
	o.t.Helper()
	a, secret, err := o.Apply(o.t.Context(), form(server), nil, "fr", "192.0.2.1")
	require.NoError(o.t, err)
	return a, secret
}

// proven is an application that waits for coordinators.
func (o *office) proven(server string) desk.Application {
	o.t.Helper()
	a, _ := o.apply(server)
	o.net.show(server, "other\n"+a.Challenge+"\n")
	a, err := o.Prove(o.t.Context(), a.ID)
	require.NoError(o.t, err)
	require.Equal(o.t, desk.Proven, a.State)
	return a
}

// sign hands in a copy of the draft that some have signed.
func (o *office) sign(ids ...string) (desk.Outcome, error) {
	o.t.Helper()
	draft, err := o.Open(o.t.Context())
	require.NoError(o.t, err)
	return o.HandIn(o.t.Context(), o.council.Sign(o.t, draft.Document, ids...), "test")
}

// admit makes a server a member.
func (o *office) admit(server string) {
	o.t.Helper()
	_, err := o.Accept(o.t.Context(), o.proven(server).ID, "known to us", "ana", false)
	require.NoError(o.t, err)
	outcome, err := o.sign("ana", "bo")
	require.NoError(o.t, err)
	require.True(o.t, outcome.Published)
}

// log are the actions of the alliance's log, which must be whole.
func (o *office) log() []string {
	entries, err := o.keeper.Audit(o.t.Context(), 0, 1000)
	require.NoError(o.t, err)
	var actions []string
	for _, e := range entries {
		actions = append(actions, e.Action+" "+e.Subject)
	}
	return actions
}

func TestAnApplicantIsAdmittedOnceTwoCoordinatorsHaveSigned(t *testing.T) {
	o := newOffice(t)
	a, secret := o.apply("matrix.luc.example")
	require.Equal(t, desk.Received, a.State)
	require.Equal(t, []string{"fr", "en"}, a.Languages)
	_, err := o.Accept(t.Context(), a.ID, "known to us", "ana", false)
	require.ErrorIs(t, err, desk.ErrUnproven)
	_, err = o.Prove(t.Context(), a.ID)
	require.ErrorIs(t, err, desk.ErrUnproven)

	o.net.record("matrix.luc.example", a.Challenge)
	a, err = o.Prove(t.Context(), a.ID)
	require.NoError(t, err)
	require.Equal(t, desk.ByDNS, a.ProvenBy)
	_, err = o.Accept(t.Context(), a.ID, " \n", "ana", false)
	require.ErrorIs(t, err, desk.ErrReason)
	draft, err := o.Accept(t.Context(), a.ID, "visited in May", "ana", false)
	require.NoError(t, err)
	require.Equal(t, []signed.Change{{ServerName: "matrix.luc.example", What: "admitted"}}, draft.Changes)

	outcome, err := o.sign("ana")
	require.NoError(t, err)
	require.False(t, outcome.Published)
	require.Nil(t, o.keeper.Members(), "one of two has signed")
	_, err = o.sign("ana")
	require.ErrorIs(t, err, desk.ErrUnsigned)
	outcome, err = o.sign("bo")
	require.NoError(t, err)
	require.True(t, outcome.Published)
	member, ok := o.keeper.Members().Find("matrix.luc.example")
	require.True(t, ok)
	require.Equal(t, "Hôpital Saint-Luc <b>", member.LegalName)

	a, err = o.BySecret(t.Context(), secret)
	require.NoError(t, err)
	require.Equal(t, desk.Admitted, a.State)
	require.Equal(t, []string{"matrix.luc.example received", "matrix.luc.example proven", "matrix.luc.example admitted"}, o.told)
	for _, line := range []string{"application received", "domain proven", "decision: admit", "decision published: admit"} {
		require.Contains(t, o.log(), line+" matrix.luc.example")
	}
	require.Contains(t, o.log(), "signature taken exchange.example")
	_, err = o.Open(t.Context())
	require.ErrorIs(t, err, desk.ErrNoDraft)
}

func TestADomainThatNoLongerShowsItsChallengeIsNotAdmitted(t *testing.T) {
	o := newOffice(t)
	a := o.proven("luc.example")
	o.net.show("luc.example", "gone")
	_, err := o.Accept(t.Context(), a.ID, "known", "ana", false)
	require.ErrorIs(t, err, desk.ErrUnproven)
	o.net.show("luc.example", a.Challenge)
	_, err = o.Accept(t.Context(), a.ID, "known", "ana", false)
	require.NoError(t, err)
	o.net.show("luc.example", "gone again")
	_, err = o.sign("ana", "bo")
	require.ErrorIs(t, err, desk.ErrUnproven)
	require.Nil(t, o.keeper.Members())
	require.Contains(t, o.log(), "domain no longer proven luc.example")
	o.net.show("luc.example", a.Challenge)
	require.NoError(t, o.Publish(t.Context(), "ana"))
	require.NotNil(t, o.keeper.Members())
}

func TestCopiesThatAreNotTheDraftOrBearNoGoodSignatureAreRefused(t *testing.T) {
	o := newOffice(t)
	_, err := o.Accept(t.Context(), o.proven("luc.example").ID, "known", "ana", false)
	require.NoError(t, err)
	draft, err := o.Open(t.Context())
	require.NoError(t, err)
	stranger := signedtest.NewCommittee(t, "ana")
	for name, tc := range map[string]struct {
		raw  []byte
		want error
	}{
		"no JSON":             {[]byte("<script>"), desk.ErrOther},
		"unsigned":            {draft.Document, desk.ErrUnsigned},
		"another document":    {o.council.Sign(t, []byte(strings.Replace(string(draft.Document), "luc.example", "duc.example", 1)), "ana", "bo"), desk.ErrOther},
		"a key of a stranger": {stranger.Sign(t, draft.Document, "ana"), desk.ErrUnsigned},
	} {
		_, err := o.HandIn(t.Context(), tc.raw, "test")
		require.ErrorIs(t, err, tc.want, name)
	}
	require.Nil(t, o.keeper.Members())
	require.Contains(t, o.log(), "signed copy refused exchange.example")

	forged := strings.Replace(string(o.council.Sign(t, draft.Document, "ana", "bo")), `"signatures":{`, `"signatures":{"mallory":{"ed25519:x":"AAAA"},`, 1)
	outcome, err := o.HandIn(t.Context(), []byte(forged), "test")
	require.NoError(t, err)
	require.True(t, outcome.Published)
	require.NotContains(t, string(o.keeper.Members().Raw()), "mallory")
}

func TestSuspendingAndReadmittingGoTheSameWay(t *testing.T) {
	o := newOffice(t)
	o.admit("luc.example")
	_, err := o.DecideMember(t.Context(), desk.Readmit, "luc.example", "x", "ana", false)
	require.ErrorIs(t, err, desk.ErrNotApplied)
	_, err = o.DecideMember(t.Context(), desk.Suspend, "nobody.example", "x", "ana", false)
	require.ErrorIs(t, err, desk.ErrNotApplied)
	_, err = o.DecideMember(t.Context(), desk.Suspend, "luc.example", "accounts were stolen", "ana", false)
	require.NoError(t, err)
	_, err = o.DecideMember(t.Context(), desk.Suspend, "luc.example", "again", "bo", false)
	require.ErrorIs(t, err, desk.ErrPending)
	_, err = o.sign("bo", "chen")
	require.NoError(t, err)
	member, _ := o.keeper.Members().Find("luc.example")
	require.Equal(t, "accounts were stolen", member.Reason)
	_, err = o.DecideMember(t.Context(), desk.Readmit, "luc.example", "all passwords are new", "ana", false)
	require.NoError(t, err)
	_, err = o.sign("bo", "chen")
	require.NoError(t, err)
	member, _ = o.keeper.Members().Find("luc.example")
	require.Equal(t, signed.Admitted, member.Status)
}

func TestAnotherDecisionDoesNotSilentlyUndoSignatures(t *testing.T) {
	o := newOffice(t)
	first, second := o.proven("a.example"), o.proven("b.example")
	_, err := o.Accept(t.Context(), first.ID, "known", "ana", false)
	require.NoError(t, err)
	_, err = o.sign("ana")
	require.NoError(t, err)
	_, err = o.Accept(t.Context(), second.ID, "known", "bo", false)
	require.ErrorIs(t, err, desk.ErrSigned)
	draft, err := o.Accept(t.Context(), second.ID, "known", "bo", true)
	require.NoError(t, err)
	require.Empty(t, draft.SignedBy)
	require.Len(t, draft.Changes, 2)
	draft, err = o.DropDecision(t.Context(), "a.example", "not yet", "bo")
	require.NoError(t, err)
	require.Len(t, draft.Changes, 1)
	a, err := o.Application(t.Context(), first.ID)
	require.NoError(t, err)
	require.Equal(t, desk.Proven, a.State)
	_, err = o.sign("ana", "chen")
	require.NoError(t, err)
	require.Len(t, o.keeper.Members().Hospitals, 1)
}

func TestADraftThatAnotherListOvertookIsDraftedAgain(t *testing.T) {
	o := newOffice(t)
	_, err := o.Accept(t.Context(), o.proven("a.example").ID, "known", "ana", false)
	require.NoError(t, err)
	list := o.council.List(t, o.charter, nil, []string{"bo", "chen"}, signedtest.Hospital("other.example"))
	_, err = o.keeper.TakeMembers(t.Context(), list.Raw(), "")
	require.NoError(t, err)
	_, err = o.sign("ana", "bo")
	require.ErrorIs(t, err, desk.ErrOvertaken)
	_, err = o.Redraft(t.Context(), "ana")
	require.NoError(t, err)
	_, err = o.sign("ana", "bo")
	require.NoError(t, err)
	require.Len(t, o.keeper.Members().Hospitals, 2)
}

func TestAListThatWasPublishedByHandSettlesTheDraft(t *testing.T) {
	o := newOffice(t)
	a := o.proven("a.example")
	draft, err := o.Accept(t.Context(), a.ID, "known", "ana", false)
	require.NoError(t, err)
	_, err = o.keeper.TakeMembers(t.Context(), o.council.Sign(t, draft.Document, "ana", "chen"), "")
	require.NoError(t, err)
	_, err = o.Open(t.Context())
	require.ErrorIs(t, err, desk.ErrNoDraft)
	a, err = o.Application(t.Context(), a.ID)
	require.NoError(t, err)
	require.Equal(t, desk.Admitted, a.State)
}

func TestCoordinatorsAreAccountsThatTheCharterOrTheConfigurationNames(t *testing.T) {
	o := newOffice(t)
	for user, want := range map[string]string{"@ana:self.example": "ana", "@bo:self.example": "bo", "@chen:self.example": "", "": ""} {
		c, ok := o.Coordinator(user)
		require.Equal(t, want != "", ok, user)
		require.Equal(t, want, c.ID)
	}
}

func TestOldApplicationsLapseAndTheirPapersAreErased(t *testing.T) {
	o := newOffice(t)
	a, _, err := o.Apply(t.Context(), form("a.example"), []desk.Paper{{Name: "x.pdf", Content: []byte("%PDF-1.7 licence")}}, "en", "192.0.2.1")
	require.NoError(t, err)
	b := o.proven("b.example")
	o.now = o.now.Add(8 * 24 * time.Hour)
	require.NoError(t, o.Sweep(t.Context()))
	a, err = o.Application(t.Context(), a.ID)
	require.NoError(t, err)
	require.Equal(t, desk.Lapsed, a.State)
	b, err = o.Application(t.Context(), b.ID)
	require.NoError(t, err)
	require.Equal(t, desk.Proven, b.State)
	papers, err := o.Papers(t.Context(), a.ID)
	require.NoError(t, err)
	require.Len(t, papers, 1)
	o.now = o.now.Add(31 * 24 * time.Hour)
	require.NoError(t, o.Sweep(t.Context()))
	papers, err = o.Papers(t.Context(), a.ID)
	require.NoError(t, err)
	require.Empty(t, papers)
	require.Contains(t, o.log(), "application lapsed a.example")
}

func faultsOf(t *testing.T, err error) map[string]string {
	t.Helper()
	var refused *desk.FaultsError
	require.ErrorAs(t, err, &refused, fmt.Sprint(err))
	all := map[string]string{}
	for _, f := range refused.Faults {
		all[f.Field] = f.Code
	}
	return all
}

func TestAStolenKeyThatTheNextCharterRemovesSignsNoDraft(t *testing.T) {
	o := newOffice(t)
	_, err := o.Accept(t.Context(), o.proven("luc.example").ID, "known", "chen", false)
	require.NoError(t, err)
	_, err = o.sign("chen")
	require.NoError(t, err)
	next := o.charter.Next(o.now)
	next.Coordinators = []signed.Coordinator{o.council.Coordinator("ana"), o.council.Coordinator("bo")}
	raw, err := next.Draft()
	require.NoError(t, err)
	_, err = o.keeper.TakeCharter(t.Context(), o.council.Sign(t, raw, "ana", "bo"), "")
	require.NoError(t, err)

	_, err = o.sign("ana")
	require.ErrorIs(t, err, desk.ErrOvertaken, "it goes by the charter before")
	draft, err := o.Redraft(t.Context(), "ana")
	require.NoError(t, err)
	require.Empty(t, draft.SignedBy)
	_, err = o.sign("chen")
	require.ErrorIs(t, err, desk.ErrUnsigned)
	outcome, err := o.sign("ana", "chen")
	require.NoError(t, err)
	require.False(t, outcome.Published)
	_, err = o.sign("bo")
	require.NoError(t, err)
	require.Equal(t, int64(2), o.keeper.Members().Charter)
	_, ok := o.Coordinator("@chen:self.example")
	require.False(t, ok)
}

func TestHostileFormsAreInTheLogButCannotFillIt(t *testing.T) {
	o := newOffice(t)
	for range 120 {
		f := form("luc.example")
		f.Kind = "<script>"
		_, _, err := o.Apply(t.Context(), f, nil, "en", "192.0.2.1")
		require.Error(t, err)
	}
	lines := 0
	for _, line := range o.log() {
		if strings.HasPrefix(line, "application refused by its form") {
			lines++
		}
	}
	require.Equal(t, 100, lines)
}
