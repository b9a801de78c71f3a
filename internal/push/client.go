package push

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"

	"medixchange/internal/netguard"
)

const (
	// Path is the only path that a gateway may have.
	Path = "/_matrix/push/v1/notify"

	requestTimeout = 15 * time.Second
	maxAnswer      = 64 << 10
	// perGateway is how many requests one gateway gets at a time, so that one that hangs does not keep the others waiting.
	perGateway = 16
)

// ErrURL is wrapped by every error of [CheckURL].
var ErrURL = errors.New("not the URL of a push gateway")

// CheckURL tells whether notifications may go to a URL: https and [Path], without user, query or fragment; http only to an
// address, written as a number, of the networks in private.
func CheckURL(raw string, private []netip.Prefix) error {
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("%w: it has to be https://…%s", ErrURL, Path)
	}
	if u.Path != Path || u.RawPath != "" {
		return fmt.Errorf("%w: the path has to be %s", ErrURL, Path)
	}
	if u.Scheme == "https" || u.Scheme == "http" && within(u.Hostname(), private) {
		return nil
	}
	return fmt.Errorf("%w: it has to be https", ErrURL)
}

func within(host string, networks []netip.Prefix) bool {
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return false
	}
	for _, network := range networks {
		if network.Contains(addr.WithZone("").Unmap()) {
			return true
		}
	}
	return false
}

// StatusError is a gateway's answer other than 200.
type StatusError struct {
	Code       int
	RetryAfter time.Duration // 0 where it does not say
}

func (e *StatusError) Error() string { return fmt.Sprintf("the gateway answered %d", e.Code) }

// refused reports that the gateway will not take this very notification, however often it is sent.
func refused(err error) bool {
	var status *StatusError
	if !errors.As(err, &status) {
		return false
	}
	switch status.Code {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return true
	}
	return false
}

// Client calls gateways. It is safe for concurrent use.
type Client struct {
	guard   *netguard.Client
	private []netip.Prefix
}

// NewClient makes a client that calls public addresses and those of the networks in private.
func NewClient(private []netip.Prefix, userAgent string) *Client {
	return &Client{private: private, guard: netguard.New(netguard.Options{
		Policy: netguard.Policy{Allow: private}, Timeout: requestTimeout, MaxBody: maxAnswer, MaxRedirects: -1,
		MaxConnsPerHost: perGateway, UserAgent: userAgent,
	})}
}

// Close releases idle connections.
func (c *Client) Close() { c.guard.Close() }

// Notify sends a notification to the gateway at rawURL and returns the pushkeys that it calls void. Errors: [ErrURL],
// *[StatusError], those of netguard.
func (c *Client) Notify(ctx context.Context, rawURL string, n *Notification) (rejected []string, err error) {
	if err := CheckURL(rawURL, c.private); err != nil {
		return nil, err
	}
	body, err := json.Marshal(map[string]*Notification{"notification": n})
	if err != nil {
		return nil, fmt.Errorf("encoding a notification: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, rawURL, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("making a request to a push gateway: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := c.guard.Do(req)
	if err != nil {
		return nil, fmt.Errorf("calling a push gateway: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		seconds, _ := strconv.Atoi(res.Header.Get("Retry-After"))
		return nil, &StatusError{Code: res.StatusCode, RetryAfter: time.Duration(max(seconds, 0)) * time.Second}
	}
	return readAnswer(res.Body), nil
}

// readAnswer takes an answer that is no object of this form for an acknowledgement: 200 says so, and sending again would
// alert again.
func readAnswer(body io.Reader) (rejected []string) {
	var answer struct {
		Rejected []string `json:"rejected"`
	}
	if json.NewDecoder(body).Decode(&answer) != nil {
		return nil
	}
	return answer.Rejected
}
