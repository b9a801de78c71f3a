package edit

import (
	"context"
	"errors"
	"net/http"

	"medixchange/handbook"
	"medixchange/handbook/desk"
	"medixchange/handbook/draft"
	"medixchange/handbook/exchange"
	"medixchange/internal/web"
)

// Paths of the local socket.
const (
	PathDraft   = "/handbook/draft"   // POST an Asked
	PathApprove = "/handbook/approve" // POST an Asked: the next of review and approval
	PathExport  = "/handbook/export"  // POST an Asked
	PathImport  = "/handbook/import"  // POST an Asked
)

// Asked is what an administrator asks in the name of somebody who works at the desk.
type Asked struct {
	Language string `json:"language"`
	Part     string `json:"part,omitempty"` // a section; "" in an export for all of them
	As       string `json:"as,omitempty"`   // user name or id
	Reason   string `json:"reason,omitempty"`
	Whole    bool   `json:"whole,omitempty"` // of a draft: also what is there and current
	Form     string `json:"form,omitempty"`  // of an export: po or xliff
	Name     string `json:"name,omitempty"`  // of an imported file
	File     string `json:"file,omitempty"`
}

// Done is the answer.
type Done struct {
	State string      `json:"state,omitempty"`
	Notes []desk.Note `json:"notes,omitempty"` // what a draft has left open
	File  string      `json:"file,omitempty"`
	Texts int         `json:"texts,omitempty"` // that were imported
}

// AddRoutes adds what administrators ask of the desk to the router of the local socket.
func (e *Editing) AddRoutes(router *web.Router) {
	for path, do := range map[string]func(ctx context.Context, a Asked, who desk.Person) (Done, error){
		PathDraft: e.askedDraft, PathApprove: e.askedApproval, PathImport: e.askedImport,
	} {
		router.Handle(http.MethodPost, path, func(_ http.ResponseWriter, r *http.Request) (any, error) {
			var a Asked
			if err := web.Decode(r, &a, 2*exchange.MaxBytes); err != nil {
				return nil, err
			}
			who, err := e.o.Person(r.Context(), a.As)
			if err != nil {
				return nil, web.InvalidParam("There is no user %q here.", a.As).Because(err)
			}
			done, err := do(r.Context(), a, who)
			return done, refusal(err)
		})
	}
	router.Handle(http.MethodPost, PathExport, e.askedExport)
}

// refusal tells administrators what they did wrong.
func refusal(err error) error {
	if err == nil {
		return nil
	}
	var problems handbook.Problems
	var conflict *desk.Conflict
	if _, key := wordOf(err); key != "failed" || errors.As(err, &problems) || errors.As(err, &conflict) {
		return web.InvalidParam("%s", err.Error())
	}
	return err
}

func (e *Editing) askedDraft(ctx context.Context, a Asked, who desk.Person) (Done, error) {
	name := desk.Name{Language: a.Language, Part: a.Part}
	c, err := e.o.Desk.Open(ctx, name)
	if err != nil {
		return Done{}, err
	}
	c, err = e.draft(ctx, c, c.Mark(), who, a.Whole)
	if err != nil {
		return Done{}, err
	}
	return Done{State: string(c.State), Notes: c.Notes}, nil
}

func (e *Editing) askedApproval(ctx context.Context, a Asked, who desk.Person) (Done, error) {
	name := desk.Name{Language: a.Language, Part: a.Part}
	c, err := e.o.Desk.Open(ctx, name)
	if err != nil {
		return Done{}, err
	}
	step := e.o.Desk.Release
	if c.State == desk.Waiting {
		step = e.o.Desk.Accept
	}
	if c, err = step(ctx, name, c.Mark(), who, a.Reason); err != nil {
		return Done{}, err
	}
	return Done{State: string(c.State)}, nil
}

func (e *Editing) askedImport(ctx context.Context, a Asked, who desk.Person) (Done, error) {
	texts, err := Import(ctx, e.o.Desk, a.Language, a.Name, []byte(a.File), who, a.Reason)
	return Done{Texts: texts}, err
}

func (e *Editing) askedExport(_ http.ResponseWriter, r *http.Request) (any, error) {
	var a Asked
	if err := web.Decode(r, &a, maxForm); err != nil {
		return nil, err
	}
	f, err := Export(r.Context(), e.o.Desk, a.Language, a.Part)
	if err != nil {
		return nil, refusal(err)
	}
	data, ok := exchange.Write(f, a.Form)
	if !ok {
		return nil, web.InvalidParam("%q is no form; there are po and xliff.", a.Form)
	}
	return Done{File: string(data)}, nil
}

// draft lets the machine translate a part.
func (e *Editing) draft(ctx context.Context, c *desk.Copy, at desk.Mark, who desk.Person, whole bool) (*desk.Copy, error) {
	switch {
	case e.o.Translator == nil:
		return nil, draft.ErrNoTranslation
	case c.Mark() != at:
		return nil, &desk.Conflict{Now: c}
	}
	if err := c.May(desk.ByMachine, who); err != nil {
		return nil, err
	}
	select {
	case e.drafts <- struct{}{}:
		defer func() { <-e.drafts }()
	default:
		return nil, errBusy
	}
	book, err := e.o.Desk.Edition()
	if err != nil {
		return nil, err
	}
	working, cancel := context.WithTimeout(ctx, DraftTime)
	defer cancel()
	drafted, err := draft.Of(working, book.Book, c, e.o.Translator, whole)
	if err != nil {
		return nil, err
	}
	return e.o.Desk.Draft(ctx, c.Name, at, drafted, who)
}
