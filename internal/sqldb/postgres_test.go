package sqldb_test

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb"
	"medixchange/internal/sqldb/sqldbtest"
)

// What a cutter does with the next COMMIT.
const (
	pass      = iota
	cutBefore // the server never sees it
	cutAfter  // the server commits, the answer is lost
)

// cutter is a proxy that loses connections in the worst moment.
type cutter struct {
	mode   atomic.Int32
	server string
}

func (c *cutter) start(t *testing.T, address string) string {
	u, err := url.Parse(address)
	require.NoError(t, err)
	c.server = u.Host
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go c.serve(conn)
		}
	}()
	u.Host = listener.Addr().String()
	return u.String()
}

func (c *cutter) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", c.server)
	if err != nil {
		return
	}
	var cut atomic.Bool
	go func() {
		buffer := make([]byte, 64<<10)
		for {
			n, err := server.Read(buffer)
			if err != nil || cut.Load() {
				client.Close()
				return
			}
			client.Write(buffer[:n])
		}
	}()
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if err != nil {
			break
		}
		if bytes.Contains(buffer[:n], []byte("COMMIT")) && c.mode.Load() != pass {
			cut.Store(true)
			if c.mode.Swap(pass) == cutBefore {
				// The server does not notice: its session stays open, with its lock, and must be ended by the new one.
				client.Close()
				time.AfterFunc(time.Minute, func() { server.Close() })
				return
			}
		}
		if _, err := server.Write(buffer[:n]); err != nil {
			break
		}
	}
	if !cut.Load() {
		server.Close()
	}
	io.Copy(io.Discard, client)
}

func needPostgres(t *testing.T) {
	if os.Getenv(sqldbtest.PostgresVariable) == "" {
		t.Skip(sqldbtest.PostgresVariable + " is not set; run scripts/with-postgres go test …")
	}
}

// An unknown outcome of COMMIT is looked up: what was committed does not run again, what was not does.
func TestLostConnectionAtCommit(t *testing.T) {
	needPostgres(t)
	for name, c := range map[string]struct{ mode, runs int32 }{
		"committed":     {cutAfter, 1},
		"not committed": {cutBefore, 2},
	} {
		t.Run(name, func(t *testing.T) {
			proxy := &cutter{}
			db := open(t, proxy.start(t, sqldbtest.Postgres(t)))
			var announced []int64
			db.OnCommit(func(p int64) { announced = append(announced, p) })
			proxy.mode.Store(c.mode)
			var runs int32
			require.NoError(t, db.Write(background, func(tx *sqldb.Tx) error {
				runs++
				return put(tx, tx.NextPosition(), "x")
			}))
			require.Equal(t, c.runs, runs)
			require.NoError(t, db.Write(background, func(tx *sqldb.Tx) error { return put(tx, tx.NextPosition(), "y") }))
			require.Equal(t, []int64{1, 2}, all(t, db))
			require.Equal(t, []int64{1, 2}, announced)
		})
	}
}

// A server that ends the writer's session, idle or inside a write, costs nobody a write.
func TestLostConnectionElsewhere(t *testing.T) {
	needPostgres(t)
	address := sqldbtest.Postgres(t)
	db := open(t, address)
	var backend int
	end := func() {
		// Through a reader: any session of the same role may end another.
		require.NoError(t, db.QueryRow(background, `SELECT COUNT(pg_terminate_backend($1))`, backend).Scan(new(int)))
		time.Sleep(100 * time.Millisecond)
	}
	runs := 0
	require.NoError(t, db.Write(background, func(tx *sqldb.Tx) error {
		if err := tx.QueryRow(`SELECT pg_backend_pid()`).Scan(&backend); err != nil {
			return err
		}
		if runs++; runs == 1 {
			end()
		}
		return put(tx, tx.NextPosition(), "x")
	}))
	require.Equal(t, 2, runs)
	end()
	require.NoError(t, db.Write(background, func(tx *sqldb.Tx) error { return put(tx, tx.NextPosition(), "y") }))
	require.Equal(t, []int64{1, 2}, all(t, db))
}
