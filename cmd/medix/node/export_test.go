package node

import (
	"medixchange/conference/captions"
	"medixchange/translator/language"
)

// Offers reports whether an engine says by now that it translates between two languages.
func (n *Node) Offers(from, to language.Code) bool { return n.pipeline.Offers(from, to) }

// Said has an utterance of a recording written down.
func (n *Node) Said(place captions.Place, file string) { n.captions.Said(place, file) }

// CaptionsWaiting is how many utterances are still to be written down.
func (n *Node) CaptionsWaiting() (waiting float64) {
	families, err := n.registry.Gather()
	if err != nil {
		return -1
	}
	for _, family := range families {
		if family.GetName() == "medix_captions_waiting" {
			return family.GetMetric()[0].GetGauge().GetValue()
		}
	}
	return -1
}
