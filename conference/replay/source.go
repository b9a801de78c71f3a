package replay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"medixchange/conference/manifest"
	"medixchange/internal/config"
	"medixchange/internal/web"
	"medixchange/rooms"
)

// recording is one that somebody may replay.
type recording struct {
	*manifest.Manifest
	address string // as in the path: ID, or ID@SERVER
	server  string // that made it
}

// find gives a recording to a user who may replay it.
func (p *Replay) find(ctx context.Context, address, userID string) (*recording, error) {
	id, server, elsewhere := strings.Cut(address, "@")
	if !manifest.ValidID(id) || elsewhere && !config.ValidServerName(server) {
		return nil, errNotHere
	}
	rec := &recording{address: id, server: p.o.ServerName}
	var err error
	if elsewhere && server != p.o.ServerName {
		rec.address, rec.server = address, server
		rec.Manifest, err = p.remotes.manifest(ctx, server, userID, id)
	} else {
		rec.Manifest, err = p.local(id)
	}
	if err != nil {
		return nil, err
	}
	return rec, p.mayReplay(ctx, userID, rec.Manifest)
}

// local reads the manifest of a recording that was made here.
func (p *Replay) local(id string) (*manifest.Manifest, error) {
	m, err := manifest.Read(filepath.Join(p.o.Folder, id))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNotHere
	}
	if err == nil && m.ID != id {
		return nil, fmt.Errorf("the folder of recording %s holds another one", id)
	}
	return m, err
}

func (p *Replay) here(rec *recording) bool { return rec.server == p.o.ServerName }

const (
	manifestFile   = "manifest.json"
	transcriptFile = "transcript.json"
	downloadFile   = "download"
)

var validLanguage = regexp.MustCompile(`^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$`)

// languageOf reads the language of captions/LANGUAGE.vtt.
func languageOf(name string) (string, bool) {
	lang, isCaption := strings.CutPrefix(name, "captions/")
	lang, isVTT := strings.CutSuffix(lang, ".vtt")
	return lang, isCaption && isVTT && validLanguage.MatchString(lang)
}

// errDeleted is for recordings of which a tombstone is left.
var errDeleted = web.NewError(http.StatusGone, "M_NOT_FOUND", "This recording was deleted.")

// send writes a file of a recording. An error says that nothing was written.
func (p *Replay) send(w http.ResponseWriter, r *http.Request, rec *recording, userID, name string) error {
	plainFile(w.Header())
	if !isFile(rec, name) {
		return errNotHere
	}
	if err := p.noted(r.Context(), userID, rec, name); err != nil {
		return err
	}
	if name == manifestFile {
		return sendJSON(w, r, rec.Manifest)
	}
	if rec.State == manifest.StateDeleted {
		return errDeleted
	}
	if name == downloadFile {
		return p.download(w, r, rec, userID)
	}
	if file, ok := strings.CutPrefix(name, "tracks/"); ok {
		track, _ := rec.TrackByFile(file)
		return p.sendTrack(w, r, rec, userID, track)
	}
	return p.sendText(w, r, rec, userID, name)
}

// isFile reports whether name is what a recording may have: nothing else reaches the log or the disk.
func isFile(rec *recording, name string) bool {
	switch name {
	case manifestFile, transcriptFile, downloadFile:
		return true
	}
	if file, ok := strings.CutPrefix(name, "tracks/"); ok {
		_, ok = rec.TrackByFile(file)
		return ok
	}
	_, ok := languageOf(name)
	return ok
}

// plainFile sets what every file is sent with: a browser does nothing with it but what the page does.
func plainFile(h http.Header) {
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "private, no-cache")
}

func sendJSON(w http.ResponseWriter, r *http.Request, body any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encoding a manifest: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(raw))
	return nil
}

// trackTypes are the Content-Types of tracks by the ends of their names.
var trackTypes = map[string]string{".ogg": "audio/ogg", ".webm": "video/webm"}

func (p *Replay) sendTrack(w http.ResponseWriter, r *http.Request, rec *recording, userID string, t manifest.Track) error {
	var content io.ReadSeeker
	tag := t.SHA256
	if p.here(rec) {
		f, err := os.Open(filepath.Join(p.o.Folder, rec.ID, t.File)) // TrackByFile lets no other name through
		if errors.Is(err, fs.ErrNotExist) {
			return errNotHere
		}
		if err != nil {
			return fmt.Errorf("opening a track: %w", err)
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil || !info.Mode().IsRegular() {
			return errNotHere.Because(err)
		}
		content = f
		if tag == "" {
			tag = strconv.FormatInt(info.Size(), 36) + "-" + strconv.FormatInt(info.ModTime().UnixNano(), 36)
		}
	} else {
		remote := p.remotes.track(r.Context(), rec, userID, t)
		if err := remote.begin(r); err != nil {
			return err
		}
		content = remote
	}
	if tag != "" && validTag.MatchString(tag) {
		w.Header().Set("ETag", `"`+tag+`"`)
	}
	w.Header().Set("Content-Type", trackTypes[filepath.Ext(t.File)])
	http.ServeContent(w, r, "", time.Time{}, content)
	return nil
}

var validTag = regexp.MustCompile(`^[A-Za-z0-9+/=_-]{1,100}$`)

// sendText writes captions or the transcript.
func (p *Replay) sendText(w http.ResponseWriter, r *http.Request, rec *recording, userID, name string) error {
	lang, isVTT := languageOf(name)
	text, err := p.text(r.Context(), rec, userID, name, lang)
	if err != nil {
		return err
	}
	kind := "application/json"
	if isVTT {
		kind = "text/vtt; charset=utf-8"
	}
	w.Header().Set("Content-Type", kind)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(text))
	return nil
}

func (p *Replay) text(ctx context.Context, rec *recording, userID, name, lang string) ([]byte, error) {
	switch {
	case !p.here(rec):
		return p.o.Peers.RecordingPiece(ctx, rec.server, userID, rec.ID, name, 0, -1, maxText)
	case p.o.Captions == nil:
		text, err := readBounded(filepath.Join(p.o.Folder, rec.ID, filepath.FromSlash(name)))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("captions of a recording: %w", rooms.ErrNotFound)
		}
		return text, err
	case name == transcriptFile:
		return p.o.Captions.Transcript(ctx, rec.ID)
	}
	return p.o.Captions.VTT(ctx, rec.ID, lang)
}

// maxText bounds captions, transcripts and manifests in bytes: an hour of speech is a tenth of a megabyte.
const maxText = 16 << 20

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening a text of a recording: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxText+1))
	if err == nil && len(text) > maxText {
		err = errors.New("it is too large")
	}
	if err != nil {
		return nil, fmt.Errorf("reading a text of a recording: %w", err)
	}
	return text, nil
}
