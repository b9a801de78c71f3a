package accounts

import (
	"context"
	"encoding/json"
	"fmt"

	"medixchange/internal/sqldb"
)

// insertTransaction remembers a transaction id and reports whether it was new.
func insertTransaction(tx *sqldb.Tx, sender, scope, txnID string, now int64) (bool, error) {
	result, err := tx.Exec(`INSERT INTO to_device_transactions (sender, scope, txn_id, created) VALUES ($1, $2, $3, $4)
		ON CONFLICT (sender, scope, txn_id) DO NOTHING`, sender, scope, txnID, now)
	if err != nil {
		return false, fmt.Errorf("remembering a transaction: %w", err)
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

func insertToDevice(tx *sqldb.Tx, userID, deviceID string, position int64, origin, message string) error {
	_, err := tx.Exec(`INSERT INTO to_device (user_id, device_id, position, origin, message, bytes) VALUES ($1, $2, $3, $4, $5, $6)`,
		userID, deviceID, position, origin, message, len(message))
	if err != nil {
		return fmt.Errorf("storing a message to a device: %w", err)
	}
	return nil
}

// waitingOf returns how many messages of a server wait for devices here, and their bytes.
func waitingOf(tx *sqldb.Tx, origin string) (rows, bytes int64, err error) {
	err = tx.QueryRow(`SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM to_device WHERE origin = $1 AND origin <> ''`, origin).Scan(&rows, &bytes)
	if err != nil {
		return 0, 0, fmt.Errorf("measuring what waits for devices: %w", err)
	}
	return rows, bytes, nil
}

// trimInbox drops the oldest messages of one origin to a device that never fetches them.
func trimInbox(tx *sqldb.Tx, userID, deviceID, origin string) error {
	_, err := tx.Exec(`DELETE FROM to_device WHERE user_id = $1 AND device_id = $2 AND origin = $4 AND position <= (SELECT position
		FROM to_device WHERE user_id = $1 AND device_id = $2 AND origin = $4 ORDER BY position DESC LIMIT 1 OFFSET $3)`,
		userID, deviceID, maxInbox, origin)
	if err != nil {
		return fmt.Errorf("trimming an inbox: %w", err)
	}
	return nil
}

func deleteToDevice(tx *sqldb.Tx, userID, deviceID string, upto int64) error {
	_, err := tx.Exec(`DELETE FROM to_device WHERE user_id = $1 AND device_id = $2 AND position <= $3`, userID, deviceID, upto)
	return err
}

type toDeviceRow struct {
	position int64
	message  json.RawMessage
}

func (a *Accounts) readToDevice(ctx context.Context, userID, deviceID string, after, upto int64, limit int) ([]toDeviceRow, error) {
	rows, err := a.db.Query(ctx, `SELECT position, message FROM to_device WHERE user_id = $1 AND device_id = $2
		AND position > $3 AND position <= $4 ORDER BY position LIMIT $5`, userID, deviceID, after, upto, limit)
	if err != nil {
		return nil, fmt.Errorf("reading messages to a device: %w", err)
	}
	defer rows.Close()
	var out []toDeviceRow
	for rows.Next() {
		var r toDeviceRow
		var message string
		if err := rows.Scan(&r.position, &message); err != nil {
			return nil, fmt.Errorf("reading messages to a device: %w", err)
		}
		r.message = json.RawMessage(message)
		out = append(out, r)
	}
	return out, rows.Err()
}

func (a *Accounts) readInbox(ctx context.Context, userID, deviceID string) (inbox, error) {
	var box inbox
	err := a.db.QueryRow(ctx, `SELECT COALESCE(MIN(position), 0), COALESCE(MAX(position), 0) FROM to_device
		WHERE user_id = $1 AND device_id = $2`, userID, deviceID).Scan(&box.oldest, &box.newest)
	if err != nil {
		return box, fmt.Errorf("looking into an inbox: %w", err)
	}
	return box, nil
}

func insertOutbound(tx *sqldb.Tx, m *OutboundDeviceMessage) error {
	_, err := tx.Exec(`INSERT INTO outbound_device_messages (destination, position, message_id, content) VALUES ($1, $2, $3, $4)`,
		m.Destination, m.Position, m.MessageID, string(m.Content))
	if err != nil {
		return fmt.Errorf("storing a message to another server's device: %w", err)
	}
	return nil
}

// trimOutbound drops the oldest messages for a server that never takes them, all but most.
func trimOutbound(tx *sqldb.Tx, destination string, most int) error {
	_, err := tx.Exec(`DELETE FROM outbound_device_messages WHERE destination = $1 AND position <= (SELECT position
		FROM outbound_device_messages WHERE destination = $1 ORDER BY position DESC LIMIT 1 OFFSET $2)`, destination, most)
	if err != nil {
		return fmt.Errorf("trimming what waits for a server: %w", err)
	}
	return nil
}

func deleteOutbound(tx *sqldb.Tx, destination string, upto int64) error {
	_, err := tx.Exec(`DELETE FROM outbound_device_messages WHERE destination = $1 AND position <= $2`, destination, upto)
	if err != nil {
		return fmt.Errorf("deleting messages that were delivered: %w", err)
	}
	return nil
}

func (a *Accounts) readOutbound(ctx context.Context, destination string, after int64, limit int) ([]*OutboundDeviceMessage, error) {
	rows, err := a.db.Query(ctx, `SELECT position, message_id, content FROM outbound_device_messages
		WHERE destination = $1 AND position > $2 ORDER BY position LIMIT $3`, destination, after, limit)
	if err != nil {
		return nil, fmt.Errorf("reading messages for a server: %w", err)
	}
	defer rows.Close()
	var out []*OutboundDeviceMessage
	for rows.Next() {
		m := &OutboundDeviceMessage{Destination: destination}
		var content string
		if err := rows.Scan(&m.Position, &m.MessageID, &content); err != nil {
			return nil, fmt.Errorf("reading messages for a server: %w", err)
		}
		m.Content = json.RawMessage(content)
		out = append(out, m)
	}
	return out, rows.Err()
}

func (a *Accounts) readOutboundDestinations(ctx context.Context) (map[string]int64, error) {
	rows, err := a.db.Query(ctx, `SELECT destination, MAX(position) FROM outbound_device_messages GROUP BY destination`)
	if err != nil {
		return nil, fmt.Errorf("reading for whom messages wait: %w", err)
	}
	defer rows.Close()
	out := map[string]int64{}
	for rows.Next() {
		var destination string
		var position int64
		if err := rows.Scan(&destination, &position); err != nil {
			return nil, fmt.Errorf("reading for whom messages wait: %w", err)
		}
		out[destination] = position
	}
	return out, rows.Err()
}
