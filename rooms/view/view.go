package view

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"medixchange/rooms"
)

// Rooms is what the doors need of the rooms. *rooms.Rooms implements it; each method is described there.
type Rooms interface {
	Intervals(ctx context.Context, roomID, userID string) ([]rooms.Interval, error)
	Events(ctx context.Context, nids []int64) (map[int64]*rooms.Event, error)
	EventsByID(ctx context.Context, ids []string) (map[string]*rooms.Event, error)
	Redacted(ctx context.Context, ids []string) (map[string]*rooms.Event, error)
	Aggregates(ctx context.Context, ids []string) (map[string]rooms.Aggregate, error)
	TxnsOf(ctx context.Context, userID, scope string, nids []int64) (map[int64]string, error)
	StickyUntil(eventNID int64) int64
	StateAt(ctx context.Context, stateNID int64, keep func(typ, key string) bool) ([]*rooms.Event, error)
	StateEntryAt(ctx context.Context, stateNID int64, typ, key string) (*rooms.Event, error)
	StateEvent(ctx context.Context, roomID, typ, key string) (*rooms.Event, error)
	Relations(ctx context.Context, q rooms.RelationQuery) (*rooms.Page, error)
	Timeline(ctx context.Context, roomID string, from, to rooms.HistoryKey, dir rooms.Direction, limit int, cross bool) (*rooms.Page, error)
}

// Viewer is one reader, on one device. It is a value; make it once for each request with [View.Viewer].
type Viewer struct {
	UserID   string
	DeviceID string
	Scope    string // of transaction ids, see rooms.Txn
	Language string // BCP 47 language that the viewer reads; "" for no translation
	Mode     string // how, as the viewer chose; ModeOff for no translation
	Topics   bool   // the viewer reads topics of rooms in translation, too
	// Ignored reports whether the viewer ignores a user; nil ignores nobody.
	Ignored func(userID string) bool

	in string // room that language, mode and topics hold in; "" while none is known
}

// The modes of reading: the translation in the place of the original (which is one step away); the original's text first
// and the translation after it; the original, and the translation as a reply of the bot in a thread; originals only.
const (
	ModeInPlace       = "in_place"
	ModeOriginalFirst = "original_first"
	ModeThread        = "thread"
	ModeOff           = "off"
)

// Modes are all of them.
var Modes = []string{ModeInPlace, ModeOriginalFirst, ModeThread, ModeOff}

// Reader knows the readers: whom they ignore and what they read. accounts implements it. It answers from memory after
// the first call for a user, and is safe for concurrent use.
type Reader interface {
	// IgnoredUsers returns those whom the user ignores (m.ignored_user_list). The map is not changed by anyone.
	IgnoredUsers(ctx context.Context, userID string) (map[string]struct{}, error)
	// RoomLanguage returns the language and mode that hold for the user in the room; for "" those that hold where no
	// room says otherwise.
	RoomLanguage(ctx context.Context, userID, roomID string) (language, mode string, err error)
	// LanguageChanged returns the stream position of the last change of what RoomLanguage says, 0 when the user never chose.
	LanguageChanged(ctx context.Context, userID, roomID string) (int64, error)
	// ReadsTopics reports whether the user wants a room's topic translated, too.
	ReadsTopics(ctx context.Context, userID, roomID string) (bool, error)
}

// Renderer gives translations (TRANSLATION, CORE 19). The translator implements it; [Plain] is the one without any. It
// never does network I/O except in Request, and is safe for concurrent use.
type Renderer interface {
	// Renderings returns for each event, by nid, the rendering in force for language at stream position upto. An event
	// without one is missing in the result.
	Renderings(ctx context.Context, language string, events []*rooms.Event, upto int64) (map[int64]*Rendering, error)
	// Wanted reports whether ev is to be translated for a reader of language. It takes microseconds.
	Wanted(ev *rooms.Event, language string) bool
	// HoldUntil returns until when ev may be held back for a reader of language who is shown the stream up to upto, while
	// its rendering is made; zero when it is not held (not wanted, rendered at or before upto, or its budget is over). A
	// rendering after upto is not in place yet: without holding, the reader would get the raw text and an edit right after.
	HoldUntil(ev *rooms.Event, language string, upto int64) time.Time
	// Away reports whether some engine has no room for what comes, so that it is shown as it was written, with a word on why. It takes
	// nanoseconds.
	Away() bool
	// Request asks for the renderings of events that are not told as edits, of the last first, and waits for them at most for
	// budget.
	Request(ctx context.Context, language string, events []*rooms.Event, budget time.Duration) error
	// Follow makes those who have the raw text of events be told of what is still being made of them then, as of what has just
	// come. It waits for what is being stored at the moment.
	Follow(ctx context.Context, language string, events []*rooms.Event) error
	// Changed returns, ascending by Position, the renderings of the room with since < Position ≤ upto whose event was
	// already past: its position ≤ since. A withdrawn rendering (redacted, edited) comes as one with Content of the
	// original; those whose synthetics have to go come with Redaction set, after it. Of events before chosen, the position at
	// which the reader last chose a language, the synthetics in all other languages are taken back as well.
	Changed(ctx context.Context, roomID, language string, chosen, since, upto int64) ([]*Rendering, error)
	// ChangedAt returns those of what Changed returned for language, of these positions, that are still in force, ascending:
	// what is withdrawn, or puts right what was shown before, is not asked for.
	ChangedAt(ctx context.Context, roomID, language string, positions []int64) ([]*Rendering, error)
	// Notices returns what the user was told alone, ascending, with since < Position ≤ upto.
	Notices(ctx context.Context, userID string, since, upto int64) ([]*Notice, error)
	// NoticesOfAll is Notices for all users together, at most limit, the oldest first.
	NoticesOfAll(ctx context.Context, since, upto int64, limit int) ([]*Notice, error)
	// Beside returns for events, by nid, what the user is told beside them at stream position upto; most have nothing.
	Beside(ctx context.Context, userID string, events []*rooms.Event, upto int64) (map[int64]*Notice, error)
	// NoticeID returns the id of a notice, which RealID decodes to that of the event that it is about. NoticePlace decodes
	// it to its position, and any other id to 0.
	NoticeID(n *Notice) string
	NoticePlace(id, userID string) int64
	// Place returns the position of the rendering that an id of SyntheticID was made for; 0 for any other id, and when the
	// rendering is kept no more.
	Place(ctx context.Context, id, userID string) (int64, error)
	// RealID decodes an id that exists for one viewer only (TRANSLATION 2) to that of the version that it shows or, once that
	// has gone with its message, the message. For any other id it returns the id and false.
	// An id that was made for another user is not decoded.
	// An error says that it is not known: the id must not be stored then.
	RealID(ctx context.Context, id, userID string) (eventID string, synthetic bool, err error)
	// OwnTopic returns nil for a room topic that a client of a reader of language sends if it is a translation of the current
	// one as that reader was shown it, which must not take the original's place; else the content. The error wraps
	// [ErrTranslated] for one that was made from a translation: it still bears its mark.
	OwnTopic(ctx context.Context, language string, current *rooms.Event, content json.RawMessage) (json.RawMessage, error)
	// Speaker is the user in whose name a viewer is told what is no edit (Rendering.LateContent); "" when nothing is.
	Speaker() string
	// Threads reports whether translations come as replies of the bot in the room, so that whoever wants them there has
	// nothing to wait for.
	Threads(ctx context.Context, roomID string) (bool, error)
	// InMode returns the Content and LateContent of r for a reader of another mode than ModeInPlace. The same arguments
	// always give the same.
	InMode(ctx context.Context, r *Rendering, mode string) (content, late json.RawMessage, err error)
	// Words returns what of r are words of the translation, without what the renderer says around them; "" where nothing is
	// translated, and for readers of another language than that of r.
	Words(language string, r *Rendering) string
	// SyntheticID returns the id under which userID gets r as a late edit, or the redaction of that edit if r.Redaction.
	// The same arguments always give the same id.
	SyntheticID(r *Rendering, userID string) string
}

// Rendering is a durable, positioned fact: what an event says to the readers of one language. It is immutable.
type Rendering struct {
	EventNID int64
	EventID  string
	RoomID   string
	Language string
	Version  int64        // nid of the version that it translates: the event's own, or that of an edit
	Of       *rooms.Event // the version, where its maker had it at hand
	Position int64
	State    string // translated, pending, none
	Verdict  string // pass, warn, block
	// Content is the whole content that takes the place of the event's, with the key org.medixchange.translation. Empty
	// leaves the content as it is (apart from forged keys, which always go).
	Content json.RawMessage
	// Key is what Content has under org.medixchange.translation, where its maker had it at hand; else it is looked up there.
	Key json.RawMessage
	// LateContent is m.new_content of the edit that brings the rendering to a viewer who already has the raw text: its
	// body and formatted_body say that it came later (TRANSLATION 7). Empty when nothing has to be told. One that relates
	// to something (m.relates_to) is no edit but a message of [Renderer].Speaker: clients do not show edits of polls.
	LateContent json.RawMessage
	// VersionTS is origin_server_ts (ms) of the version, or what TRANSLATION 3 puts in its place. It becomes the edit's.
	VersionTS int64
	// Threaded says that the bot puts the translation into a thread, for those who want it there.
	Threaded bool
	// Parts is what the renderer says it in another form from; it means nothing to anyone else.
	Parts []byte
	// Glossary is the version of the glossary that it was made with, for the reading log; 0: none.
	Glossary int64
	// Missing is why there is no rendering, of one that only says so: it is stored nowhere, and nobody is told when there is
	// another.
	Missing string
	// PutOff says that it only shows the text as it stands and that no engine had room for it: it is stored nowhere.
	PutOff bool
	// Redaction makes it the redaction of the synthetic edit instead of the edit (TRANSLATION 6).
	Redaction bool
	// Told says that those who had the event before Position get the rendering as an edit (see [Renderer].Changed); of a
	// pending one, as each is, that they will get what it ends in.
	Told bool
	// Corrects says that it puts right what clients show after an earlier synthetic, rather than to bring what comes late.
	Corrects bool

	mode string // form of the contents, "" for ModeInPlace
}

// Log keeps who was shown which rendering. The translator implements it. It takes well under a microsecond and is safe for
// concurrent use.
type Log interface {
	// Shown says that r was put into an answer for the viewer; late, as an edit of what they had.
	Shown(viewer Viewer, r *Rendering, late bool)
	// Pushed says that a push gateway took r for a phone of the viewer.
	Pushed(viewer Viewer, r *Rendering)
	// Replied says that an answer of the node's own bot in a thread was put into an answer for the viewer.
	Replied(viewer Viewer, reply *rooms.Event)
}

// Options is what a View is built from. Every field but the last three must be set.
type Options struct {
	Rooms    Rooms
	Renderer Renderer // Plain when nothing is translated
	Reader   Reader
	Now      func() time.Time
	// PageBudget is how long a request for history, or for rooms that the device begins with, waits at most for translations
	// that are not there yet (TRANSLATION 5); what is not ready in time stays as it was written. 0 never waits.
	PageBudget time.Duration
	// Tagged says what the node's own bot says to some readers only; nil when it says nothing so.
	Tagged *Tagged
	// CacheBytes bounds the cache of encoded events; 0 for the default of 32 MiB.
	CacheBytes int64
	// Log is told what readers are shown; nil for none.
	Log Log
}

// View is doors 2 and 3. It is safe for concurrent use.
type View struct {
	rooms      Rooms
	renderer   Renderer
	reader     Reader
	now        func() time.Time
	stable     *stableCache
	members    *memberCache
	late       lateLimit
	awaited    *awaited
	outOfPlace *outOfPlace
	tagged     *Tagged
	plain      bool // nothing is ever translated
	budget     time.Duration
	log        Log
}

const defaultCacheBytes = 32 << 20

// New makes a View. It starts nothing.
func New(o Options) *View {
	if o.CacheBytes == 0 {
		o.CacheBytes = defaultCacheBytes
	}
	_, plain := o.Renderer.(plainRenderer)
	return &View{
		rooms: o.Rooms, renderer: o.Renderer, reader: o.Reader, now: o.Now, plain: plain, budget: o.PageBudget, tagged: o.Tagged,
		stable: newStableCache(o.CacheBytes), members: newMemberCache(), awaited: newAwaited(), outOfPlace: newOutOfPlace(), log: o.Log,
	}
}

// Viewer returns the reader for one request of a device. scope is that of its transaction ids (rooms.Txn); "" when the
// request comes from no device.
func (v *View) Viewer(ctx context.Context, userID, deviceID, scope string) (Viewer, error) {
	ignored, err := v.reader.IgnoredUsers(ctx, userID)
	if err != nil {
		return Viewer{}, fmt.Errorf("reading ignored users: %w", err)
	}
	viewer := Viewer{UserID: userID, DeviceID: deviceID, Scope: scope}
	if len(ignored) > 0 {
		viewer.Ignored = func(userID string) bool { _, ok := ignored[userID]; return ok }
	}
	return v.InRoom(ctx, viewer, "")
}

// InRoom returns the viewer with the language that holds in the room.
func (v *View) InRoom(ctx context.Context, viewer Viewer, roomID string) (Viewer, error) {
	if v.plain {
		viewer.Language, viewer.Topics = "", false
		return viewer, nil
	}
	if viewer.in != "" && viewer.in == roomID {
		return viewer, nil
	}
	language, mode, err := v.reader.RoomLanguage(ctx, viewer.UserID, roomID)
	if err != nil {
		return viewer, fmt.Errorf("reading the reader's language: %w", err)
	}
	viewer.Language, viewer.Mode = language, mode
	if mode == ModeOff {
		viewer.Language = ""
	}
	if viewer.Topics, err = v.reader.ReadsTopics(ctx, viewer.UserID, roomID); err != nil {
		return viewer, fmt.Errorf("reading whether topics are translated: %w", err)
	}
	viewer.in = roomID
	if mode != ModeThread || roomID == "" {
		return viewer, nil
	}
	threads, err := v.renderer.Threads(ctx, roomID)
	if err != nil {
		return viewer, fmt.Errorf("asking for a room's threads: %w", err)
	}
	if !threads {
		viewer.Mode = ModeOriginalFirst
	}
	return viewer, nil
}

func (w Viewer) ignores(userID string) bool { return w.Ignored != nil && w.Ignored(userID) }
