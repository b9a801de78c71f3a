package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/testhospital"
)

// meeting is a room with a doctor of each of two hospitals, each with the address of their SFU.
type meeting struct {
	a, b       *testhospital.Hospital
	ana, bo    *testhospital.User
	room       string
	urlA, urlB string
}

func meet(t testing.TB, options ...testhospital.Option) *meeting {
	t.Helper()
	both := hospitals(t, 2, options...)
	m := &meeting{a: both[0], b: both[1]}
	m.ana, m.bo = m.a.User("ana"), m.b.User("bo")
	m.room = m.ana.CreateRoom(testhospital.Room{Preset: "public_chat"})
	m.bo.Join(m.room, m.a.Name)
	m.urlA, m.urlB = sfuURL(t, m.ana), sfuURL(t, m.bo)
	return m
}

// joins connects somebody to the SFU of a hospital, with a token that they ask their own hospital for.
func (m *meeting) joins(t testing.TB, u *testhospital.User, at *testhospital.Hospital) *caller {
	t.Helper()
	url := m.urlA
	if at == m.b {
		url = m.urlB
	}
	status, jwt, code := askToken(u, at, url, m.room)
	require.Equal(t, http.StatusOK, status, code)
	return connect(t, url, jwt)
}

func TestTwoHospitalsHearEachOtherThroughTheirOwnSFUs(t *testing.T) {
	m := meet(t)
	anaAtA, boAtA := m.joins(t, m.ana, m.a), m.joins(t, m.bo, m.a)
	anaAtB, boAtB := m.joins(t, m.ana, m.b), m.joins(t, m.bo, m.b)
	require.Equal(t, anaAtA.identity(), anaAtB.identity(), "clients know each other by the same name on every SFU")
	require.NotContains(t, anaAtA.identity(), "ana", "the SFU learns no names")

	anaAtA.talk()
	anaAtA.show()
	boAtB.talk()
	boAtA.hears(anaAtA.identity(), "audio")
	boAtA.hears(anaAtA.identity(), "video")
	anaAtB.hears(boAtB.identity(), "audio")
}
