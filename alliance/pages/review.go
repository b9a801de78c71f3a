package pages

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"medixchange/alliance/desk"
	"medixchange/alliance/signed"
	"medixchange/internal/markup"
	"medixchange/internal/web"
)

const reviewRoot = Root + "/review"

// maxReviewForm bounds the forms of coordinators that hold no document, in bytes.
const maxReviewForm = 16 << 10

// reviewer is a request by a coordinator.
type reviewer struct {
	*http.Request
	w    http.ResponseWriter
	site *Site
	who  signed.Coordinator
	*markup.Words
}

// actor is who stands in the log.
func (v reviewer) actor() string { return "coordinator " + v.who.ID }

func (s *Site) reviewRoutes(rt *web.Router) {
	get := func(path string, h func(reviewer)) { rt.HandleHTTP(http.MethodGet, path, s.coordinators(h)) }
	post := func(path string, h func(reviewer)) { rt.HandleHTTP(http.MethodPost, path, s.coordinators(h)) }
	get(reviewRoot, func(v reviewer) { v.queue(http.StatusOK, nil) })
	get(reviewRoot+"/draft/document", reviewer.document)
	post(reviewRoot+"/draft/signatures", reviewer.handIn)
	post(reviewRoot+"/draft", reviewer.changeDraft)
	post(reviewRoot+"/members", reviewer.decideMember)
	get(reviewRoot+"/application/{id}", func(v reviewer) { v.dossier(http.StatusOK, nil) })
	post(reviewRoot+"/application/{id}", reviewer.decide)
	get(reviewRoot+"/application/{id}/papers/{number}", reviewer.paper)
}

// coordinators lets in who is logged in with a coordinator's account.
func (s *Site) coordinators(h func(reviewer)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		device, ok := s.o.Login.Page(w, r)
		if !ok {
			return
		}
		words := words(w, r)
		who, ok := s.o.Desk.Coordinator(device.UserID)
		if !ok {
			reviewPage(words, "review_only").send(w, http.StatusForbidden, func(b *markup.Builder) {
				b.Put(`<p class="trouble" role="alert">%s</p>`, words.Say("review_no_account", "user", device.UserID))
			})
			return
		}
		h(reviewer{r, w, s, who, words})
	})
}

// reviewPage is a page for coordinators; key names its title. The menu of languages leads to the queue.
func reviewPage(words *markup.Words, key string) page {
	return page{words: words, title: words.Text(key), path: reviewRoot}
}

// outcome shows what an action came to: the page it leads to, or the page it came from with what is wrong.
func (v reviewer) outcome(to, done string, err error, again func(int, error)) {
	switch {
	case err == nil:
		http.Redirect(v.w, v.Request, to+"?"+url.Values{"done": {done}}.Encode(), http.StatusSeeOther)
	case desk.Understood(err):
		again(http.StatusBadRequest, err)
	default:
		v.site.failed(v.w, v.Request, err)
	}
}

// readValues reads a form without documents. Where it reports false it has answered.
func (v reviewer) readValues() bool {
	v.Body = http.MaxBytesReader(v.w, v.Body, maxReviewForm)
	if err := v.ParseForm(); err != nil {
		web.WriteError(v.w, web.InvalidParam("The form cannot be read: it is too long or broken.").Because(err))
		return false
	}
	return true
}

func (v reviewer) reason() string { return oneLine(v.PostForm.Get("reason")) }
func (v reviewer) restart() bool  { return v.PostForm.Get("restart") == "yes" }

// decide accepts or refuses an application, or looks for its proof.
func (v reviewer) decide() {
	if !v.readValues() {
		return
	}
	id, ctx := web.Var(v.Request, "id"), v.Context()
	var err error
	done := ""
	switch v.PostForm.Get("action") {
	case "accept":
		done = "drafted"
		_, err = v.site.o.Desk.Accept(ctx, id, v.reason(), v.actor(), v.restart())
	case "refuse":
		done = "refused"
		_, err = v.site.o.Desk.Refuse(ctx, id, v.reason(), v.actor())
	case "prove":
		done = "proven"
		_, err = v.site.o.Desk.Prove(ctx, id)
	default:
		err = desk.ErrNotApplied
	}
	v.outcome(reviewRoot, done, err, v.dossier)
}

// decideMember suspends or readmits a member.
func (v reviewer) decideMember() {
	if !v.readValues() {
		return
	}
	server := strings.TrimSpace(v.PostForm.Get("server_name"))
	_, err := v.site.o.Desk.DecideMember(v.Context(), desk.Kind(v.PostForm.Get("action")), server, v.reason(), v.actor(), v.restart())
	v.outcome(reviewRoot, "drafted", err, v.queue)
}

// changeDraft drops a decision, drafts again, or publishes what has enough signatures.
func (v reviewer) changeDraft() {
	if !v.readValues() {
		return
	}
	var err error
	done := ""
	switch v.PostForm.Get("action") {
	case "drop":
		done = "dropped"
		_, err = v.site.o.Desk.DropDecision(v.Context(), v.PostForm.Get("server_name"), v.reason(), v.actor())
	case "redraft":
		done = "drafted"
		_, err = v.site.o.Desk.Redraft(v.Context(), v.actor())
	case "publish":
		done = "published"
		err = v.site.o.Desk.Publish(v.Context(), v.actor())
	default:
		err = desk.ErrNotApplied
	}
	v.outcome(reviewRoot, done, err, v.queue)
}

// document hands out the member list that is to be signed.
func (v reviewer) document() {
	draft, err := v.site.o.Desk.Open(v.Context())
	if err != nil {
		v.outcome("", "", err, v.queue)
		return
	}
	document(v.w, "members.json", draft.Document)
}

// handIn takes a signed copy, as a file or as text.
func (v reviewer) handIn() {
	raw, err := v.readCopy()
	if err != nil {
		web.WriteError(v.w, web.InvalidParam("The signed copy cannot be read.").Because(err))
		return
	}
	outcome, err := v.site.o.Desk.HandIn(v.Context(), raw, v.actor())
	done := "signed"
	if outcome.Published {
		done = "published"
	}
	v.outcome(reviewRoot, done, err, v.queue)
}

func (v reviewer) readCopy() ([]byte, error) {
	v.Body = http.MaxBytesReader(v.w, v.Body, 2*signed.MaxBytes+formOverhead)
	parts, err := v.MultipartReader()
	if err != nil {
		return nil, errForm
	}
	var raw []byte
	for n := 0; n < maxParts; n++ {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return raw, nil
		}
		if err != nil {
			return nil, errors.Join(errForm, err)
		}
		content, err := io.ReadAll(io.LimitReader(part, signed.MaxBytes+1))
		if err != nil {
			return nil, errors.Join(errForm, err)
		}
		if text := strings.TrimSpace(string(content)); text != "" {
			raw = []byte(text)
		}
	}
	return nil, errForm
}

// paper hands out a paper as a file that no browser runs.
func (v reviewer) paper() {
	number, err := strconv.ParseInt(web.Var(v.Request, "number"), 10, 64)
	if err != nil {
		number = 0
	}
	paper, err := v.site.o.Desk.Paper(v.Context(), web.Var(v.Request, "id"), number)
	if err != nil {
		v.site.failed(v.w, v.Request, err)
		return
	}
	h := v.w.Header()
	h.Set("Content-Type", paper.MediaType)
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": paper.Name}))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	_, _ = v.w.Write(paper.Content)
}
