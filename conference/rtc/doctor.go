package rtc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"medixchange/conference/sfu"
	"medixchange/internal/netguard"
	"medixchange/internal/web"
)

// PathDoctor is where administrators have the conferences of the node examined.
const PathDoctor = "/conference/doctor"

// Verdict is what was found about one thing.
type Verdict struct {
	Check string `json:"check"`          // discovery, service, token, websocket, udp, tcp, relay
	From  string `json:"from,omitempty"` // the server that tried; "" for this one
	OK    bool   `json:"ok"`
	MS    int64  `json:"ms,omitempty"`
	Found string `json:"found,omitempty"`
	Fix   string `json:"fix,omitempty"`
}

// DoctorRequest is the body of PathDoctor, and DoctorReport its answer.
type DoctorRequest struct {
	Peer string `json:"peer,omitempty"` // a server that is to try too
}

// DoctorReport is everything that was found.
type DoctorReport struct {
	OK       bool      `json:"ok"`
	SFU      string    `json:"sfu"`
	Embedded bool      `json:"embedded"`
	Verdicts []Verdict `json:"verdicts"`
}

// AddRoutes lets administrators have the conferences examined.
func (r *RTC) AddRoutes(router *web.Router) {
	router.Handle(http.MethodPost, PathDoctor, func(_ http.ResponseWriter, req *http.Request) (any, error) {
		var q DoctorRequest
		if err := web.DecodeOptional(req, &q, maxBody); err != nil {
			return nil, err
		}
		return r.Doctor(req.Context(), q.Peer), nil
	})
}

// Doctor examines everything that a conference needs, from this machine and, if a peer is named, from another hospital.
func (r *RTC) Doctor(ctx context.Context, peer string) DoctorReport {
	report := DoctorReport{SFU: r.o.SFU.URL(), Embedded: r.o.SFU.Embedded()}
	outside := netguard.New(netguard.Options{Policy: r.o.Outside, Timeout: 10 * time.Second, MaxBody: maxBody})
	defer outside.Close()
	report.Verdicts = append(report.Verdicts, r.examineDiscovery(ctx, outside), r.examineService(ctx, outside))
	job, verdict := r.examineToken(ctx)
	report.Verdicts = append(report.Verdicts, verdict)
	if verdict.OK {
		report.Verdicts = append(report.Verdicts, r.examineWays(ctx, job)...)
		if peer != "" {
			report.Verdicts = append(report.Verdicts, r.examineFrom(ctx, peer)...)
		}
	}
	report.OK = true
	for _, v := range report.Verdicts {
		report.OK = report.OK && v.OK
	}
	return report
}

func (r *RTC) examineDiscovery(ctx context.Context, outside *netguard.Client) Verdict {
	v := Verdict{Check: "discovery", Fix: "clients look at " + r.o.ClientURL + "/.well-known/matrix/client; check public_base_url, and that the proxy before the node passes it on"}
	text, err := fetch(ctx, outside, r.o.ClientURL+"/.well-known/matrix/client")
	if err != nil {
		v.Found = err.Error()
		return v
	}
	if !strings.Contains(string(text), strings.ReplaceAll(r.ServiceURL(), "&", `\u0026`)) {
		v.Found = "the well-known file there does not name " + r.ServiceURL() + "; another program answers, or an old copy"
		return v
	}
	return Verdict{Check: "discovery", OK: true, Found: r.ServiceURL()}
}

func (r *RTC) examineService(ctx context.Context, outside *netguard.Client) Verdict {
	if _, err := fetch(ctx, outside, r.ServiceURL()+"/healthz"); err != nil {
		return Verdict{Check: "service", Found: err.Error(), Fix: "the proxy before the node must pass on everything below /livekit/"}
	}
	return Verdict{Check: "service", OK: true}
}

func fetch(ctx context.Context, outside *netguard.Client, url string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fmt.Errorf("asking for %s: %w", url, err)
	}
	resp, err := outside.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered with status %d", url, resp.StatusCode)
	}
	return io.ReadAll(resp.Body)
}

// examineToken starts the SFU and makes a room and a token for a trial.
func (r *RTC) examineToken(ctx context.Context) (sfu.ProbeJob, Verdict) {
	began := time.Now()
	job := sfu.ProbeJob{URL: r.o.SFU.URL(), Policy: r.o.Outside}
	at := r.probes.add(r.o.Now())
	err := r.o.SFU.EnsureRoom(ctx, at.sfuRoom)
	if err == nil {
		job.Token, err = r.o.SFU.Token(sfu.Grant{Room: at.sfuRoom, Identity: at.identity, Subscribe: true, TTL: probeLifetime})
	}
	if err != nil {
		fix := "look at the node's log: the SFU could not be started. Is conference.sfu.udp_port or tcp_port in use by another program?"
		if !r.o.SFU.Embedded() {
			fix = "check conference.sfu.url, key and secret, and that this node may reach it (allow_private)"
		}
		return job, Verdict{Check: "token", Found: err.Error(), Fix: fix}
	}
	return job, Verdict{Check: "token", OK: true, MS: time.Since(began).Milliseconds()}
}

// fixes say what to do where a way is closed.
var fixes = map[string]string{
	sfu.WayWebSocket: "the proxy before the node must pass WebSockets on below /livekit/sfu/, and not cut them when they are quiet",
	sfu.WayUDP:       "open conference.sfu.udp_port (UDP) in the firewall, and check that conference.sfu.public_ip is this machine's address as others see it",
	sfu.WayTCP:       "open conference.sfu.tcp_port (TCP) in the firewall; without it whoever may not send UDP cannot take part",
	sfu.WayRelay:     "set up conference.turn with listen and public_ip, open its ports, and list the SFU's address in conference.turn.allow_private if it is not a public one",
}

func (r *RTC) examineWays(ctx context.Context, job sfu.ProbeJob) []Verdict {
	reached, err := r.tryWays(ctx, job)
	return verdicts("", reached, err)
}

// tryWays runs the media program's trial. One runs at a time.
func (r *RTC) tryWays(ctx context.Context, job sfu.ProbeJob) ([]sfu.Reached, error) {
	select {
	case r.trying <- struct{}{}:
		defer func() { <-r.trying }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	program, err := r.o.Program()
	if err != nil {
		return nil, err
	}
	return sfu.Probe(ctx, program, job)
}

func verdicts(from string, reached []sfu.Reached, err error) []Verdict {
	tried := map[string]bool{}
	out := make([]Verdict, 0, len(sfu.Ways()))
	for _, way := range reached {
		tried[way.Way] = true
		v := Verdict{Check: way.Way, From: from, OK: way.OK, MS: way.MS, Found: way.Error}
		if !way.OK {
			v.Fix = fixes[way.Way]
		}
		out = append(out, v)
	}
	if err == nil && len(out) == 0 {
		err = errors.New("nothing was tried")
	}
	for _, way := range sfu.Ways() {
		if !tried[way] && err != nil {
			out = append(out, Verdict{Check: way, From: from, Found: err.Error(), Fix: "this could not be tried"})
		}
	}
	return out
}

// trial asks an allied server to try our SFU.
type trial struct {
	URL   string `json:"url"`
	Token string `json:"token"`
}

type trialAnswer struct {
	Ways []sfu.Reached `json:"ways"`
}

func (r *RTC) examineFrom(ctx context.Context, peer string) []Verdict {
	job, verdict := r.examineToken(ctx)
	if !verdict.OK {
		return []Verdict{verdict}
	}
	var answer trialAnswer
	err := r.o.Remote.Conference(ctx, peer, trial{URL: job.URL, Token: job.Token}, &answer, federationOwn+"/doctor")
	return verdicts(peer, answer.Ways, err)
}

// remoteDoctor tries the SFU of a server that asks for it. It connects only where federation may, whatever the other SFU says.
func (r *RTC) remoteDoctor(ctx context.Context, origin string, body []byte) (any, error) {
	if err := r.trials.Check(origin); err != nil {
		return nil, err
	}
	var q trial
	if err := decode(body, &q); err != nil {
		return nil, err
	}
	if q.Token == "" || !strings.HasPrefix(q.URL, "ws://") && !strings.HasPrefix(q.URL, "wss://") {
		return nil, web.InvalidParam("url and token of an SFU are needed.")
	}
	r.o.Log.WithField("for", origin).Info("trying another hospital's SFU")
	reached, err := r.tryWays(ctx, sfu.ProbeJob{URL: q.URL, Token: q.Token, Policy: r.o.Abroad})
	if err != nil {
		r.o.Log.WithError(err).Warn("another hospital's SFU could not be tried")
		return nil, web.Unavailable("It cannot be tried from here now.").Because(err)
	}
	return trialAnswer{Ways: reached}, nil
}
