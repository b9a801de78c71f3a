package translator

import (
	"medixchange/translator/check"
	"medixchange/translator/compose"
	"medixchange/translator/identifiers"
	"medixchange/translator/language"
)

// Request is a message to be read in one language.
type Request struct {
	Text           string        // body, without reply fallback or with it: it is cut
	HTML           string        // formatted_body in org.matrix.custom.html; empty if there is none
	SourceHint     language.Code // the language, if the sender's client or the room says it
	SenderLanguage language.Code // what the sender reads; decides between languages of one script
	Target         language.Code // what the reader reads
	Local          bool          // only engines of this machine may see the text
	Released       bool          // its author lets outside engines have it although it seems to hold patient identifiers
	// Unwarned says that its author can still be told what it seems to hold: with [IdentifiersWarn] outside engines do not get
	// it before, and the result is Untold. It is asked for again, Released, once the author was told.
	Unwarned bool
}

// State says whether a reader sees a translation.
type State string

// The states of a message for a reader.
const (
	Same       State = ""           // the reader's language is the source's: no key, nothing changes
	Translated State = "translated" // verdict pass or warn
	Pending    State = "pending"    // for callers that show the original while Translate works
	None       State = "none"       // the original is shown; the reason says why
)

// Why there is no translation. The codes of findings are in package check.
const (
	ReasonNoEngine    = "no_engine"    // no engine offers the pair
	ReasonTimeout     = "timeout"      // the engines did not answer within the deadline
	ReasonOff         = "off"          // the reader, the room or the config wants none
	ReasonNotText     = "not_text"     // nothing to translate: no letters, or code and links only
	ReasonEngineError = "engine_error" // every engine that offers the pair failed
	ReasonBusy        = "busy"         // queues are full, or the circuits are open
	ReasonTooLong     = "too_long"     // more text than max_bytes
	ReasonIdentifiers = "identifiers"  // it may hold patient identifiers, and only outside engines could translate it
	ReasonSource      = "source"       // the message may be in several languages; with a translation, a doubt about it
)

// Result is what one pipeline run found. It is immutable and may be shared.
type Result struct {
	State      State
	From, To   language.Code
	Engine     string        // name of the engine that answered; empty for None without an answer
	Pivot      language.Code // language in between, if any
	Unreviewed bool          // a phrase that no reviewer has approved yet
	Verdict    check.Verdict // empty for None without an answer
	Reasons    []check.Reason
	Invariants []check.Invariant // of the source, to be shown verbatim
	Glossary   int64             // version of the glossary that the translation agrees with; 0: there is none

	// Identifiers are what an outside engine that was to be asked would have got to know of a patient, by kind; Withheld says
	// that for this reason none was asked, Untold that it is so only until the author was told.
	Identifiers      []identifiers.Kind
	Withheld, Untold bool

	unsure bool // From is only the most probable language
	local  bool // only engines of this machine may see it

	released bool // outside engines may see it whatever it holds
	unwarned bool // not before its author was told

	Body, FormattedBody string           // the translation alone; FormattedBody is HTML, both empty unless Translated
	Original            compose.Original // the source without reply fallbacks

	// Parts are the results of a text in several parts, as a poll's question and answers, in the order of the source.
	Parts []Result
}

// Because reports whether there is no translation, for this reason first.
func (r Result) Because(reason string) bool {
	return r.State == None && r.Verdict == "" && len(r.Reasons) > 0 && r.Reasons[0].Code == reason
}

// Silent reports whether a reader who has the original would learn nothing from the result.
func (r Result) Silent() bool {
	if r.State != None || r.Verdict != "" {
		return false
	}
	for _, reason := range r.Reasons {
		if reason.Code != ReasonNotText && reason.Code != ReasonOff {
			return false
		}
	}
	return true
}

// TimedOut is the result of a request that no engine answered in time.
func TimedOut(request Request) Result {
	return Result{
		State: None, From: request.SourceHint, To: request.Target, Reasons: []check.Reason{{Code: ReasonTimeout}},
		Original: compose.Original{Body: request.Text, FormattedBody: request.HTML},
	}
}
