package pages

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"medixchange/alliance/desk"
	"medixchange/alliance/signed"
	"medixchange/internal/markup"
	"medixchange/internal/web"
)

func (s *Site) applyForm(w http.ResponseWriter, r *http.Request) {
	s.form(w, words(w, r), http.StatusOK, desk.Form{Kind: signed.KindHospital}, nil, "")
}

// apply takes an application, from a browser or a program.
func (s *Site) apply(w http.ResponseWriter, r *http.Request) {
	words := words(w, r)
	if s.o.LimitApply != nil {
		if err := s.o.LimitApply(r); err != nil {
			s.troubled(w, r, words, http.StatusTooManyRequests, desk.Form{}, "slow")
			return
		}
	}
	form, papers, err := s.readForm(w, r)
	if err != nil {
		status, trouble := http.StatusBadRequest, "unreadable"
		if tooLarge(err) {
			status, trouble = http.StatusRequestEntityTooLarge, "too_large"
		}
		s.troubled(w, r, words, status, form, trouble)
		return
	}
	a, secret, err := s.o.Desk.Apply(r.Context(), form, papers, words.Tag, s.o.From(r))
	var faults *desk.FaultsError
	switch {
	case errors.As(err, &faults) && wantsJSON(r):
		refused(w, faults.Faults)
	case errors.As(err, &faults):
		s.form(w, words, http.StatusBadRequest, form, faults.Faults, "faults_title")
	case errors.Is(err, desk.ErrFull):
		s.troubled(w, r, words, http.StatusServiceUnavailable, form, "full")
	case err != nil:
		s.o.Log.WithError(err).Error("taking an application to the alliance")
		s.troubled(w, r, words, http.StatusInternalServerError, form, "unreadable")
	case wantsJSON(r):
		_ = web.WriteJSON(w, http.StatusOK, s.status(a, secret))
	default:
		http.Redirect(w, r, Root+"/application/"+secret, http.StatusSeeOther)
	}
}

// troubled says why an application could not even be looked at.
func (s *Site) troubled(w http.ResponseWriter, r *http.Request, words *markup.Words, status int, form desk.Form, trouble string) {
	if wantsJSON(r) {
		web.WriteError(w, web.NewError(status, "M_UNKNOWN", "%s", words.Text(trouble)))
		return
	}
	s.form(w, words, status, form, nil, trouble)
}

// form shows the form with what was filled in, and what is wrong with it.
func (s *Site) form(w http.ResponseWriter, words *markup.Words, status int, form desk.Form, faults []desk.Fault, trouble string) {
	f := fields{words: words, faults: map[string]string{}}
	for _, fault := range faults {
		f.faults[fault.Field] = words.Text("fault_" + fault.Code)
	}
	limits := s.o.Desk.Limits()
	p := page{words: words, title: words.Text("apply_title"), path: Root + "/apply"}
	p.send(w, status, func(b *markup.Builder) {
		f.Builder = b
		b.Put(`<p>%s</p><p>%s</p>`, words.Text("apply_how"), words.Text("privacy"))
		if trouble != "" {
			b.Put(`<p class="trouble" role="alert">%s</p>`, words.Text(trouble))
		}
		b.Put(`<form method="post" action="%s/apply" enctype="multipart/form-data">`+"\n", Root)
		f.line("legal_name", form.LegalName, `dir="auto" autocomplete="organization" required maxlength="200"`)
		f.countries(form.Country)
		f.line("server_name", form.ServerName, `dir="ltr" autocapitalize="none" spellcheck="false" required maxlength="255"`)
		f.kinds(form.Kind)
		f.line("contact", form.Contact, `dir="auto" autocomplete="name" required maxlength="200"`)
		f.line("email", form.Email, `type="email" dir="ltr" autocomplete="email" required maxlength="254"`)
		f.line("phone", form.Phone, `type="tel" dir="ltr" autocomplete="tel" maxlength="40"`)
		f.line("languages", strings.TrimSpace(strings.Join(form.Languages, " ")), `dir="ltr" autocapitalize="none" spellcheck="false" required maxlength="200"`)
		f.text("specialties", form.Specialties)
		f.text("note", form.Note)
		f.label("papers", words.Say("papers_hint", "count", limits.Papers, "size", limits.PaperBytes>>20))
		b.Put(`<input id="papers" name="papers" type="file" multiple accept="application/pdf,image/jpeg,image/png"%s></div>`, f.described("papers"))
		b.Put(`<p><button type="submit">%s</button></p></form>`+"\n", words.Text("send"))
	})
}

// fields writes the fields of the form.
type fields struct {
	*markup.Builder
	words  *markup.Words
	faults map[string]string
}

// label begins a field: its name, a hint, what is wrong.
func (f fields) label(name string, hint markup.HTML) {
	f.Put(`<div class="field"><label for="%s">%s</label>`, name, f.words.Text(name))
	if hint != "" {
		f.Put(`<p class="hint" id="%s-hint">%s</p>`, name, hint)
	}
	if fault := f.faults[name]; fault != "" {
		f.Put(`<p class="fault" id="%s-fault">%s</p>`, name, fault)
	}
}

func (f fields) hint(name string) markup.HTML {
	switch name {
	case "server_name", "languages":
		return f.words.Say(name + "_hint")
	}
	return ""
}

// described ties a field to its hint and its fault for those who hear the page.
func (f fields) described(name string) markup.HTML {
	by := ""
	if f.hint(name) != "" || name == "papers" {
		by = name + "-hint"
	}
	attributes := ""
	if f.faults[name] != "" {
		by = strings.TrimSpace(by + " " + name + "-fault")
		attributes = ` aria-invalid="true"`
	}
	if by != "" {
		attributes += ` aria-describedby="` + by + `"`
	}
	return markup.HTML(attributes)
}

func (f fields) line(name, value string, attributes markup.HTML) {
	f.label(name, f.hint(name))
	f.Put(`<input id="%s" name="%s" value="%s" %s%s></div>`+"\n", name, name, value, attributes, f.described(name))
}

func (f fields) text(name, value string) {
	f.label(name, "")
	f.Put(`<textarea id="%s" name="%s" rows="3" maxlength="2000" dir="auto"%s>%s</textarea></div>`+"\n", name, name, f.described(name), value)
}

func (f fields) kinds(chosen signed.Kind) {
	f.label("kind", "")
	f.Put(`<select id="kind" name="kind"%s>`, f.described("kind"))
	for _, kind := range signed.Kinds() {
		f.option(string(kind), f.words.Text("kind_"+string(kind)), kind == chosen)
	}
	f.Put("</select></div>\n")
}

func (f fields) countries(chosen string) {
	f.label("country", "")
	f.Put(`<select id="country" name="country" required%s>`, f.described("country"))
	f.option("", "—", chosen == "")
	codes := slices.Clone(countries())
	names := make(map[string]string, len(codes))
	for _, code := range codes {
		names[code] = country(f.words.Tag, code)
	}
	order := collate.New(language.Make(f.words.Tag))
	slices.SortFunc(codes, func(a, b string) int { return order.CompareString(names[a], names[b]) })
	for _, code := range codes {
		f.option(code, names[code], code == chosen)
	}
	f.Put("</select></div>\n")
}

func (f fields) option(value, name string, selected bool) {
	mark := markup.HTML("")
	if selected {
		mark = " selected"
	}
	f.Put(`<option value="%s"%s>%s</option>`, value, mark, name)
}
