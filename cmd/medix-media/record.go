package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"medixchange/conference/manifest"
	"medixchange/conference/record"
)

// recordCall records the call that job names. The recording ends well with ctx, and also when more, the node's commands, ends.
func recordCall(ctx context.Context, job []byte, more io.Reader, out io.Writer) error {
	var j manifest.Job
	if err := json.Unmarshal(job, &j); err != nil {
		return fmt.Errorf("reading the job of the recorder: %w", err)
	}
	return record.Run(ctx, j, more, out)
}
