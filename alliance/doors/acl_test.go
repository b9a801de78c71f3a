package doors

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOnlyWhatTheAllianceClosedIsOpenedAgain(t *testing.T) {
	list, err := readACL([]byte(`{"allow":["*.example"],"allow_ip_literals":false,"deny":["evil.example"],"note":"kept"}`))
	require.NoError(t, err)
	require.False(t, list.open("evil.example"), "somebody else denied it")
	list.close("luc.example:8448")
	raw, err := list.content()
	require.NoError(t, err)
	require.JSONEq(t, `{"allow":["*.example"],"allow_ip_literals":false,"deny":["evil.example","luc.example"],"note":"kept",
		"org.medixchange.alliance":{"closed":["luc.example:8448"],"opened":[]}}`, string(raw))

	list, err = readACL(raw)
	require.NoError(t, err)
	require.True(t, list.open("luc.example:8448"))
	require.False(t, list.open("luc.example:8448"))
	raw, err = list.content()
	require.NoError(t, err)
	require.JSONEq(t, `{"allow":["*.example"],"allow_ip_literals":false,"deny":["evil.example"],"note":"kept",
		"org.medixchange.alliance":{"closed":[],"opened":["luc.example:8448"]}}`, string(raw))
}

func TestARoomWithoutAnAccessListLetsTheOthersIn(t *testing.T) {
	list, err := readACL(nil)
	require.NoError(t, err)
	list.close("luc.example")
	raw, err := list.content()
	require.NoError(t, err)
	require.JSONEq(t, `{"allow":["*"],"allow_ip_literals":true,"deny":["luc.example"],"org.medixchange.alliance":{"closed":["luc.example"],"opened":[]}}`, string(raw))
}

func TestAnAccessListThatIsNoneIsLeftAlone(t *testing.T) {
	for _, content := range []string{`[]`, `{"deny":"x"}`, `{"deny":[1]}`} {
		_, err := readACL([]byte(content))
		require.Error(t, err, content)
	}
	list, err := readACL([]byte(`{"org.medixchange.alliance":"forged"}`))
	require.NoError(t, err)
	require.False(t, list.open("luc.example"))
}
