package conform

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"medixchange/federation"
	"medixchange/internal/netguard"
)

const (
	// clockTolerance is how far clocks may be apart; the header tells whole seconds.
	clockTolerance = 30 * time.Second
	// slow is what the middle one of the small questions may take.
	slow = 5 * time.Second
	// fetchTimeout bounds one file for clients, and maxFile its bytes.
	fetchTimeout = 15 * time.Second
	maxFile      = 64 << 10
)

func checkClock(_ context.Context, v *visit) finding { return judgeClock(v.version) }

// judgeClock compares the Date header with our time, half a question ago.
func judgeClock(a *federation.ProbeAnswer) finding {
	theirs, err := http.ParseTime(a.Header.Get("Date"))
	if err != nil {
		return unknown("its answers have no Date header")
	}
	apart := theirs.Sub(a.At.Add(-a.Took / 2)).Round(time.Second)
	switch {
	case apart.Abs() <= clockTolerance+a.Took/2:
		return good("%s apart", apart.Abs())
	case apart > 0:
		return bad("its clock is %s ahead of this machine's", apart)
	}
	return bad("its clock is %s behind this machine's", -apart)
}

func checkTimes(_ context.Context, v *visit) finding { return judgeTimes(v.took) }

func judgeTimes(took []time.Duration) finding {
	if len(took) == 0 {
		return unknown("nothing was asked")
	}
	sorted := slices.Sorted(slices.Values(took))
	middle, longest := sorted[len(sorted)/2], sorted[len(sorted)-1]
	text := fmt.Sprintf("of %d small questions the middle one took %s, the longest %s", len(sorted),
		middle.Round(time.Millisecond), longest.Round(time.Millisecond))
	if middle > slow {
		return bad("%s", text)
	}
	return good("%s", text)
}

// clientHost is where clients look for the file; "" if the name is an address, which users are not told.
func (v *visit) clientHost() string {
	host := v.server
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return ""
	}
	return host
}

// fetch gets a file under the policy of federation.
func (v *visit) fetch(ctx context.Context, address string) (status int, body []byte, err error) {
	ctx, cancel := context.WithTimeout(netguard.WithMaxBody(ctx, maxFile), fetchTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, nil, fmt.Errorf("asking for a file for clients: %w", err)
	}
	resp, err := v.o.Fetch(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(resp.Body)
	return resp.StatusCode, body, err
}

// baseURL asks where clients connect; "" with why not.
func (v *visit) baseURL(ctx context.Context) (string, finding) {
	host := v.clientHost()
	if host == "" {
		return "", unknown("the name is an address")
	}
	status, body, err := v.fetch(ctx, "https://"+host+"/.well-known/matrix/client")
	if err != nil {
		return "", unknown("the file was not reached: %s", why(err))
	}
	if status == http.StatusNotFound {
		return "", unknown("there is none; its users type the address")
	}
	if status != http.StatusOK {
		return "", bad("the host answers %d", status)
	}
	base, err := baseURLOf(body)
	if err != nil {
		return "", bad("%s", err)
	}
	return base, good("%s", clip(base))
}

func baseURLOf(body []byte) (string, error) {
	base := gjson.GetBytes(body, `m\.homeserver.base_url`)
	if !gjson.ValidBytes(body) || base.Type != gjson.String {
		return "", errors.New("the file is not JSON with m.homeserver and its base_url")
	}
	u, err := url.Parse(base.Str)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil {
		return "", errors.New("base_url is no https address")
	}
	return strings.TrimSuffix(base.Str, "/"), nil
}

func checkClient(ctx context.Context, v *visit) finding {
	_, f := v.baseURL(ctx)
	return f
}

func checkClientVersions(ctx context.Context, v *visit) finding {
	base, _ := v.baseURL(ctx)
	if base == "" {
		return unknown("the address for clients is not known")
	}
	status, body, err := v.fetch(ctx, base+"/_matrix/client/versions")
	if err != nil {
		return bad("%s", why(err))
	}
	if status != http.StatusOK {
		return bad("answered %d", status)
	}
	versions := gjson.GetBytes(body, "versions")
	if !gjson.ValidBytes(body) || !versions.IsArray() || len(versions.Array()) == 0 {
		return bad("the answer lists no versions")
	}
	all := versions.Array()
	return good("up to %s", clip(all[len(all)-1].String()))
}

func checkAlliance(ctx context.Context, v *visit) finding {
	if v.o.Alliance == "" {
		return unknown("this node is in no alliance")
	}
	answer, err := v.ask(ctx, federation.Probe{URI: federation.AllianceHead})
	if err != nil {
		return unanswered(err)
	}
	switch {
	case answer.Status == http.StatusNotFound:
		return unknown("it holds no documents of an alliance; it may be another homeserver, or not have joined")
	case answer.Status != http.StatusOK:
		return bad("answered %s", told(answer))
	}
	name := gjson.GetBytes(answer.Body, "alliance")
	if !gjson.ValidBytes(answer.Body) || name.Type != gjson.String {
		return bad("the answer names no alliance")
	}
	if name.Str != v.o.Alliance {
		return bad("it is in another alliance, %s", clip(name.Str))
	}
	return good("charter %d, member list %d", gjson.GetBytes(answer.Body, "charter").Int(), gjson.GetBytes(answer.Body, "serial").Int())
}
