package accounts

import (
	"slices"
	"sync"
)

// departures are those who want to know of devices that end.
type departures struct {
	mu   sync.RWMutex
	told []func(userID string, deviceIDs []string)
}

// WhenDevicesGo has fn told, once it is written, that devices of a user have ended: those of deviceIDs, or all of them where it is nil
// (the account was locked, suspended or deactivated). The user may be of another server; of those the devices with keys are told of,
// as their server tells of them. fn must not block.
func (a *Accounts) WhenDevicesGo(fn func(userID string, deviceIDs []string)) {
	a.departures.mu.Lock()
	defer a.departures.mu.Unlock()
	a.departures.told = append(a.departures.told, fn)
}

func (d *departures) tell(userID string, deviceIDs []string) {
	d.mu.RLock()
	told := slices.Clone(d.told)
	d.mu.RUnlock()
	for _, fn := range told {
		fn(userID, deviceIDs)
	}
}
