package alliance

import (
	"encoding/json"
	"fmt"
)

// HeadPage implements federation.AlliancePages.
func (k *Keeper) HeadPage() ([]byte, error) {
	page, err := json.Marshal(k.Head())
	if err != nil {
		return nil, fmt.Errorf("writing the head: %w", err)
	}
	return page, nil
}

// maxChartersAtOnce bounds the charters of one page; whoever needs more asks again.
const maxChartersAtOnce = 50

// ChartersPage implements federation.AlliancePages.
func (k *Keeper) ChartersPage(after int64) ([]byte, error) {
	charters := k.Charters(after)
	raw := make([]json.RawMessage, 0, maxChartersAtOnce)
	for _, c := range charters[:min(len(charters), maxChartersAtOnce)] {
		raw = append(raw, c.Raw())
	}
	page, err := json.Marshal(map[string]any{"charters": raw})
	if err != nil {
		return nil, fmt.Errorf("writing the charters: %w", err)
	}
	return page, nil
}

// MembersPage implements federation.AlliancePages.
func (k *Keeper) MembersPage() (list []byte, hash string) {
	if members := k.Members(); members != nil {
		return members.Raw(), members.Hash()
	}
	return nil, ""
}
