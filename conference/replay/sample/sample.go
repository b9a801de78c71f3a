package sample

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"medixchange/conference/manifest"
)

//go:embed files
var files embed.FS

// Duration is how long the recording is, in milliseconds.
const Duration = 27_000

// Speaker is one who takes part.
type Speaker struct{ UserID, Name, Server string }

// Recording says what the sample is to be.
type Recording struct {
	ID, RoomID, Title string
	StartedTS         int64      // ms
	Speakers          [2]Speaker // of Chinese, who started it, and of Spanish
}

// Write writes the recording into a folder of its own, named by its id, within folder.
func Write(folder string, r Recording) error {
	into := filepath.Join(folder, r.ID)
	if err := os.MkdirAll(filepath.Join(into, "captions"), 0o700); err != nil {
		return fmt.Errorf("making the folder of the sample recording: %w", err)
	}
	err := fs.WalkDir(files, "files", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(path, ".md") {
			return err
		}
		data, err := files.ReadFile(path)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, "files/")
		if name == "transcript.json" {
			data, err = r.transcript(data)
		} else if strings.HasSuffix(name, ".vtt") {
			data = r.named(data)
		}
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(into, filepath.FromSlash(name)), data, 0o600)
	})
	if err != nil {
		return fmt.Errorf("writing the sample recording: %w", err)
	}
	return manifest.Write(into, r.manifest(into))
}

// named puts the names of the speakers into captions.
func (r Recording) named(captions []byte) []byte {
	return []byte(strings.NewReplacer("{speaker0}", r.Speakers[0].Name, "{speaker1}", r.Speakers[1].Name).Replace(string(captions)))
}

// transcript says who spoke.
func (r Recording) transcript(data []byte) ([]byte, error) {
	var t struct {
		Utterances []map[string]any `json:"utterances"`
	}
	if err := json.Unmarshal(data, &t); err != nil {
		return nil, err
	}
	for _, u := range t.Utterances {
		u["user_id"] = r.Speakers[int(u["speaker"].(float64))].UserID // embedded: the test reads it
		delete(u, "speaker")
	}
	return json.Marshal(t)
}

func (r Recording) manifest(folder string) *manifest.Manifest {
	m := &manifest.Manifest{
		Format: manifest.Format, ID: r.ID, RoomID: r.RoomID, Title: r.Title, By: r.Speakers[0].UserID, StartedTS: r.StartedTS,
		EndedTS: r.StartedTS + Duration, State: manifest.StateFinished, Consent: manifest.ConsentNotice, Consents: []manifest.Consent{},
		Chapters: []manifest.Chapter{{At: 0, Title: "病史 · Anamnesis"}, {At: 12_000, Title: "治疗 · Tratamiento"}},
		Tracks: []manifest.Track{
			{ID: "zh", UserID: r.Speakers[0].UserID, Kind: "audio", Source: "microphone", File: "a1.ogg", Codec: "opus", Duration: 26_000},
			{ID: "es", UserID: r.Speakers[1].UserID, Kind: "audio", Source: "microphone", File: "a2.ogg", Codec: "opus", Offset: 1000, Duration: 25_000},
			{ID: "screen", UserID: r.Speakers[0].UserID, Kind: "video", Source: "screen_share", File: "v1.webm", Codec: "vp8", Offset: 2000, Duration: 24_000, Width: 320, Height: 180},
		},
	}
	for i := range m.Tracks {
		t := &m.Tracks[i]
		t.Mutes = []manifest.Span{}
		if info, err := os.Stat(filepath.Join(folder, t.File)); err == nil {
			t.Bytes = info.Size()
		}
	}
	for i, s := range r.Speakers {
		m.Participants = append(m.Participants, manifest.Participant{
			UserID: s.UserID, Name: s.Name, Server: s.Server, Spans: []manifest.Span{{int64(i) * 1000, Duration - 1000}},
		})
	}
	return m
}
