package node

import (
	"context"
	"fmt"

	"medixchange/internal/config"
	"medixchange/internal/netguard"
	"medixchange/rooms/view"
	"medixchange/translator"
	"medixchange/translator/bridge"
	"medixchange/translator/engine"
	"medixchange/translator/language"
)

// buildTranslator builds the engines, the pipeline and the bridge bot, and the view that shows their renderings.
func (n *Node) buildTranslator(ctx context.Context, o Options) error {
	var renderer view.Renderer = view.Plain
	if n.Config.Translator.Enabled {
		engines, err := n.engines()
		if err != nil {
			return err
		}
		pipeline, err := translator.New(translator.Config{Engines: engines, CacheBytes: int(n.Config.Translator.Cache.Memory)}, n.registry)
		if err != nil {
			return fmt.Errorf("building the translator: %w", err)
		}
		n.bridge, err = bridge.New(ctx, bridge.Options{
			DB: n.DB, Hub: n.Hub, Rooms: n.Rooms, Accounts: n.Accounts, Pipeline: pipeline,
			Config: n.Config.Translator, Now: o.Now, Log: n.part("translator"), Registerer: n.registry,
		})
		if err != nil {
			return fmt.Errorf("building the translation bridge: %w", err)
		}
		renderer = n.bridge
	}
	n.View = view.New(view.Options{Rooms: n.Rooms, Renderer: renderer, Reader: n.Accounts, Now: o.Now})
	return nil
}

// engines builds the chain in the order of the configuration.
func (n *Node) engines() ([]translator.EngineConfig, error) {
	out := make([]translator.EngineConfig, 0, len(n.Config.Translator.Engines))
	for i, c := range n.Config.Translator.Engines {
		e, err := n.engine(c)
		if err != nil {
			return nil, fmt.Errorf("translator.engines[%d]: %w", i, err)
		}
		limits := engine.Limits{Concurrent: c.Concurrent, Deadline: c.Timeout.Std()}
		pairs := make([]translator.Pair, 0, len(c.Pairs))
		for _, text := range c.Pairs {
			pair, err := parsePair(text)
			if err != nil {
				return nil, fmt.Errorf("translator.engines[%d].pairs: %w", i, err)
			}
			pairs = append(pairs, pair)
		}
		out = append(out, translator.EngineConfig{Engine: e, Limits: limits, Pairs: pairs})
	}
	return out, nil
}
