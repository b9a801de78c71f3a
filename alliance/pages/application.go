package pages

import (
	"errors"
	"net"
	"net/http"

	"medixchange/alliance/desk"
	"medixchange/internal/markup"
	"medixchange/internal/web"
)

// status is what a program is told of an application.
func (s *Site) status(a desk.Application, secret string) map[string]any {
	return map[string]any{
		"id": a.ID, "state": a.State, "server_name": a.ServerName, "challenge": a.Challenge, "proven_by": a.ProvenBy, "reason": a.Reason, "secret": secret,
	}
}

// found reads the application that the address leads to. Where it reports false it has answered.
func (s *Site) found(w http.ResponseWriter, r *http.Request) (desk.Application, bool) {
	a, err := s.o.Desk.BySecret(r.Context(), web.Var(r, "secret"))
	if err == nil {
		return a, true
	}
	s.failed(w, r, err)
	return a, false
}

// failed says that something is not there, or could not be done.
func (s *Site) failed(w http.ResponseWriter, r *http.Request, err error) {
	words := words(w, r)
	status, key := http.StatusInternalServerError, "unreadable"
	if errors.Is(err, desk.ErrUnknown) {
		status, key = http.StatusNotFound, "not_found"
	} else {
		s.o.Log.WithError(err).Error("a page of the alliance failed")
	}
	if wantsJSON(r) {
		web.WriteError(w, web.NewError(status, "M_NOT_FOUND", "%s", words.Text(key)))
		return
	}
	page{words: words, title: words.Text("title")}.send(w, status, func(b *markup.Builder) {
		b.Put(`<p class="trouble" role="alert">%s</p>`, words.Text(key))
	})
}

func (s *Site) application(w http.ResponseWriter, r *http.Request) {
	if a, ok := s.found(w, r); ok {
		s.show(w, r, a, http.StatusOK, nil)
	}
}

// prove looks whether the domain shows the challenge, when the applicant says so.
func (s *Site) prove(w http.ResponseWriter, r *http.Request) {
	a, ok := s.found(w, r)
	if !ok {
		return
	}
	if s.o.LimitProof != nil {
		if err := s.o.LimitProof(r); err != nil {
			s.show(w, r, a, http.StatusTooManyRequests, desk.ErrTooMany)
			return
		}
	}
	proven, err := s.o.Desk.Prove(r.Context(), a.ID)
	switch {
	case errors.Is(err, desk.ErrUnproven), errors.Is(err, desk.ErrTooMany):
		s.show(w, r, a, http.StatusOK, err)
	case err != nil:
		s.failed(w, r, err)
	default:
		s.show(w, r, proven, http.StatusOK, nil)
	}
}

func (s *Site) withdraw(w http.ResponseWriter, r *http.Request) {
	a, err := s.o.Desk.Withdraw(r.Context(), web.Var(r, "secret"))
	if err != nil && !errors.Is(err, desk.ErrState) {
		s.failed(w, r, err)
		return
	}
	s.show(w, r, a, http.StatusOK, nil)
}

// show tells the applicant how far they are.
func (s *Site) show(w http.ResponseWriter, r *http.Request, a desk.Application, status int, trouble error) {
	secret := web.Var(r, "secret")
	if wantsJSON(r) {
		answer := s.status(a, "")
		if trouble != nil {
			answer["trouble"] = trouble.Error()
		}
		_ = web.WriteJSON(w, status, answer)
		return
	}
	words := words(w, r)
	here := Root + "/application/" + secret
	page{words: words, title: words.Text("status_title"), path: here}.send(w, status, func(b *markup.Builder) {
		b.Put(`<p class="state"><strong>%s</strong></p>`, words.Text("state_"+string(a.State)))
		if a.Reason != "" && (a.State == desk.Refused || a.State == desk.Admitted) {
			b.Put(`<p>%s <bdi>%s</bdi></p>`, words.Text("reason"), a.Reason)
		}
		b.Put(`<dl><dt>%s</dt><dd><bdi>%s</bdi></dd><dt>%s</dt><dd><code dir="ltr">%s</code></dd><dt>%s</dt><dd>%s</dd></dl>`+"\n",
			words.Text("legal_name"), a.LegalName, words.Text("server_name"), a.ServerName, words.Text("sent"), day(a.CreatedTS))
		if a.State == desk.Received {
			s.proofWanted(b, words, a, here, trouble)
		}
		if a.State == desk.Received || a.State == desk.Proven {
			b.Put(`<p>%s</p><form method="post" action="%s/withdraw"><button class="quiet" type="submit">%s</button></form>`+"\n",
				words.Text("keep_address"), here, words.Text("withdraw"))
		}
	})
}

// proofWanted says how the domain is proven.
func (s *Site) proofWanted(b *markup.Builder, words *markup.Words, a desk.Application, here string, trouble error) {
	host := a.ServerName
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	b.Put(`<section aria-labelledby="proof"><h2 id="proof">%s</h2><p>%s</p>`, words.Text("prove_title"), words.Text("prove_why"))
	if trouble != nil {
		b.Put(`<p class="trouble" role="alert">%s <small lang="en" dir="ltr">(%s)</small></p>`, words.Text("check_failed"), trouble.Error())
	}
	b.Put(`<ol><li>%s<br><code dir="ltr">%s%s. TXT "%s"</code></li>`, words.Text("prove_dns"), desk.ChallengeRecord, host, a.Challenge)
	b.Put(`<li>%s<br><code dir="ltr">https://%s%s</code><br><code dir="ltr" id="challenge">%s</code></li>`,
		words.Text("prove_page"), a.ServerName, desk.ChallengePath, a.Challenge)
	b.Put(`</ol><form method="post" action="%s/prove"><button type="submit">%s</button></form></section>`+"\n", here, words.Text("check"))
}
