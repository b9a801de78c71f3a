package pushrules

import "slices"

// CarryOver copies the user-defined rules that are about one room to the room that replaces it, each right before its
// original, and reports whether there were any: room rules with its id, and override and underride rules that name it in
// a condition. Rules that the new room has already stay as they are.
func (s *Ruleset) CarryOver(old, successor string) (*Ruleset, bool) {
	c := s
	for _, kind := range []string{KindOverride, KindRoom, KindUnderride} {
		for _, rule := range s.Of(kind) {
			fresh, about := rule.replacing(kind, old, successor)
			if !about || index(c.Of(kind), fresh.RuleID) >= 0 {
				continue
			}
			next, err := c.Put(kind, fresh, rule.RuleID, "")
			if err != nil {
				continue // as many rules as there may be
			}
			list := *next.list(kind)
			list[index(list, fresh.RuleID)].Enabled = rule.Enabled
			c = next
		}
	}
	return c, c != s
}

// replacing returns the rule for the new room and whether the rule is about the old one at all.
func (r Rule) replacing(kind, old, successor string) (Rule, bool) {
	if r.Default {
		return r, false
	}
	if kind == KindRoom {
		about := r.RuleID == old
		r.RuleID = successor
		return r, about
	}
	about := false
	r.Conditions = slices.Clone(r.Conditions)
	for i, c := range r.Conditions {
		if c.Key == "room_id" && c.Pattern != nil && *c.Pattern == old {
			r.Conditions[i].Pattern, about = &successor, true
		}
	}
	if r.RuleID == old {
		r.RuleID = successor
	} else {
		r.RuleID += " " + successor
	}
	return r, about
}
