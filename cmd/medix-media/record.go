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
	lksdk.SetLogger(logger.GetDiscardLogger()) // it says every step of every connection
	return record.Run(ctx, j, more, out)
}
