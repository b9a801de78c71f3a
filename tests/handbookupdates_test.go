package tests

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/admin"
	"medixchange/handbook/bundle"
	"medixchange/handbook/editions"
	"medixchange/handbook/updates"
	"medixchange/internal/config"
	"medixchange/internal/signing"
	"medixchange/internal/testhospital"
)

const handbookEdition = "../handbook/site/testdata/edition"

// bookAdmin is the administrator of a hospital's handbook.
type bookAdmin struct {
	*testhospital.Hospital
	t *testing.T
}

func (d bookAdmin) ask(path string, in, out any) error {
	ctx, cancel := context.WithTimeout(d.t.Context(), time.Minute)
	defer cancel()
	method := http.MethodPost
	if in == nil {
		method = http.MethodGet
	}
	return admin.NewClient(d.Node().AdminSocket()).Call(ctx, method, path, in, out)
}

func (d bookAdmin) list() (all []editions.Edition) {
	require.NoError(d.t, d.ask(updates.PathEditions, nil, &all))
	return all
}

// says gives the English section on fever as readers see it.
func (d bookAdmin) says() string {
	resp, err := http.Get(d.URL + "/handbook/en/fever")
	require.NoError(d.t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(d.t, err)
	require.Equal(d.t, http.StatusOK, resp.StatusCode, string(body))
	return string(body)
}

// signed makes a bundle of a hospital's in which "temperature" is another word.
func signedEdition(t *testing.T, publisher string, key signing.Key, serial int64, word string) []byte {
	folder := t.TempDir()
	require.NoError(t, os.CopyFS(folder, os.DirFS(handbookEdition)))
	path := filepath.Join(folder, "en", "fever.md")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, []byte(strings.ReplaceAll(string(text), "temperature", word)), 0o600))
	raw, _, err := bundle.Write(os.DirFS(folder), bundle.Signing{Publisher: publisher, Key: key, Serial: serial})
	require.NoError(t, err)
	return raw
}

func TestAHandbookIsPublishedHereStagedThereAppliedThereAndRolledBackThere(t *testing.T) {
	hospitals := testhospital.Alliance(t, 2, func(c *config.Config) { c.Handbook.Enabled, c.Handbook.Folder = true, handbookEdition })
	a, b := bookAdmin{hospitals[0], t}, bookAdmin{hospitals[1], t}
	editor, reader := a.User("editor"), b.User("reader")
	room := editor.CreateRoom(testhospital.Room{Preset: "public_chat"})
	reader.Join(room, a.Name)
	a.Stop()
	b.Stop()
	a.Config.Handbook.Updates.Room, a.Config.Handbook.Updates.AnnounceAs = room, editor.ID
	b.Config.Handbook.Updates.Room = room
	b.Config.Handbook.Updates.Trusted = []config.HandbookPublisher{{Server: a.Name}}
	a.Start()
	b.Start()
	require.Contains(t, b.says(), "temperature")

	key, err := signing.LoadKey(a.Config.SigningKey)
	require.NoError(t, err)
	older, newer := signedEdition(t, a.Name, key, 1, "heat of the first"), signedEdition(t, a.Name, key, 2, "heat of the second")
	var published updates.Published
	require.NoError(t, a.ask(updates.PathPublish, updates.Publication{Bundle: newer}, &published))
	mark := published.Head.Mark
	require.NoError(t, a.ask(updates.PathActivate, updates.Choice{Mark: mark}, nil))
	require.Contains(t, a.says(), "heat of the second")

	there := func() bool {
		for _, e := range b.list() {
			if e.Mark == mark {
				return e.Origin.Publisher == a.Name && !e.Current
			}
		}
		return false
	}
	require.Eventually(t, there, time.Minute, 50*time.Millisecond, "announced in the room and fetched")
	require.NotContains(t, b.says(), "heat of the second", "staged only")
	require.NoError(t, b.ask(updates.PathActivate, updates.Choice{Mark: mark[:8], By: "administrator"}, nil))
	require.Contains(t, b.says(), "heat of the second", "without a restart")

	forger := key
	forger.Private = mustKey(t).Private
	require.ErrorContains(t, b.ask(updates.PathInstall, updates.File{Bundle: signedEdition(t, a.Name, forger, 3, "forged heat")}, nil), "not signed")
	require.ErrorContains(t, b.ask(updates.PathInstall, updates.File{Bundle: older}, nil), "newer edition")
	require.ErrorContains(t, b.ask(updates.PathInstall, updates.File{Bundle: newer[:len(newer)/2]}, nil), "ends before")
	require.Contains(t, b.says(), "heat of the second")
	require.Len(t, b.list(), 2)

	var back editions.Edition
	require.NoError(t, b.ask(updates.PathRollback, updates.Choice{By: "administrator"}, &back))
	require.NotEqual(t, mark, back.Mark)
	require.NotContains(t, b.says(), "heat of the second")
	require.Contains(t, b.says(), "temperature")
	b.Restart()
	require.NotContains(t, b.says(), "heat of the second", "also after a restart")
}

func mustKey(t *testing.T) signing.Key {
	key, err := signing.GenerateKey()
	require.NoError(t, err)
	return key
}
