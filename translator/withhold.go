package translator

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"medixchange/translator/identifiers"
	"medixchange/translator/protect"
)

// Identifiers says what becomes of a text that seems to tell who a patient is before an outside engine would get it.
type Identifiers string

// The choices.
const (
	IdentifiersHold Identifiers = "hold" // outside engines do not get it unless it is released; the default
	IdentifiersWarn Identifiers = "warn" // they get it once its author was told, where that can be (Request.Unwarned)
	IdentifiersOff  Identifiers = "off"  // nobody looks
)

func (i Identifiers) validate() error {
	switch i {
	case IdentifiersHold, IdentifiersWarn, IdentifiersOff:
		return nil
	}
	return fmt.Errorf("translator: %q says nothing of identifiers: off, warn or hold", string(i))
}

// keptFindings bounds the texts of which it is remembered what was found: a message goes into several languages.
const keptFindings = 512

// keeps reports whether a text is kept from an engine, and notes in source what was found of it.
func (p *Pipeline) keeps(l link, source *Result, message *protect.Message) bool {
	if !l.outside || p.config.Identifiers == IdentifiersOff {
		return false
	}
	if source.Identifiers = p.identifiersIn(source, message); len(source.Identifiers) == 0 {
		return false
	}
	kept := !source.released && (p.config.Identifiers == IdentifiersHold || source.unwarned)
	source.Withheld = source.Withheld || kept
	source.Untold = source.Untold || kept && p.config.Identifiers == IdentifiersWarn
	return kept
}

// tellsFirst reports whether outside engines get a text of a request only once its author was told what it seems to hold.
func (p *Pipeline) tellsFirst(request Request) bool {
	return request.Unwarned && !request.Released && p.config.Identifiers == IdentifiersWarn
}

func (p *Pipeline) identifiersIn(source *Result, message *protect.Message) []identifiers.Kind {
	text := strings.Join(message.Plain(), "\n")
	key := sha256.Sum256([]byte(string(source.From) + "\x00" + text))
	if known, ok := p.findings.Get(key); ok {
		return known
	}
	found := identifiers.Find(text, source.From)
	p.findings.Add(key, found)
	p.metrics.identified(found)
	return found
}
