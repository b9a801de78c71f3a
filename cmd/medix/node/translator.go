package node

import (
	"context"
	"fmt"

	"medixchange/internal/web"
	"medixchange/rooms/view"
	"medixchange/translator"
	"medixchange/translator/approvals"
	"medixchange/translator/bridge"
	"medixchange/translator/glossary"
)

// buildTranslator builds the engines, the pipeline and the bridge bot, and the view that shows their renderings.
func (n *Node) buildTranslator(ctx context.Context, o Options) error {
	var renderer view.Renderer = view.Plain
	var log view.Log
	if n.Config.Translator.Enabled {
		var err error
		n.approvals, err = approvals.New(ctx, approvals.Options{DB: n.DB, Now: o.Now, Changed: func() { n.pipeline.Purge() }})
		if err != nil {
			return fmt.Errorf("reading the approvals of phrases: %w", err)
		}
		engines, closeEngines, err := Engines(n.Config.Translator, n.approvals.Approved)
		if err != nil {
			return err
		}
		n.onClose(func(context.Context) error { closeEngines(); return nil })
		n.glossary, err = glossary.Open(ctx, glossary.Options{DB: n.DB, Now: o.Now, Log: n.part("glossary"), Registerer: n.registry})
		if err != nil {
			return err
		}
		settings := PipelineConfig(n.Config.Translator, engines)
		settings.Glossary, settings.Log = n.glossary.Current, n.part("translator")
		pipeline, err := translator.New(settings, n.registry)
		if err != nil {
			return fmt.Errorf("building the translator: %w", err)
		}
		n.pipeline = pipeline
		voice, err := n.transcriber()
		if err != nil {
			return err
		}
		sealKey, err := n.secretIn(n.Config.Translator.Seal.KeyFile)
		if err != nil {
			return fmt.Errorf("translator.seal.key_file: %w", err)
		}
		options := bridge.Options{
			DB: n.DB, Hub: n.Hub, Rooms: n.Rooms, Accounts: n.Accounts, Pipeline: pipeline,
			Config: n.Config.Translator, SealKey: sealKey, Now: o.Now, Log: n.part("translator"), Registerer: n.registry,
			Transcriber: voice, TranscriberLeaves: n.voiceLeaves(), Glossary: n.glossary.Current,
			Directory: directoryDesk{n},
		}
		options.Conferences = conferenceDesk{n}
		if n.shelf != nil {
			options.Handbook = n.handbookDesk()
		}
		if n.Alliance != nil {
			options.Standing = n.standing
		}
		n.bridge, err = bridge.New(ctx, options)
		if err != nil {
			return fmt.Errorf("building the translation bridge: %w", err)
		}
		renderer, log = n.bridge, n.bridge
	}
	n.View = view.New(view.Options{
		Rooms: n.Rooms, Renderer: renderer, Reader: n.Accounts, Now: o.Now,
		PageBudget: n.Config.Translator.HoldBudget.Std(), Tagged: n.tagged(), Log: log,
	})
	return nil
}

// adminRoutes are what administrators ask of parts that a node may lack.
func (n *Node) adminRoutes() []func(*web.Router) {
	routes := []func(*web.Router){n.recordingsLog.AddRoutes, n.recording.AddRoutes, n.examiner().AddRoutes}
	if n.bridge != nil {
		routes = append(routes, n.bridge.AddRoutes, n.glossary.AddRoutes, n.approvals.AddRoutes)
	}
	if n.finder != nil {
		routes = append(routes, n.finder.AddRoutes)
	}
	routes = append(routes, n.Directory.AddRoutes)
	if n.Alliance != nil {
		routes = append(routes, n.Alliance.AddRoutes, n.applicant.AddRoutes, n.Topics.AddRoutes, n.Reach.AddRoutes)
	}
	if n.Desk != nil {
		routes = append(routes, n.Desk.AddRoutes)
	}
	if n.Conferences != nil {
		routes = append(routes, n.Conferences.AddRoutes)
	}
	if n.bookEdit != nil {
		routes = append(routes, n.bookEdit.AddRoutes)
	}
	if n.updates != nil {
		routes = append(routes, n.updates.AddRoutes)
	}
	if n.Conferences != nil {
		routes = append(routes, n.Conferences.AddRoutes)
	}
	return routes
}
