package testhospital

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"medixchange/cmd/medix/node"
	"medixchange/internal/config"
	"medixchange/internal/freeport"
	"medixchange/internal/sqldb/sqldbtest"
)

// Hospital is a node in this process, with its own data folder and addresses that stay the same over restarts.
type Hospital struct {
	// Name is its server name: address and port of its federation listener.
	Name string
	// URL is where clients connect.
	URL string
	// Config may be changed while the hospital is stopped.
	Config *config.Config

	t       testing.TB
	tls     *tls.Config
	log     logbook
	mu      sync.Mutex
	node    *node.Node
	stop    context.CancelFunc
	stopped chan error
}

// Option changes the configuration of a hospital before its first start.
type Option func(*config.Config)

// Start starts one hospital; it ends with the test.
func Start(t testing.TB, options ...Option) *Hospital {
	t.Helper()
	return Alliance(t, 1, options...)[0]
}

// Alliance starts n hospitals that can reach each other.
func Alliance(t testing.TB, n int, options ...Option) []*Hospital {
	t.Helper()
	require.NoError(t, os.Setenv(config.CheapPasswordsEnv, "1"))
	ca, err := testAuthority()
	require.NoError(t, err)
	hospitals := make([]*Hospital, n)
	for i := range hospitals {
		hospitals[i] = newHospital(t, ca, options)
		hospitals[i].Start()
	}
	return hospitals
}

// At starts one hospital at another loopback address, 127.0.0.2 to 127.0.0.9, for what goes by the hosts of servers alone.
func At(t testing.TB, host string, options ...Option) *Hospital {
	t.Helper()
	require.NoError(t, os.Setenv(config.CheapPasswordsEnv, "1"))
	ca, err := testAuthority()
	require.NoError(t, err)
	h := newHospitalAt(t, ca, host, options)
	h.Start()
	return h
}

// Elsewhere stands for a node that runs already, at an address for clients: it has users, and cannot be stopped from here.
func Elsewhere(t testing.TB, clientURL string) *Hospital { return &Hospital{URL: clientURL, t: t} }

func newHospital(t testing.TB, ca *authority, options []Option) *Hospital {
	t.Helper()
	return newHospitalAt(t, ca, "127.0.0.1", options)
}

func newHospitalAt(t testing.TB, ca *authority, host string, options []Option) *Hospital {
	t.Helper()
	clientAddr, federationAddr := freeAddress(t, host), freeAddress(t, host)
	cfg := config.Default(federationAddr)
	cfg.DataDir = t.TempDir()
	cfg.SigningKey = filepath.Join(cfg.DataDir, "signing.key")
	cfg.Translator.Encrypted.KeyFile = filepath.Join(cfg.DataDir, "translator.key")
	cfg.Translator.Seal.KeyFile = cfg.Translator.Encrypted.KeyFile
	database := filepath.Join(cfg.DataDir, "medix.db")
	sqldbtest.CopySchema(t, database)
	cfg.Database.URL = "sqlite://" + database
	cfg.Media.Dir = filepath.Join(cfg.DataDir, "media")
	cfg.Listen.AdminSocket = filepath.Join(cfg.DataDir, "admin.sock")
	cfg.Listen.Client = []string{clientAddr}
	cfg.Listen.Federation = []string{federationAddr}
	cfg.Registration.Enabled = true
	cfg.Limits.RatesEnabled = false
	cfg.Passwords = config.Passwords{MemoryKiB: 8, Time: 1, Threads: 1, MinLength: 1}
	cfg.Federation.AllowPrivate = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	cfg.Federation.TrustedCA = ca.writeCA(t, cfg.DataDir)
	cfg.Federation.BackoffMax = config.Duration(time.Second)
	cfg.Translator.Enabled = false
	cfg.Handbook.Enabled = false
	for _, option := range options {
		option(cfg)
	}
	h := &Hospital{Name: federationAddr, URL: "http://" + clientAddr, Config: cfg, t: t, tls: ca.certificate(t)}
	t.Cleanup(h.end)
	return h
}

func freeAddress(t testing.TB, host string) string {
	t.Helper()
	port, err := freeport.Take(host)
	require.NoError(t, err)
	return net.JoinHostPort(host, strconv.Itoa(port))
}

// Start starts the hospital on its data, the first time or again.
func (h *Hospital) Start() {
	h.t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	require.Nil(h.t, h.node, "the hospital runs already")
	n, err := node.New(context.Background(), h.Config, node.Options{Log: testLog(&h.log, h.Config.Log.Level), TLS: h.tls})
	require.NoError(h.t, err)
	ctx, stop := context.WithCancel(context.Background())
	h.node, h.stop, h.stopped = n, stop, make(chan error, 1)
	running.Store(h, n)
	go func() { h.stopped <- n.Run(ctx) }()
}

// Stop drains and stops the hospital; nothing happens when it does not run.
func (h *Hospital) Stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.node == nil {
		return
	}
	h.stop()
	select {
	case err := <-h.stopped:
		if err != nil {
			h.t.Errorf("stopping %s: %v", h.Name, err)
		}
	case <-time.After(30 * time.Second):
		h.t.Errorf("%s did not stop within 30 s", h.Name)
	}
	running.Delete(h)
	h.node = nil
	Disconnect() // else a request may be written into a connection whose end its client has not seen yet, and is not tried again
}

// running holds the node of each hospital of this process that runs.
var running sync.Map

// end stops the hospital at the end of its test. No other of the test keeps a connection to it that rests, for which the stop would wait.
func (h *Hospital) end() {
	running.Range(func(other, of any) bool {
		if other.(*Hospital).t == h.t {
			of.(*node.Node).HangUp()
		}
		return true
	})
	h.Stop()
}

// Restart stops the hospital and starts it on the same data.
func (h *Hospital) Restart() {
	h.t.Helper()
	h.Stop()
	h.Start()
}

// Node gives the parts of the running node.
func (h *Hospital) Node() *node.Node {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.node
}

// testLog writes what the configuration asks for into the book, and is silent unless MEDIX_TEST_LOG names a level.
func testLog(book *logbook, configured string) *logrus.Logger {
	l := logrus.New()
	l.AddHook(book)
	named := os.Getenv("MEDIX_TEST_LOG")
	if named == "" {
		l.SetOutput(io.Discard)
		named = configured
	}
	if level, err := logrus.ParseLevel(named); err == nil {
		l.SetLevel(level)
	}
	return l
}
