// Package sso speaks with the hospital's login service (OpenID Connect Core 1.0): where a browser is sent, and who came back.
// It keeps the visits that are under way; who a person is here is for package accounts, what the browser sees for clientapi.
//
// A visit is bound to the browser that began it by a cookie, to the answer by state, nonce and PKCE (RFC 7636), and is good
// once. Visits live in memory, bounded in number and time; after a restart a person begins anew.
//
// May import: internal/netguard. Imported by clientapi, accounts and cmd.
//
// Start reading at provider.go.
package sso
