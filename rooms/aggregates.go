package rooms

import (
	"context"
	"fmt"

	"github.com/tidwall/gjson"
)

// Aggregates returns what relates to the events, for those to which anything does. Only accepted events that are not
// redacted count.
func (r *Rooms) Aggregates(ctx context.Context, eventIDs []string) (map[string]Aggregate, error) {
	if len(eventIDs) == 0 {
		return nil, nil
	}
	related, err := r.selectRelatedTypes(ctx, eventIDs)
	if err != nil || len(related) == 0 {
		return nil, err
	}
	all := map[string]Aggregate{}
	if err := r.addEdits(ctx, related[relReplace], all); err != nil {
		return nil, err
	}
	if err := r.addThreads(ctx, related[relThread], all); err != nil {
		return nil, err
	}
	if err := r.addReferences(ctx, related[relReference], all); err != nil {
		return nil, err
	}
	return all, nil
}

// addEdits finds the replacement in force of each event: the newest valid one by time, then by id (Client-Server API,
// Event replacements).
func (r *Rooms) addEdits(ctx context.Context, ids []string, all map[string]Aggregate) error {
	if len(ids) == 0 {
		return nil
	}
	originals, err := r.EventsByID(ctx, ids)
	if err != nil {
		return err
	}
	candidates, err := r.selectEdits(ctx, ids)
	if err != nil {
		return err
	}
	nids := make([]int64, len(candidates))
	for i, c := range candidates {
		nids[i] = c.nid
	}
	edits, err := r.Events(ctx, nids)
	if err != nil {
		return err
	}
	for _, c := range candidates { // the best of each target first
		aggregate := all[c.target]
		edit := edits[c.nid]
		if aggregate.Edit != nil || edit == nil || !replaces(edit, originals[c.target]) {
			continue
		}
		aggregate.Edit = edit
		all[c.target] = aggregate
	}
	return nil
}

// replaces reports whether edit is a valid replacement of original, beyond what the database has compared already
// (Client-Server API, Validity of replacement events).
func replaces(edit, original *Event) bool {
	if original == nil || original.RoomNID != edit.RoomNID || original.Sender != edit.Sender || original.Type != edit.Type {
		return false
	}
	if original.IsState() || edit.IsState() || original.Relation.Type == relReplace {
		return false
	}
	return edit.Type == "m.room.encrypted" || edit.Content().Get(`m\.new_content`).IsObject()
}

func (r *Rooms) addThreads(ctx context.Context, ids []string, all map[string]Aggregate) error {
	if len(ids) == 0 {
		return nil
	}
	roots, err := r.EventsByID(ctx, ids)
	if err != nil {
		return err
	}
	participants, err := r.selectThreadSenders(ctx, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		latest, err := r.selectThreadLatest(ctx, id)
		if err != nil {
			return err
		}
		thread := &Thread{Participants: map[string]bool{}}
		for _, p := range participants[id] {
			thread.Count += p.count
			thread.Participants[p.sender] = true
		}
		if thread.Latest, err = r.eventByNID(ctx, latest); err != nil {
			return err
		}
		if thread.Count == 0 || thread.Latest == nil {
			continue
		}
		if root := roots[id]; root != nil {
			thread.Participants[root.Sender] = true
		}
		aggregate := all[id]
		aggregate.Thread = thread
		all[id] = aggregate
	}
	return nil
}

func (r *Rooms) addReferences(ctx context.Context, ids []string, all map[string]Aggregate) error {
	if len(ids) == 0 {
		return nil
	}
	return r.selectReferences(ctx, ids, func(target, reference string) {
		aggregate := all[target]
		aggregate.References = append(aggregate.References, reference)
		all[target] = aggregate
	})
}

// Annotated reports whether the user annotates the event with key already, by an event of the type: another such
// annotation is to be refused (Client-Server API, Event annotations and reactions).
func (r *Rooms) Annotated(ctx context.Context, eventID, userID, typ, key string) (bool, error) {
	return r.selectAnnotated(ctx, eventID, userID, typ, key)
}

// checkAnnotation refuses a draft that annotates an event as its sender does already, also by this batch.
func (b *batch) checkAnnotation(d *draft) error {
	relation := relationOf(gjson.ParseBytes(d.content))
	if relation.Type != relAnnotation || d.stateKey != nil {
		return nil
	}
	for _, a := range b.admitted {
		if ev := a.event; ev.Sender == d.sender && ev.Type == d.typ && ev.Relation == relation {
			return fmt.Errorf("annotating %s: %w", relation.EventID, ErrAnnotated)
		}
	}
	there, err := b.rm.r.Annotated(b.ctx, relation.EventID, d.sender, d.typ, relation.Key)
	if err == nil && there {
		err = fmt.Errorf("annotating %s: %w", relation.EventID, ErrAnnotated)
	}
	return err
}
