package node

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io/fs"
	"net/http"
	"strings"

	"medixchange/accounts/pagelogin"
	"medixchange/handbook"
	"medixchange/handbook/desk"
	"medixchange/handbook/draft"
	"medixchange/handbook/edit"
	"medixchange/handbook/editions"
	"medixchange/internal/config"
	"medixchange/translator"
	"medixchange/translator/check"
	"medixchange/translator/language"
)

// buildHandbookDesk builds the pages of the handbook's editors.
func (n *Node) buildHandbookDesk(_ context.Context, o Options) error {
	if n.book == nil {
		return nil
	}
	n.bookDesk = desk.New(desk.Options{
		DB: n.DB, Edition: n.shelf.Edition, Files: n.handbookFiles, Publish: n.publishHandbook, Compare: CompareTranslation, Now: o.Now,
	})
	options := edit.Options{
		Desk: n.bookDesk, Who: n.handbookWorker, Person: n.handbookPerson, LogOut: pagelogin.Prefix + "/out", Said: n.handbookSaid, Item: checkedItem,
		Log: n.part("handbook"), Metrics: n.requests,
	}
	if n.pipeline != nil {
		options.Translator = HandbookTranslator(n.pipeline)
	}
	n.bookEdit = edit.New(options)
	return nil
}

// handbookFiles gives the files of the edition that is shown, without what is local to this node.
func (n *Node) handbookFiles(ctx context.Context, _ *handbook.Edition) (fs.FS, func(), error) {
	now, ok, err := n.editions.Current(ctx)
	if err != nil {
		return nil, nil, err
	}
	if !ok {
		return handbook.Open(n.Config.Handbook.Folder)
	}
	files, err := n.editions.Files(now.Mark)
	return files, func() {}, err
}

// publishHandbook makes files the edition that is shown.
func (n *Node) publishHandbook(ctx context.Context, files fs.FS, by string) error {
	installed, err := n.editions.Install(ctx, files, editions.Origin{Kind: editions.Editor, From: by})
	if err != nil {
		return err
	}
	return n.editions.Activate(ctx, installed.Mark, by)
}

// handbookSaid gives what a heading of the source said.
func (n *Node) handbookSaid(ctx context.Context, hash string) (string, bool, error) {
	block, ok, err := n.editions.Block(ctx, hash)
	return block.Text, ok, err
}

// handbookWorker tells who asks for a page of the desk.
func (n *Node) handbookWorker(w http.ResponseWriter, r *http.Request) (desk.Person, bool) {
	device, ok := n.login.Page(w, r)
	if !ok {
		return desk.Person{}, false
	}
	return desk.Person{ID: device.UserID, Name: n.shownName(r.Context(), device.UserID), Roles: rolesOf(n.Config, device.UserID, device.Admin)}, true
}

// handbookPerson tells who somebody is whom the administrator names at the node's socket.
func (n *Node) handbookPerson(ctx context.Context, name string) (desk.Person, error) {
	userID := config.HandbookRole{User: name}.UserID(n.Config.ServerName)
	user, err := n.Accounts.User(ctx, userID)
	if err != nil {
		return desk.Person{}, fmt.Errorf("%s: %w", userID, err)
	}
	return desk.Person{ID: userID, Name: n.shownName(ctx, userID), Roles: rolesOf(n.Config, userID, user.Admin)}, nil
}

// shownName is how the handbook names a person of this node.
func (n *Node) shownName(ctx context.Context, userID string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(userID, "@"), ":")
	raw, err := n.Accounts.ProfileField(ctx, userID, "displayname")
	if err != nil {
		return name
	}
	var shown string
	if err := json.Unmarshal(raw, &shown); err != nil {
		return name
	}
	// A name with commas would read like several people.
	if shown = strings.Join(strings.Fields(strings.ReplaceAll(shown, ",", " ")), " "); shown == "" || len(shown) > maxShownName {
		return name
	}
	return shown
}

const maxShownName = 200 // bytes

// rolesOf reads who may do what from the configuration. Administrators have all roles.
func rolesOf(c *config.Config, userID string, admin bool) map[desk.Role][]string {
	roles := map[desk.Role][]string{}
	for role, list := range map[desk.Role][]config.HandbookRole{
		desk.Editor: c.Handbook.Editors, desk.Reviewer: c.Handbook.Reviewers, desk.Publisher: c.Handbook.Publishers,
	} {
		if admin {
			roles[role] = []string{desk.AllLanguages}
			continue
		}
		for _, entry := range list {
			if entry.UserID(c.ServerName) != userID {
				continue
			}
			if len(entry.Languages) == 0 {
				roles[role] = []string{desk.AllLanguages}
			}
			roles[role] = append(roles[role], entry.Languages...)
		}
	}
	return roles
}

// HandbookTranslator lets a pipeline translate the handbook.
func HandbookTranslator(pipeline *translator.Pipeline) draft.Translator {
	return handbookTranslator{pipeline}
}

type handbookTranslator struct{ pipeline *translator.Pipeline }

// Translate implements draft.Translator. What the medical checks keep back is no translation. The text is no patient's, so that
// outside engines may see it if the administrator has any.
func (t handbookTranslator) Translate(ctx context.Context, text draft.Text) (draft.Answer, error) {
	from, to := LanguageOf(text.From), LanguageOf(text.To)
	if from == "" || to == "" {
		return draft.Answer{Reasons: []string{translator.ReasonNoEngine}}, nil
	}
	r, err := t.pipeline.Translate(ctx, translator.Request{Text: text.Plain, HTML: text.HTML, SourceHint: from, SenderLanguage: from, Target: to, Released: true})
	if err != nil {
		return draft.Answer{}, fmt.Errorf("translating the handbook: %w", err)
	}
	answer := draft.Answer{Machine: r.Engine}
	for _, reason := range r.Reasons {
		answer.Reasons = append(answer.Reasons, reasonText(reason))
	}
	switch {
	case r.State == translator.None && r.Because(translator.ReasonNotText):
		return draft.Answer{HTML: htmlOf(text.Plain, text.HTML)}, nil // numbers and signs alone
	case r.State == translator.Translated:
		answer.HTML = htmlOf(r.Body, r.FormattedBody)
	case len(answer.Reasons) == 0:
		answer.Reasons = []string{string(r.State)}
	}
	return answer, nil
}

func htmlOf(plain, formatted string) string {
	if formatted != "" {
		return formatted
	}
	return html.EscapeString(plain)
}

func reasonText(r check.Reason) string {
	if r.Original == "" && r.Translation == "" {
		return r.Code
	}
	return fmt.Sprintf("%s (%s → %s)", r.Code, r.Original, r.Translation)
}

// LanguageOf reads a tag. A language that the checks do not know, or a tag that is none, gets the checks that hold for every
// language.
func LanguageOf(tag string) language.Code {
	code, err := language.Parse(tag)
	if err != nil {
		return ""
	}
	return code
}

// CompareTranslation lets the medical checks of the translator look at the handbook.
func CompareTranslation(source, translation []string, from, to string) []handbook.Difference {
	report := check.Compare(source, translation, LanguageOf(from), LanguageOf(to))
	var out []handbook.Difference
	for i, reason := range report.Reasons {
		worst := i == 0 && report.Verdict == check.Block // the most dangerous finding comes first
		otherwise := valueCodes[reason.Code] && reason.Original != "" && reason.Translation != ""
		out = append(out, handbook.Difference{
			Grave: worst || otherwise, What: reason.Code, Original: reason.Original, Translation: reason.Translation,
		})
	}
	return out
}

// checkedItem names what a finding is about, such as a dose, in a language; "" where there is no word for it.
func checkedItem(tag, code string) string {
	word := language.String(LanguageOf(tag), "item_"+code)
	if strings.HasPrefix(word, "item_") {
		return ""
	}
	return word
}

// valueCodes are the findings about values: a chat shows some of them with a warning, a handbook must
// not say another value than its source.
var valueCodes = map[string]bool{"number": true, "dose": true, "decimal": true, "unit": true, "blood_pressure": true}
