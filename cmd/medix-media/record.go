package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/livekit/protocol/logger"
	lksdk "github.com/livekit/server-sdk-go/v2"

	"medixchange/conference/manifest"
	"medixchange/conference/record"
)

// recordCall records the call that job names. The recording ends well with ctx, and also when more, the node's commands, ends.
func recordCall(ctx context.Context, job []byte, more io.Reader, out io.Writer) error {
	var j manifest.Job
	if err := json.Unmarshal(job, &j); err != nil {
		return fmt.Errorf("reading the job of the recorder: %w", err)
	}
	if err := silenceClient(); err != nil {
		return err
	}
	return record.Run(ctx, j, more, out)
}

// silenceClient keeps LiveKit's client, which says every step of every connection, from saying anything. A logger that throws away what
// it is given would not do: it is given sentences, and writing them reads tracks that others are changing.
func silenceClient() error {
	silent, err := logger.NewZapLogger(&logger.Config{Level: "fatal"})
	if err != nil {
		return fmt.Errorf("silencing the client of the SFU: %w", err)
	}
	lksdk.SetLogger(silent)
	return nil
}
