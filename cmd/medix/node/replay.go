package node

import (
	"context"
	"os/exec"
	"path/filepath"

	"medixchange/conference/replay"
)

// recordingsFolder is where recordings lie within the data folder.
const recordingsFolder = "recordings"

func (n *Node) recordingsFolder() string {
	if folder := n.Config.Conference.Recording.Folder; folder != "" {
		return folder
	}
	return filepath.Join(n.Config.DataDir, recordingsFolder)
}

// buildReplay builds the pages of recordings, those of this hospital and, for its members, those of others.
func (n *Node) buildReplay(_ context.Context, o Options) error {
	ffmpeg, err := exec.LookPath("ffmpeg")
	if err != nil {
		ffmpeg = "" // then a recording cannot be had as one file
	}
	options := replay.Options{
		Folder: n.recordingsFolder(), ServerName: n.Config.ServerName, Rooms: n.Rooms, Login: n.login,
		Peers: n.remote, Audit: n.recordingsLog, Language: n.pageLanguage, FFmpeg: ffmpeg, Log: n.part("replay"), Metrics: n.requests, Now: o.Now,
	}
	if n.captions != nil {
		options.Captions = n.captions
	}
	n.replay, err = replay.New(options)
	return err
}

// pageLanguage is the language that somebody reads in a room, "" where nothing says so.
func (n *Node) pageLanguage(ctx context.Context, userID, roomID string) string {
	language, _, err := n.Accounts.RoomLanguage(ctx, userID, roomID)
	if err != nil {
		n.part("replay").WithError(err).Warn("the language of a reader cannot be read")
	}
	return language
}
