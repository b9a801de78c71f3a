package web

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// sight sees what becomes of connections that nobody reads: one goroutine for all of them, by an epoll of its own beside
// the runtime's. Each is seen once, then it has to be asked for again.
type sight struct {
	file *os.File
	raw  syscall.RawConn
}

// gone is the end of a connection, which the system always tells; peers that only stop sending count, as in net/http.
const gone = syscall.EPOLLRDHUP | oneshot

const oneshot = 1 << 30 // EPOLLONESHOT

var errNoSocket = errors.New("not a connection of the system")

// newSight returns nil when the system refuses it.
func newSight() *sight {
	fd, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil
	}
	_ = syscall.SetNonblock(fd, true) // an epoll that the runtime waits for; only a bad descriptor fails
	s := &sight{file: os.NewFile(uintptr(fd), "connections")}
	if s.raw, err = s.file.SyscallConn(); err != nil {
		s.close()
		return nil
	}
	return s
}

func (s *sight) close() {
	if s != nil {
		_ = s.file.Close()
	}
}

// add sees a connection's end.
func (s *sight) add(id uint64, conn net.Conn) error {
	return s.control(conn, syscall.EPOLL_CTL_ADD, eventOf(id, gone))
}

// await sees the end of a connection that was added, once more.
func (s *sight) await(id uint64, conn net.Conn) error {
	return s.control(conn, syscall.EPOLL_CTL_MOD, eventOf(id, gone))
}

// expect sees that a connection that was added can be read, or its end.
func (s *sight) expect(id uint64, conn net.Conn) error {
	return s.control(conn, syscall.EPOLL_CTL_MOD, eventOf(id, gone|syscall.EPOLLIN))
}

// forget sees nothing more of a connection. One that is closed needs no forgetting.
func (s *sight) forget(conn net.Conn) {
	_ = s.control(conn, syscall.EPOLL_CTL_DEL, &syscall.EpollEvent{})
}

// The id stands in what epoll gives back with an event: 64 bits, which the package calls Fd and Pad.
func eventOf(id uint64, events uint32) *syscall.EpollEvent {
	return &syscall.EpollEvent{Events: events, Fd: int32(uint32(id)), Pad: int32(uint32(id >> 32))}
}

func (s *sight) control(conn net.Conn, op int, event *syscall.EpollEvent) error {
	socket, err := socketOf(conn)
	if err != nil {
		return err
	}
	var failed error
	err = s.raw.Control(func(epoll uintptr) {
		failed = socket.Control(func(fd uintptr) { err = syscall.EpollCtl(int(epoll), op, int(fd), event) })
	})
	return errors.Join(failed, err)
}

func socketOf(conn net.Conn) (syscall.RawConn, error) {
	for {
		switch c := conn.(type) {
		case syscall.Conn:
			return c.SyscallConn()
		case interface{ NetConn() net.Conn }:
			conn = c.NetConn()
		default:
			return nil, errNoSocket
		}
	}
}

// follow calls seen with the ids of connections, until close.
func (s *sight) follow(seen func(id uint64)) {
	var events [128]syscall.EpollEvent
	for {
		n := 0
		err := s.raw.Read(func(epoll uintptr) bool {
			n, _ = syscall.EpollWait(int(epoll), events[:], 0)
			return n > 0
		})
		if err != nil {
			return
		}
		for _, e := range events[:n] {
			seen(uint64(uint32(e.Fd)) | uint64(uint32(e.Pad))<<32)
		}
	}
}
