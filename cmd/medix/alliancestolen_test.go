package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/alliance/signed"
	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// ward is a running node in an alliance, whose administrator uses the verbs.
type ward struct {
	*testhospital.Hospital
	file string // its configuration, for --config
}

// opens starts a node that trusts a charter.
func (c council) opens(charter string, peers ...string) ward {
	c.t.Helper()
	charter, err := filepath.Abs(charter)
	require.NoError(c.t, err)
	h := testhospital.Start(c.t, func(cfg *config.Config) {
		cfg.Alliance.Enabled, cfg.Alliance.Charter, cfg.Alliance.Peers = true, charter, peers
		cfg.Alliance.Poll = config.Duration(time.Second)
	})
	w := ward{h, filepath.Join(c.t.TempDir(), "medix.yaml")}
	settings := fmt.Sprintf("server_name: %q\ndata_dir: %q\nlisten: {admin_socket: %q}\n", h.Name, h.Config.DataDir, h.Config.Listen.AdminSocket)
	require.NoError(c.t, os.WriteFile(w.file, []byte(settings), 0o600))
	return w
}

// printed runs a verb and returns what it prints.
func (c council) printed(args ...string) string {
	c.t.Helper()
	r, w, err := os.Pipe()
	require.NoError(c.t, err)
	out := os.Stdout
	os.Stdout = w
	text := make(chan []byte)
	go func() {
		all, _ := io.ReadAll(r)
		text <- all
	}()
	code := c.run(args...)
	os.Stdout = out
	require.NoError(c.t, w.Close())
	all := string(<-text)
	require.Zero(c.t, code, "%s: %s", args, all)
	return all
}

// members are the hospitals that a node lists, by status.
func (c council) members(w ward) map[string]signed.Status {
	c.t.Helper()
	var list []signed.Hospital
	require.NoError(c.t, json.Unmarshal([]byte(c.printed("list", "--json", "-c", w.file)), &list))
	found := map[string]signed.Status{}
	for _, h := range list {
		found[h.ServerName] = h.Status
	}
	return found
}

func (c council) reaches(w ward, want map[string]signed.Status) {
	c.t.Helper()
	require.Eventually(c.t, func() bool {
		c.must("fetch", "-c", w.file)
		return maps.Equal(want, c.members(w))
	}, 30*time.Second, 50*time.Millisecond)
}

// TestKeysThatWereStolenAreRevokedOnRunningNodes follows docs/alliance.md, "A key was stolen or lost", with the verbs alone: a
// thief has copies of as many keys as must sign, has a member cut off and a server of their own admitted. The coordinators change the keys; what
// the thief did is undone everywhere, and what the thief does from then on is refused and stands in the log.
func TestKeysThatWereStolenAreRevokedOnRunningNodes(t *testing.T) {
	c := newCouncil(t)
	c.must("init", "exchange.example", "--rehearsal", "--coordinator", "ana.json", "--coordinator", "bo.json", "--coordinator", "chen.json")
	c.sign("charter.json", "ana", "bo")
	c.must("verify", "charter.json")
	a := c.opens("charter.json")
	b := c.opens("charter.json", a.Name)

	c.must("admit", a.Name, "--first", "--name", "Hospital A", "--country", "ES", "--as", "ana", "--key", "ana.key", "--out", "1.json", "-c", a.file)
	c.sign("1.json", "bo")
	c.must("admit", b.Name, "--from", "1.json", "--name", "Hospital B", "--country", "FR", "--as", "ana", "--key", "ana.key", "--out", "2.json", "-c", a.file)
	c.sign("2.json", "bo")
	c.must("publish", "2.json", "-c", a.file)
	honest := map[string]signed.Status{a.Name: signed.Admitted, b.Name: signed.Admitted}
	c.reaches(b, honest)

	// One stolen key does nothing.
	c.must("suspend", b.Name, "--reason", "theft", "--as", "chen", "--key", "chen.key", "--out", "one.json", "-c", a.file)
	c.refused("publish", "one.json", "-c", a.file)
	require.Equal(t, honest, c.members(a))

	// Two do, until they are revoked.
	c.sign("one.json", "bo")
	c.must("publish", "one.json", "-c", a.file)
	c.must("admit", "evil.example", "--name", "Evil", "--country", "FR", "--as", "bo", "--key", "bo.key", "--out", "two.json", "-c", a.file)
	c.sign("two.json", "chen")
	c.must("publish", "two.json", "-c", a.file)
	thiefs := map[string]signed.Status{a.Name: signed.Admitted, b.Name: signed.Suspended, "evil.example": signed.Admitted}
	require.Equal(t, thiefs, c.members(a))
	c.reaches(b, thiefs)
	c.must("renew", "--as", "bo", "--key", "bo.key", "--out", "late.json", "-c", a.file)
	c.sign("late.json", "chen")

	for _, id := range []string{"bo2", "dora"} {
		c.must("keygen", id, "--name", "Dr. "+id)
	}
	c.must("amend", "charter.json", "--remove", "bo", "--remove", "chen", "--add", "bo2.json", "--add", "dora.json", "--out", "next.json")
	c.sign("next.json", "ana", "dora")
	c.refused("publish", "next.json", "-c", a.file) // one of those before is too few
	c.sign("next.json", "bo")                       // bo has a copy of his key still
	c.must("verify", "next.json", "--charter", "charter.json")
	c.must("publish", "next.json", "-c", a.file)
	c.must("renew", "--from", "2.json", "--as", "dora", "--key", "dora.key", "--out", "good.json", "-c", a.file)
	c.sign("good.json", "bo2")
	c.must("diff", "two.json", "good.json")
	c.must("publish", "good.json", "-c", a.file)
	require.Equal(t, honest, c.members(a))
	c.reaches(b, honest)

	// What the thief kept back, and another charter of the thief's, come too late on both nodes.
	c.must("amend", "charter.json", "--remove", "ana", "--out", "coup.json")
	c.sign("coup.json", "bo", "chen")
	for _, w := range []ward{a, b} {
		for _, file := range []string{"late.json", "two.json", "one.json", "2.json", "coup.json"} {
			c.refused("publish", file, "-c", w.file)
		}
		require.Equal(t, honest, c.members(w))
		log := c.printed("audit", "-c", w.file)
		require.Contains(t, log, "charter taken")
		require.Contains(t, log, "members refused")
		require.Contains(t, log, "charter refused")
		require.Contains(t, c.printed("status", "-c", w.file), "admitted")
	}
	require.Equal(t, 1, strings.Count(c.printed("audit", "-c", a.file), "signed by [bo2 dora]"))
}
