package sqldb

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const crashVariable = "SQLDB_CRASH_FILE"

// TestMain turns the test binary into the program that is killed.
func TestMain(m *testing.M) {
	if path := os.Getenv(crashVariable); path != "" {
		writeUntilKilled(path)
		return
	}
	os.Exit(m.Run())
}

// writeUntilKilled writes from many senders and prints each acknowledged identity and position.
func writeUntilKilled(path string) {
	db, err := Open(background, Options{URL: "sqlite://" + path, Logger: quiet()})
	if err != nil {
		panic(err)
	}
	if err := db.Write(background, func(tx *Tx) error {
		_, err := tx.Exec(`CREATE TABLE IF NOT EXISTS crash (id BIGINT PRIMARY KEY, position BIGINT NOT NULL UNIQUE)`)
		return err
	}); err != nil {
		panic(err)
	}
	ids := db.IDs("crash")
	var output sync.Mutex
	for range 16 {
		go func() {
			for {
				var id, position int64
				err := db.Write(background, func(tx *Tx) error {
					id, position = ids.Next(), tx.NextPosition()
					_, err := tx.Exec(`INSERT INTO crash (id, position) VALUES ($1, $2)`, id, position)
					return err
				})
				if err != nil {
					panic(err)
				}
				output.Lock()
				fmt.Printf("%d %d\n", id, position)
				output.Unlock()
			}
		}()
	}
	select {}
}

// Whatever was acknowledged before kill -9 is there exactly once, and positions and identities go on behind it.
func TestKillLosesNothingAcknowledged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "medix.db")
	acknowledged := map[int64]int64{}
	for range 5 {
		runAndKill(t, path, acknowledged)
		db := openLite(t, path)
		stored := map[int64]int64{}
		rows, err := db.Query(background, `SELECT id, position FROM crash`)
		require.NoError(t, err)
		var top, topID int64
		for rows.Next() {
			var id, position int64
			require.NoError(t, rows.Scan(&id, &position))
			stored[id] = position
			top, topID = max(top, position), max(topID, id)
		}
		require.NoError(t, rows.Err())
		rows.Close()
		for id, position := range acknowledged {
			require.Equal(t, position, stored[id], "identity %d", id)
		}
		require.Len(t, stored, int(top), "positions are gapless")
		require.Equal(t, top, db.Position())
		require.Greater(t, db.IDs("crash").Next(), topID)
		require.NoError(t, db.Close())
	}
	require.NotEmpty(t, acknowledged)
}

func runAndKill(t *testing.T, path string, acknowledged map[int64]int64) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), crashVariable+"="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	var armed sync.Once // a busy machine may need longer to start than the process is given to live
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		armed.Do(func() {
			time.AfterFunc(time.Duration(50+rand.IntN(400))*time.Millisecond, func() { cmd.Process.Kill() })
		})
		var id, position int64
		if n, _ := fmt.Sscanf(lines.Text(), "%d %d", &id, &position); n == 2 {
			acknowledged[id] = position
		}
	}
	require.Error(t, cmd.Wait())
}
