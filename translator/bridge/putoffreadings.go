package bridge

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"medixchange/rooms"
)

// What a reader is shown of messages that were put off is their own text. While engines are away that is each message to
// each of its readers, so the reading log has one line for many: who, in which room, and for each message when. Messages that
// are read long after they came have a line each, as all others, which is not written twice.

// putOffFresh is how long after it came a message that was put off may stand in a line with others.
const putOffFresh = time.Minute

// putOffGroup is what the readings of one line have in common.
type putOffGroup struct {
	roomNID                int64
	userID                 string
	language, source, mode string
}

// putOffReading is that one version of a message was read.
type putOffReading struct {
	message, version int64 // nids
	ts               int64 // ms
}

// putOffGroups takes the readings out of a batch that need no line of their own. versions and messages are those of the batch.
func (b *Bridge) putOffGroups(batch []reading, versions, messages map[int64]*rooms.Event) (groups map[putOffGroup][]putOffReading, rest []reading) {
	groups = map[putOffGroup][]putOffReading{}
	for _, r := range batch {
		version := versions[r.rendering.Version]
		if !r.rendering.PutOff || r.late || r.mode == modePush || version == nil || r.ts-version.Received > putOffFresh.Milliseconds() {
			rest = append(rest, r)
			continue
		}
		of := putOffGroup{version.RoomNID, r.userID, r.rendering.Language, string(b.decide(version).from), r.mode}
		groups[of] = append(groups[of], putOffReading{messages[version.NID].NID, version.NID, r.ts})
	}
	return groups, rest
}

// packReadings writes readings in the order of their messages: for each the distance from the message before, from the
// message to its version, and from the time before, as varints.
func packReadings(readings []putOffReading) []byte {
	slices.SortFunc(readings, func(x, y putOffReading) int {
		return cmp.Or(cmp.Compare(x.message, y.message), cmp.Compare(x.version, y.version))
	})
	packed := make([]byte, 0, 4*len(readings)+8)
	var before putOffReading
	for _, r := range readings {
		packed = binary.AppendVarint(packed, r.message-before.message)
		packed = binary.AppendVarint(packed, r.version-r.message)
		packed = binary.AppendVarint(packed, r.ts-before.ts)
		before = r
	}
	return packed
}

var errPacked = errors.New("a line of the reading log cannot be read")

// unpackReadings is the reverse of packReadings.
func unpackReadings(packed []byte) ([]putOffReading, error) {
	var readings []putOffReading
	var before putOffReading
	for len(packed) > 0 {
		var steps [3]int64
		for i := range steps {
			step, n := binary.Varint(packed)
			if n <= 0 {
				return nil, errPacked
			}
			steps[i], packed = step, packed[n:]
		}
		before.message += steps[0]
		before.version = before.message + steps[1]
		before.ts += steps[2]
		readings = append(readings, before)
	}
	return readings, nil
}

// putOffReadings returns what readers were shown of a message while it was put off.
func (b *Bridge) putOffReadings(ctx context.Context, message *rooms.Event) ([]Reading, error) {
	lines, err := b.selectPutOffLines(ctx, message.RoomNID, message.NID)
	if err != nil {
		return nil, err
	}
	found := map[putOffGroup][]putOffReading{}
	for _, line := range lines {
		if err := line.find(message.NID, found); err != nil {
			return nil, err
		}
	}
	versions, gone, err := b.versionsPutOff(ctx, message, found)
	if err != nil {
		return nil, err
	}
	var all []Reading
	for of, readings := range found {
		for _, r := range readings {
			version := versions[r.version]
			if version == nil {
				continue
			}
			read, err := b.putOffRead(version, of, r.ts, gone[version.ID] || gone[message.ID])
			if err != nil {
				return nil, err
			}
			all = append(all, read)
		}
	}
	return all, nil
}

// versionsPutOff returns the versions of a message that readings are of, by nid, and which of them, or the message, are redacted.
func (b *Bridge) versionsPutOff(ctx context.Context, message *rooms.Event, of map[putOffGroup][]putOffReading) (map[int64]*rooms.Event, map[string]bool, error) {
	var nids []int64
	for _, readings := range of {
		for _, r := range readings {
			nids = append(nids, r.version)
		}
	}
	slices.Sort(nids)
	versions, err := b.o.Rooms.Events(ctx, slices.Compact(nids))
	if err != nil {
		return nil, nil, fmt.Errorf("reading what was read: %w", err)
	}
	ids := []string{message.ID}
	for _, version := range versions {
		ids = append(ids, version.ID)
	}
	redactions, err := b.o.Rooms.Redacted(ctx, ids)
	if err != nil {
		return nil, nil, fmt.Errorf("reading what is redacted: %w", err)
	}
	gone := map[string]bool{}
	for id := range redactions {
		gone[id] = true
	}
	return versions, gone, nil
}

// find adds the line's readings of a message to found.
func (l putOffLine) find(messageNID int64, found map[putOffGroup][]putOffReading) error {
	readings, err := unpackReadings(l.packed)
	if err != nil {
		return err
	}
	for _, r := range readings {
		if r.message == messageNID {
			found[l.putOffGroup] = append(found[l.putOffGroup], r)
		}
	}
	return nil
}

// putOffRead is what a reader was shown of one version of a message that was put off.
func (b *Bridge) putOffRead(version *rooms.Event, of putOffGroup, ts int64, redacted bool) (Reading, error) {
	shown, err := b.putOffRendering(version, b.code(of.language))
	if err != nil {
		return Reading{}, err
	}
	r := shown[0]
	read := Reading{
		UserID: of.userID, FirstTS: ts, Mode: of.mode, VersionID: version.ID, From: of.source, To: of.language, State: r.State,
		Reasons: reasonsIn(r), rendering: r.Position,
	}
	if !redacted && b.o.Config.Records.ReadingsText {
		read.Text = bodyOf(r)
	}
	return read, nil
}

// mergeReadings puts what stands in several lines of the log of one reader and rendering into one, oldest first.
func mergeReadings(readings []Reading) []Reading {
	type of struct {
		userID    string
		rendering int64
	}
	first := map[of]int{}
	var merged []Reading
	for _, r := range readings {
		at, ok := first[of{r.UserID, r.rendering}]
		if !ok {
			first[of{r.UserID, r.rendering}] = len(merged)
			merged = append(merged, r)
			continue
		}
		one := &merged[at]
		one.FirstTS = min(one.FirstTS, r.FirstTS)
		if one.PushedTS == 0 {
			one.PushedTS = r.PushedTS
		}
		if one.Mode == modePush {
			one.Mode, one.Late = r.Mode, r.Late
		}
	}
	slices.SortStableFunc(merged, func(x, y Reading) int {
		return cmp.Or(cmp.Compare(x.FirstTS, y.FirstTS), cmp.Compare(x.UserID, y.UserID))
	})
	return merged
}
