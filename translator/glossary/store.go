package glossary

import (
	"context"
	"encoding/json"
	"fmt"

	"medixchange/internal/sqldb"
)

const selectVersion = `SELECT COALESCE(MAX(version), 0) FROM glossary_history`

// load reads the tables as they stand.
func (b *Book) load(ctx context.Context) error {
	version, layers := int64(0), map[Layer]map[string]Concept{}
	for _, layer := range Layers {
		layers[layer] = map[string]Concept{}
	}
	err := b.o.DB.Read(ctx, func(q *sqldb.Snapshot) error {
		if err := q.QueryRow(selectVersion).Scan(&version); err != nil {
			return err
		}
		rows, err := q.Query(`SELECT layer, concept FROM glossary_concepts`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var layer, encoded string
			if err := rows.Scan(&layer, &encoded); err != nil {
				return err
			}
			var c Concept
			if err := json.Unmarshal([]byte(encoded), &c); err != nil {
				return fmt.Errorf("a concept of the layer %s: %w", layer, err)
			}
			if known := layers[Layer(layer)]; known != nil {
				known[c.ID] = c
			}
		}
		return rows.Err()
	})
	if err != nil {
		return fmt.Errorf("reading the glossary: %w", err)
	}
	b.version, b.layers = version, layers
	b.publish()
	return nil
}

// write stores edits as the version after the one that they were planned for.
func (b *Book) write(ctx context.Context, c Change, planned int64, edits []edit) error {
	puts, removes, history, err := rowsOf(c, planned+1, b.o.Now().UnixMilli(), edits)
	if err != nil {
		return err
	}
	err = b.o.DB.Write(ctx, func(tx *sqldb.Tx) error {
		var version int64
		if err := tx.QueryRow(selectVersion).Scan(&version); err != nil {
			return err
		}
		if version != planned {
			return errStale
		}
		if err := tx.ExecMany(`DELETE FROM glossary_concepts WHERE layer = $1 AND concept_id = $2`, removes); err != nil {
			return err
		}
		err := tx.ExecMany(`INSERT INTO glossary_concepts (layer, concept_id, version, concept) VALUES ($1, $2, $3, $4)
			ON CONFLICT (layer, concept_id) DO UPDATE SET version = excluded.version, concept = excluded.concept`, puts)
		if err != nil {
			return err
		}
		return tx.ExecMany(`INSERT INTO glossary_history (version, ordinal, changed_ts, changed_by, action, layer, concept_id, before, after)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, history)
	})
	if err != nil {
		return fmt.Errorf("storing the glossary: %w", err)
	}
	return nil
}

func rowsOf(c Change, version, ts int64, edits []edit) (puts, removes, history [][]any, err error) {
	for i, e := range edits {
		before, err := encoded(e.before)
		if err != nil {
			return nil, nil, nil, err
		}
		after, err := encoded(e.after)
		if err != nil {
			return nil, nil, nil, err
		}
		if e.after == nil {
			removes = append(removes, []any{string(c.Layer), e.id()})
		} else {
			puts = append(puts, []any{string(c.Layer), e.id(), version, after})
		}
		history = append(history, []any{version, int64(i), ts, c.By, c.Action, string(c.Layer), e.id(), before, after})
	}
	return puts, removes, history, nil
}

func encoded(c *Concept) (string, error) {
	if c == nil {
		return "", nil
	}
	text, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("encoding a concept: %w", err)
	}
	return string(text), nil
}

// Entry is a line of the history.
type Entry struct {
	Version   int64    `json:"version"`
	ChangedTS int64    `json:"changed_ts"` // ms
	By        string   `json:"by"`
	Action    string   `json:"action"`
	Layer     Layer    `json:"layer"`
	Concept   string   `json:"concept"`
	Before    *Concept `json:"before,omitempty"`
	After     *Concept `json:"after,omitempty"`
}

// History returns up to limit changes, newest first; of one concept, or of all when id is "".
func (b *Book) History(ctx context.Context, id string, limit int) ([]Entry, error) {
	rows, err := b.o.DB.Query(ctx, `SELECT version, changed_ts, changed_by, action, layer, concept_id, before, after FROM glossary_history
		WHERE $1 = '' OR concept_id = $1 ORDER BY version DESC, ordinal LIMIT $2`, id, limit)
	if err != nil {
		return nil, fmt.Errorf("reading the glossary's history: %w", err)
	}
	defer rows.Close()
	entries := []Entry{}
	for rows.Next() {
		var e Entry
		var before, after string
		if err := rows.Scan(&e.Version, &e.ChangedTS, &e.By, &e.Action, &e.Layer, &e.Concept, &before, &after); err != nil {
			return nil, fmt.Errorf("reading the glossary's history: %w", err)
		}
		if e.Before, err = decoded(before); err != nil {
			return nil, err
		}
		if e.After, err = decoded(after); err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, rows.Err()
}

func decoded(text string) (*Concept, error) {
	if text == "" {
		return nil, nil
	}
	var c Concept
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return nil, fmt.Errorf("reading a concept of the history: %w", err)
	}
	return &c, nil
}
