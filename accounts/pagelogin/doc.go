// Package pagelogin lets people in to the pages that the node itself serves: a form for name and password (or the hospital's
// login service), and a cookie that holds the access token of an ordinary device for half a day.
//
// Pages ask [Login.Page], programs and scripts [Login.Device]. Requests that change something are taken from the node's own
// pages only, which Device sees to.
//
// May import: accounts, internal/*. Start reading at login.go, then form.go.
package pagelogin
