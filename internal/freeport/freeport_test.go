package freeport

import (
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const host = "127.0.0.1"

// TestNoPortIsGivenTwice neither within a process, nor to one that runs beside it and begins its search at the same port.
func TestNoPortIsGivenTwice(t *testing.T) {
	if from := os.Getenv("FREEPORT_FROM"); from != "" {
		taken.next, _ = strconv.Atoi(from)
		port, err := Take(host)
		require.NoError(t, err)
		t.Logf("port=%d", port)
		return
	}
	from, seen := taken.next, map[string]bool{}
	for range 20 {
		port, err := Take(host)
		require.NoError(t, err)
		require.False(t, seen[strconv.Itoa(port)])
		seen[strconv.Itoa(port)] = true
	}
	other := exec.Command(os.Args[0], "-test.run", "^TestNoPortIsGivenTwice$", "-test.v")
	other.Env = append(os.Environ(), "FREEPORT_FROM="+strconv.Itoa(from))
	out, err := other.CombinedOutput()
	require.NoError(t, err, string(out))
	_, rest, found := strings.Cut(string(out), "port=")
	require.True(t, found, string(out))
	port, _, _ := strings.Cut(rest, "\n")
	require.NotEmpty(t, port)
	require.False(t, seen[port], "%s was given to two processes", port)
}

// TestAPortWhereSomebodyListensIsPassedOver whatever the protocol.
func TestAPortWhereSomebodyListensIsPassedOver(t *testing.T) {
	port, err := Take(host)
	require.NoError(t, err)
	address := net.JoinHostPort(host, strconv.Itoa(port))
	tcp, err := net.Listen("tcp", address)
	require.NoError(t, err)
	require.False(t, silent(host, port))
	require.NoError(t, tcp.Close())
	udp, err := net.ListenPacket("udp", address)
	require.NoError(t, err)
	require.False(t, silent(host, port))
	require.NoError(t, udp.Close())
	require.True(t, silent(host, port))
}
