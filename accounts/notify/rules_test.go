package notify_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/accounts"
	"medixchange/accounts/notify"
	"medixchange/accounts/pushrules"
)

func TestTweaksAndPriority(t *testing.T) {
	const message = "m.room.message"
	for _, c := range []struct {
		name, typ, actions string
		highlight          bool
		tweaks, prio       string
	}{
		{"nothing but notify", message, `["notify"]`, false, `{}`, "low"},
		{"a sound", message, `["notify",{"set_tweak":"sound","value":"default"}]`, false, `{"sound":"default"}`, "high"},
		{"a highlight without value", message, `["notify",{"set_tweak":"highlight"}]`, true, `{"highlight":true}`, "high"},
		{"no highlight", message, `["notify",{"set_tweak":"highlight","value":false}]`, false, `{"highlight":false}`, "low"},
		{"a tweak without value", message, `["notify",{"set_tweak":"org.example.glow"}]`, false, `{}`, "low"},
		{"a tweak that is not known", message, `["notify",{"set_tweak":"org.example.glow","value":[1]}]`, false, `{"org.example.glow":[1]}`, "low"},
		{"an encrypted event", "m.room.encrypted", `["notify"]`, false, `{}`, "high"},
	} {
		t.Run(c.name, func(t *testing.T) {
			result := pushrules.Result{Notify: true, Highlight: c.highlight}
			require.NoError(t, json.Unmarshal([]byte(c.actions), &result.Actions))
			device, err := notify.DeviceOf(&accounts.Pusher{AppID: "app", PushKey: "key", Created: 1999,
				Data: json.RawMessage(`{"url":"https://push.example/","format":"event_id_only","x":{"y":1}}`)}, result)
			require.NoError(t, err)
			require.JSONEq(t, c.tweaks, string(device.Tweaks))
			require.JSONEq(t, `{"format":"event_id_only","x":{"y":1}}`, string(device.Data))
			require.EqualValues(t, 1, device.PushKeyTS)
			require.Equal(t, c.prio, notify.Priority(result, c.typ))
		})
	}
}
