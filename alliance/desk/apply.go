package desk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"medixchange/alliance"
	"medixchange/internal/sqldb"
)

// FaultsError is returned for a form that cannot be taken as it is.
type FaultsError struct{ Faults []Fault }

func (e *FaultsError) Error() string {
	var texts []string
	for _, f := range e.Faults {
		texts = append(texts, f.Field+" "+f.Text)
	}
	return "the application has faults: " + strings.Join(texts, "; ")
}

// Apply takes an application. from is who sent it, for the log. The secret is known to the applicant alone and leads to the
// application. The error is a *FaultsError for what the applicant can mend, and wraps ErrFull when there is no room; nothing is
// stored then but a line in the log.
func (d *Desk) Apply(ctx context.Context, form Form, papers []Paper, language, from string) (a Application, secret string, err error) {
	form = form.Tidy()
	faults := form.check(d.o.Keeper.Charter())
	papers, more := checkPapers(papers, d.o.Limits)
	if faults = append(faults, more...); len(faults) > 0 {
		var fields []string
		for _, f := range faults {
			fields = append(fields, f.Field+" "+f.Code)
		}
		return a, "", errors.Join(&FaultsError{faults}, d.NoteRefused(ctx, from, strings.Join(fields, ", ")))
	}
	d.deciding.Lock()
	defer d.deciding.Unlock()
	if err := d.admissible(ctx, form); err != nil {
		return a, "", d.turnedAway(ctx, form, from, err)
	}
	now := d.o.Now().UnixMilli()
	secret = rand.Text() + rand.Text()[:6]
	a = Application{
		ID: strings.ToLower(rand.Text()[:12]), Form: form, Language: language, Challenge: rand.Text(), State: Received, CreatedTS: now, ChangedTS: now,
	}
	err = d.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		if err := d.room(tx, papers); err != nil {
			return err
		}
		if err := insertApplication(tx, a, secretHash(secret)); err != nil {
			return err
		}
		for _, p := range papers {
			if err := insertPaper(tx, a.ID, p); err != nil {
				return err
			}
		}
		if err := d.told(tx, a); err != nil {
			return err
		}
		return alliance.Note(tx, d.entry(from, "application received", a.ServerName, fmt.Sprintf("%s, %d papers", a.ID, len(papers))))
	})
	if err != nil {
		return Application{}, "", err
	}
	return a, secret, nil
}

// turnedAway writes into the log what looks like an attempt to pass for somebody else.
func (d *Desk) turnedAway(ctx context.Context, form Form, from string, why error) error {
	code, text := "", ""
	switch {
	case errors.Is(why, ErrLookAlike):
		code, text = CodeLookAlike, ErrLookAlike.Error()
	case errors.Is(why, ErrTwice):
		code, text = CodeTaken, ErrTwice.Error()
	default:
		return why
	}
	refused := &FaultsError{[]Fault{{"server_name", code, text}}}
	return errors.Join(refused, d.note(ctx, d.entry(from, "application turned away", form.ServerName, why.Error())))
}

// admissible refuses applications for names that are taken, or look like one that is.
func (d *Desk) admissible(ctx context.Context, form Form) error {
	if other := d.member(form.ServerName); other != "" {
		return other.taken(form.ServerName)
	}
	waiting, err := d.list(ctx, Waiting(), maxListed)
	if err != nil {
		return err
	}
	same := 0
	for _, a := range waiting {
		switch {
		case a.ServerName != form.ServerName && d.looks(a.ServerName) == d.looks(form.ServerName) && a.State != Received:
			return fmt.Errorf("%w: %s", ErrLookAlike, a.ServerName)
		case a.ServerName == form.ServerName && a.State != Received:
			return fmt.Errorf("%w: application %s", ErrTwice, a.ID)
		case a.ServerName == form.ServerName:
			same++
		}
	}
	if same >= d.o.Limits.OpenPerName {
		return fmt.Errorf("%w: %d applications without proof", ErrTwice, same)
	}
	return nil
}

// memberName is the name of a member.
type memberName string

func (m memberName) taken(server string) error {
	if string(m) == server {
		return fmt.Errorf("%w: it is a member", ErrTwice)
	}
	return fmt.Errorf("%w: member %s", ErrLookAlike, string(m))
}

// member returns the member that a server is, or whose name looks like that of the server; "" if there is none.
func (d *Desk) member(server string) memberName {
	list := d.o.Keeper.Members()
	if list == nil {
		return ""
	}
	if _, there := list.Find(server); there {
		return memberName(server)
	}
	look := d.looks(server)
	for _, h := range list.Hospitals {
		if d.looks(h.ServerName) == look {
			return memberName(h.ServerName)
		}
	}
	return ""
}

// looks is what a name looks like. In a rehearsal all members are on few machines, so that their ports tell them apart.
func (d *Desk) looks(server string) string {
	look := skeleton(server)
	if d.o.Keeper.Charter().Rehearsal {
		look += " " + server[strings.LastIndexByte(server, ':')+1:]
	}
	return look
}

// room returns ErrFull if an application with papers is too much.
func (d *Desk) room(tx *sqldb.Tx, papers []Paper) error {
	open, bytes, err := load(tx)
	if err != nil {
		return err
	}
	for _, p := range papers {
		bytes += p.Size
	}
	if open >= int64(d.o.Limits.Open) || len(papers) > 0 && bytes > d.o.Limits.AllPapers {
		return ErrFull
	}
	return nil
}
