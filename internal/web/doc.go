// Package web is what every HTTP interface of the program shares: the specification's errors, handlers that return
// values instead of writing bytes, strict request bodies, routes with CORS and metrics, rate limits, and servers
// that drain.
//
// It imports internal/strictjson and no other package of this module. It knows no endpoint: those live in clientapi,
// federation and their neighbours. Start reading at Router, then Error and Decode.
package web
