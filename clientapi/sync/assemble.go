package sync

import (
	"encoding/json"
	"fmt"
	"sort"

	"medixchange/accounts"
)

// assemble puts the answer together; nil when there is nothing to tell.
func (r *round) assemble() ([]byte, error) {
	messages, err := r.toDevice()
	if err != nil {
		return nil, err
	}
	changed, left, err := r.deviceLists()
	if err != nil {
		return nil, err
	}
	presences, err := r.presences()
	if err != nil {
		return nil, err
	}
	data := wantedData(r.mine.global, &r.q.filter.AccountData)
	roomBytes := len(r.join) + len(r.leave) + len(r.invite) + len(r.knock)
	if !r.q.initial && !r.q.fullState && !r.mine.keyCounts && roomBytes+len(messages)+len(presences)+len(changed)+len(left)+len(data) == 0 {
		return nil, nil
	}
	dst := append(make([]byte, 0, roomBytes+1024), '{')
	dst = appendData(key(dst, "account_data"), data)
	dst = stringList(append(key(dst, "device_lists"), `{"changed":`...), changed)
	dst = append(stringList(key(dst, "left"), left), '}')
	if dst, err = r.appendKeyCounts(dst); err != nil {
		return nil, err
	}
	dst = append(append(key(dst, "next_batch"), '"'), r.next.String()...)
	dst = appendMessages(key(append(dst, '"'), "presence"), presences)
	dst = append(dst, `,"rooms":{`...)
	for _, part := range []struct {
		name  string
		rooms []byte
	}{{"invite", r.invite}, {"join", r.join}, {"knock", r.knock}, {"leave", r.leave}} {
		dst = append(append(append(key(dst, part.name), '{'), part.rooms...), '}')
	}
	dst = appendMessages(key(append(dst, '}'), "to_device"), messages)
	return append(dst, '}'), nil
}

// toDevice reads the messages behind the token's. When more than fit into one answer are waiting, the next token goes
// only as far as the last that was sent, and says so.
func (r *round) toDevice() ([]json.RawMessage, error) {
	if !r.mine.toDevice {
		return nil, nil
	}
	d := r.q.device
	messages, last, more, err := r.h.accounts.ToDevice(r.ctx, d.UserID, d.DeviceID, r.since.ToDevice, r.upto, toDeviceLimit)
	if err != nil {
		return nil, fmt.Errorf("reading to-device messages: %w", err)
	}
	if len(messages) > 0 {
		r.next.ToDevice = last
	}
	r.next.ToDevicePending = more
	return messages, nil
}

func appendMessages(dst []byte, messages []json.RawMessage) []byte {
	dst = append(dst, `{"events":[`...)
	for _, m := range messages {
		dst = append(comma(dst), m...)
	}
	return append(dst, ']', '}')
}

// deviceLists reads whose devices changed, and with whom the user shares no room any more. A device that begins is told
// nothing: it asks for the lists it needs.
func (r *round) deviceLists() (changed, left []string, err error) {
	if r.q.initial || !r.keysChange {
		return nil, nil, nil
	}
	changed, left, err = r.h.accounts.KeyChanges(r.ctx, r.q.device.UserID, r.since.Position, r.upto)
	if err != nil {
		return nil, nil, fmt.Errorf("reading changes of device lists: %w", err)
	}
	sort.Strings(changed)
	sort.Strings(left)
	return changed, left, nil
}

func (r *round) appendKeyCounts(dst []byte) ([]byte, error) {
	counts, err := r.keyCounts()
	if err != nil {
		return dst, err
	}
	algorithms := make([]string, 0, len(counts.OneTime))
	for algorithm := range counts.OneTime {
		algorithms = append(algorithms, algorithm)
	}
	sort.Strings(algorithms)
	dst = append(key(dst, "device_one_time_keys_count"), '{')
	for _, algorithm := range algorithms {
		dst = number(dst, algorithm, counts.OneTime[algorithm])
	}
	return stringList(key(append(dst, '}'), "device_unused_fallback_key_types"), counts.UnusedFallback), nil
}

func (r *round) keyCounts() (accounts.KeyCounts, error) {
	counts, err := r.h.accounts.KeyCounts(r.ctx, r.q.device.UserID, r.q.device.DeviceID)
	if err != nil {
		return counts, fmt.Errorf("counting one-time keys: %w", err)
	}
	if counts.OneTime == nil {
		counts.OneTime = map[string]int64{}
	}
	if _, ok := counts.OneTime["signed_curve25519"]; !ok {
		withZero := map[string]int64{"signed_curve25519": 0} // clients read a missing count as "unchanged"
		for algorithm, n := range counts.OneTime {
			withZero[algorithm] = n
		}
		counts.OneTime = withZero
	}
	return counts, nil
}
