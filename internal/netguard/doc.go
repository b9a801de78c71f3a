// Package netguard is the one HTTP client that calls out. Whatever name or address a request, a redirect or another
// server gives us, the connection is made only to an address that the policy allows, checked on the resolved
// address at the moment of connecting; answers are bounded in bytes, time and redirects.
//
// It imports no other package of this module. Federation, media, translation engines and push use it; nothing else
// of the program may open a connection. Start reading at Client and Policy.
package netguard
