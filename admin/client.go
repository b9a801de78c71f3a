package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"syscall"
	"time"
)

const (
	callTimeout = 30 * time.Second
	maxAnswer   = 64 << 20 // a glossary as a file
)

// Client talks to a running node through its local socket. It is safe for concurrent use.
type Client struct {
	path string
	http *http.Client
}

// NewClient returns a client of the socket at path; nothing is opened yet.
func NewClient(path string) *Client {
	socket := func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx, path) }
	return &Client{path: path, http: &http.Client{
		Timeout:   callTimeout,
		Transport: &http.Transport{DialContext: socket, DisableKeepAlives: true},
	}}
}

// Patient returns a client that waits longer for an answer.
func (c *Client) Patient(timeout time.Duration) *Client {
	return &Client{path: c.path, http: &http.Client{Timeout: timeout, Transport: c.http.Transport}}
}

// Call sends in (nil: no body) and decodes the answer into out (nil: ignored). Errors are sentences for the administrator.
func (c *Client) Call(ctx context.Context, method, path string, in, out any) error {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("encoding the request: %w", err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://node"+path, body)
	if err != nil {
		return fmt.Errorf("making the request: %w", err)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return c.explain(err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("reading the node's answer: %w", err)
	}
	if res.StatusCode >= http.StatusBadRequest {
		return refusal(res.StatusCode, answer)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("understanding the node's answer: %w", err)
	}
	return nil
}

func (c *Client) explain(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("no node answers at %s: start it with `medix serve`, or name its configuration with --config", c.path)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the socket %s belongs to another user: run this as the user that runs the node, or as root", c.path)
	}
	return fmt.Errorf("calling the node: %w", err)
}

func refusal(status int, body []byte) error {
	var e struct {
		Code    string `json:"errcode"`
		Message string `json:"error"`
	}
	if json.Unmarshal(body, &e) != nil || e.Message == "" {
		return fmt.Errorf("the node refused with status %d", status)
	}
	return fmt.Errorf("%s (%s)", e.Message, e.Code)
}

// UserPath is the path of a user's resource.
func UserPath(userID, action string) string { return "/users/" + url.PathEscape(userID) + "/" + action }

// TokenPath is the path of a registration token.
func TokenPath(token string) string { return "/tokens/" + url.PathEscape(token) }
