package federation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/tidwall/gjson"

	"medixchange/internal/signing"
)

// fetch asks the server itself and, where that did not give the key, the notaries. Without keyID whatever the server says
// is enough.
func (k *Keys) fetch(ctx context.Context, server, keyID string, ts int64) (map[string]verifyKey, error) {
	var keys map[string]verifyKey
	answer, failure := k.fetchDirect(ctx, server)
	if failure == nil {
		var err error
		if keys, err = k.take(ctx, answer); err != nil {
			return nil, err
		}
		if _, there := keys[keyID]; there || keyID == "" {
			return keys, nil
		}
	}
	for _, notary := range k.notaries {
		if notary == server || notary == k.signer.ServerName {
			continue
		}
		answers, err := k.fetchNotary(ctx, notary, server, keyID, ts)
		if err != nil {
			failure = errors.Join(failure, err)
			continue
		}
		for _, a := range answers {
			if keys, err = k.take(ctx, a); err != nil {
				return nil, err
			}
		}
		if _, there := keys[keyID]; there {
			return keys, nil
		}
	}
	if keys == nil {
		return nil, k.failed(server, failure)
	}
	return keys, nil // someone answered, but nobody knows the key
}

// fetchDirect asks a server for its own keys.
func (k *Keys) fetchDirect(ctx context.Context, server string) (*keyAnswer, error) {
	raw, err := k.transport.bytes(ctx, call{server: server, method: http.MethodGet, uri: "/_matrix/key/v2/server",
		timeout: keyTimeout, maxBody: maxKeyAnswer, unsigned: true})
	if err != nil {
		return nil, err
	}
	return readKeyAnswer(server, raw, k.now().UnixMilli())
}

// fetchNotary asks a notary, whose signature on each answer must be right. Answers about other servers are left out.
func (k *Keys) fetchNotary(ctx context.Context, notary, server, keyID string, ts int64) ([]*keyAnswer, error) {
	body, err := json.Marshal(map[string]any{"server_keys": map[string]any{
		server: map[string]any{keyID: map[string]any{"minimum_valid_until_ts": ts}}}})
	if err != nil {
		return nil, fmt.Errorf("writing a question for keys: %w", err)
	}
	var page struct {
		Answers []json.RawMessage `json:"server_keys"`
	}
	err = k.transport.json(ctx, call{server: notary, method: http.MethodPost, uri: "/_matrix/key/v2/query", body: body,
		timeout: keyTimeout, maxBody: maxKeyAnswer, unsigned: true}, &page)
	if err != nil {
		return nil, err
	}
	var answers []*keyAnswer
	for _, raw := range page.Answers {
		if gjson.GetBytes(raw, "server_name").Str != server {
			continue
		}
		if err := k.verifyNotary(ctx, notary, raw); err != nil {
			return nil, err
		}
		answer, err := readKeyAnswer(server, raw, k.now().UnixMilli())
		if err != nil {
			return nil, fmt.Errorf("notary %s: %w", notary, err)
		}
		answers = append(answers, answer)
	}
	if len(answers) == 0 {
		return nil, fmt.Errorf("notary %s does not know the keys of %s", notary, server)
	}
	return answers, nil
}

// verifyNotary checks that the notary signed an answer with a key of now. The notary's own keys are never asked of others.
func (k *Keys) verifyNotary(ctx context.Context, notary string, raw []byte) error {
	ids, err := signing.ListKeyIDs(notary, raw)
	if err != nil {
		return fmt.Errorf("notary %s: %w", notary, err)
	}
	err = signing.ErrSignature
	for _, id := range ids[:min(len(ids), maxServerKeys)] {
		known, kerr := k.known(ctx, notary)
		if kerr != nil {
			return kerr
		}
		key, there := known[id]
		if !there || !key.validAt(k.now().UnixMilli()) {
			answer, ferr := k.fetchDirect(ctx, notary)
			if ferr != nil {
				return fmt.Errorf("keys of notary %s: %w", notary, ferr)
			}
			if known, ferr = k.take(ctx, answer); ferr != nil {
				return ferr
			}
			key, there = known[id]
		}
		if there && key.validAt(k.now().UnixMilli()) {
			if err = signing.VerifyJSON(notary, id, key.public, raw); err == nil {
				return nil
			}
		}
	}
	return fmt.Errorf("notary %s: %w", notary, err)
}

// readKeyAnswer checks an answer: it is about the server, still valid and signed with at least one of the keys that it
// names, and with none of them wrongly (Server-Server API, Publishing Keys).
func readKeyAnswer(server string, raw []byte, now int64) (*keyAnswer, error) {
	var body struct {
		Server     string `json:"server_name"`
		ValidUntil int64  `json:"valid_until_ts"`
		Keys       map[string]struct {
			Key string `json:"key"`
		} `json:"verify_keys"`
		Old map[string]struct {
			Key     string `json:"key"`
			Expired int64  `json:"expired_ts"`
		} `json:"old_verify_keys"`
	}
	if err := json.Unmarshal(raw, &body); err != nil {
		return nil, fmt.Errorf("reading the keys of %s: %w", server, err)
	}
	if body.Server != server {
		return nil, fmt.Errorf("keys of %s: the answer is about another server", server)
	}
	if len(body.Keys)+len(body.Old) > maxServerKeys {
		return nil, fmt.Errorf("keys of %s: more than %d", server, maxServerKeys)
	}
	a := &keyAnswer{server: server, keys: map[string]verifyKey{}, raw: raw, validUntil: body.ValidUntil, fetched: now}
	for id, old := range body.Old {
		if public, ok := publicKey(id, old.Key); ok {
			a.keys[id] = verifyKey{public: public, validUntil: old.Expired, expired: true, fetched: now}
		}
	}
	signed := false
	for id, current := range body.Keys {
		public, ok := publicKey(id, current.Key)
		if !ok {
			continue // an algorithm that is not known
		}
		if err := signing.VerifyJSON(server, id, public, raw); err != nil {
			return nil, fmt.Errorf("keys of %s: %w", server, err)
		}
		signed = true
		a.keys[id] = verifyKey{public: public, validUntil: body.ValidUntil, fetched: now}
	}
	if !signed {
		return nil, fmt.Errorf("keys of %s: not signed by itself: %w", server, signing.ErrSignature)
	}
	return a, nil
}
