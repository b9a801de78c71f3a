package manifest

import "medixchange/internal/netguard"

// Types of events.
const (
	EventStarted      = "started"      // ID, RoomID, SlotID, Title, UserID (who started it), Consent, TS
	EventConnected    = "connected"    // Server
	EventDisconnected = "disconnected" // Server
	EventJoined       = "joined"       // UserID, DeviceID, Name, Server
	EventLeft         = "left"         // UserID, DeviceID
	EventTrack        = "track"        // Track, UserID, DeviceID, Kind, Source, File, Codec, Offset
	EventOffset       = "offset"       // Track, Offset: known better by sender reports
	EventSize         = "size"         // Track, Width, Height
	EventMuted        = "muted"        // Track
	EventUnmuted      = "unmuted"      // Track
	EventProgress     = "progress"     // Track, Duration, Bytes: what is on the disk
	EventTrackEnded   = "track_ended"  // Track, Duration, Bytes
	EventSpeech       = "speech"       // Track, UserID, File, Offset, Duration: an utterance, in SpeechFolder
	EventSkipped      = "skipped"      // UserID, Kind, Reason: a track that is not recorded
	EventConsent      = "consent"      // UserID, Answer, TS
	EventPaused       = "paused"
	EventResumed      = "resumed"
	EventChapter      = "chapter" // Title
	EventWho          = "who"     // Name, Server: an identity of the SFU whose owner is asked for
	EventEmpty        = "empty"   // nobody but the recorder is there
	EventInhabited    = "inhabited"
	EventEnded        = "ended" // Reason, State, TS
)

// Event is a line of the events file and of what the recorder says. At counts milliseconds from the start of the recording.
type Event struct {
	At       int64  `json:"at"`
	Type     string `json:"type"`
	ID       string `json:"id,omitempty"`
	RoomID   string `json:"room_id,omitempty"`
	SlotID   string `json:"slot_id,omitempty"`
	Title    string `json:"title,omitempty"`
	Consent  string `json:"consent,omitempty"`
	TS       int64  `json:"ts,omitempty"`
	UserID   string `json:"user_id,omitempty"`
	DeviceID string `json:"device_id,omitempty"`
	Name     string `json:"name,omitempty"`
	Server   string `json:"server,omitempty"`
	Track    string `json:"track,omitempty"`
	Kind     string `json:"kind,omitempty"`
	Source   string `json:"source,omitempty"`
	File     string `json:"file,omitempty"`
	Codec    string `json:"codec,omitempty"`
	Offset   int64  `json:"offset,omitempty"`
	Duration int64  `json:"duration,omitempty"`
	Bytes    int64  `json:"bytes,omitempty"`
	Width    int    `json:"width,omitempty"`
	Height   int    `json:"height,omitempty"`
	Answer   string `json:"answer,omitempty"`
	Reason   string `json:"reason,omitempty"`
	State    string `json:"state,omitempty"`
}

// Job is what a recorder is told, the first line of its standard input. Commands follow.
type Job struct {
	ID      string   `json:"id"`
	RoomID  string   `json:"room_id"`
	SlotID  string   `json:"slot_id,omitempty"`
	Title   string   `json:"title,omitempty"`
	By      string   `json:"by"`
	Consent string   `json:"consent"`
	Allowed []string `json:"allowed,omitempty"` // who said yes
	Denied  []string `json:"denied,omitempty"`  // who said no; they are not recorded, whatever the consent is
	URL     string   `json:"url"`               // of the SFU: ws: or wss:
	Token   string   `json:"token"`
	Server  string   `json:"server"` // the hospital whose SFU it is
	// Policy is where the SFUs of other hospitals may be.
	Policy    netguard.Policy `json:"policy"`
	Folder    string          `json:"folder"`
	StartedTS int64           `json:"started_ts"`
	Limits    Limits          `json:"limits"`
	// Speech has utterances written into files of their own.
	Speech bool `json:"speech,omitempty"`
	// Finish repairs and closes what a recorder that was killed left behind, and records nothing.
	Finish bool `json:"finish,omitempty"`
}

// Limits bound a recording; it ends by itself when one is reached.
type Limits struct {
	Bytes    int64 `json:"bytes"`
	Seconds  int64 `json:"seconds"`
	Tracks   int   `json:"tracks"`
	DiskLeft int64 `json:"disk_left"` // bytes that must stay free
	Empty    int64 `json:"empty"`     // seconds for which nobody may be there
}

// Commands of a recorder.
const (
	CommandStop    = "stop"    // Reason
	CommandPause   = "pause"   //
	CommandResume  = "resume"  //
	CommandConsent = "consent" // UserID, Answer, TS
	CommandConnect = "connect" // URL, Token, Server: the SFU of another hospital
	CommandChapter = "chapter" // Title
	CommandWho     = "who"     // Identity, Server, UserID, DeviceID, Name
)

// Command is a line of a recorder's standard input.
type Command struct {
	Type   string `json:"type"`
	Reason string `json:"reason,omitempty"`
	UserID string `json:"user_id,omitempty"`
	Answer string `json:"answer,omitempty"`
	TS     int64  `json:"ts,omitempty"`
	URL    string `json:"url,omitempty"`
	Token  string `json:"token,omitempty"`
	Server string `json:"server,omitempty"`
	Title  string `json:"title,omitempty"`

	Identity string `json:"identity,omitempty"`
	DeviceID string `json:"device_id,omitempty"`
	Name     string `json:"name,omitempty"`
}
