package translator

import (
	"slices"

	"medixchange/translator/compose"
	"medixchange/translator/engine"
	"medixchange/translator/language"
	"medixchange/translator/protect"
)

// HasRoom reports, without waiting, whether an engine that can translate the pair would take a request now; from
// Undetermined, from any language. The phrase memory does not count: it takes everything and knows little. With local only
// engines of this machine count.
func (p *Pipeline) HasRoom(from, to language.Code, local bool) bool {
	if from == Undetermined {
		return slices.ContainsFunc(language.All, func(code language.Code) bool { return p.HasRoom(code, to, local) })
	}
	return p.some(from, to, local, (*engine.Guard).HasRoom)
}

// Rests reports, without waiting, whether no engine that can translate the pair would be asked now, not even to see whether it
// is back. It is otherwise as HasRoom.
func (p *Pipeline) Rests(from, to language.Code, local bool) bool {
	if from == Undetermined {
		return !slices.ContainsFunc(language.All, func(code language.Code) bool { return !p.Rests(code, to, local) })
	}
	return !p.some(from, to, local, func(g *engine.Guard) bool { return !g.Rests() })
}

// some reports whether an engine for the pair, none of which is a memory, is as it is asked for.
func (p *Pipeline) some(from, to language.Code, local bool, is func(*engine.Guard) bool) bool {
	return slices.ContainsFunc(p.chain, func(l link) bool {
		if l.Memory() != nil || local && l.external || !is(l.Guard) {
			return false
		}
		_, _, ok := l.serves(from, to)
		return ok
	})
}

// Knows reports, without waiting, whether a request may have its answer without an engine: it was translated before, or the
// phrase memory may have it. False means that only an engine can tell. It takes the source hint at its word.
func (p *Pipeline) Knows(request Request) bool {
	source, done := p.taken(request)
	if done {
		return true
	}
	if _, ok := p.cache.get(keyOf(source, p.marksOf(source))); ok {
		return true
	}
	return slices.ContainsFunc(p.chain, func(l link) bool {
		memory := l.Memory()
		if memory == nil {
			return false
		}
		from, to, ok := l.serves(source.From, source.To)
		return ok && memory.Knows(from, to, source.Original.Body, source.Original.FormattedBody)
	})
}

// taken is prepare with the source hint taken at its word: the text is not looked at where there is one.
func (p *Pipeline) taken(request Request) (source Result, done bool) {
	if request.SourceHint == "" || request.SourceHint == Undetermined {
		return p.prepare(request)
	}
	body, formatted := protect.CutReply(request.Text, request.HTML)
	return Result{
		From: request.SourceHint, To: request.Target, local: request.Local, released: request.Released, unwarned: p.tellsFirst(request),
		Original: compose.Original{Body: body, FormattedBody: formatted},
	}, false
}
