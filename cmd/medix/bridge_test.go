package main

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

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
