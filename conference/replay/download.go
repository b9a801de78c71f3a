package replay

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"medixchange/conference/manifest"
	"medixchange/internal/web"
)

// Bounds of a recording as one file.
const (
	maxEncoders    = 2                // files that are made at a time
	encodingTime   = 30 * time.Minute // for one
	maxMixed       = 64               // speakers in it
	maxVideos      = 8                // pictures in it; players show the first
	maxComplaint   = 4 << 10          // bytes of what ffmpeg says that are kept
	encoderPatient = 5 * time.Second  // for ffmpeg to end when it was told to
)

// download makes one file of a recording while it is sent: the voices are mixed, the pictures copied as they are. The tracks of
// another hospital's recording are fetched from it meanwhile.
func (p *Replay) download(w http.ResponseWriter, r *http.Request, rec *recording, userID string) error {
	if p.o.FFmpeg == "" || len(rec.Tracks) == 0 {
		return web.NotFound("This recording cannot be had as one file here.")
	}
	select {
	case p.encoders <- struct{}{}:
		defer func() { <-p.encoders }()
	default:
		return web.LimitExceeded(time.Minute)
	}
	ctx, cancel := context.WithTimeout(r.Context(), encodingTime)
	defer cancel()
	cmd, fetching, err := p.encoder(ctx, cancel, rec, userID)
	if err != nil {
		return err
	}
	defer fetching.close()
	var said complaint
	cmd.Stderr, cmd.WaitDelay = &said, encoderPatient
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("making the pipe of ffmpeg: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting ffmpeg: %w", err)
	}
	fetching.handedOver()
	sent, copied := sendFile(w, rec.ID+".webm", out)
	if copied != nil {
		cancel() // the reader went away
	}
	made := cmd.Wait()
	if err := fetching.failed(); err != nil {
		made = err // which stopped ffmpeg
	}
	switch {
	case made == nil && copied == nil:
		return nil
	case sent == 0 && copied == nil:
		return fmt.Errorf("making one file of a recording: %w, %s", made, said.String())
	}
	p.o.Log.WithError(made).WithField("recording", rec.ID).WithField("ffmpeg", said.String()).Warn("a recording was not made one file")
	panic(http.ErrAbortHandler) // so that nobody takes the part for the whole
}

// encoder is ffmpeg with the tracks of a recording, which the feeds hand to it if they are elsewhere. stop ends ctx.
func (p *Replay) encoder(ctx context.Context, stop context.CancelFunc, rec *recording, userID string) (*exec.Cmd, *feeds, error) {
	tracks := mixable(rec.Manifest)
	if p.here(rec) {
		folder := filepath.Join(p.o.Folder, rec.ID)
		args := encoderArgs(tracks, func(_ int, t manifest.Track) string { return filepath.Join(folder, t.File) })
		return exec.CommandContext(ctx, p.o.FFmpeg, args...), nil, nil
	}
	fetching, err := p.feed(ctx, stop, rec, userID, tracks)
	if err != nil {
		return nil, nil, err
	}
	args := encoderArgs(tracks, func(i int, _ manifest.Track) string { return "pipe:" + strconv.Itoa(firstExtraFile+i) })
	cmd := exec.CommandContext(ctx, p.o.FFmpeg, args...)
	cmd.ExtraFiles = fetching.ends
	return cmd, fetching, nil
}

// sendFile hands a file on while it is made. What it is called is said with its first bytes: until then an error can be.
func sendFile(w http.ResponseWriter, name string, out io.Reader) (sent int64, err error) {
	begun := bufio.NewReader(out)
	if _, err := begun.Peek(1); err != nil {
		return 0, nil // the program says why
	}
	h := w.Header()
	h.Set("Content-Type", "video/webm")
	h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	h.Set("Cache-Control", "no-store")
	return io.Copy(w, begun)
}

// mixable are the tracks of a recording that its one file holds.
func mixable(m *manifest.Manifest) []manifest.Track {
	left := map[bool]int{false: maxMixed, true: maxVideos}
	var tracks []manifest.Track
	for _, t := range m.Tracks {
		video := t.Kind == "video"
		if left[video] == 0 || !manifest.ValidFile(t.File) {
			continue
		}
		left[video]--
		tracks = append(tracks, t)
	}
	return tracks
}

// encoderArgs are ffmpeg's: each track begins at its offset. input names where ffmpeg reads a track.
func encoderArgs(tracks []manifest.Track, input func(int, manifest.Track) string) []string {
	args := []string{"-nostdin", "-hide_banner", "-loglevel", "error", "-protocol_whitelist", "file,pipe"}
	var filter strings.Builder
	var mixed, videos []string
	for i, t := range tracks {
		number := strconv.Itoa(i)
		if t.Kind == "video" {
			args = append(args, "-itsoffset", strconv.FormatFloat(float64(t.Offset)/1000, 'f', 3, 64))
			videos = append(videos, "-map", number+":v:0")
		} else {
			label := "[a" + number + "]"
			fmt.Fprintf(&filter, "[%s:a:0]adelay=%d:all=1%s;", number, max(t.Offset, 0), label)
			mixed = append(mixed, label)
		}
		args = append(args, "-i", input(i, t))
	}
	if len(mixed) > 0 {
		fmt.Fprintf(&filter, "%samix=inputs=%d:normalize=0:dropout_transition=0[mix]", strings.Join(mixed, ""), len(mixed))
		args = append(args, "-filter_complex", filter.String(), "-map", "[mix]", "-c:a", "libopus", "-b:a", "64k")
	}
	args = append(args, videos...)
	if len(videos) > 0 {
		args = append(args, "-c:v", "copy")
	}
	return append(args, "-f", "webm", "pipe:1")
}

// complaint keeps the beginning of what a program complains about.
type complaint struct{ strings.Builder }

func (t *complaint) Write(b []byte) (int, error) {
	t.Builder.Write(b[:min(len(b), maxComplaint-min(t.Len(), maxComplaint))])
	return len(b), nil
}
