package conform

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"medixchange/federation"
)

// expectation is what an answer must be.
type expectation struct {
	statuses []int
	codes    []string // any when empty
}

var (
	wantRefused  = expectation{[]int{http.StatusUnauthorized, http.StatusForbidden}, []string{"M_UNAUTHORIZED", "M_FORBIDDEN", "M_MISSING_TOKEN"}}
	wantNotFound = expectation{[]int{http.StatusNotFound}, []string{"M_NOT_FOUND"}}
	wantMissing  = expectation{[]int{http.StatusNotFound}, nil} // the specification names no code
	wantUnknown  = expectation{[]int{http.StatusNotFound}, []string{"M_UNRECOGNIZED"}}
	wantMethod   = expectation{[]int{http.StatusMethodNotAllowed}, []string{"M_UNRECOGNIZED"}}
	wantNotJSON  = expectation{[]int{http.StatusBadRequest}, []string{"M_NOT_JSON", "M_BAD_JSON"}}
)

// expect asks and judges the answer.
func (v *visit) expect(ctx context.Context, p federation.Probe, want expectation) finding {
	answer, err := v.ask(ctx, p)
	if err != nil {
		return unanswered(err)
	}
	return judge(answer, want)
}

func judge(answer *federation.ProbeAnswer, want expectation) finding {
	if answer.Status == http.StatusTooManyRequests {
		return unknown("it was asked too often: %s", told(answer))
	}
	if slices.Contains(want.statuses, answer.Status) && (len(want.codes) == 0 || slices.Contains(want.codes, errcode(answer))) {
		return good("%s", told(answer))
	}
	wanted := make([]string, len(want.statuses))
	for i, status := range want.statuses {
		wanted[i] = strconv.Itoa(status)
	}
	text := strings.Join(wanted, " or ")
	if len(want.codes) > 0 {
		text += " with " + strings.Join(want.codes, " or ")
	}
	return bad("answered %s, not %s", told(answer), text)
}

func (v *visit) profile() string {
	return pathProfile + "?" + url.Values{"user_id": {"@" + nobody() + ":" + v.server}}.Encode()
}

func checkUnsigned(ctx context.Context, v *visit) finding {
	return v.expect(ctx, federation.Probe{URI: v.profile()}, wantRefused)
}

func checkAdmitted(ctx context.Context, v *visit) finding {
	answer, err := v.signedAlias(ctx)
	if err != nil {
		return unanswered(err)
	}
	switch answer.Status {
	case http.StatusUnauthorized:
		f := bad("answered %s: it does not believe this node's signature", told(answer))
		f.fix = "it could not fetch this node's keys, or remembers others: check that this node's name leads here, from there"
		return f
	case http.StatusForbidden:
		return bad("answered %s: it does not federate with this node", told(answer))
	case http.StatusTooManyRequests:
		return unknown("answered %s", told(answer))
	}
	return good("it takes this node's signed requests")
}

func checkForged(ctx context.Context, v *visit) finding {
	return v.expect(ctx, federation.Probe{URI: v.profile(), Claim: federation.ClaimForged}, wantRefused)
}

func checkElsewhere(ctx context.Context, v *visit) finding {
	return v.expect(ctx, federation.Probe{URI: v.profile(), Claim: federation.ClaimElsewhere}, wantRefused)
}

func checkAlias(ctx context.Context, v *visit) finding {
	answer, err := v.signedAlias(ctx)
	if err != nil {
		return unanswered(err)
	}
	return judge(answer, wantNotFound)
}

func checkProfile(ctx context.Context, v *visit) finding {
	answer, err := v.ask(ctx, federation.Probe{URI: v.profile(), Claim: federation.ClaimSigned})
	if err != nil {
		return unanswered(err)
	}
	if answer.Status == http.StatusForbidden && errcode(answer) == "M_FORBIDDEN" {
		return good("it tells no profiles to other servers: %s", told(answer))
	}
	return judge(answer, wantNotFound)
}

func checkEvent(ctx context.Context, v *visit) finding {
	id := make([]byte, 32)
	_, _ = rand.Read(id) // never fails
	uri := "/_matrix/federation/v1/event/" + url.PathEscape("$"+base64.RawURLEncoding.EncodeToString(id))
	return v.expect(ctx, federation.Probe{URI: uri, Claim: federation.ClaimSigned}, wantMissing)
}

func checkMakeJoin(ctx context.Context, v *visit) finding {
	uri := "/_matrix/federation/v1/make_join/" + url.PathEscape("!"+nobody()+":"+v.server) + "/" +
		url.PathEscape("@"+nobody()+":"+v.o.ServerName) + "?ver=10&ver=11&ver=12"
	return v.expect(ctx, federation.Probe{URI: uri, Claim: federation.ClaimSigned}, wantNotFound)
}

func checkUnknownPath(ctx context.Context, v *visit) finding {
	return v.expect(ctx, federation.Probe{URI: "/_matrix/federation/v1/" + nobody()}, wantUnknown)
}

func checkMethod(ctx context.Context, v *visit) finding {
	return v.expect(ctx, federation.Probe{Method: http.MethodDelete, URI: pathVersion}, wantMethod)
}

func (v *visit) transaction(ctx context.Context, body []byte, want expectation) finding {
	return v.expect(ctx, federation.Probe{Method: http.MethodPut, URI: pathSend + nobody(), Claim: federation.ClaimSigned, Body: body}, want)
}

func checkMalformed(ctx context.Context, v *visit) finding {
	return v.transaction(ctx, []byte(`{"edus":[],"pdus":[`), wantNotJSON)
}

// tooMany is one event more than a transaction may hold. Each is empty, so that a server which takes them drops them.
const tooMany = 51

func checkTooMany(ctx context.Context, v *visit) finding {
	body, err := json.Marshal(map[string]any{ // its keys come out in canonical order
		"edus": []any{}, "origin": v.o.ServerName, "origin_server_ts": v.o.Now().UnixMilli(),
		"pdus": slices.Repeat([]any{struct{}{}}, tooMany),
	})
	if err != nil {
		return unknown("the transaction could not be written")
	}
	return v.transaction(ctx, body, expectation{statuses: []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge}})
}

// tooLarge is more than any request can need, in bytes: servers that take files of 50 MiB through the same listener take as
// much everywhere.
const tooLarge = 64 << 20

// checkTooLarge asks for nobody's keys with very many blanks behind the question, as anybody could without a signature.
func checkTooLarge(ctx context.Context, v *visit) finding {
	answer, err := v.ask(ctx, federation.Probe{Method: http.MethodPost, URI: pathNotary, Body: []byte(`{"server_keys":{}}`), Blanks: tooLarge})
	if err == nil {
		if answer.Status < 300 {
			return bad("it takes %d MiB of anybody", tooLarge>>20)
		}
		return judge(answer, expectation{statuses: []int{http.StatusRequestEntityTooLarge, http.StatusBadRequest,
			http.StatusNotFound, http.StatusMethodNotAllowed}})
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return unknown("the line is too slow to tell")
	}
	// Many servers hang up rather than read on. They must live on afterwards.
	after, err := v.ask(ctx, federation.Probe{URI: pathVersion})
	if err != nil {
		return bad("it did not answer any more afterwards: %s", why(err))
	}
	return good("it hung up; afterwards %s", told(after))
}
