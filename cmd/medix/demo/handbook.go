package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"

	"medixchange/admin"
	"medixchange/handbook/editions"
	"medixchange/handbook/updates"
)

// handbook shows the clinical handbook that every node has, as pages and in the chat.
func (s *stage) handbook(ctx context.Context) bool {
	if !s.report.step("hospital A has the handbook in its languages", func() (string, error) { return s.handbookLanguages(ctx) }) {
		return false
	}
	for _, tag := range []string{"zh", "en"} {
		ok := s.report.step(fmt.Sprintf("the handbook of hospital A in the language %s", tag), func() (string, error) { return s.handbookPage(ctx, tag) })
		if !ok {
			return false
		}
	}
	for _, c := range []struct {
		who  *clinician
		asks string
	}{{s.en, "!handbook fever"}, {s.zh, "!handbook get oxygen"}} {
		ok := s.report.step(fmt.Sprintf("%s asks the translator: %s", localpart(c.who), c.asks), func() (string, error) {
			return c.who.askHandbook(ctx, c.asks)
		})
		if !ok {
			return false
		}
	}
	return s.report.step("hospital A publishes its edition of the handbook, hospital B takes it", func() (string, error) { return s.handbookTravels(ctx) })
}

// handbookTravels brings an edition from hospital A to hospital B, where it is shown.
func (s *stage) handbookTravels(ctx context.Context) (string, error) {
	here, there := admin.NewClient(filepath.Join(s.a.dir, "admin.sock")), admin.NewClient(filepath.Join(s.b.dir, "admin.sock"))
	var published updates.Published
	if err := here.Call(ctx, http.MethodPost, updates.PathPublish, updates.Publication{}, &published); err != nil {
		return "", fmt.Errorf("publishing: %w", err)
	}
	begin := time.Now()
	var taken updates.Outcome
	if err := there.Call(ctx, http.MethodPost, updates.PathFetch, updates.Source{Server: s.a.name}, &taken); err != nil {
		return "", fmt.Errorf("fetching: %w", err)
	}
	fetched := time.Since(begin)
	var shown editions.Edition
	if err := there.Call(ctx, http.MethodPost, updates.PathActivate, updates.Choice{Mark: taken.Edition.Mark, By: "demo"}, &shown); err != nil {
		return "", fmt.Errorf("activating: %w", err)
	}
	if !shown.Current || shown.Mark != published.Head.Mark {
		return "", errors.New("hospital B shows another edition")
	}
	return fmt.Sprintf("edition %s, %d KiB, signed by %s, verified and kept after %s, shown once the administrator of B activates it",
		shown.Name, published.Head.Size>>10, published.Head.Publisher, round(fetched)), nil
}

// handbookLanguages reads the contents in every language, with their title and how far they are translated.
func (s *stage) handbookLanguages(ctx context.Context) (string, error) {
	type contents struct {
		Title     string `json:"title"`
		Percent   int    `json:"percent"`
		Languages []struct {
			Language string `json:"language"`
		} `json:"languages"`
	}
	var source contents
	if err := fetch(ctx, s.a.url+"/handbook/api/v1/en", &source); err != nil {
		return "", err
	}
	if len(source.Languages) == 0 {
		return "", errors.New("the handbook has no languages")
	}
	lines := make([]string, len(source.Languages))
	for i, l := range source.Languages {
		var c contents
		if err := fetch(ctx, s.a.url+"/handbook/api/v1/"+l.Language, &c); err != nil {
			return "", err
		}
		lines[i] = fmt.Sprintf("%s: %s", l.Language, c.Title)
		if c.Percent < 100 {
			lines[i] += fmt.Sprintf(" (in translation, %d %%)", c.Percent)
		}
	}
	return strings.Join(lines, "\n"), nil
}

// handbookPage reads one section as a page and as JSON.
func (s *stage) handbookPage(ctx context.Context, tag string) (string, error) {
	const section = "oxygen"
	page := s.a.url + "/handbook/" + tag + "/" + section
	if err := fetch(ctx, page, nil); err != nil {
		return "", err
	}
	var got struct {
		Title      string `json:"title"`
		Status     string `json:"status"`
		Translated bool   `json:"translated"`
		Blocks     []any  `json:"blocks"`
		Citations  []any  `json:"citations"`
	}
	if err := fetch(ctx, s.a.url+"/handbook/api/v1/"+tag+"/"+section, &got); err != nil {
		return "", err
	}
	if len(got.Blocks) == 0 || len(got.Citations) == 0 {
		return "", errors.New("the section has no text or no sources")
	}
	state := got.Status
	if !got.Translated {
		state = "not translated yet: the original, " + state
	}
	return fmt.Sprintf("%s (%s), %d parts, %d sources\n%s", got.Title, state, len(got.Blocks), len(got.Citations), page), nil
}

// maxFetched bounds an answer of a demonstration's own hospital.
const maxFetched = 1 << 20

// fetch gets an address of a hospital, and reads the answer as JSON where into is not nil.
func fetch(ctx context.Context, address string, into any) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("asking for the handbook: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", address, res.Status)
	}
	if into == nil {
		return nil
	}
	if err := json.NewDecoder(http.MaxBytesReader(nil, res.Body, maxFetched)).Decode(into); err != nil {
		return fmt.Errorf("reading %s: %w", address, err)
	}
	return nil
}

// askHandbook asks the translator in a chat of their own, and returns what it answers.
func (c *clinician) askHandbook(ctx context.Context, text string) (string, error) {
	bot := id.UserID("@translator:" + c.at.name)
	chat, err := c.client.CreateRoom(ctx, &mautrix.ReqCreateRoom{IsDirect: true, Preset: "trusted_private_chat", Invite: []id.UserID{bot}})
	if err != nil {
		return "", fmt.Errorf("opening a chat with the translator: %w", err)
	}
	if _, err := c.waitFor(ctx, "the translator", func(e seenEvent) bool {
		return e.room == chat.RoomID && e.event.Sender == bot && e.body != ""
	}); err != nil {
		return "", err
	}
	sent := time.Now()
	event, err := c.say(ctx, chat.RoomID, text)
	if err != nil {
		return "", err
	}
	answer, err := c.waitFor(ctx, "the answer", func(e seenEvent) bool { return e.event.Sender == bot && e.answers == event })
	if err != nil {
		return "", err
	}
	if !strings.Contains(answer.body, c.at.url+"/handbook/"+c.language+"/") {
		return "", fmt.Errorf("the answer has no link to the handbook in %s: %s", c.language, answer.body)
	}
	return fmt.Sprintf("answered after %s:\n%s", round(answer.at.Sub(sent)), answer.body), nil
}
