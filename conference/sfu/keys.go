package sfu

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// keys sign tokens and webhooks: those of the embedded SFU are made once and known to this node and its child only.
type keys struct {
	Key    string `json:"key"`
	Secret string `json:"secret"`
}

const keysFile = "sfu-keys.json"

func loadOrCreateKeys(dir string) (keys, error) {
	var k keys
	path := filepath.Join(dir, keysFile)
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		k = keys{Key: "medix-" + rand.Text()[:10], Secret: rand.Text() + rand.Text()}
		return k, k.write(path)
	case err != nil:
		return k, fmt.Errorf("reading the keys of the SFU: %w", err)
	}
	if err := json.Unmarshal(text, &k); err != nil || k.Key == "" || len(k.Secret) < 32 {
		return k, fmt.Errorf("reading the keys of the SFU: %s is damaged; remove it and new ones are made", path)
	}
	return k, nil
}

func (k keys) write(path string) error {
	text, err := json.Marshal(k)
	if err != nil {
		return fmt.Errorf("writing the keys of the SFU: %w", err)
	}
	part := path + ".part"
	if err := os.WriteFile(part, text, 0o600); err != nil {
		return fmt.Errorf("writing the keys of the SFU: %w", err)
	}
	if err := os.Rename(part, path); err != nil {
		return fmt.Errorf("writing the keys of the SFU: %w", err)
	}
	return nil
}
