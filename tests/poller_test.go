package tests

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"

	"medixchange/internal/testhospital"
)

// pollFilter lets no timeline be limited by a burst.
const pollFilter = `{"room":{"timeline":{"limit":1000}}}`

// poller is a device in a long poll that costs next to nothing, so that what a benchmark measures is the server: one
// connection, requests written and answers read by hand.
type poller struct {
	conn    net.Conn
	in      *bufio.Reader
	request string // with a place for the token of sync
	body    []byte
}

// newPoller connects a device and reads its first sync. It ends with the benchmark.
func newPoller(b testing.TB, base, token string, timeout time.Duration) *poller {
	b.Helper()
	host := strings.TrimPrefix(base, "http://")
	conn, err := net.Dial("tcp", host)
	require.NoError(b, err)
	b.Cleanup(func() { _ = conn.Close() })
	query := url.Values{"timeout": {fmt.Sprint(timeout.Milliseconds())}, "filter": {pollFilter}}.Encode()
	p := &poller{conn: conn, in: bufio.NewReaderSize(conn, 4096), request: "GET /_matrix/client/v3/sync?" +
		strings.ReplaceAll(query, "%", "%%") + "&since=%s HTTP/1.1\r\nHost: " + host + "\r\nAuthorization: Bearer " + token + "\r\n\r\n"}
	require.NoError(b, p.ask(""))
	return p
}

// run goes on syncing and hands each answer to seen, valid until it returns. It ends when the connection does.
func (p *poller) run(seen func(answer []byte)) {
	for p.ask(gjson.GetBytes(p.body, "next_batch").Str) == nil {
		seen(p.body)
	}
}

func (p *poller) ask(since string) error {
	if _, err := fmt.Fprintf(p.conn, p.request, since); err != nil {
		return err
	}
	status, err := p.in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("sync answers %s", status)
	}
	length := 0
	for {
		line, err := p.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			break
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return err
			}
		}
	}
	if cap(p.body) < length {
		p.body = make([]byte, length)
	}
	p.body = p.body[:length]
	_, err = io.ReadFull(p.in, p.body)
	return err
}

// timelineOf lists the events of a room in an answer of sync.
func timelineOf(answer []byte, room string) []gjson.Result {
	return testhospital.Timeline(gjson.ParseBytes(answer), room)
}
