// Package applicant applies to an alliance for this hospital: it sends the form that others fill in with a browser, shows the
// challenge that proves the domain, and asks how far the application is.
//
// May import: alliance/desk, internal/*. Start reading at applicant.go.
package applicant

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"

	"medixchange/alliance/desk"
	"medixchange/internal/sqldb"
	"medixchange/internal/web"
)

// Options is what an Applicant is built from. Every field must be set.
type Options struct {
	DB   *sqldb.DB
	HTTP desk.HTTP // calls out, guarded
	Self string
	// PlainHTTP lets applications go over http, which is for rehearsals on one machine.
	PlainHTTP bool
	Now       func() time.Time
}

// Applicant is safe for concurrent use.
type Applicant struct{ o Options }

// New returns an applicant.
func New(o Options) *Applicant { return &Applicant{o} }

// Status is how far an application is, as the server that it was sent to tells.
type Status struct {
	ID         string       `json:"id"`
	State      desk.State   `json:"state"`
	ServerName string       `json:"server_name"`
	Challenge  string       `json:"challenge"`
	ProvenBy   desk.Method  `json:"proven_by,omitempty"`
	Reason     string       `json:"reason,omitempty"`
	Trouble    string       `json:"trouble,omitempty"` // why the domain is not proven
	Link       string       `json:"link,omitempty"`    // the applicant's page; whoever has it may withdraw the application
	Secret     string       `json:"secret,omitempty"`  // in the answer to a new application only
	Faults     []desk.Fault `json:"faults,omitempty"`  // likewise, when it was refused
}

// PathOwn is where the command line applies over the local socket: POST a Request; GET ?to= asks how far it is.
const PathOwn = "/alliance/own-applications"

// Request is an application to be sent.
type Request struct {
	To string `json:"to"` // address of a node that takes applications
	desk.Form
	Papers []desk.Paper `json:"papers,omitempty"`
}

// Errors that callers tell apart.
var (
	ErrAddress = errors.New("the address must be like https://matrix.coordinator.example")
	ErrNone    = errors.New("this hospital has not applied there")
)

const (
	maxAnswer = 64 << 10
	// maxKept bounds the applications whose challenges are shown.
	maxKept = 20
)

// Apply sends an application, has the domain looked at, and returns how far it is. A form that was not taken comes back with
// its faults.
func (a *Applicant) Apply(ctx context.Context, r Request) (Status, error) {
	target, err := a.target(r.To)
	if err != nil {
		return Status{}, err
	}
	r.ServerName = a.o.Self
	body, kind, err := encode(r)
	if err != nil {
		return Status{}, err
	}
	answer, err := a.ask(ctx, http.MethodPost, target+"/alliance/apply", kind, body)
	if err != nil || len(answer.Faults) > 0 {
		return answer, err
	}
	if answer.Secret == "" || answer.Challenge == "" || strings.ContainsAny(answer.Challenge, "\r\n") || len(answer.Challenge) > 200 || len(answer.Secret) > 200 {
		return Status{}, fmt.Errorf("%s does not answer as a node that takes applications", target)
	}
	if err := a.insert(ctx, target, answer); err != nil {
		return Status{}, err
	}
	return a.prove(ctx, target, answer.Secret)
}

// prove asks the other server to look at this one.
func (a *Applicant) prove(ctx context.Context, target, secret string) (Status, error) {
	status, err := a.ask(ctx, http.MethodPost, link(target, secret)+"/prove", "application/x-www-form-urlencoded", nil)
	status.Link, status.Secret = link(target, secret), ""
	return status, err
}

// State asks how far the last application to a server is; one whose domain is not proven is looked at again.
func (a *Applicant) State(ctx context.Context, to string) (Status, error) {
	target, err := a.target(to)
	if err != nil {
		return Status{}, err
	}
	secret, err := a.secret(ctx, target)
	if err != nil {
		return Status{}, err
	}
	status, err := a.ask(ctx, http.MethodGet, link(target, secret), "", nil)
	if err == nil && status.State == desk.Received {
		return a.prove(ctx, target, secret)
	}
	status.Link = link(target, secret)
	return status, err
}

func link(target, secret string) string {
	return target + "/alliance/application/" + url.PathEscape(secret)
}

func (a *Applicant) target(to string) (string, error) {
	u, err := url.Parse(strings.TrimSuffix(to, "/"))
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", ErrAddress
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !a.o.PlainHTTP) {
		return "", ErrAddress
	}
	return u.Scheme + "://" + u.Host + strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), "/alliance"), nil
}

// encode writes a request as browsers send the form.
func encode(r Request) (body []byte, kind string, err error) {
	var buffer bytes.Buffer
	form := multipart.NewWriter(&buffer)
	for name, value := range map[string]string{
		"legal_name": r.LegalName, "country": r.Country, "server_name": r.ServerName, "kind": string(r.Kind), "contact": r.Contact,
		"email": r.Email, "phone": r.Phone, "languages": strings.Join(r.Languages, " "), "specialties": r.Specialties, "note": r.Note,
	} {
		err = errors.Join(err, form.WriteField(name, value))
	}
	for _, p := range r.Papers {
		part, partErr := form.CreateFormFile("papers", p.Name)
		if err = errors.Join(err, partErr); partErr == nil {
			_, partErr = part.Write(p.Content)
			err = errors.Join(err, partErr)
		}
	}
	if err = errors.Join(err, form.Close()); err != nil {
		return nil, "", fmt.Errorf("writing the form: %w", err)
	}
	return buffer.Bytes(), form.FormDataContentType(), nil
}

func (a *Applicant) ask(ctx context.Context, method, address, kind string, body []byte) (Status, error) {
	req, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return Status{}, ErrAddress
	}
	req.Header.Set("Accept", "application/json")
	if kind != "" {
		req.Header.Set("Content-Type", kind)
	}
	res, err := a.o.HTTP.Do(req)
	if err != nil {
		return Status{}, fmt.Errorf("calling the node that takes applications: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	raw, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return Status{}, fmt.Errorf("reading the answer to the application: %w", err)
	}
	var answer struct {
		Status
		Error string `json:"error"`
	}
	if json.Unmarshal(raw, &answer) != nil {
		return Status{}, fmt.Errorf("the node answered with status %d and no JSON: does it take applications?", res.StatusCode)
	}
	if res.StatusCode >= http.StatusBadRequest && len(answer.Faults) == 0 {
		return Status{}, fmt.Errorf("the node answered with status %d: %s", res.StatusCode, answer.Error)
	}
	return answer.Status, nil
}

// Challenges answers at [desk.ChallengePath] with what proves that this domain is this hospital's.
func (a *Applicant) Challenges(w http.ResponseWriter, r *http.Request) {
	challenges, err := a.challenges(r.Context())
	if err != nil {
		web.WriteError(w, web.Unknown(err))
		return
	}
	if len(challenges) == 0 {
		web.WriteError(w, web.Unrecognized(http.StatusNotFound))
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = io.WriteString(w, strings.Join(challenges, "\n")+"\n")
}

// AddRoutes adds applying to the router of the local socket.
func (a *Applicant) AddRoutes(router *web.Router) {
	router.Handle(http.MethodPost, PathOwn, func(_ http.ResponseWriter, r *http.Request) (any, error) {
		var request Request
		if err := json.NewDecoder(io.LimitReader(r.Body, 100<<20)).Decode(&request); err != nil {
			return nil, web.NotJSON("The request is not what the command line sends.").Because(err)
		}
		return shown(a.Apply(r.Context(), request))
	})
	router.Handle(http.MethodGet, PathOwn, func(_ http.ResponseWriter, r *http.Request) (any, error) {
		return shown(a.State(r.Context(), r.URL.Query().Get("to")))
	})
}

// shown says to the administrator what went wrong, which is never this node's secret.
func shown(status Status, err error) (any, error) {
	switch {
	case errors.Is(err, ErrNone):
		return nil, web.NotFound("%v", err).Because(err)
	case err != nil:
		return nil, web.NewError(http.StatusBadGateway, "M_UNKNOWN", "%v", err).Because(err)
	}
	return status, nil
}
