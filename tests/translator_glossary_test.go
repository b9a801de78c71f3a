package tests

import (
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// translateDesk is `medix translate` at a running hospital.
type translateDesk struct {
	t              *testing.T
	binary, config string
}

// newTranslateDesk takes the engines that are in the configuration of the commands; the running hospital has its own.
func newTranslateDesk(t *testing.T, h *testhospital.Hospital, engines ...map[string]any) translateDesk {
	binary, err := builtOnce()
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "medix.yaml")
	settings, err := json.Marshal(map[string]any{ // JSON is YAML
		"server_name": h.Name, "listen": map[string]any{"admin_socket": h.Node().AdminSocket()},
		"translator": map[string]any{"engines": append([]map[string]any{}, engines...)}, // a list also when it is empty
	})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, settings, 0o600))
	return translateDesk{t, binary, file}
}

// run returns what the command says, and whether it ended well.
func (d translateDesk) run(input string, args ...string) (out string, ok bool) {
	d.t.Helper()
	cmd := exec.CommandContext(d.t.Context(), d.binary, append([]string{"--config", d.config, "translate"}, args...)...)
	cmd.Stdin = strings.NewReader(input)
	said, err := cmd.CombinedOutput()
	return string(said), err == nil
}

func (d translateDesk) must(input string, args ...string) string {
	d.t.Helper()
	out, ok := d.run(input, args...)
	require.True(d.t, ok, "%v: %s", args, out)
	return out
}

// glossaryDesk is `medix translate glossary` there.
type glossaryDesk struct{ translateDesk }

func (d glossaryDesk) run(input string, args ...string) (out string, ok bool) {
	d.t.Helper()
	return d.translateDesk.run(input, append([]string{"glossary"}, args...)...)
}

func (d glossaryDesk) must(input string, args ...string) string {
	d.t.Helper()
	out, ok := d.run(input, args...)
	require.True(d.t, ok, "%v: %s", args, out)
	return out
}

// TestTheAdministratorsGlossaryReachesTheNextMessage: imported from a file by the command, it decides how an order is read a
// moment later, and the command says what was done.
func TestTheAdministratorsGlossaryReachesTheNextMessage(t *testing.T) {
	h := testhospital.Start(t, func(cfg *config.Config) {
		cfg.Translator.Enabled = true
		cfg.Translator.Engines = []config.Engine{{Type: "phrases"}}
		cfg.Translator.HoldBudget = config.Duration(30 * time.Second)
	})
	d := glossaryDesk{newTranslateDesk(t, h)}
	const file = "concept,rule,language,use,form\noxygen,invariant,en,,oxygen\noxygen,,es,,oxígeno medicinal\n"
	out, ok := d.run(strings.Replace(file, ",es,", ",sp,", 1), "import", "-", "--by", "nora")
	require.False(t, ok)
	require.Contains(t, out, `line 3, column 9 (language): "sp" is no language tag (BCP 47); did you mean "es"?`)
	require.Contains(t, d.must(file, "import", "-", "--by", "nora", "--dry-run"), "nothing is changed yet; it would be: added 1")
	require.Contains(t, d.must(file, "import", "-", "--by", "nora"), "added 1, changed 0, removed 0, unchanged 0, version 1")
	require.Contains(t, d.must("", "list", "oxígeno", "--language", "es"), "es: oxígeno medicinal")

	alice, bob := h.User("alice"), h.User("bob")
	bob.Must(http.MethodPut, "/_matrix/client/v3/user/"+url.PathEscape(bob.ID)+"/account_data/org.medixchange.language", map[string]string{"language": "es"})
	room := alice.CreateRoom(testhospital.Room{Preset: "public_chat"})
	bob.Join(room)
	event := bob.WaitFor(room, alice.Say(room, "The patient needs oxygen."))
	require.Contains(t, event.Get("content.body").Str, "oxígeno medicinal", "the phrase memory says oxígeno: a warning names what the hospital calls it")
	require.Equal(t, "warn", event.Get(`content.org\.medixchange\.translation.verdict`).Str)

	d.must("", "set", "oxygen", "--language", "es", "--form", "oxígeno", "--accept", "O2", "--note", "=1+1", "--by", "nora")
	require.Contains(t, d.must("", "show", "oxygen"), "oxígeno, O2")
	exported := filepath.Join(t.TempDir(), "glossary.csv")
	d.must("", "export", "--output", exported)
	data, err := os.ReadFile(exported)
	require.NoError(t, err)
	require.Contains(t, string(data), "'=1+1")
	require.Contains(t, d.must("", "import", exported, "--replace"), "unchanged 1")
	d.must("", "remove", "oxygen", "--by", "nora")
	history := gjson.Parse(d.must("", "history", "oxygen", "--json"))
	require.Equal(t, `["remove","set","import"]`, history.Get("changes.#.action").Raw)
	require.Equal(t, `["nora","nora","nora"]`, history.Get("changes.#.by").Raw)
	_, ok = d.run("", "show", "oxygen")
	require.False(t, ok)
}
