package tests

import (
	"io"
	"mime"
	"mime/quotedprintable"
	"net/http"
	"net/mail"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/admin"
	"medixchange/alliance/applicant"
	"medixchange/alliance/desk"
	"medixchange/alliance/mail/mailtest"
	"medixchange/alliance/signed/signedtest"
	"medixchange/internal/config"
	"medixchange/internal/testhospital"
)

// read takes a letter apart.
func read(t *testing.T, letter string) (to, subject, text string) {
	t.Helper()
	message, err := mail.ReadMessage(strings.NewReader(letter))
	require.NoError(t, err)
	subject, err = new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject"))
	require.NoError(t, err)
	body, err := io.ReadAll(quotedprintable.NewReader(message.Body))
	require.NoError(t, err)
	return message.Header.Get("To"), subject, string(body)
}

// TestLettersOfAnApplicationOutliveARestart: the mail server does not answer when the domain is proven, and the node is restarted
// while it waits.
func TestLettersOfAnApplicationOutliveARestart(t *testing.T) {
	e, sink := newExchange(t), mailtest.New(t, "none")
	a := testhospital.Start(t, e.member(), desks, func(c *config.Config) {
		m := &c.Alliance.Mail
		m.Server, m.From, m.TLS, m.Coordinators = sink.Address(), "alliance@a.example", config.MailPlain, []config.AllianceAddress{{To: "ana@a.example", Language: "es"}}
	})
	c := testhospital.Start(t, e.member(a.Name), applies)
	e.take(a, e.issue(time.Hour, nil, signedtest.Hospital(a.Name)))
	ana := a.User("ana")

	release := sink.Hold()
	var status applicant.Status
	socket := admin.NewClient(c.Node().AdminSocket())
	require.NoError(t, socket.Call(t.Context(), http.MethodPost, applicant.PathOwn, applicant.Request{To: a.URL, Form: ownForm(c)}, &status))
	require.Equal(t, desk.Proven, status.State, "%+v", status)
	a.Restart()
	require.Empty(t, sink.Letters())
	release()

	receivers := map[string]string{}
	require.Eventually(t, func() bool { return len(sink.Letters()) == 2 }, 30*time.Second, 10*time.Millisecond)
	for _, letter := range sink.Letters() {
		to, subject, text := read(t, letter)
		receivers[to] = subject + "\n" + text
	}
	require.Contains(t, receivers["<dsi@luc.example>"], c.Name)
	require.Contains(t, receivers["<ana@a.example>"], "se espera su decisión")
	require.Contains(t, receivers["<ana@a.example>"], "/alliance/review/application/"+status.ID)

	desk := newSurfer(t, a, ana.Token)
	code, page := desk.post("/alliance/review/application/"+status.ID, url.Values{"action": {"refuse"}, "reason": {"no licence"}})
	require.Equal(t, http.StatusOK, code, page)
	require.Eventually(t, func() bool { return len(sink.Letters()) == 3 }, 30*time.Second, 10*time.Millisecond)
	to, _, text := read(t, sink.Letters()[2])
	require.Equal(t, "<dsi@luc.example>", to)
	require.Contains(t, text, "no licence")
}
