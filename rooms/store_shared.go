package rooms

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
)

// EachShared calls tell for each set of servers that have joined members in rooms in which this node has some, too, with the
// number of such rooms. It reads the database; the rooms are of one moment.
func (r *Rooms) EachShared(ctx context.Context, tell func(servers []string, rooms int64)) error {
	rows, err := r.db.Query(ctx, `SELECT s.servers, n.rooms FROM
		(SELECT servers_nid, COUNT(*) AS rooms FROM rooms WHERE left_at = 0 AND servers_nid <> 0 GROUP BY servers_nid) n
		JOIN server_sets s ON s.servers_nid = n.servers_nid`)
	if err != nil {
		return fmt.Errorf("counting shared rooms: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		var n int64
		if err := rows.Scan(&text, &n); err != nil {
			return fmt.Errorf("counting shared rooms: %w", err)
		}
		var servers []string
		if err := json.Unmarshal([]byte(text), &servers); err != nil {
			return fmt.Errorf("reading a set of servers: %w", err)
		}
		if slices.Contains(servers, r.server) {
			tell(servers, n)
		}
	}
	return rows.Err()
}
