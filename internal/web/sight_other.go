//go:build !linux

package web

import "net"

// sight exists on Linux only; elsewhere every request keeps its goroutine.
type sight struct{}

func newSight() *sight { return nil }

func (s *sight) close() {}

func (s *sight) add(uint64, net.Conn) error { return net.ErrClosed }

func (s *sight) await(uint64, net.Conn) error { return net.ErrClosed }

func (s *sight) expect(uint64, net.Conn) error { return net.ErrClosed }

func (s *sight) forget(net.Conn) {}

func (s *sight) follow(func(uint64)) {}
