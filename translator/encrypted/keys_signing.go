package encrypted

import (
	"context"
	"fmt"
	"slices"

	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/id"
)

func sortByDecryption(list crypto.OlmSessionList) {
	slices.SortStableFunc(list, func(a, b *crypto.OlmSession) int { return b.LastDecryptedTime.Compare(a.LastDecryptedTime) })
}

// signing is what is known of a user's cross-signing keys, and who has signed keys of theirs: by key, signer, signer's key.
type signing struct {
	Keys       map[id.CrossSigningUsage]id.CrossSigningKey        `json:"keys"`
	Signatures map[id.Ed25519]map[id.UserID]map[id.Ed25519]string `json:"signatures"`
}

func (k *keys) signingOf(ctx context.Context, user id.UserID) (*signing, error) {
	s := &signing{}
	if _, err := k.vault.Read(ctx, kindSigning, "", user.String(), s); err != nil {
		return nil, err
	}
	if s.Keys == nil {
		s.Keys = map[id.CrossSigningUsage]id.CrossSigningKey{}
	}
	if s.Signatures == nil {
		s.Signatures = map[id.Ed25519]map[id.UserID]map[id.Ed25519]string{}
	}
	return s, nil
}

func (k *keys) changeSigning(ctx context.Context, user id.UserID, change func(*signing) error) error {
	s, err := k.signingOf(ctx, user)
	if err != nil {
		return err
	}
	if err := change(s); err != nil {
		return err
	}
	return k.vault.Write(kindSigning, "", user.String(), s)
}

func (k *keys) PutCrossSigningKey(ctx context.Context, user id.UserID, usage id.CrossSigningUsage, key id.Ed25519) error {
	return k.changeSigning(ctx, user, func(s *signing) error {
		known, ok := s.Keys[usage]
		if !ok {
			known.First = key
		}
		known.Key = key
		s.Keys[usage] = known
		return nil
	})
}

func (k *keys) GetCrossSigningKeys(ctx context.Context, user id.UserID) (map[id.CrossSigningUsage]id.CrossSigningKey, error) {
	s, err := k.signingOf(ctx, user)
	if err != nil {
		return nil, err
	}
	return s.Keys, nil
}

func (k *keys) ResetMasterKeyTOFU(ctx context.Context, user id.UserID, key id.Ed25519) error {
	return k.changeSigning(ctx, user, func(s *signing) error {
		master, ok := s.Keys[id.XSUsageMaster]
		if !ok || master.Key != key {
			return fmt.Errorf("%s has another master key", user)
		}
		master.First = key
		s.Keys[id.XSUsageMaster] = master
		return nil
	})
}

func (k *keys) PutSignature(ctx context.Context, user id.UserID, key id.Ed25519, signer id.UserID, signerKey id.Ed25519, signature string) error {
	return k.changeSigning(ctx, user, func(s *signing) error {
		bySigner := s.Signatures[key]
		if bySigner == nil {
			bySigner = map[id.UserID]map[id.Ed25519]string{}
			s.Signatures[key] = bySigner
		}
		if bySigner[signer] == nil {
			bySigner[signer] = map[id.Ed25519]string{}
		}
		bySigner[signer][signerKey] = signature
		return nil
	})
}

func (k *keys) IsKeySignedBy(ctx context.Context, user id.UserID, key id.Ed25519, signer id.UserID, signerKey id.Ed25519) (bool, error) {
	signatures, err := k.GetSignaturesForKeyBy(ctx, user, key, signer)
	_, ok := signatures[signerKey]
	return ok, err
}

func (k *keys) GetSignaturesForKeyBy(ctx context.Context, user id.UserID, key id.Ed25519, signer id.UserID) (map[id.Ed25519]string, error) {
	s, err := k.signingOf(ctx, user)
	if err != nil {
		return nil, err
	}
	return s.Signatures[key][signer], nil
}

// DropSignaturesByKey forgets what a user's key, which was replaced, has signed of their own.
func (k *keys) DropSignaturesByKey(ctx context.Context, user id.UserID, key id.Ed25519) (dropped int64, err error) {
	err = k.changeSigning(ctx, user, func(s *signing) error {
		for _, bySigner := range s.Signatures {
			if _, ok := bySigner[user][key]; ok {
				delete(bySigner[user], key)
				dropped++
			}
		}
		return nil
	})
	return dropped, err
}
