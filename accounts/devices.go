package accounts

import (
	"context"
	"fmt"
	"slices"

	"medixchange/internal/sqldb"
)

// Devices lists a user's devices by id.
func (a *Accounts) Devices(ctx context.Context, userID string) ([]*Device, error) {
	devices, err := readDevices(ctx, a.db, userID)
	if err != nil {
		return nil, err
	}
	for _, d := range devices {
		a.addSighting(d)
	}
	return devices, nil
}

// Device returns one device of a user; ErrNotFound.
func (a *Accounts) Device(ctx context.Context, userID, deviceID string) (*Device, error) {
	d, err := a.readDevice(ctx, userID, deviceID)
	if err != nil {
		return nil, err
	}
	a.addSighting(d)
	return d, nil
}

// addSighting adds what is not written yet.
func (a *Accounts) addSighting(d *Device) {
	if s, ok := a.seen.look(d.UserID, d.DeviceID); ok {
		d.LastSeenTS, d.LastSeenIP = s.ts, s.ip
	}
}

// RenameDevice sets a device's display name, which others see; ErrNotFound, ErrInvalidParam.
func (a *Accounts) RenameDevice(ctx context.Context, userID, deviceID, name string) error {
	if len(name) > maxDeviceName {
		return ErrTooLarge.says("A device's name has at most %d bytes", maxDeviceName)
	}
	if !storable(name) {
		return ErrInvalidParam.says("The name is not text")
	}
	to, err := a.audienceOf(ctx, userID)
	if err != nil {
		return err
	}
	err = a.db.Write(ctx, func(tx *sqldb.Tx) error {
		tx.OnCommit(func() { a.tokens.forget(userID) })
		if err := writeDeviceName(tx, userID, deviceID, name); err != nil {
			return err
		}
		hasKeys, err := devicesWithKeys(tx, userID, []string{deviceID})
		if err != nil || len(hasKeys) == 0 {
			return err
		}
		return a.deviceListChanged(tx, userID, to, listUpdate{deviceID: deviceID})
	})
	if err != nil {
		return fmt.Errorf("renaming a device: %w", err)
	}
	return nil
}

// DeleteDevices deletes devices with their tokens, keys, waiting messages and pushers, and tells those who share a room.
// Devices that do not exist are passed over.
func (a *Accounts) DeleteDevices(ctx context.Context, userID string, deviceIDs []string) error {
	if len(deviceIDs) == 0 {
		return nil
	}
	return a.deleteDevices(ctx, userID, deviceIDs, "")
}

// deleteDevices deletes the devices ids, all of them if ids is nil, but never keep.
func (a *Accounts) deleteDevices(ctx context.Context, userID string, ids []string, keep string) error {
	to, err := a.audienceOf(ctx, userID)
	if err != nil {
		return err
	}
	err = a.db.Write(ctx, func(tx *sqldb.Tx) error {
		going, err := existingDevices(tx, userID, ids)
		if err != nil {
			return err
		}
		going = slices.DeleteFunc(going, func(id string) bool { return id == keep })
		if len(going) == 0 {
			return nil
		}
		withKeys, err := devicesWithKeys(tx, userID, going)
		if err != nil {
			return err
		}
		if err := removeDevices(tx, userID, going); err != nil {
			return err
		}
		tx.OnCommit(func() {
			a.tokens.forget(userID)
			a.inboxes.forget(userID)
			a.departures.tell(userID, going)
		})
		a.pushers.removed(tx, userID)
		updates := make([]listUpdate, len(withKeys))
		for i, id := range withKeys {
			updates[i] = listUpdate{deviceID: id, deleted: true}
		}
		return a.deviceListChanged(tx, userID, to, updates...)
	})
	if err != nil {
		return fmt.Errorf("deleting devices: %w", err)
	}
	return nil
}
