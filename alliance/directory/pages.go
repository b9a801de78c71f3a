package directory

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"medixchange/alliance/signed"
	"medixchange/internal/web"
)

// Hospital is a member of the alliance.
type Hospital = signed.Hospital

// errNoMember is what everybody else is told.
func errNoMember(server string) error {
	return web.Forbidden("The directory is open to admitted members of the alliance; %s is none now.", server)
}

// PeoplePage implements federation.DirectoryPages: what a member may know of the people here.
func (d *Directory) PeoplePage(ctx context.Context, origin, known string) ([]byte, error) {
	if _, ok := d.o.Member(origin); !ok {
		return nil, errNoMember(origin)
	}
	own, err := d.people(ctx)
	if err != nil {
		return nil, err
	}
	if known == own.hash {
		return page(listing{Hash: own.hash, Unchanged: true, People: []Person{}})
	}
	return page(listing{Hash: own.hash, People: bare(own.people)})
}

// bare are people without what the asker's own member list says of their hospital.
func bare(people []Person) []Person {
	plain := make([]Person, 0, len(people))
	for _, p := range people {
		p.Hospital, p.Country, p.Server = "", "", ""
		plain = append(plain, p)
	}
	return plain
}

func page(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("writing the directory: %w", err)
	}
	return raw, nil
}

// askedByUser is the question of a user of another member, who proves by an OpenID token who they are.
type askedByUser struct {
	OpenID struct {
		Token  string `json:"access_token"`
		Server string `json:"matrix_server_name"`
	} `json:"openid"`
	Text  string `json:"search_term"`
	Limit int    `json:"limit"`
}

const (
	// maxQuestion bounds the bytes of a question, maxToken those of a token.
	maxQuestion = 16 << 10
	maxToken    = 1000
	// defaultFound and maxFound bound the people of one answer.
	defaultFound = 20
	maxFound     = 100
)

// SearchPage implements federation.DirectoryPages: the people of this hospital whom a user of another member finds. The token
// is one that the user's server gave out by POST /user/{userId}/openid/request_token; that server is asked whose it is.
func (d *Directory) SearchPage(ctx context.Context, raw []byte) ([]byte, error) {
	asked, err := readQuestion(raw)
	if err != nil {
		return nil, err
	}
	if _, ok := d.o.Member(asked.OpenID.Server); !ok {
		return nil, errNoMember(asked.OpenID.Server)
	}
	if err := d.askers.Check(asked.OpenID.Server); err != nil {
		return nil, err
	}
	if err := d.prove(ctx, asked); err != nil {
		return nil, err
	}
	own, err := d.people(ctx)
	if err != nil {
		return nil, err
	}
	found := cut(ranked(matching(nil, own.people, ParseQuery(asked.Text)), d.o.Self), asked.Limit, false)
	if found.People == nil {
		found.People = []Person{}
	}
	return page(found)
}

func readQuestion(raw []byte) (askedByUser, error) {
	var asked askedByUser
	if len(raw) > maxQuestion {
		return asked, web.InvalidParam("A question has at most %d bytes.", maxQuestion)
	}
	if err := web.Unmarshal(raw, &asked); err != nil {
		return asked, err
	}
	switch {
	case asked.OpenID.Token == "" || len(asked.OpenID.Token) > maxToken || asked.OpenID.Server == "":
		return asked, web.MissingParam("openid must be what the user's server answered to openid/request_token.")
	case ParseQuery(asked.Text).Empty():
		return asked, web.MissingParam("search_term says who is looked for.")
	case asked.Limit <= 0:
		asked.Limit = defaultFound
	}
	asked.Limit = min(asked.Limit, maxFound)
	return asked, nil
}

// prove asks the user's server whose the token is.
func (d *Directory) prove(ctx context.Context, asked askedByUser) error {
	userID, err := d.o.Remote.OpenIDUser(ctx, asked.OpenID.Server, asked.OpenID.Token)
	if err != nil {
		return web.Unauthorized("%s does not say whose this token is.", asked.OpenID.Server).Because(err)
	}
	if !strings.HasPrefix(userID, "@") || serverOf(userID) != asked.OpenID.Server {
		return web.Unauthorized("The token is not of a user of %s.", asked.OpenID.Server)
	}
	return nil
}

func serverOf(userID string) string {
	_, server, _ := strings.Cut(userID, ":")
	return server
}
