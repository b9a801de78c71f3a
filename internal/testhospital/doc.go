// Package testhospital starts whole hospitals in one process, for tests that read like a conversation: real databases,
// real TLS between the nodes, real HTTP to clients.
//
//	alliance := testhospital.Alliance(t, 2)
//	a, b := alliance[0], alliance[1]
//	zh, es := a.User("doctor-zh"), b.User("doctor-es")
//	room := zh.CreateRoom(testhospital.Room{Invite: []string{es.ID}})
//	es.Join(room)
//	sent := zh.Say(room, "…")
//	es.WaitFor(room, sent)
//
// A hospital can be stopped and started again on the same data. The nodes take free ports on loopback, trust one test
// authority, and use cheap passwords. SQLite is used unless MEDIX_TEST_POSTGRES names a server and the test asks for
// Each database.
//
// It stands above cmd and may import everything. Start reading at hospital.go.
package testhospital
