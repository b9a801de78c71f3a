package tests

import (
	"net/http"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
)

// wordOf is a word that no other message of the loop has: those of digits find the same digits in another order as well.
func wordOf(round, sender, n int) string {
	word := []byte("w")
	for _, number := range []int{round, sender, n} {
		word = append(word, byte('a'+number/26%26), byte('a'+number%26))
	}
	return string(word)
}

// checkSearch proves that what was acknowledged over all kills is found, and each once.
func (c *crasher) checkSearch() {
	c.t.Helper()
	checked := 0
	for body, id := range c.acked {
		if checked++; checked > 60 {
			return
		}
		require.Eventually(c.t, func() bool { return c.foundTimes(body, id) == 1 }, 20*time.Second, 50*time.Millisecond, "%s is found once", body)
	}
}

func (c *crasher) foundTimes(body, id string) (n int) {
	found := c.must(http.MethodPost, v3+"/search", object{"search_categories": object{"room_events": object{
		"search_term": body[strings.LastIndexByte(body, '-')+1:], "filter": object{"limit": 50},
	}}})
	for _, r := range found.Get("search_categories.room_events.results").Array() {
		if r.Get("result.event_id").Str == id {
			n++
		}
	}
	return n
}
