package appservice

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

const (
	asToken = "token of the service"
	hsToken = "token-of-the-homeserver"
	bot     = "@translator:b.example"
	ward    = "!ward:b.example"
	chat    = "!chat:b.example"
)

func writeFile(path string, content []byte) error { return os.WriteFile(path, content, 0o600) }

// homeserver is what of the Client-Server API the service needs: one room, in which ana has power 100 and bo and eve are.
type homeserver struct {
	t         *testing.T
	mu        sync.Mutex
	encrypted bool
	setting   string            // of the room's translation
	unpowered bool              // the bot may not send state
	broken    string            // what fails: part of a path
	byTxn     map[string]string // event id
	said      []gjson.Result    // {"event_id", "content"}
	sends     []string          // what was sent, each time
	down      bool              // it answers nobody
	unheard   int               // requests while it was down
	failSyncs int               // /syncs that fail from now on
	pings     int               // that were asked for
	onPing    *pingAnswer       // nil: {}
	done      []string          // what else was asked for
	chat      bool              // the bot has made its chat with ana
	ana       string            // her membership of it
	bo        string            // his
	joinRule  string            // of it; "invite" if ""
	taken     int               // of done, by waitFor
	syncs     []object          // answers of /sync to come
	filter    string            // of the last /sync
	answered  int               // /syncs
	after     string            // token after the last of syncs that was given
	last      object            // that one
	from      string            // the token that it was given for
	told      int               // of syncs, that were taken
	keys      object            // of the device
}

type pingAnswer struct {
	status int
	body   object
}

func newHomeserver(t *testing.T) *homeserver {
	return &homeserver{t: t, byTxn: map[string]string{}, keys: object{}}
}

func (h *homeserver) set(change func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	change()
}

func (h *homeserver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if strings.HasSuffix(r.URL.Path, "/sync") {
		time.Sleep(2 * time.Millisecond) // a long poll
	}
	h.mu.Lock()
	if h.down {
		h.unheard++
		h.mu.Unlock()
		panic(http.ErrAbortHandler)
	}
	status, answer := h.answer(r, body)
	h.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		h.t.Logf("answering the service: %v", err)
	}
}

func (h *homeserver) answer(r *http.Request, body []byte) (int, any) {
	path := strings.TrimPrefix(r.URL.Path, "/_matrix/client/v3")
	if r.Header.Get("Authorization") == "Bearer "+deviceToken {
		return h.answerDevice(r, path, body)
	}
	if r.Header.Get("Authorization") != "Bearer "+asToken {
		return http.StatusUnauthorized, object{"errcode": "M_UNKNOWN_TOKEN"}
	}
	if r.URL.Path == "/_matrix/client/v1/appservice/x/ping" {
		h.pings++
		if h.onPing != nil {
			return h.onPing.status, h.onPing.body
		}
		return http.StatusOK, object{"duration_ms": 1}
	}
	if path == "/login" {
		return http.StatusOK, object{"user_id": bot, "device_id": "DEVICE", "access_token": deviceToken}
	}
	parts := strings.Split(path, "/")
	if path != "/register" && r.URL.Query().Get("user_id") != bot {
		return http.StatusForbidden, object{"errcode": "M_FORBIDDEN", "error": "the service must act as its bot"}
	}
	switch {
	case h.broken != "" && strings.Contains(path, h.broken):
		return http.StatusInternalServerError, object{"errcode": "M_UNKNOWN"}
	case path == "/register":
		return http.StatusBadRequest, object{"errcode": "M_USER_IN_USE"}
	case strings.HasSuffix(path, "/join"):
		h.done = append(h.done, "join")
	case strings.HasSuffix(path, "/leave"):
		h.done = append(h.done, "leave "+gjson.GetBytes(body, "reason").Str)
	case path == "/createRoom":
		h.done = append(h.done, "create "+string(body))
		h.chat, h.ana = true, "invite"
		return http.StatusOK, object{"room_id": chat}
	case path == "/joined_rooms":
		rooms := []string{ward}
		if h.chat {
			rooms = append(rooms, chat)
		}
		return http.StatusOK, object{"joined_rooms": rooms}
	case strings.HasSuffix(path, "/joined_members") && strings.Contains(path, chat):
		return http.StatusOK, object{"joined": object{bot: object{}}}
	case strings.HasSuffix(path, chat+"/state"):
		return http.StatusOK, h.chatState()
	case strings.HasSuffix(path, chat+"/invite"):
		h.done = append(h.done, "invite "+string(body))
		h.ana = "invite"
	case strings.Contains(path, "/event/"):
		return http.StatusOK, object{"type": "m.room.message", "sender": "@ana:b.example", "content": object{}}
	case strings.Contains(path, "/state/m.room.name"):
		return http.StatusOK, object{"name": "Ward 7"}
	case strings.HasSuffix(path, "/joined_members"):
		return http.StatusOK, object{"joined": object{bot: object{}, "@ana:b.example": object{}, "@bo:b.example": object{}, "@eve:b.example": object{}}}
	case strings.Contains(path, "/state/m.room.power_levels"):
		return http.StatusOK, object{"users": object{"@ana:b.example": 100}, "invite": 0}
	case strings.Contains(path, "/state/m.room.create"):
		return http.StatusOK, object{"sender": "@ana:b.example", "content": object{"room_version": "10"}}
	case strings.Contains(path, "/state/m.room.encryption") && !h.encrypted:
		return http.StatusNotFound, object{"errcode": "M_NOT_FOUND"}
	case strings.Contains(path, "/state/org.medixchange.room") && r.Method == http.MethodPut:
		if h.unpowered {
			return http.StatusForbidden, object{"errcode": "M_FORBIDDEN"}
		}
		h.setting = gjson.GetBytes(body, "translation").Str
		h.done = append(h.done, "set "+string(body))
	case strings.Contains(path, "/state/org.medixchange.room"):
		if h.setting == "" {
			return http.StatusNotFound, object{"errcode": "M_NOT_FOUND"}
		}
		return http.StatusOK, object{"translation": h.setting, "threads": true}
	case strings.Contains(path, "/event/"):
		return http.StatusOK, object{"event_id": parts[len(parts)-1], "sender": "@ana:b.example", "type": "m.room.message", "content": object{}}
	case strings.Contains(path, "/redact/"):
		h.done = append(h.done, "redact "+parts[4])
		return http.StatusOK, object{"event_id": "$redaction"}
	case strings.Contains(path, "/send/m.room.message/"):
		return http.StatusOK, object{"event_id": h.send(parts[2], parts[len(parts)-1], body)}
	}
	return http.StatusOK, object{}
}

// chatState is the state of the bot's chat with ana.
func (h *homeserver) chatState() []object {
	state := []object{{"type": "m.room.join_rules", "state_key": "", "content": object{"join_rule": cmp.Or(h.joinRule, "invite")}}}
	for user, membership := range map[string]string{bot: "join", "@ana:b.example": h.ana, "@bo:b.example": cmp.Or(h.bo, "leave")} {
		state = append(state, object{"type": "m.room.member", "state_key": user, "content": object{"membership": membership}})
	}
	return state
}

// send keeps transaction ids, as a homeserver does.
func (h *homeserver) send(room, txn string, content []byte) string {
	h.sends = append(h.sends, gjson.GetBytes(content, "body").Str)
	if id, ok := h.byTxn[txn]; ok {
		return id
	}
	id := fmt.Sprintf("$answer%d", len(h.byTxn))
	h.byTxn[txn] = id
	h.said = append(h.said, gjson.Parse(fmt.Sprintf(`{"event_id":%q,"room_id":%q,"content":%s}`, id, room, content)))
	return id
}

const patience = 20 * time.Second

// waitSaid waits for something that the bot says.
func (h *homeserver) waitSaid(text string) (found gjson.Result) {
	h.t.Helper()
	require.Eventually(h.t, func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, said := range h.said {
			if strings.Contains(said.Get("content.body").Str, text) {
				found = said
				return true
			}
		}
		return false
	}, patience, 2*time.Millisecond, text)
	return found
}

// waitFor waits for the next thing done that begins so.
func (h *homeserver) waitFor(what string) (done string) {
	h.t.Helper()
	require.Eventually(h.t, func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		for i := h.taken; i < len(h.done); i++ {
			if strings.HasPrefix(h.done[i], what) {
				done, h.taken = h.done[i], i+1
				return true
			}
		}
		return false
	}, patience, 2*time.Millisecond, what)
	return done
}

func (h *homeserver) count(text string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, said := range h.said {
		if strings.Contains(said.Get("content.body").Str, text) {
			n++
		}
	}
	return n
}

// countSends is how often a text was sent, those times included of which only the first counts.
func (h *homeserver) countSends(text string) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, body := range h.sends {
		if strings.Contains(body, text) {
			n++
		}
	}
	return n
}
