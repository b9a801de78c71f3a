package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/admin"
	"medixchange/cmd/medix/beside"
	"medixchange/internal/config"
	"medixchange/translator/appservice"
)

func TestBridgeInitPreparesABotThatStarts(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bridge.yaml")
	line := []string{"--config", path, "bridge", "init", "b.example", "--homeserver", "https://matrix.b.example", "--listen", "127.0.0.1:0", "--url", "http://bot.b.example:9008"}
	require.Zero(t, run(t.Context(), line))
	require.Equal(t, 1, run(t.Context(), line), "nothing is overwritten")

	cfg, err := config.Load(path)
	require.NoError(t, err)
	require.Equal(t, "https://matrix.b.example", cfg.Bridge.Homeserver)
	registration, err := appservice.ReadRegistration(cfg.Bridge.Registration)
	require.NoError(t, err)
	require.Equal(t, "http://bot.b.example:9008", registration.URL)
	info, err := os.Stat(cfg.Bridge.Registration)
	require.NoError(t, err)
	require.EqualValues(t, 0o600, info.Mode().Perm(), "it holds secrets")

	cfg.Translator.Engines = []config.Engine{{Type: "phrases"}}
	b, err := beside.New(t.Context(), cfg, beside.Options{})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, b.Run(ctx))
}

// TestCommandsBesideAnotherHomeserver: no node runs there. Those that need only the engines ask them, the others say why they cannot work.
func TestCommandsBesideAnotherHomeserver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bridge.yaml")
	require.Zero(t, run(t.Context(), []string{"--config", path, "bridge", "init", "b.example"}))
	cfg, err := config.Load(path)
	require.NoError(t, err)
	minimal := fmt.Sprintf("server_name: b.example\ndata_dir: %s\ntranslator: {engines: [{type: phrases}]}\n", cfg.DataDir)
	require.NoError(t, os.WriteFile(path, []byte(minimal), 0o600))
	c := &cli{Config: path}

	engines, err := c.engines(t.Context())
	require.NoError(t, err)
	require.Len(t, engines, 1)
	require.Equal(t, "phrases", engines[0].Engine)
	require.Contains(t, engines[0].Pairs, "en-es")
	trials, err := c.trials(t.Context(), admin.TranslationTry{From: "en", To: "es", Text: "Where is the pain?"})
	require.NoError(t, err)
	require.Equal(t, "¿Dónde le duele?", trials[0].Text)
	_, err = c.trials(t.Context(), admin.TranslationTry{From: "en", To: "nonsense", Text: "x"})
	require.Error(t, err)

	err = statusCmd{}.Run(t.Context(), c)
	require.ErrorContains(t, err, "`medix bridge`")
	require.NotContains(t, err.Error(), "medix serve")
}
