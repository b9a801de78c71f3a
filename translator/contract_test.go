package translator

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/translator/check"
	"medixchange/translator/engine"
)

// outcome is what a reader may get of what an engine does.
type outcome string

const (
	next  outcome = "next"  // the engine failed: the next one is asked
	block outcome = "block" // the engine's answer is not shown, and the next one is asked
	warn  outcome = "warn"  // shown, with what is doubtful
	clean outcome = "clean" // shown, made harmless
)

// contractCase is something that a service may do.
type contractCase struct {
	name   string
	text   string // default: fever
	html   string
	fault  func(p protocol, w http.ResponseWriter, r *http.Request, texts []string) bool
	spoil  func(string) string
	pipe   string // the shell command that a pipe's answers go through, where the engine is one
	want   outcome
	reason string // the first that is given when no other engine answers
	body   string // of what is shown; "" is not looked at
	never  string // is in nothing that is shown
}

const (
	fever = "The patient has fever"
	dose  = "Give 0.5 mg of adrenaline every 8 hours, then 3 times"
)

var (
	elements = regexp.MustCompile(`<(?:code|x|span)[^>]*>[^<]*</(?:code|x|span)>`)
	numbers  = regexp.MustCompile(`>[^<]*\d[^<]*<`)
)

// contract is what every engine must do, or be kept from doing.
var contract = []contractCase{
	{name: "slow", want: clean, body: "El paciente tiene fiebre", fault: func(protocol, http.ResponseWriter, *http.Request, []string) bool {
		time.Sleep(50 * time.Millisecond)
		return false
	}},
	{name: "hanging", want: next, reason: ReasonTimeout, fault: func(_ protocol, _ http.ResponseWriter, r *http.Request, _ []string) bool {
		<-r.Context().Done()
		return true
	}},
	{name: "429 with seconds", want: next, reason: ReasonBusy, fault: refusal(http.StatusTooManyRequests, "7")},
	{name: "429 with a date", want: next, reason: ReasonBusy, fault: refusal(http.StatusTooManyRequests, "Fri, 01 Jan 2100 00:00:00 GMT")},
	{name: "429 without Retry-After", want: next, reason: ReasonBusy, fault: refusal(http.StatusTooManyRequests, "")},
	{name: "500", want: next, reason: ReasonEngineError, fault: refusal(http.StatusInternalServerError, "")},
	{name: "502", want: next, reason: ReasonEngineError, fault: refusal(http.StatusBadGateway, "")},
	{name: "503", want: next, reason: ReasonBusy, fault: refusal(http.StatusServiceUnavailable, "3")},
	{name: "504", want: next, reason: ReasonEngineError, fault: refusal(http.StatusGatewayTimeout, "")},
	{name: "408", want: next, reason: ReasonEngineError, fault: refusal(http.StatusRequestTimeout, "")},
	{name: "413", want: next, reason: ReasonEngineError, fault: refusal(http.StatusRequestEntityTooLarge, "")},
	{name: "wrong key", want: next, reason: ReasonEngineError, fault: func(p protocol, w http.ResponseWriter, _ *http.Request, _ []string) bool {
		p.wrongKey(w)
		return true
	}},
	{name: "half an answer", want: next, reason: ReasonEngineError, fault: func(p protocol, w http.ResponseWriter, _ *http.Request, texts []string) bool {
		whole := answerOf(p, texts)
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", strconv.Itoa(len(whole)))
		_, _ = w.Write(whole[:len(whole)/2])
		return true
	}},
	{name: "half a document", want: next, reason: ReasonEngineError, fault: func(p protocol, w http.ResponseWriter, _ *http.Request, texts []string) bool {
		whole := answerOf(p, texts)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(whole[:len(whole)/2])
		return true
	}},
	{name: "too few texts", text: "The patient has fever\nthe patient has pain", want: next, reason: ReasonEngineError, fault: func(p protocol, w http.ResponseWriter, _ *http.Request, texts []string) bool {
		say(w, http.StatusOK, p.answer(texts[:1]))
		return true
	}},
	{name: "too many texts", want: next, reason: ReasonEngineError, fault: func(p protocol, w http.ResponseWriter, _ *http.Request, texts []string) bool {
		say(w, http.StatusOK, p.answer(append(texts, "otra")))
		return true
	}},
	{name: "no texts", want: next, reason: ReasonEngineError, fault: says("application/json", "{}")},
	{name: "null", want: next, reason: ReasonEngineError, fault: says("application/json", "null")},
	{name: "no JSON", want: next, reason: ReasonEngineError, fault: says("application/json", "<html>Sign in</html>")},
	{name: "not UTF-8", want: next, reason: ReasonEngineError, spoil: nil, fault: func(p protocol, w http.ResponseWriter, _ *http.Request, texts []string) bool {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(bytes.Replace(answerOf(p, texts), []byte("fever"), []byte("\xff\xfe"), 1))
		return true
	}},
	{name: "a page of another kind", want: next, reason: ReasonEngineError, fault: func(p protocol, w http.ResponseWriter, _ *http.Request, texts []string) bool {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write(answerOf(p, texts))
		return true
	}},
	{name: "without end", want: next, reason: ReasonEngineError, fault: func(p protocol, w http.ResponseWriter, _ *http.Request, _ []string) bool {
		say(w, http.StatusOK, p.answer([]string{strings.Repeat("fiebre ", 200_000)}))
		return true
	}},

	{name: "echo", text: "The patient has fever and pain", want: block, reason: "echo", fault: func(p protocol, w http.ResponseWriter, _ *http.Request, texts []string) bool {
		say(w, http.StatusOK, p.answer(texts))
		return true
	}},
	{name: "numbers dropped", text: dose, want: block, reason: "placeholder", spoil: func(s string) string { return numbers.ReplaceAllString(s, "><") }},
	{name: "numbers swapped", text: "Give 5 mg of morphine and 500 mg of paracetamol now", want: block, reason: "placeholder", spoil: strings.NewReplacer(">5 mg<", ">500 mg<", ">500 mg<", ">5 mg<").Replace},
	{name: "a bare number dropped", text: "The patient has pain 8 hours and fever 3 hours", want: warn, reason: "number", spoil: func(s string) string { return strings.ReplaceAll(s, "8 ", "") }},
	{name: "the frequency changed", text: dose, want: block, reason: "frequency", spoil: strings.NewReplacer("8 horas", "6 horas").Replace},
	{name: "placeholders eaten", text: dose, want: block, reason: "placeholder", spoil: func(s string) string { return elements.ReplaceAllString(s, "") }},
	{name: "placeholders bare", text: dose, want: block, reason: "placeholder", spoil: func(s string) string { return regexp.MustCompile(`<[^>]*>`).ReplaceAllString(s, "") }},
	{name: "all said twice", text: dose, want: block, reason: "placeholder", spoil: func(s string) string { return s + s }},
	{name: "the negation dropped", text: "The patient has no fever now", want: warn, reason: "negation", spoil: func(s string) string { return strings.ReplaceAll(s, "no tiene", "tiene") }},
	{name: "the side turned", text: "The patient has pain in the left arm", want: block, reason: "side", spoil: func(s string) string { return strings.ReplaceAll(s, "el brazo izquierdo", "el lado derecho") }},
	{name: "another script", text: "The patient has fever and pain", want: block, reason: "script", spoil: func(string) string { return "患者发热并且疼痛" }},
	{name: "another language", text: "The patient has fever and the patient has pain now, please call the doctor", want: warn, reason: "language", spoil: func(string) string {
		return "Der Patient hat Fieber und Schmerzen, bitte rufen Sie jetzt sofort den diensthabenden Arzt an"
	}},
	{name: "stuck", want: block, reason: "repetition", spoil: func(string) string { return strings.Repeat("fiebre ", 30) }},
	{name: "nothing", want: block, reason: "length", spoil: func(string) string { return "" }},
	{name: "injected HTML", text: "x", html: "Give <b>0.5 mg</b> now, the patient has fever", want: clean, never: "<img",
		spoil: func(s string) string { return s + `<img src="https://evil/" onerror="x()">` }},
	{name: "an injected script", text: "x", html: "Give <b>0.5 mg</b> now, the patient has fever", want: clean, never: "evil",
		spoil: func(s string) string { return s + `<script>evil()</script>` }},
	{name: "HTML in plain text", want: clean, body: "El paciente tiene fiebre<br>", spoil: func(s string) string { return s + "<br>" }},
}

func refusal(status int, retryAfter string) func(protocol, http.ResponseWriter, *http.Request, []string) bool {
	return func(_ protocol, w http.ResponseWriter, _ *http.Request, texts []string) bool {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		say(w, status, object{"error": object{"message": texts[0]}})
		return true
	}
}

func says(kind, body string) func(protocol, http.ResponseWriter, *http.Request, []string) bool {
	return func(_ protocol, w http.ResponseWriter, _ *http.Request, _ []string) bool {
		w.Header().Set("Content-Type", kind)
		_, _ = w.Write([]byte(body))
		return true
	}
}

func answerOf(p protocol, texts []string) []byte {
	body, _ := json.Marshal(p.answer(texts))
	return body
}

// TestEveryEngineKeepsTheContract: whatever a service does, the reader gets the truth.
func TestEveryEngineKeepsTheContract(t *testing.T) {
	for _, p := range protocols {
		for _, test := range contract {
			t.Run(p.name+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				s := newStub(t, p)
				s.spoil = test.spoil
				if test.fault != nil {
					s.fault = func(w http.ResponseWriter, r *http.Request, texts []string) bool { return test.fault(p, w, r, texts) }
				}
				test.run(t, s.engineOf(t, options{}))
			})
		}
	}
	for _, test := range pipeContract {
		t.Run("apertium/"+test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, pipeStub(t, test.pipe))
		})
	}
}

func (c contractCase) run(t *testing.T, e engine.Engine) {
	text := c.text
	if text == "" {
		text = fever
	}
	limits := engine.Limits{Deadline: 50 * time.Second}
	if c.reason == ReasonTimeout {
		limits.Deadline = 500 * time.Millisecond
	}
	ask := Request{Text: text, HTML: c.html, SenderLanguage: "en", Target: "es"}
	alone, err := chainOf(t, e, limits).Translate(t.Context(), ask)
	require.NoError(t, err)
	c.check(t, alone)
	other := &fake{name: "other", rewrite: stubWords.Replace}
	chained, err := chainOf(t, e, limits, other).Translate(t.Context(), ask)
	require.NoError(t, err)
	if c.want == warn || c.want == clean {
		c.check(t, chained)
		return
	}
	require.Equal(t, Translated, chained.State)
	require.Equal(t, "other", chained.Engine)
}

func (c contractCase) check(t *testing.T, r Result) {
	t.Helper()
	shown := r.Compose(false)
	if c.want != clean {
		require.Contains(t, shown.Body, r.Original.Body, "the original stays readable")
	}
	if c.never != "" {
		require.NotContains(t, shown.FormattedBody, c.never)
	}
	if c.body != "" {
		require.Equal(t, c.body, r.Body)
	}
	switch c.want {
	case next, block:
		require.Equal(t, None, r.State, "%+v", r)
		require.Equal(t, c.reason, r.Reasons[0].Code, "%+v", r)
		require.Equal(t, c.want == block, r.Verdict == check.Block)
	case warn:
		require.Equal(t, Translated, r.State, "%+v", r)
		require.Equal(t, check.Warn, r.Verdict)
		require.Equal(t, c.reason, r.Reasons[0].Code, "%+v", r)
	case clean:
		require.Equal(t, Translated, r.State, "%+v", r)
	}
}
