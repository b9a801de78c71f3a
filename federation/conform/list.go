package conform

const (
	pathVersion   = "/_matrix/federation/v1/version"
	pathDirectory = "/_matrix/federation/v1/query/directory"
	pathProfile   = "/_matrix/federation/v1/query/profile"
	pathSend      = "/_matrix/federation/v1/send/"
	pathKeys      = "/_matrix/key/v2/server"
	pathNotary    = "/_matrix/key/v2/query"
)

// Sections of the specification.
const (
	secResolving    = "Server-Server API: Resolving server names"
	secTransport    = "Server-Server API: TLS"
	secVersion      = "Server-Server API: GET /version"
	secKeys         = "Server-Server API: Publishing keys"
	secNotary       = "Server-Server API: Querying keys through another server"
	secAuth         = "Server-Server API: Request authentication"
	secTransactions = "Server-Server API: Transactions"
	secUnsupported  = "Server-Server API: Unsupported endpoints"
	secErrors       = "Server-Server API: Standard error response"
	secQueries      = "Server-Server API: Querying for information"
	secJoin         = "Server-Server API: Joining rooms"
	secEvents       = "Server-Server API: Retrieving events"
	secClient       = "Client-Server API: Well-known URI"
	secVersions     = "Client-Server API: GET /versions"
	secAlliance     = "MediXchange: the alliance's documents"
)

const (
	fixProxy    = "have the proxy before the server hand on everything below /_matrix unchanged, with its status and body"
	fixSoftware = "a fault of the server's program, or of a proxy that answers in its place; tell its operators"
	fixAuth     = "a grave fault: anybody can speak in another server's name. Do not federate with it until its program is another or newer one"
)

// list is every check in the order of the report: where the server is, who it is, whom it believes, what it answers.
var list = []check{
	{"rules", "MediXchange: whom this node federates with", needNothing, checkRules,
		"allow it in federation.allow_servers, or have it admitted to the alliance; the rest is examined all the same"},
	{"well-known", secResolving, needNothing, checkWellKnown,
		`serve {"m.server": "matrix.hospital.example:443"} as JSON at https://NAME/.well-known/matrix/server, with status 200`},
	{"srv", secResolving, needNothing, checkSRV,
		"publish _matrix-fed._tcp instead of _matrix._tcp, or a well-known file"},
	{"connect", secResolving, needNothing, checkConnect,
		"check that the server runs, that the name leads to it, and that the port is open in the firewall; 8448 holds where nothing else is said"},
	{"certificate", secTransport, needNothing, checkCertificate,
		"get a certificate for the name from a public authority, with its whole chain, and have it renewed by itself"},
	{"tls", secTransport, needReached, checkTLS, "let the proxy before the server offer TLS 1.3"},
	{"version", secVersion, needReached, checkVersion, fixProxy},
	{"keys", secKeys, needReached, checkKeys, fixProxy + "; the answer must be signed with each key that it names"},
	{"key-validity", secKeys, needReached, checkKeyValidity,
		"valid_until_ts is in milliseconds; others ask again when it has passed, and never trust it for more than seven days"},
	{"old-keys", secKeys, needReached, checkOldKeys, "old_verify_keys holds keys that are used no longer, each with key and expired_ts (ms)"},
	{"notary", secNotary, needReached, checkNotary,
		"the server cannot reach this node, or knows an old key of it: check from there with its own tools, and that this node's name leads here"},
	{"unsigned", secAuth, needReached, checkUnsigned, fixAuth},
	{"admitted", secAuth, needReached, checkAdmitted,
		"ask its operators whether it federates with members of an alliance or with named servers only, and whether it can fetch this node's keys"},
	{"forged", secAuth, needAdmitted, checkForged, fixAuth},
	{"elsewhere", secAuth, needAdmitted, checkElsewhere,
		"a request that was meant for another server can be repeated to this one; a newer program is needed"},
	{"alias", secQueries, needAdmitted, checkAlias, fixSoftware},
	{"profile", secQueries, needAdmitted, checkProfile, fixSoftware},
	{"event", secEvents, needAdmitted, checkEvent, fixSoftware},
	{"make-join", secJoin, needAdmitted, checkMakeJoin, fixSoftware},
	{"unknown-path", secUnsupported, needReached, checkUnknownPath, fixProxy + "; paths that it does not know are 404 M_UNRECOGNIZED"},
	{"method", secUnsupported, needReached, checkMethod, fixProxy + "; a wrong method is 405 M_UNRECOGNIZED"},
	{"malformed", secErrors, needAdmitted, checkMalformed, fixSoftware},
	{"too-many", secTransactions, needAdmitted, checkTooMany, fixSoftware},
	{"too-large", secErrors, needReached, checkTooLarge, "bound the size of bodies in the server or in the proxy before it; no request needs 50 MiB"},
	{"clock", secTransactions, needReached, checkClock,
		"have both machines set their clocks by NTP; times of messages and the validity of keys go by them"},
	{"times", "MediXchange: answer times", needReached, checkTimes, "look at the load of the server, its database and the line to it"},
	{"client", secClient, needNothing, checkClient,
		`serve {"m.homeserver": {"base_url": "https://matrix.hospital.example"}} as JSON at https://NAME/.well-known/matrix/client`},
	{"client-versions", secVersions, needNothing, checkClientVersions, "base_url must lead to the server's API for clients"},
	{"alliance", secAlliance, needReached, checkAlliance, "start the server with this alliance's charter, or let it fetch the newest documents: medix alliance fetch"},
}
