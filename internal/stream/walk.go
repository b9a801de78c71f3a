package stream

// walkStep is about how many entries a walk takes from the rings at a time, so that whoever writes does not wait for it.
const walkStep = 1024

// Walk hands the entries of all topics with since < Position ≤ upto to fn, ascending, until fn returns an error, which it
// returns. complete is false when entries may be missing because since is older than what the ring remembers, or became so on
// the way: the caller then reads SQL and forgets what fn was given. fn runs without any lock.
func (h *Hub) Walk(since, upto int64, fn func(Entry) error) (complete bool, err error) {
	return walk(h.All, since, upto, fn)
}

// WalkEvents is Walk for the kinds below [Aside] alone: it stays complete however many others came in between.
func (h *Hub) WalkEvents(since, upto int64, fn func(Entry) error) (complete bool, err error) {
	return walk(h.AllEvents, since, upto, fn)
}

func walk(take func(since, upto int64, limit int) ([]Entry, bool), since, upto int64, fn func(Entry) error) (complete bool, err error) {
	for since < upto {
		entries, complete := take(since, upto, walkStep)
		if !complete {
			return false, nil
		}
		if len(entries) == 0 {
			return true, nil
		}
		for _, e := range entries {
			if err := fn(e); err != nil {
				return true, err
			}
		}
		since = entries[len(entries)-1].Position
	}
	return true, nil
}
