package rooms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tidwall/gjson"
	"golang.org/x/sync/errgroup"

	"medixchange/internal/config"
	"medixchange/internal/sqldb"
	"medixchange/internal/strictjson"
)

// Create makes a room with everything that the request asks for in one commit: either all of it is there or nothing.
// Users of other servers are invited after it, and an invite that does not reach its server is only logged. Errors:
// ErrUnsupportedRoom, ErrInvalidParam, ErrInvalidRoomState, ErrBadEvent, ErrTooLarge, ErrAliasTaken.
func (r *Rooms) Create(ctx context.Context, req CreateRequest) (roomID string, err error) {
	c, err := r.newCreation(req)
	if err != nil {
		return "", err
	}
	if err := c.commit(nil); err != nil {
		return "", err
	}
	return c.rm.id, c.inviteOthers(ctx)
}

const (
	// maxInvites bounds the users that a request to create a room invites.
	maxInvites = 1000
	// invitesAtOnce bounds the servers that are asked at the same time to sign invites to a new room.
	invitesAtOnce = 8
)

// inviteOthers invites the users of other servers, those of one server one after the other, until it cannot be reached.
func (c *creation) inviteOthers(ctx context.Context) error {
	if len(c.inviteLater) == 0 {
		return nil
	}
	content, err := c.inviteContent()
	if err != nil {
		return err
	}
	byServer := map[string][]string{}
	for _, user := range c.inviteLater {
		byServer[serverOf(user)] = append(byServer[serverOf(user)], user)
	}
	ctx = context.WithoutCancel(ctx) // the room is there, whoever may have gone meanwhile
	var group errgroup.Group
	group.SetLimit(invitesAtOnce)
	for _, users := range byServer {
		group.Go(func() error {
			c.inviteFrom(ctx, users, content)
			return nil
		})
	}
	return group.Wait()
}

func (c *creation) inviteFrom(ctx context.Context, users []string, content []byte) {
	for i, user := range users {
		_, err := c.r.inviteRemote(ctx, c.rm.id, c.memberDraft(user, content), nil)
		if err == nil {
			continue
		}
		c.r.log.WithError(err).WithField("room_id", c.rm.id).Warn("inviting a user of another server to a new room")
		if errors.Is(err, ErrUnreachable) {
			c.r.log.WithField("room_id", c.rm.id).WithField("users", len(users)-i-1).Warn("not inviting the other users of this server")
			return
		}
	}
}

// creation is a room in the making.
type creation struct {
	r           *Rooms
	req         CreateRequest
	rm          *room
	preset      string
	alias       string
	ts          int64
	inviteLater []string // users of other servers
}

func (r *Rooms) newCreation(req CreateRequest) (*creation, error) {
	c := &creation{r: r, req: req, preset: req.Preset, ts: r.now().UnixMilli()}
	f, err := formatOf(orElse(req.Version, r.version))
	if err != nil {
		return nil, err
	}
	if c.preset == "" {
		c.preset = "private_chat"
		if req.Visibility == "public" {
			c.preset = "public_chat"
		}
	}
	if !slices.Contains([]string{"private_chat", "public_chat", "trusted_private_chat"}, c.preset) {
		return nil, fmt.Errorf("preset %q: %w", c.preset, ErrInvalidParam)
	}
	if len(req.Invite3PIDs) > 0 {
		return nil, fmt.Errorf("inviting by third-party identifier needs an identity server, which this node does not use: %w", ErrInvalidParam)
	}
	if req.AliasLocalpart != "" {
		c.alias = "#" + req.AliasLocalpart + ":" + r.server
		if err := r.checkLocalAlias(c.alias); err != nil {
			return nil, err
		}
	}
	if len(req.Invite) > maxInvites {
		return nil, fmt.Errorf("more than %d invited users: %w", maxInvites, ErrInvalidParam)
	}
	for i, user := range req.Invite {
		if slices.Contains(req.Invite[:i], user) {
			continue
		}
		if !isUserID(user) || user == req.Creator {
			return nil, fmt.Errorf("invited user %q: %w", user, ErrInvalidParam)
		}
		if !r.isLocal(user) {
			c.inviteLater = append(c.inviteLater, user)
		}
	}
	c.rm = r.newRoom("")
	c.rm.nid, c.rm.format = r.nids.room.Next(), f
	if !f.roomIsCreate {
		c.rm.id = "!" + randomText(18) + ":" + r.server
	}
	c.rm.st.published = req.Visibility == "public"
	return c, nil
}

// commit makes the room's events and stores them; more adds to them at the end.
func (c *creation) commit(more func(b *batch) error) error {
	b := newBatch(c.rm)
	defer b.end()
	b.created = true
	if err := c.fill(b); err != nil {
		return c.explain(err)
	}
	if more != nil {
		if err := more(b); err != nil {
			return c.explain(err)
		}
	}
	if err := b.finish(); err != nil {
		return err
	}
	return c.rm.commit(b)
}

// explain says of an event that is malformed or that the rules do not allow that the request does not fit together.
func (c *creation) explain(err error) error {
	if errors.Is(err, ErrForbidden) || errors.Is(err, ErrBadEvent) {
		return fmt.Errorf("%w: %w", ErrInvalidRoomState, err)
	}
	return err
}

// fill makes the events in the order of the specification (Client-Server API, Creation).
func (c *creation) fill(b *batch) error {
	steps := []func(*batch) error{
		c.sendCreate, c.sendCreator, c.sendPower, c.sendAlias, c.sendPreset, c.sendInitial, c.sendName, c.sendInvites,
	}
	for _, step := range steps {
		if err := step(b); err != nil {
			return err
		}
	}
	return nil
}

func (c *creation) state(b *batch, typ, key string, content any) error {
	raw, err := json.Marshal(content)
	if err != nil {
		return fmt.Errorf("encoding %s: %w", typ, err)
	}
	canonical, err := c.rm.format.canonicalContent(raw)
	if err != nil {
		return fmt.Errorf("%s: %w", typ, err)
	}
	_, err = b.send(&draft{typ: typ, stateKey: &key, sender: c.req.Creator, content: canonical, ts: c.ts}, nil)
	return err
}

func (c *creation) sendCreate(b *batch) error {
	content := map[string]json.RawMessage{}
	if err := decodeObject(c.req.CreationContent, &content); err != nil {
		return fmt.Errorf("creation_content: %w", err)
	}
	delete(content, "creator")
	content["room_version"] = quoted(c.rm.format.version)
	if c.rm.format.number <= 10 {
		content["creator"] = quoted(c.req.Creator)
	}
	given := content["additional_creators"]
	if creators := c.additionalCreators(given); c.rm.format.roomIsCreate && len(creators) > 0 {
		if err := checkCreators(given, creators); err != nil {
			return err
		}
		raw, err := json.Marshal(creators)
		if err != nil {
			return fmt.Errorf("encoding creators: %w", err)
		}
		content["additional_creators"] = raw
	}
	return c.state(b, "m.room.create", "", content)
}

// additionalCreators are those that the client names and, in a trusted private chat, everyone invited.
func (c *creation) additionalCreators(given json.RawMessage) []any {
	var creators []any
	seen := map[string]bool{}
	gjson.ParseBytes(given).ForEach(func(_, v gjson.Result) bool {
		creators = append(creators, v.Value())
		seen[v.Str] = true
		return true
	})
	if c.preset == "trusted_private_chat" {
		for _, user := range c.req.Invite {
			if !seen[user] {
				creators = append(creators, user)
				seen[user] = true
			}
		}
	}
	return creators
}

// checkCreators is stricter than the authorisation rules: nobody can ever be a user of a server that cannot exist.
func checkCreators(given json.RawMessage, creators []any) error {
	if len(given) > 0 && given[0] != '[' {
		return fmt.Errorf("additional_creators is not a list: %w", ErrBadEvent)
	}
	for _, creator := range creators {
		id, text := creator.(string)
		if !text || !isUserID(id) || !config.ValidServerName(serverOf(id)) {
			return fmt.Errorf("additional_creators: %v is not a user id: %w", creator, ErrBadEvent)
		}
	}
	return nil
}

func (c *creation) sendCreator(b *batch) error {
	return c.state(b, "m.room.member", c.req.Creator, memberContent("join", c.req.CreatorProfile))
}

func (c *creation) sendPower(b *batch) error {
	levels := c.defaultPower()
	override := map[string]json.RawMessage{}
	if err := decodeObject(c.req.PowerOverride, &override); err != nil {
		return fmt.Errorf("power_level_content_override: %w", err)
	}
	for key, value := range override {
		levels[key] = value
	}
	return c.state(b, "m.room.power_levels", "", levels)
}

// defaultPower are the levels of a new room; creators of room version 12 have no entry, since they stand above all levels.
func (c *creation) defaultPower() map[string]any {
	users := map[string]int{}
	tombstone, invite := 100, 0
	if c.preset == "public_chat" {
		invite = 50 // everyone can come in; whom a join rule keeps out is let in by those who were given the power
	}
	if c.rm.format.roomIsCreate {
		tombstone = 150
	} else {
		users[c.req.Creator] = 100
		if c.preset == "trusted_private_chat" {
			for _, user := range c.req.Invite {
				users[user] = 100
			}
		}
	}
	return map[string]any{
		"users": users, "users_default": 0, "events_default": 0, "state_default": 50,
		"ban": 50, "kick": 50, "redact": 50, "invite": invite,
		"historical": 100, "notifications": map[string]int{"room": 50},
		"events": map[string]int{
			"m.room.name": 50, "m.room.avatar": 50, "m.room.canonical_alias": 50, "m.room.power_levels": 100,
			"m.room.history_visibility": 100, "m.room.encryption": 100, "m.room.server_acl": 100, "m.room.tombstone": tombstone,
			// Whoever is in a room may say that they are in its call; what calls there are is for moderators (MSC4143).
			"org.matrix.msc3401.call.member": 0, "m.call.member": 0,
		},
	}
}

func (c *creation) sendAlias(b *batch) error {
	if c.alias == "" {
		return nil
	}
	b.stores = append(b.stores, func(tx *sqldb.Tx) error {
		return insertAlias(tx, c.alias, c.rm.id, c.req.Creator, c.ts)
	})
	return c.state(b, "m.room.canonical_alias", "", map[string]string{"alias": c.alias})
}

// sendPreset sends what the preset says, as far as initial_state does not say otherwise.
func (c *creation) sendPreset(b *batch) error {
	joinRule, guests := "invite", "can_join"
	if c.preset == "public_chat" {
		joinRule, guests = "public", "" // guests are forbidden where nothing is said of them
	}
	for _, s := range []struct{ typ, field, value string }{
		{"m.room.join_rules", "join_rule", joinRule},
		{"m.room.history_visibility", "history_visibility", "shared"},
		{"m.room.guest_access", "guest_access", guests},
	} {
		given := slices.ContainsFunc(c.req.InitialState, func(i StateInput) bool { return i.Type == s.typ && i.StateKey == "" })
		if given || s.value == "" {
			continue
		}
		if err := c.state(b, s.typ, "", map[string]string{s.field: s.value}); err != nil {
			return err
		}
	}
	return nil
}

func (c *creation) sendInitial(b *batch) error {
	for _, s := range c.req.InitialState {
		if s.Type == "m.room.create" || s.Type == "m.room.member" {
			return fmt.Errorf("initial_state with %s: %w", s.Type, ErrInvalidParam)
		}
		key := s.StateKey
		if err := checkSend(&SendRequest{Type: s.Type, StateKey: &key, Sender: c.req.Creator}); err != nil {
			return fmt.Errorf("initial_state: %w", err)
		}
		if len(s.Content) == 0 {
			s.Content = json.RawMessage(`{}`)
		}
		if err := c.state(b, s.Type, key, s.Content); err != nil {
			return fmt.Errorf("initial_state: %w", err)
		}
	}
	return nil
}

func (c *creation) sendName(b *batch) error {
	if c.req.Name != "" {
		if err := c.state(b, "m.room.name", "", map[string]string{"name": c.req.Name}); err != nil {
			return err
		}
	}
	if c.req.Topic == "" {
		return nil
	}
	rich := map[string]any{"m.text": []map[string]string{{"body": c.req.Topic}}}
	return c.state(b, "m.room.topic", "", map[string]any{"topic": c.req.Topic, "m.topic": rich})
}

func (c *creation) sendInvites(b *batch) error {
	content, err := c.inviteContent()
	if err != nil {
		return err
	}
	for _, user := range c.req.Invite {
		if !c.r.isLocal(user) {
			continue
		}
		if _, err := b.send(c.memberDraft(user, content), nil); err != nil {
			return fmt.Errorf("inviting %s: %w", user, err)
		}
	}
	return nil
}

func (c *creation) inviteContent() ([]byte, error) {
	content := memberContent("invite", MemberProfile{})
	if c.req.IsDirect {
		content["is_direct"] = json.RawMessage("true")
	}
	return encodeContent(c.rm.format, content)
}

func (c *creation) memberDraft(user string, content []byte) *draft {
	return &draft{typ: "m.room.member", stateKey: &user, sender: c.req.Creator, content: content, ts: c.ts}
}

// decodeObject reads an object that a client gave; nothing is an empty one.
func decodeObject(raw json.RawMessage, into *map[string]json.RawMessage) error {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	if err := strictjson.Check(raw, strictjson.Limits{MaxBytes: maxEventBytes}); err != nil {
		return fmt.Errorf("%w: %w", ErrBadEvent, err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("not an object: %w", ErrBadEvent)
	}
	return nil
}

// encodeContent writes content as canonical JSON of the room version.
func encodeContent(f *format, content map[string]json.RawMessage) ([]byte, error) {
	raw, err := json.Marshal(content)
	if err != nil {
		return nil, fmt.Errorf("encoding content: %w: %w", ErrBadEvent, err)
	}
	return f.canonicalContent(raw)
}

// quoted is a text as JSON.
func quoted(text string) json.RawMessage { return strictjson.AppendString(nil, []byte(text)) }

// appendMember adds a text to an object without that key.
func appendMember(object []byte, key, text string) []byte {
	out := append([]byte{'{'}, quoted(key)...)
	out = append(append(out, ':'), quoted(text)...)
	if len(object) > len("{}") {
		out = append(out, ',')
	}
	return append(out, object[1:]...)
}
