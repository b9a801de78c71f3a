package rooms

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

func TestTheContentIsFoundWhereItLies(t *testing.T) {
	ev := &Event{}
	for _, pdu := range []string{
		`{"auth_events":["$a"],"content":{"content":{"b":1},"body":"a \" b"},"type":"m.room.message"}`,
		`{"content":{},"type":"m.room.message"}`,
		`{"type":"m.room.message"}`,
		`{"content":7}`,
		`{ "type":"x" , "content" : {"a":[1,{"content":2}]} }`,
	} {
		ev.setJSON([]byte(pdu)) // again and again, as for an invite that is signed a second time
		want := gjson.Get(pdu, "content")
		require.Equal(t, want.Raw, ev.Content().Raw, pdu)
		require.Equal(t, want.Type, ev.Content().Type, pdu)
		require.Equal(t, want.Index, ev.Content().Index, pdu)
		require.Equal(t, want.Raw, (&Event{JSON: []byte(pdu)}).Content().Raw, "an event that was made elsewhere")
	}
}
