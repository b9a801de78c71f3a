package node

import (
	"context"
	"fmt"

	"medixchange/internal/web"
	"medixchange/rooms/view"
	"medixchange/translator"
	"medixchange/translator/bridge"
)

// buildTranslator builds the engines, the pipeline and the bridge bot, and the view that shows their renderings.
func (n *Node) buildTranslator(ctx context.Context, o Options) error {
	var renderer view.Renderer = view.Plain
	var log view.Log
	if n.Config.Translator.Enabled {
		engines, closeEngines, err := Engines(n.Config.Translator)
		if err != nil {
			return err
		}
		n.onClose(func(context.Context) error { closeEngines(); return nil })
		cache := translator.Config{Engines: engines, CacheBytes: int(n.Config.Translator.Cache.Memory)}
		pipeline, err := translator.New(cache, n.registry)
		if err != nil {
			return fmt.Errorf("building the translator: %w", err)
		}
		n.pipeline = pipeline
		voice, err := n.transcriber()
		if err != nil {
			return err
		}
		options := bridge.Options{
			DB: n.DB, Hub: n.Hub, Rooms: n.Rooms, Accounts: n.Accounts, Pipeline: pipeline,
			Config: n.Config.Translator, Now: o.Now, Log: n.part("translator"), Registerer: n.registry,
			Transcriber: voice, TranscriberLeaves: n.voiceLeaves(),
		}
		if n.shelf != nil {
			options.Handbook = n.handbookDesk()
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
	var routes []func(*web.Router)
	if n.bridge != nil {
		routes = append(routes, n.bridge.AddRoutes)
	}
	if n.finder != nil {
		routes = append(routes, n.finder.AddRoutes)
	}
	if n.Alliance != nil {
		routes = append(routes, n.Alliance.AddRoutes)
	}
	return routes
}
