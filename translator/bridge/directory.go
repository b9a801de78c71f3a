package bridge

import (
	"context"
	"fmt"
	"strings"

	"medixchange/translator/compose"
	"medixchange/translator/language"
	"medixchange/translator/replies"
)

// Directory is the clinicians of this hospital and of others as the bot asks for them. Languages are tags as readers chose
// them; what is returned for people to read is in that language.
type Directory interface {
	// Find looks for people: text is what somebody wrote, in any language.
	Find(ctx context.Context, text, language string, limit int) (DirectoryAnswer, error)
	// Own is how a user stands in the directory.
	Own(ctx context.Context, userID, language string) (DirectoryOwn, error)
	// Enlist lists a user who agrees to it. It reports false for a specialty that it does not know.
	Enlist(ctx context.Context, userID, specialty, role, language string) (known bool, err error)
	// Withdraw takes a user out.
	Withdraw(ctx context.Context, userID string) error
	// Specialties are the names of all.
	Specialties(language string) []string
	// Card is a user's contact card: words to copy, and a picture that a telephone reads.
	Card(ctx context.Context, userID, language string) (DirectoryCard, error)
	// Duties are those that a user may be on.
	Duties(ctx context.Context, userID string) ([]DirectoryDuty, error)
	// SetDuty begins or ends a user's duty.
	SetDuty(ctx context.Context, userID, duty string, on bool) error
}

// DirectoryAnswer is whom a search found.
type DirectoryAnswer struct {
	People        []DirectoryPerson
	More, Waiting bool // there are more; some hospitals have not answered
}

// DirectoryPerson is one of them.
type DirectoryPerson struct {
	UserID string
	Line   string // who they are, in one line
	OnDuty bool
}

// DirectoryOwn is how a user stands.
type DirectoryOwn struct {
	Listed, Verified bool
	Line             string
}

// DirectoryDuty is a duty such as "ICU on call".
type DirectoryDuty struct{ Localpart, Name string }

// DirectoryCard is a contact card.
type DirectoryCard struct {
	Text    string
	Content map[string]any // of an m.image with the picture
}

// foundPeople bounds the people of one answer.
const foundPeople = 10

// answerWho looks for colleagues: "!who cardiology es", "!who + icu".
func (t *talk) answerWho(ctx context.Context, a *asked) (string, error) {
	if t.b.o.Directory == nil {
		return language.Say(a.reader, "bot_unknown_command"), nil
	}
	if a.Rest == "" {
		return language.Say(a.reader, "error_usage", "example", "!who cardiology es"), nil
	}
	found, err := t.b.o.Directory.Find(ctx, a.Rest, string(a.reader), foundPeople)
	if err != nil {
		return "", fmt.Errorf("looking for colleagues: %w", err)
	}
	var lines []string
	for _, p := range found.People {
		line := "• " + p.Line
		if p.OnDuty {
			line += " · " + language.String(a.reader, "who_duty")
		}
		lines = append(lines, compose.Directed(a.reader, line), "  "+p.UserID)
	}
	if len(lines) == 0 {
		lines = append(lines, language.Say(a.reader, "who_none", "text", shortened(a.Rest)))
	}
	if found.More {
		lines = append(lines, language.Say(a.reader, "who_more"))
	}
	if found.Waiting {
		lines = append(lines, language.Say(a.reader, "who_waiting"))
	}
	return strings.Join(lines, "\n"), nil
}

// answerDirectory is a user's own place in the directory: "!directory", "!directory on cardiology, consultant",
// "!directory off", "!directory card".
func (t *talk) answerDirectory(ctx context.Context, a *asked) (string, error) {
	d := t.b.o.Directory
	if d == nil {
		return language.Say(a.reader, "bot_unknown_command"), nil
	}
	setting, rest := a.CutSetting()
	switch setting {
	case "on":
		return t.enlist(ctx, a, rest)
	case "off":
		if err := d.Withdraw(ctx, a.ev.Sender); err != nil {
			return "", fmt.Errorf("taking a user out of the directory: %w", err)
		}
		return language.Say(a.reader, "directory_off"), nil
	case replies.SettingCard:
		return t.card(ctx, a)
	}
	return t.directoryStanding(ctx, a)
}

func (t *talk) enlist(ctx context.Context, a *asked, text string) (string, error) {
	specialty, role, _ := strings.Cut(text, ",")
	known, err := t.b.o.Directory.Enlist(ctx, a.ev.Sender, strings.TrimSpace(specialty), strings.TrimSpace(role), string(a.reader))
	if err != nil {
		return "", fmt.Errorf("listing a user in the directory: %w", err)
	}
	if !known {
		names := language.List(a.reader, t.b.o.Directory.Specialties(string(a.reader)))
		return language.Say(a.reader, "directory_specialties", "specialties", names), nil
	}
	return t.directoryStanding(ctx, a)
}

// directoryStanding tells users how they stand, and those who are not listed what they would agree to.
func (t *talk) directoryStanding(ctx context.Context, a *asked) (string, error) {
	own, err := t.b.o.Directory.Own(ctx, a.ev.Sender, string(a.reader))
	switch {
	case err != nil:
		return "", fmt.Errorf("reading a user's place in the directory: %w", err)
	case own.Listed && own.Verified:
		return language.Say(a.reader, "directory_verified", "entry", own.Line), nil
	case own.Listed:
		return language.Say(a.reader, "directory_waiting", "entry", own.Line), nil
	}
	agree := replies.Example(a.reader, a.Name, "on") + " cardiology"
	return language.Say(a.reader, "directory_off") + "\n" +
		language.Say(a.reader, "directory_consent", "agree", agree, "withdraw", replies.Example(a.reader, a.Name, "off")), nil
}

// card sends the picture, once whatever happens in between, and returns the words.
func (t *talk) card(ctx context.Context, a *asked) (string, error) {
	card, err := t.b.o.Directory.Card(ctx, a.ev.Sender, string(a.reader))
	if err != nil {
		return "", fmt.Errorf("making a contact card: %w", err)
	}
	txn := txnOf(a.ev.ID)
	txn.Path = "card"
	if err := t.sendTxn(ctx, a.ev.RoomID, txn, card.Content); err != nil {
		return "", err
	}
	return card.Text, nil
}

// answerDuty begins or ends a duty of the asker: "!duty on", "!duty on icu-oncall".
func (t *talk) answerDuty(ctx context.Context, a *asked) (string, error) {
	if t.b.o.Directory == nil {
		return language.Say(a.reader, "bot_unknown_command"), nil
	}
	setting, named := a.CutSetting()
	on := setting == "on"
	if !on && setting != "off" {
		return language.Say(a.reader, "error_usage", "example", replies.Example(a.reader, a.Name, "on")), nil
	}
	duties, err := t.b.o.Directory.Duties(ctx, a.ev.Sender)
	if err != nil {
		return "", fmt.Errorf("reading duties: %w", err)
	}
	duty, answer := chosenDuty(a.reader, duties, named)
	if answer != "" {
		return answer, nil
	}
	if err := t.b.o.Directory.SetDuty(ctx, a.ev.Sender, duty.Localpart, on); err != nil {
		return "", fmt.Errorf("changing a duty: %w", err)
	}
	if on {
		return language.Say(a.reader, "duty_on", "function", duty.Name), nil
	}
	return language.Say(a.reader, "duty_off", "function", duty.Name), nil
}

// chosenDuty is the one that is meant, or the answer that says why there is none.
func chosenDuty(reader language.Code, duties []DirectoryDuty, named string) (duty DirectoryDuty, answer string) {
	var names []string
	for _, d := range duties {
		if named != "" && (strings.EqualFold(d.Localpart, named) || strings.EqualFold(d.Name, named)) {
			return d, ""
		}
		names = append(names, d.Localpart+" ("+d.Name+")")
	}
	switch {
	case len(duties) == 0:
		return duty, language.Say(reader, "duty_none")
	case named == "" && len(duties) == 1:
		return duties[0], ""
	}
	return duty, language.Say(reader, "duty_which", "functions", language.List(reader, names))
}
