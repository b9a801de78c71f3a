package replay

import (
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

// download makes one file of a recording while it is sent: the voices are mixed, the pictures copied as they are. A recording of
// another hospital has its tracks there.
func (p *Replay) download(w http.ResponseWriter, r *http.Request, rec *recording) error {
	if p.o.FFmpeg == "" || !p.here(rec) || len(rec.Tracks) == 0 {
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
	var said complaint
	cmd := exec.CommandContext(ctx, p.o.FFmpeg, encoderArgs(filepath.Join(p.o.Folder, rec.ID), rec.Manifest)...)
	cmd.Stderr, cmd.WaitDelay = &said, encoderPatient
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("making the pipe of ffmpeg: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting ffmpeg: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", "video/webm")
	h.Set("Content-Disposition", `attachment; filename="`+rec.ID+`.webm"`)
	h.Set("Cache-Control", "no-store")
	_, copied := io.Copy(w, out)
	if copied != nil {
		cancel() // the reader went away
	}
	if err := cmd.Wait(); err != nil || copied != nil {
		p.o.Log.WithError(err).WithField("recording", rec.ID).WithField("ffmpeg", said.String()).Warn("a recording was not made one file")
		panic(http.ErrAbortHandler) // so that nobody takes the part for the whole
	}
	return nil
}

// encoderArgs are ffmpeg's: each track begins at its offset.
func encoderArgs(folder string, m *manifest.Manifest) []string {
	args := []string{"-nostdin", "-hide_banner", "-loglevel", "error", "-protocol_whitelist", "file,pipe"}
	var filter strings.Builder
	var mixed, videos []string
	input := 0
	for _, t := range m.Tracks {
		full := len(mixed) >= maxMixed
		if t.Kind == "video" {
			full = len(videos) >= maxVideos
		}
		if full || !manifest.ValidFile(t.File) {
			continue
		}
		number := strconv.Itoa(input)
		if t.Kind == "video" {
			args = append(args, "-itsoffset", strconv.FormatFloat(float64(t.Offset)/1000, 'f', 3, 64))
			videos = append(videos, "-map", number+":v:0")
		} else {
			label := "[a" + number + "]"
			fmt.Fprintf(&filter, "[%s:a:0]adelay=%d:all=1%s;", number, max(t.Offset, 0), label)
			mixed = append(mixed, label)
		}
		args = append(args, "-i", filepath.Join(folder, t.File))
		input++
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
