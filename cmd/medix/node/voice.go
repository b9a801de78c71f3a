package node

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"medixchange/internal/config"
	"medixchange/internal/media"
	"medixchange/internal/netguard"
	"medixchange/internal/web"
	"medixchange/translator/bridge"
	"medixchange/translator/transcribe"
)

// transcriber returns what writes voice messages down, nil when the configuration names no recogniser.
func (n *Node) transcriber() (bridge.Transcriber, error) {
	client, err := n.recogniser()
	if client == nil {
		return nil, err
	}
	return &voices{node: n, config: n.Config.Translator.Transcription, client: client}, nil
}

// recogniser returns the client of the speech recogniser, nil when the configuration names none. Voice messages and conferences share it.
func (n *Node) recogniser() (*transcribe.Client, error) {
	c := n.Config.Translator.Transcription
	if c.URL == "" || n.speech != nil {
		return n.speech, nil
	}
	u, err := url.Parse(c.URL)
	if err != nil {
		return nil, fmt.Errorf("translator.transcription.url: %w", err)
	}
	languages, err := parseLanguages(c.Languages)
	if err != nil {
		return nil, fmt.Errorf("translator.transcription.languages: %w", err)
	}
	client := netguard.New(netguard.Options{
		Policy: netguard.Policy{Allow: n.Config.Translator.Networks(u.Hostname())}, Hosts: []string{u.Hostname()},
		Timeout: c.Timeout.Std(), MaxRedirects: -1, UserAgent: "medix/" + Version,
	})
	n.onClose(func(context.Context) error { client.Close(); return nil })
	n.speech = transcribe.New(transcribe.Options{
		URL: c.URL, Model: c.Model, APIKey: c.APIKey, Client: client, Timeout: c.Timeout.Std(), Concurrent: c.Concurrent,
		MaxBytes: int64(c.MaxSize), Languages: languages,
	})
	return n.speech, nil
}

// voiceLeaves reports whether the recogniser is on another machine.
func (n *Node) voiceLeaves() bool {
	u, err := url.Parse(n.Config.Translator.Transcription.URL)
	return err != nil || !config.OwnMachine(u.Hostname())
}

// voices opens recordings and has them written down.
type voices struct {
	node   *Node
	config config.Transcription
	client *transcribe.Client
}

// Transcribe implements bridge.Transcriber.
func (v *voices) Transcribe(ctx context.Context, mxc string) (bridge.Transcript, error) {
	ctx, cancel := context.WithTimeout(ctx, v.config.Timeout.Std())
	defer cancel()
	server, id, _ := strings.Cut(strings.TrimPrefix(mxc, "mxc://"), "/")
	file, err := v.node.Media.Open(ctx, media.Request{Server: server, ID: id, Wait: media.DefaultWait})
	if err != nil {
		if web.IsCode(err, "M_NOT_FOUND") {
			err = fmt.Errorf("%w: %w", bridge.ErrNoTranscript, err)
		}
		return bridge.Transcript{}, fmt.Errorf("opening a recording: %w", err)
	}
	defer file.Close()
	said, err := v.client.Transcribe(ctx, transcribe.Recording{Data: file, Size: file.Size, ContentType: file.ContentType})
	for _, final := range []error{transcribe.ErrTooLarge, transcribe.ErrNothing, transcribe.ErrRefused} {
		if errors.Is(err, final) {
			err = fmt.Errorf("%w: %w", bridge.ErrNoTranscript, err)
			break
		}
	}
	return bridge.Transcript{Text: said.Text, Language: said.Language}, err
}
