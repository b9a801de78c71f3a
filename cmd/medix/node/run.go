package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/collectors"

	"medixchange/internal/web"
)

// closeTimeout bounds what a stop waits for after the listeners have drained.
const closeTimeout = 5 * time.Second

var errStopping = errors.New("starting or stopping")

// Run serves until ctx ends, then drains and closes everything. It returns nil after a stop that ctx asked for.
func (n *Node) Run(ctx context.Context) error {
	n.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	var parts sync.WaitGroup
	for name, run := range n.background() {
		parts.Add(1)
		go func() {
			defer parts.Done()
			if err := run(work); err != nil && work.Err() == nil {
				n.part(name).WithError(err).Error("a background part ended")
			}
		}()
	}
	n.ready.Store(true)
	n.log.WithFields(n.listening()).WithField("started_in", time.Since(n.started).Round(time.Millisecond).String()).Info("ready")
	err := web.Serve(ctx, n.listeners...)
	n.ready.Store(false)
	n.log.Info("stopping")
	stop()
	parts.Wait()
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	if closeErr := n.Close(closing); closeErr != nil {
		err = errors.Join(err, fmt.Errorf("closing: %w", closeErr))
	}
	return err
}

// background is everything that works beside the listeners.
func (n *Node) background() map[string]func(context.Context) error {
	parts := map[string]func(context.Context) error{
		"push":      n.notifier.Run,
		"media":     func(ctx context.Context) error { n.Media.Run(ctx); return nil },
		"memory":    n.giveBack,
		"duty":      n.Directory.Run,
		"recording": n.recording.Run,

		"delayed events": n.Delayed.Run,
	}
	if n.Config.Federation.Enabled {
		parts["sender"] = n.sender.Run
	}
	if n.captions != nil {
		parts["captions"] = n.captions.Run
	}
	if n.sfu != nil {
		parts["sfu"], parts["conferences"] = n.sfu.Run, n.Conferences.Run
	}
	if n.Alliance != nil {
		parts["alliance"] = n.Alliance.Run
		parts["topics"] = n.Topics.Run
		parts["reach"] = n.Reach.Run
	}
	if n.mailer != nil {
		parts["mail"] = n.mailer.Run
	}
	if n.doors != nil {
		parts["doors of rooms"] = n.doors.Run
	}
	if n.mirror != nil {
		parts["room of policies"] = n.mirror.Run
	}
	if n.Desk != nil {
		parts["applications"] = n.Desk.Run
	}
	if n.bridge != nil {
		parts["translator"] = n.bridge.Run
	}
	if n.schedule != nil {
		parts["schedule"] = n.schedule.Run
	}
	if n.book != nil {
		parts["handbook"] = n.runHandbook
	}
	if n.finder != nil {
		parts["search"] = n.finder.Run
	}
	if n.device != nil {
		parts["encrypted rooms"] = n.device.Run
	}
	return parts
}

func (n *Node) listening() map[string]any {
	fields := map[string]any{}
	for _, a := range n.addresses {
		fields[a[0]] = a[1]
	}
	return fields
}
