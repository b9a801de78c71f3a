package config

import (
	"net/netip"
	"time"
)

// Config is the whole configuration. Every key has a default (see Default) but server_name. Keys tagged `secret` are
// masked by Show; a key FILE next to it, tagged with the same name and "_file", is read into it.
type Config struct {
	// ServerName is the part of every user and room id after the colon. It can never change.
	ServerName string `yaml:"server_name"`
	// DataDir holds database, keys and media; relative paths elsewhere start here.
	DataDir string `yaml:"data_dir"`
	// SigningKey is the file with this server's ed25519 key.
	SigningKey    string       `yaml:"signing_key"`
	PublicBaseURL string       `yaml:"public_base_url"`
	Database      Database     `yaml:"database"`
	Listen        Listen       `yaml:"listen"`
	WellKnown     WellKnown    `yaml:"well_known"`
	Registration  Registration `yaml:"registration"`
	Passwords     Passwords    `yaml:"passwords"`
	Sessions      Sessions     `yaml:"sessions"`
	SSO           SSO          `yaml:"sso"`
	Limits        Limits       `yaml:"limits"`
	Sync          Sync         `yaml:"sync"`
	Rooms         Rooms        `yaml:"rooms"`
	Federation    Federation   `yaml:"federation"`
	Alliance      Alliance     `yaml:"alliance"`
	Handbook      Handbook     `yaml:"handbook"`
	Push          Push         `yaml:"push"`
	Media         Media        `yaml:"media"`
	Conference    Conference   `yaml:"conference"`
	Presence      Presence     `yaml:"presence"`
	Search        Search       `yaml:"search"`
	Translator    Translator   `yaml:"translator"`
	Bridge        Bridge       `yaml:"bridge"`
	Log           Log          `yaml:"log"`
	Metrics       Metrics      `yaml:"metrics"`
}

// Database says where the data is.
type Database struct {
	// URL is "sqlite:PATH" or "postgres://…".
	URL        string `yaml:"url" secret:"url"`
	URLFile    string `yaml:"url_file"`
	MaxReaders int    `yaml:"max_readers"`
}

// Listen holds the addresses the program answers on.
type Listen struct {
	Client         []string       `yaml:"client"`
	ClientTLS      bool           `yaml:"client_tls"`
	Federation     []string       `yaml:"federation"`
	TLS            TLS            `yaml:"tls"`
	AdminSocket    string         `yaml:"admin_socket"`
	TrustedProxies []netip.Prefix `yaml:"trusted_proxies"`
	// CompressFrom is the size from which JSON answers are compressed; 0 = never.
	CompressFrom Size `yaml:"compress_from"`
}

// TLS names the files of a certificate with its chain and of its key.
type TLS struct {
	Cert string `yaml:"cert"`
	Key  string `yaml:"key"`
}

// WellKnown is what /.well-known/matrix answers; empty values mean that it is not served.
type WellKnown struct {
	Server string `yaml:"server"`
	Client string `yaml:"client"`
}

// Registration says who may make an account.
type Registration struct {
	Enabled          bool   `yaml:"enabled"`
	RequireToken     bool   `yaml:"require_token"`
	SharedSecret     string `yaml:"shared_secret" secret:"all"`
	SharedSecretFile string `yaml:"shared_secret_file"`
}

// Passwords sets the cost of argon2id and what a password must be like.
type Passwords struct {
	MemoryKiB uint32 `yaml:"memory_kib"`
	Time      uint32 `yaml:"time"`
	Threads   uint8  `yaml:"threads"`
	MinLength int    `yaml:"min_length"`
}

// Sessions sets lifetimes of logins.
type Sessions struct {
	AccessToken  Duration `yaml:"access_token"`
	RefreshToken Duration `yaml:"refresh_token"`
}

// Limits bounds what clients and servers may ask for.
type Limits struct {
	RatesEnabled bool  `yaml:"rates_enabled"`
	Rates        Rates `yaml:"rates"`
	MaxBody      Size  `yaml:"max_body"`
}

// Rates are token buckets, per user or per address.
type Rates struct {
	Message      Rate `yaml:"message"`
	Login        Rate `yaml:"login"`
	Registration Rate `yaml:"registration"`
	Join         Rate `yaml:"join"`
	Invite       Rate `yaml:"invite"`
	CreateRoom   Rate `yaml:"create_room"`
	Media        Rate `yaml:"media"`
	Search       Rate `yaml:"search"`
	Other        Rate `yaml:"other"`
	Federation   Rate `yaml:"federation"`
}

// Rate is a token bucket.
type Rate struct {
	PerSecond float64 `yaml:"per_second"`
	Burst     int     `yaml:"burst"`
}

// Search says whether messages are found by their words.
type Search struct {
	Enabled bool `yaml:"enabled"`
}

// Sync bounds /sync.
type Sync struct {
	MaxTimeout    Duration `yaml:"max_timeout"`
	TimelineLimit int      `yaml:"timeline_limit"`
}

// Rooms sets what concerns all rooms.
type Rooms struct {
	DefaultVersion string `yaml:"default_version"`
	// Encrypted says what Element is told of new rooms: EncryptedAuto, EncryptedYes, EncryptedNo or EncryptedUnsaid. Whoever
	// makes a room may choose otherwise.
	Encrypted string `yaml:"encrypted"`
	// MaxEventDelay and MaxDelayedEvents bound the events that clients have sent later (MSC4140): the longest delay, and how
	// many a user may have scheduled at a time.
	MaxEventDelay    Duration `yaml:"max_event_delay"`
	MaxDelayedEvents int      `yaml:"max_delayed_events"`
}

// Whether new rooms begin encrypted, for clients that read io.element.e2ee.
const (
	EncryptedAuto   = "auto"   // not while this node translates
	EncryptedYes    = "yes"    // they do
	EncryptedNo     = "no"     // they do not
	EncryptedUnsaid = "unsaid" // the client goes by its own default
)

// Federation is the traffic with other hospitals' servers.
type Federation struct {
	Enabled bool `yaml:"enabled"`
	// AllowPrivate lists networks that are not public and may be called all the same.
	AllowPrivate []netip.Prefix `yaml:"allow_private"`
	DenyNetworks []netip.Prefix `yaml:"deny_networks"`
	TrustedCA    string         `yaml:"trusted_ca"`
	Notaries     []string       `yaml:"notaries"`
	AllowServers []string       `yaml:"allow_servers"`
	DenyServers  []string       `yaml:"deny_servers"`
	BackoffMax   Duration       `yaml:"backoff_max"`
	Timeout      Duration       `yaml:"timeout"`
	// Destinations bounds how many servers are sent to at the same time.
	Destinations int    `yaml:"destinations"`
	MaxResponse  Size   `yaml:"max_response"`
	Proxy        string `yaml:"proxy"`
}

// Push is the delivery to push gateways.
type Push struct {
	AllowPrivate []netip.Prefix `yaml:"allow_private"`
}

// Media bounds stored files.
type Media struct {
	Dir             string      `yaml:"dir"`
	MaxUpload       Size        `yaml:"max_upload"`
	UserQuota       Size        `yaml:"user_quota"`
	MaxPixels       int         `yaml:"max_pixels"`
	Thumbnails      []Thumbnail `yaml:"thumbnails"`
	MaxThumbnail    int         `yaml:"max_thumbnail"`
	RemoteCache     Size        `yaml:"remote_cache"`
	RemoteMaxFile   Size        `yaml:"remote_max_file"`
	Unauthenticated bool        `yaml:"unauthenticated"`
	PendingPerUser  int         `yaml:"pending_per_user"`
	PendingLifetime Duration    `yaml:"pending_lifetime"`
}

// Thumbnail is a size that is made of every picture.
type Thumbnail struct {
	Width  int    `yaml:"width"`
	Height int    `yaml:"height"`
	Method string `yaml:"method"`
}

// Presence says whether online states are kept and shown.
type Presence struct {
	Enabled bool `yaml:"enabled"`
}

// Translator is the bridge bot.
type Translator struct {
	Enabled         bool     `yaml:"enabled"`
	BotLocalpart    string   `yaml:"bot_localpart"`
	DefaultLanguage string   `yaml:"default_language"`
	Languages       []string `yaml:"languages"`
	HoldBudget      Duration `yaml:"hold_budget"`
	// AllowExternal lists the hosts outside of this machine that may see texts.
	AllowExternal []string `yaml:"allow_external"`
	// AllowPrivate lists networks that are not public and in which those hosts may be.
	AllowPrivate []netip.Prefix `yaml:"allow_private"`
	// Identifiers says what becomes of texts that seem to tell who a patient is.
	Identifiers   Identifiers       `yaml:"identifiers"`
	AllowPivot    bool              `yaml:"allow_pivot"`
	ClinicalBots  []string          `yaml:"clinical_bots"`
	Engines       []Engine          `yaml:"engines"`
	Cache         TranslatorCache   `yaml:"cache"`
	Records       TranslatorRecords `yaml:"records"`
	Transcription Transcription     `yaml:"transcription"`
	Encrypted     EncryptedRooms    `yaml:"encrypted"`
	Seal          Seal              `yaml:"seal"`
}

// Identifiers says what becomes of texts that seem to tell who a patient is, before another machine would get them.
type Identifiers struct {
	// Action is hold, warn or off.
	Action string `yaml:"action"`
	// OwnHosts are hosts of AllowExternal that are the hospital's own: they may get such texts.
	OwnHosts []string `yaml:"own_hosts"`
}

// Transcription is the recogniser that writes voice messages down; without a URL they stay as they are.
type Transcription struct {
	// URL is that of a server with OpenAI's interface, without /v1/audio/transcriptions.
	URL        string `yaml:"url"`
	Model      string `yaml:"model"`
	APIKey     string `yaml:"api_key" secret:"all"`
	APIKeyFile string `yaml:"api_key_file"`
	// Languages are those that the model understands; empty means all.
	Languages []string `yaml:"languages"`
	MaxSize   Size     `yaml:"max_size"`
	// Timeout is for one message, waiting for its turn included.
	Timeout    Duration `yaml:"timeout"`
	Concurrent int      `yaml:"concurrent"`
}

// Bridge is the bot as an application service beside another homeserver (medix bridge).
type Bridge struct {
	// Homeserver is its address for clients.
	Homeserver string `yaml:"homeserver"`
	// Listen is where the homeserver reaches the bot.
	Listen string `yaml:"listen"`
	// Registration is the file that the homeserver reads too.
	Registration string `yaml:"registration"`
	// RemoteInvites lets users of other servers invite the bot.
	RemoteInvites bool `yaml:"remote_invites"`
}

// Seal says how translations and what is kept of them stand in the database.
type Seal struct {
	// Renderings can only be true: translations are always sealed, as reports and the reading log are.
	Renderings bool `yaml:"renderings"`
	// KeyFile is the file with the key; made when it is not there.
	KeyFile string `yaml:"key_file"`
}

// EncryptedRooms is the bot's device for encrypted rooms.
type EncryptedRooms struct {
	// Enabled gives the bot a device; without it, it cannot read encrypted rooms and says so.
	Enabled bool `yaml:"enabled"`
	// KeyFile is the file with the key of what the device keeps in the database; made when it is not there.
	KeyFile string `yaml:"key_file"`
	// RemoteInvites lets moderators of other servers invite the bot too.
	RemoteInvites bool `yaml:"remote_invites"`
	// LeaveAfter is how long the bot stays in a room where nobody reads another language than the one that is written;
	// 0: it stays.
	LeaveAfter Duration `yaml:"leave_after"`
	// KeyWait is how long a message waits for its key before the room is told that it was not translated.
	KeyWait Duration `yaml:"key_wait"`
}

// Engine is one translation engine; the first in the list that can translate a pair is asked first. engineKeys says which
// keys belong to which type.
type Engine struct {
	// Type is one of EngineTypes.
	Type       string   `yaml:"type"`
	URL        string   `yaml:"url"`
	APIKey     string   `yaml:"api_key" secret:"all"`
	APIKeyFile string   `yaml:"api_key_file"`
	Timeout    Duration `yaml:"timeout"`
	// Pairs such as "en-es" restrict the engine; empty means all that it offers.
	Pairs      []string `yaml:"pairs"`
	Concurrent int      `yaml:"concurrent"`
	// Region is that of an Azure resource.
	Region string `yaml:"region"`
	// Glossary is kept at DeepL (its id) or Google (its full name).
	Glossary string `yaml:"glossary"`
	// Model is what a chat server calls the one to use, Languages what it translates among.
	Model     string   `yaml:"model"`
	Languages []string `yaml:"languages"`
	// Variants such as "pt-PT" say how languages with several standards are written to readers.
	Variants []string `yaml:"variants"`
}

// TranslatorCache bounds translations kept in memory and on disk.
type TranslatorCache struct {
	Memory  Size     `yaml:"memory"`
	MaxRows int      `yaml:"max_rows"`
	MaxAge  Duration `yaml:"max_age"`
}

// Log sets what is logged.
type Log struct {
	Level  string `yaml:"level"`
	Format string `yaml:"format"`
}

// Metrics sets where metrics are served.
type Metrics struct {
	Enabled bool `yaml:"enabled"`
	// Listen is an address of its own; empty means the client listener, where only AllowFrom may read them.
	Listen    string         `yaml:"listen"`
	AllowFrom []netip.Prefix `yaml:"allow_from"`
}

// Default returns the configuration that a file with only server_name has.
func Default(serverName string) *Config {
	return &Config{
		ServerName: serverName,
		DataDir:    "data",
		SigningKey: "signing.key",
		Database:   Database{URL: "sqlite:medix.db", MaxReaders: 8},
		Listen: Listen{
			Client:         []string{"127.0.0.1:8008"},
			Federation:     []string{":8448"},
			AdminSocket:    "admin.sock",
			TrustedProxies: prefixes("127.0.0.1/32", "::1/128"),
			CompressFrom:   16 << 10,
		},
		Passwords: Passwords{MemoryKiB: 19 * 1024, Time: 2, Threads: 1, MinLength: 8},
		Sessions:  Sessions{AccessToken: Duration(time.Hour), RefreshToken: Duration(90 * 24 * time.Hour)},
		Limits:    Limits{RatesEnabled: true, Rates: defaultRates(), MaxBody: 1 << 20},
		Sync:      Sync{MaxTimeout: Duration(time.Minute), TimelineLimit: 20},
		Rooms:     Rooms{DefaultVersion: "12", Encrypted: EncryptedAuto, MaxEventDelay: Duration(24 * time.Hour), MaxDelayedEvents: 100},
		Federation: Federation{
			Enabled:      true,
			BackoffMax:   Duration(time.Hour),
			Timeout:      Duration(time.Minute),
			Destinations: 64,
			MaxResponse:  100 << 20,
		},
		Alliance:   defaultAlliance(),
		Handbook:   defaultHandbook(),
		Media:      defaultMedia(),
		Conference: defaultConference(),
		Search:     Search{Enabled: true},
		Translator: defaultTranslator(),
		Bridge:     Bridge{Homeserver: "http://127.0.0.1:8008", Listen: "127.0.0.1:9008", Registration: "registration.yaml"},
		Log:        Log{Level: "info", Format: "text"},
		Metrics:    Metrics{Enabled: true, AllowFrom: prefixes("127.0.0.1/32", "::1/128")},
	}
}

func defaultRates() Rates {
	return Rates{
		Message:      Rate{10, 50},
		Login:        Rate{0.5, 10},
		Registration: Rate{0.2, 5},
		Join:         Rate{2, 20},
		Invite:       Rate{2, 50},
		CreateRoom:   Rate{0.2, 10},
		Media:        Rate{10, 50},
		Search:       Rate{2, 20},
		Other:        Rate{50, 200},
		Federation:   Rate{50, 200},
	}
}

func defaultMedia() Media {
	return Media{
		Dir:       "media",
		MaxUpload: 50 << 20,
		MaxPixels: 32_000_000,
		Thumbnails: []Thumbnail{
			{32, 32, "crop"}, {96, 96, "crop"}, {320, 240, "scale"}, {640, 480, "scale"}, {800, 600, "scale"},
		},
		MaxThumbnail:    1600,
		RemoteCache:     2 << 30,
		RemoteMaxFile:   50 << 20,
		PendingPerUser:  20,
		PendingLifetime: Duration(24 * time.Hour),
	}
}

func defaultTranslator() Translator {
	return Translator{
		Enabled:         true,
		BotLocalpart:    "translator",
		DefaultLanguage: "en",
		Languages: []string{"zh", "en", "ar", "id", "fr", "ja", "ru", "es", "th", "tr", "vi",
			"it", "de", "fa", "sr", "pt", "ko", "ur", "nl"},
		HoldBudget: Duration(800 * time.Millisecond),
		Engines: []Engine{
			{Type: "phrases", Timeout: Duration(time.Second), Concurrent: 4},
			{Type: "apertium", Timeout: Duration(5 * time.Second), Concurrent: 2},
		},
		Identifiers:   Identifiers{Action: "hold"},
		Cache:         TranslatorCache{Memory: 16 << 20, MaxRows: 200_000, MaxAge: Duration(90 * 24 * time.Hour)},
		Records:       defaultRecords(),
		Transcription: Transcription{MaxSize: 20 << 20, Timeout: Duration(45 * time.Second), Concurrent: 2},
		Seal:          Seal{Renderings: true, KeyFile: "translator.key"},
		Encrypted:     EncryptedRooms{Enabled: true, KeyFile: "translator.key", LeaveAfter: Duration(7 * 24 * time.Hour), KeyWait: Duration(time.Hour)},
	}
}

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		out[i] = netip.MustParsePrefix(t)
	}
	return out
}
