package sync

import (
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
	"go.yaml.in/yaml/v3"

	"medixchange/rooms"
)

// sharedSpec returns the folder of the specification's data. CI must have it; elsewhere the test says that it is missing.
func sharedSpec(t *testing.T) string {
	shared := os.Getenv("MEDIX_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "shared")
	}
	folder, err := filepath.Abs(filepath.Join(shared, "spec", "data"))
	require.NoError(t, err)
	if _, err := os.Stat(folder); err != nil {
		require.Empty(t, os.Getenv("CI"), "the specification's data is missing: %v", err)
		t.Skip("SKIPPED: the specification's data is missing; set MEDIX_SHARED")
	}
	return folder
}

type yamlLoader struct{}

func (yamlLoader) Load(location string) (any, error) {
	u, err := url.Parse(location)
	if err != nil {
		return nil, err
	}
	raw, err := os.ReadFile(u.Path)
	if err != nil {
		return nil, err
	}
	var document any
	return document, yaml.Unmarshal(raw, &document)
}

func TestAnswersHaveTheSpecificationsForm(t *testing.T) {
	folder := sharedSpec(t)
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(yamlLoader{})
	schema, err := compiler.Compile("file://" + filepath.Join(folder, "api", "client-server", "sync.yaml") +
		"#/paths/~1sync/get/responses/200/content/application~1json/schema")
	require.NoError(t, err)
	require.Error(t, schema.Validate(map[string]any{"next_batch": "s", "rooms": map[string]any{"join": 7}}), "the schema is really there")
	check := func(c *client) {
		t.Helper()
		c.sync()
		require.NoError(t, schema.Validate(c.last.Value()), c.last.Raw)
	}

	n := newNode(t)
	room, invited := n.create(alice, bob), n.create(alice, bob)
	a, b := n.client(alice), n.client(bob, "use_state_after", "true", "filter", `{"room":{"timeline":{"unread_thread_notifications":true}}}`)
	check(a)
	check(b)
	n.member(room, bob, bob, "join")
	root := n.say(room, alice, "hello")
	require.NoError(t, n.rooms.SetReceipt(t.Context(), rooms.Receipt{RoomID: room.id, UserID: bob, Type: "m.read", EventID: root}))
	n.rooms.SetTyping(room.id, bob, 60_000_000_000)
	n.state(room, alice, "m.room.topic", "", `{"topic":"x"}`)
	n.state(room, alice, "m.room.topic", "", `{"topic":"y"}`)
	_, err = n.rooms.Send(t.Context(), rooms.SendRequest{RoomID: room.id, Sender: alice, Type: "m.room.redaction", Redacts: root, Content: []byte(`{}`)})
	require.NoError(t, err)
	require.NoError(t, n.accounts.SetAccountData(t.Context(), bob, room.id, "m.tag", []byte(`{"tags":{"m.favourite":{}}}`)))
	check(a)
	check(b)
	require.True(t, gjson.Parse(b.last.Raw).Get("rooms.join."+escaped(room.id)+".state_after").Exists())
	n.member(invited, bob, bob, "leave")
	n.member(room, alice, bob, "leave")
	check(b)
	require.Len(t, b.last.Get("rooms.leave").Map(), 2)
	check(a)
	check(a)
}
