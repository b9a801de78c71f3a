package main

import (
	"context"
	"fmt"
	"io"

	"github.com/livekit/livekit-server/pkg/config"
	"github.com/livekit/livekit-server/pkg/routing"
	"github.com/livekit/livekit-server/pkg/service"
	"github.com/livekit/livekit-server/pkg/telemetry/prometheus"

	"medixchange/internal/resident"
)

// serveSFU runs LiveKit with the configuration in job (LiveKit's own keys, as JSON, which is YAML) until ctx is done.
// Conferences that go on are cut without a word: a server that stops in order tells some of its clients that the conference is
// over, and those stay away, whereas all come back to whatever is started next when their connection breaks.
func serveSFU(ctx context.Context, job []byte, _ io.Writer) error {
	conf, err := config.NewConfig(string(job), true, nil, nil)
	if err != nil {
		return fmt.Errorf("reading the configuration of the SFU: %w", err)
	}
	config.InitLoggerFromConfig(&conf.Logging)
	if err := conf.ValidateKeys(); err != nil {
		return fmt.Errorf("checking the keys of the SFU: %w", err)
	}
	local, err := routing.NewLocalNode(conf)
	if err != nil {
		return fmt.Errorf("describing this machine to the SFU: %w", err)
	}
	if err := prometheus.Init(string(local.NodeID()), local.NodeType()); err != nil {
		return fmt.Errorf("preparing the metrics of the SFU: %w", err)
	}
	server, err := service.InitializeServer(conf, local)
	if err != nil {
		return fmt.Errorf("preparing the SFU: %w", err)
	}
	go func() {
		_ = resident.Keeper{Program: true, Idle: func() bool { return nobody(server) }}.Run(ctx)
	}()
	ended := make(chan error, 1)
	go func() { ended <- server.Start() }()
	select {
	case <-ctx.Done():
		return nil
	case err := <-ended:
		if err != nil {
			return fmt.Errorf("serving the SFU: %w", err)
		}
		return nil
	}
}

// nobody reports whether no participant is connected, as the SFU counted a moment ago.
func nobody(server *service.LivekitServer) bool { return server.Node().GetStats().GetNumClients() == 0 }
