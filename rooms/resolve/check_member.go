package resolve

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/matrix-org/gomatrixserverlib"
	"golang.org/x/crypto/ed25519"
)

// change is a change of membership, with what decides about it.
type change struct {
	target string // whose membership
	from   string // membership so far, "leave" without one
	new    *memberContent
}

func (c *checker) checkMember() error {
	e := c.event
	if e.StateKey == nil {
		return deny("member.state_key", "a membership without a state key")
	}
	p := e.content()
	if p.err != nil {
		return p.err
	}
	if !validUserID(*e.StateKey) {
		return deny("member.state_key", "%q is not a user id", *e.StateKey)
	}
	ch := change{target: *e.StateKey, from: c.membership(*e.StateKey), new: &p.member}
	switch p.member.membership {
	case "join":
		return c.checkJoin(ch)
	case "invite":
		return c.checkInvite(ch)
	case "leave":
		return c.checkLeave(ch)
	case "ban":
		return c.checkBan(ch)
	case "knock":
		if c.knock {
			return c.checkKnock(ch)
		}
	}
	return deny("member.unknown", "membership %q is not known in room version %s", p.member.membership, c.version)
}

func (c *checker) checkJoin(ch change) error {
	if len(c.event.Prev) == 1 && c.event.Prev[0] == c.create.ID && ch.target == c.creator() {
		return nil
	}
	if c.event.Sender != ch.target {
		return deny("member.join.other", "%s cannot join for %s", c.event.Sender, ch.target)
	}
	if ch.from == "ban" {
		return deny("member.join.banned", "%s is banned", ch.target)
	}
	already := ch.from == "invite" || ch.from == "join"
	rule := c.joinRule()
	switch {
	case rule == "public":
		return nil
	case rule == "invite" || rule == "knock" && c.knock:
		if already {
			return nil
		}
	case rule == "restricted" && c.restricted || rule == "knock_restricted" && c.knockRestricted:
		if already {
			return nil
		}
		return c.checkAuthorised(ch.new.authorisedVia)
	}
	return deny("member.join.rule", "join rule %q does not let %s join from %q", rule, ch.target, ch.from)
}

// checkAuthorised applies the rule for restricted joins: someone who may invite vouches. That the event is signed by that
// user's server is checked with the signatures.
func (c *checker) checkAuthorised(via string) error {
	if via == "" {
		return deny("member.join.restricted", "no join_authorised_via_users_server")
	}
	if c.membership(via) != "join" {
		return deny("member.join.restricted", "authorising user %s is not joined", via)
	}
	if level, need := c.userLevel(via), c.power.get(levelInvite); level < need {
		return deny("member.join.restricted", "authorising user %s has %d, inviting needs %d", via, level, need)
	}
	return nil
}

func (c *checker) checkInvite(ch change) error {
	if ch.new.thirdParty {
		return c.checkThirdParty(ch)
	}
	if err := c.senderJoined("member.invite.sender"); err != nil {
		return err
	}
	if ch.from == "join" || ch.from == "ban" {
		return deny("member.invite.target", "%s cannot be invited from %q", ch.target, ch.from)
	}
	if level, need := c.userLevel(c.event.Sender), c.power.get(levelInvite); level < need {
		return deny("member.invite.level", "%s has %d, inviting needs %d", c.event.Sender, level, need)
	}
	return nil
}

func (c *checker) checkLeave(ch change) error {
	sender := c.event.Sender
	if sender == ch.target {
		if ch.from == "invite" || ch.from == "join" || ch.from == "knock" && c.knock {
			return nil
		}
		return deny("member.leave", "%s cannot leave from %q", sender, ch.from)
	}
	if err := c.senderJoined("member.leave.sender"); err != nil {
		return err
	}
	level := c.userLevel(sender)
	if need := c.power.get(levelBan); ch.from == "ban" && level < need {
		return deny("member.unban.level", "%s has %d, unbanning needs %d", sender, level, need)
	}
	if need := c.power.get(levelKick); level < need {
		return deny("member.kick.level", "%s has %d, kicking needs %d", sender, level, need)
	}
	if target := c.userLevel(ch.target); target >= level {
		return deny("member.kick.target", "%s has %d, %s has %d", sender, level, ch.target, target)
	}
	return nil
}

func (c *checker) checkBan(ch change) error {
	sender := c.event.Sender
	if err := c.senderJoined("member.ban.sender"); err != nil {
		return err
	}
	level := c.userLevel(sender)
	if need := c.power.get(levelBan); level < need {
		return deny("member.ban.level", "%s has %d, banning needs %d", sender, level, need)
	}
	if target := c.userLevel(ch.target); target >= level {
		return deny("member.ban.target", "%s has %d, %s has %d", sender, level, ch.target, target)
	}
	return nil
}

func (c *checker) checkKnock(ch change) error {
	rule := c.joinRule()
	if rule != "knock" && (rule != "knock_restricted" || !c.knockRestricted) {
		return deny("member.knock.rule", "join rule %q does not let anybody knock", rule)
	}
	if c.event.Sender != ch.target {
		return deny("member.knock.other", "%s cannot knock for %s", c.event.Sender, ch.target)
	}
	switch ch.from {
	case "ban", "invite", "join":
		return deny("member.knock.membership", "%s cannot knock from %q", ch.target, ch.from)
	}
	return nil
}

func (c *checker) senderJoined(rule string) error {
	if c.membership(c.event.Sender) == "join" {
		return nil
	}
	return deny(rule, "%s is not joined", c.event.Sender)
}

// joinRule returns the room's join rule, "invite" without a join rules event.
func (c *checker) joinRule() string {
	e := c.state.AuthEvent(typeJoinRules, "")
	if e == nil {
		return "invite"
	}
	return e.content().join
}

// checkThirdParty applies the rule for an invitation that redeems an m.room.third_party_invite.
func (c *checker) checkThirdParty(ch change) error {
	const rule = "member.third_party_invite"
	m := ch.new
	switch {
	case ch.from == "ban":
		return deny(rule, "%s is banned", ch.target)
	case m.signed == nil:
		return deny(rule, "third_party_invite has no signed")
	case m.mxid == "" || m.token == "":
		return deny(rule, "signed lacks mxid or token")
	case m.mxid != ch.target:
		return deny(rule, "signed is for %s, not for %s", m.mxid, ch.target)
	}
	invite := c.state.AuthEvent(typeThirdParty, m.token)
	if invite == nil {
		return deny(rule, "no third party invitation with that token")
	}
	if invite.Sender != c.event.Sender {
		return deny(rule, "the invitation is from %s, not from %s", invite.Sender, c.event.Sender)
	}
	if !anySignature(m.signed, invite.content().third) {
		return deny(rule, "no signature matches a public key of the invitation")
	}
	return nil
}

// anySignature reports whether a signature in the signed object verifies with one of the public keys. The work is bounded:
// an object with more than 16 signatures, or an invitation with more than 16 keys, is judged by the first ones.
func anySignature(signed []byte, keys []string) bool {
	const most = 16
	var s struct {
		Signatures map[string]map[string]json.RawMessage `json:"signatures"`
	}
	if json.Unmarshal(signed, &s) != nil {
		return false
	}
	if len(keys) > most {
		keys = keys[:most]
	}
	tried := 0
	for name, sigs := range s.Signatures {
		for id := range sigs {
			if !strings.HasPrefix(id, "ed25519:") {
				continue
			}
			if tried++; tried > most {
				return false
			}
			if verifies(signed, name, id, keys) {
				return true
			}
		}
	}
	return false
}

func verifies(signed []byte, name, id string, keys []string) bool {
	for _, k := range keys {
		key, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(k), "="))
		if err != nil || len(key) != ed25519.PublicKeySize {
			continue
		}
		if gomatrixserverlib.VerifyJSON(name, gomatrixserverlib.KeyID(id), ed25519.PublicKey(key), signed) == nil {
			return true
		}
	}
	return false
}
