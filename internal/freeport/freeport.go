package freeport

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
)

// The ports lie below those that systems give to outgoing connections and to listeners that ask for any port (32768 and up on
// Linux), so that neither can take one between the moment it was found and the moment it is used.
const (
	first = 20000
	count = 9000
)

// taken keeps the locks of this process's ports; they end with the process.
var taken = struct {
	sync.Mutex
	next  int
	locks []*os.File
}{next: os.Getpid() * 101 % count}

// Take finds a port on which nobody listens at host, by TCP or UDP, and keeps every other process of this user that asks Take
// from it until this one ends. It gives an error when there is none. It is safe for concurrent use.
func Take(host string) (int, error) {
	dir := filepath.Join(os.TempDir(), "medix-ports-"+strconv.Itoa(os.Getuid()))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, fmt.Errorf("making the folder of port locks: %w", err)
	}
	taken.Lock()
	defer taken.Unlock()
	for range count {
		port := first + taken.next
		taken.next = (taken.next + 1) % count
		lock, err := reserve(filepath.Join(dir, strconv.Itoa(port)))
		if err != nil {
			return 0, err
		}
		if lock == nil {
			continue
		}
		if !silent(host, port) {
			_ = lock.Close()
			continue
		}
		taken.locks = append(taken.locks, lock)
		return port, nil
	}
	return 0, fmt.Errorf("all ports from %d to %d of %s are in use", first, first+count-1, host)
}

// reserve locks a file, or gives nil when somebody else has it.
func reserve(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening a port's lock: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, f.Close()
	}
	return f, nil
}

// silent reports that nobody listens on the port.
func silent(host string, port int) bool {
	address := net.JoinHostPort(host, strconv.Itoa(port))
	tcp, err := net.Listen("tcp", address)
	if err != nil {
		return false
	}
	udp, err := net.ListenPacket("udp", address)
	if err != nil {
		_ = tcp.Close()
		return false
	}
	return tcp.Close() == nil && udp.Close() == nil
}
