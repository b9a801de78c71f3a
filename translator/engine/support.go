package engine

// TermSupport says what an engine does with terms of a glossary.
type TermSupport uint8

// What engines do with terms.
const (
	TermsUnknown TermSupport = iota // nothing: terms that matter are protected, and put in afterwards
	TermsHeeded                     // it uses Request.Terms
	TermsOwn                        // its answers are authored as a whole: terms are only looked for
)

// termed is an engine that does something with terms.
type termed interface{ TermSupport() TermSupport }

// TermSupport is the engine's.
func (g *Guard) TermSupport() TermSupport {
	if t, ok := g.engine.(termed); ok {
		return t.TermSupport()
	}
	return TermsUnknown
}

// TermSupport implements termed: Azure has a dynamic dictionary.
func (a *Azure) TermSupport() TermSupport { return TermsHeeded }

// TermSupport implements termed: the model is told of terms.
func (c *Chat) TermSupport() TermSupport { return TermsHeeded }

// TermSupport implements termed: terms go as parts that are left alone, in the words of the target.
func (d *DeepL) TermSupport() TermSupport { return TermsHeeded }

// TermSupport implements termed: terms go as parts that are left alone, in the words of the target.
func (g *Google) TermSupport() TermSupport { return TermsHeeded }

// TermSupport implements termed: terms go as parts that are left alone, in the words of the target.
func (l *LibreTranslate) TermSupport() TermSupport { return TermsHeeded }

// TermSupport implements termed: phrases stand as they were authored.
func (p *Phrases) TermSupport() TermSupport { return TermsOwn }
