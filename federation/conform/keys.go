package conform

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"medixchange/federation"
	"medixchange/internal/signing"
)

// keyPage is the answer of /key/v2/server.
type keyPage struct {
	ServerName string            `json:"server_name"`
	ValidUntil int64             `json:"valid_until_ts"`
	Verify     map[string]keyRow `json:"verify_keys"`
	Old        map[string]oldKey `json:"old_verify_keys"`
	raw        []byte
}

type keyRow struct {
	Key string `json:"key"`
}

type oldKey struct {
	Key     string `json:"key"`
	Expired int64  `json:"expired_ts"`
}

// longestValidity is what a program may mean; more is a mistake of the unit.
const longestValidity = 366 * 24 * time.Hour

// keyPage asks for the keys, once. Without a page it returns why.
func (v *visit) keyPage(ctx context.Context) (*keyPage, *finding) {
	if v.keys == nil {
		answer, err := v.ask(ctx, federation.Probe{URI: pathKeys})
		if err != nil {
			f := unanswered(err)
			return nil, &f
		}
		v.keys = answer
	}
	if v.keys.Status != http.StatusOK {
		f := bad("answered %s", told(v.keys))
		return nil, &f
	}
	page := &keyPage{raw: v.keys.Body}
	if err := json.Unmarshal(v.keys.Body, page); err != nil {
		f := bad("the answer is not of the form of the specification: %s", clip(err.Error()))
		return nil, &f
	}
	return page, nil
}

func checkKeys(ctx context.Context, v *visit) finding {
	page, failed := v.keyPage(ctx)
	if failed != nil {
		return *failed
	}
	return judgeKeys(page, v.server)
}

func judgeKeys(page *keyPage, server string) finding {
	if page.ServerName != server {
		return bad("they are the keys of %q", clip(page.ServerName))
	}
	var names []string
	for _, id := range slices.Sorted(maps.Keys(page.Verify)) {
		if !strings.HasPrefix(id, "ed25519:") {
			continue
		}
		public, err := signing.DecodeBase64(page.Verify[id].Key)
		if err != nil || len(public) != ed25519.PublicKeySize {
			return bad("%s is no Ed25519 key", clip(id))
		}
		if err := signing.VerifyJSON(server, id, public, page.raw); err != nil {
			return bad("the answer is not rightly signed with %s", clip(id))
		}
		names = append(names, clip(id))
	}
	if len(names) == 0 {
		return bad("the answer names no Ed25519 key")
	}
	return good("%s", strings.Join(names[:min(len(names), 4)], ", "))
}

func checkKeyValidity(ctx context.Context, v *visit) finding {
	page, failed := v.keyPage(ctx)
	if failed != nil {
		return unknown("there is no answer with keys")
	}
	left := time.UnixMilli(page.ValidUntil).Sub(v.o.Now())
	switch {
	case page.ValidUntil <= 0:
		return bad("valid_until_ts is missing")
	case left <= 0:
		return bad("the keys were valid until %s", time.UnixMilli(page.ValidUntil).UTC().Format(time.RFC3339))
	case left > longestValidity:
		return bad("valid_until_ts lies more than a year ahead")
	}
	return good("for %s more", left.Round(time.Minute))
}

func checkOldKeys(ctx context.Context, v *visit) finding {
	page, failed := v.keyPage(ctx)
	if failed != nil {
		return unknown("there is no answer with keys")
	}
	return judgeOldKeys(page, v.o.Now())
}

func judgeOldKeys(page *keyPage, now time.Time) finding {
	for _, id := range slices.Sorted(maps.Keys(page.Old)) {
		old := page.Old[id]
		public, err := signing.DecodeBase64(old.Key)
		_, current := page.Verify[id]
		switch {
		case strings.HasPrefix(id, "ed25519:") && (err != nil || len(public) != ed25519.PublicKeySize):
			return bad("%s is no Ed25519 key", clip(id))
		case old.Expired <= 0:
			return bad("%s has no expired_ts", clip(id))
		case old.Expired > now.UnixMilli():
			return bad("%s is said to have ended in the future", clip(id))
		case current:
			return bad("%s is listed as old and as current", clip(id))
		}
	}
	if len(page.Old) == 0 {
		return good("none")
	}
	return good("%d", len(page.Old))
}

// checkNotary asks for our own keys: whether the server can fetch them, too. It has reason to after a signed request; some
// notaries answer the first question about a server with nothing.
func checkNotary(ctx context.Context, v *visit) finding {
	v.admitted(ctx)
	answer, err := v.ask(ctx, federation.Probe{URI: pathNotary + "/" + url.PathEscape(v.o.ServerName)})
	if err != nil {
		return unanswered(err)
	}
	switch {
	case answer.Status == http.StatusTooManyRequests:
		return unknown("answered %s", told(answer))
	case answer.Status == http.StatusNotFound || answer.Status == http.StatusMethodNotAllowed:
		return unknown("it offers none: %s", told(answer))
	case answer.Status != http.StatusOK:
		return bad("answered %s", told(answer))
	}
	ours, err := v.o.Client.Keys().Published()
	if err != nil {
		return unknown("this node could not sign its own keys")
	}
	return judgeNotary(answer.Body, ours, v.server, v.o.ServerName)
}

// judgeNotary compares what a notary says of us with what we say, and looks for its signature.
func judgeNotary(answer, ours []byte, notary, server string) finding {
	var found struct {
		Keys []json.RawMessage `json:"server_keys"`
	}
	if err := json.Unmarshal(answer, &found); err != nil {
		return bad("the answer is not of the form of the specification: %s", clip(err.Error()))
	}
	for _, page := range found.Keys {
		if gjson.GetBytes(page, "server_name").String() != server {
			continue
		}
		if err := sameKeys(page, ours); err != nil {
			return bad("%s", err)
		}
		if ids, err := signing.ListKeyIDs(notary, page); err != nil || len(ids) == 0 {
			return bad("the answer is not signed by the notary")
		}
		return good("it fetched this node's keys")
	}
	return bad("it has not this node's keys")
}

// sameKeys reports a key of ours that is missing or another one.
func sameKeys(theirs, ours []byte) error {
	var a, b keyPage
	if err := json.Unmarshal(theirs, &a); err != nil {
		return fmt.Errorf("the keys are not of the form of the specification")
	}
	if err := json.Unmarshal(ours, &b); err != nil {
		return fmt.Errorf("reading our own keys: %w", err)
	}
	for id, row := range b.Verify {
		want, err := signing.DecodeBase64(row.Key)
		if err != nil {
			return fmt.Errorf("reading our own key: %w", err)
		}
		if got, err := signing.DecodeBase64(a.Verify[id].Key); err != nil || !bytes.Equal(got, want) {
			return fmt.Errorf("it knows another key of this node than %s", id)
		}
	}
	return nil
}
