package node

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"

	"medixchange/internal/config"
	"medixchange/internal/netguard"
	"medixchange/rooms/view"
	"medixchange/translator"
	"medixchange/translator/bridge"
	"medixchange/translator/engine"
	"medixchange/translator/language"
)

// pivot is the language that Apertium's pairs may go through where the configuration lets them.
const pivot = language.Code("es")

// buildTranslator builds the engines, the pipeline and the bridge bot, and the view that shows their renderings.
func (n *Node) buildTranslator(ctx context.Context, o Options) error {
	var renderer view.Renderer = view.Plain
	if n.Config.Translator.Enabled {
		engines, err := n.engines()
		if err != nil {
			return err
		}
		cache := translator.Config{Engines: engines, CacheBytes: int(n.Config.Translator.Cache.Memory)}
		pipeline, err := translator.New(cache, n.registry)
		if err != nil {
			return fmt.Errorf("building the translator: %w", err)
		}
		n.pipeline = pipeline
		n.bridge, err = bridge.New(ctx, bridge.Options{
			DB: n.DB, Hub: n.Hub, Rooms: n.Rooms, Accounts: n.Accounts, Pipeline: pipeline,
			Config: n.Config.Translator, Now: o.Now, Log: n.part("translator"), Registerer: n.registry,
		})
		if err != nil {
			return fmt.Errorf("building the translation bridge: %w", err)
		}
		renderer = n.bridge
	}
	n.View = view.New(view.Options{
		Rooms: n.Rooms, Renderer: renderer, Reader: n.Accounts, Now: o.Now,
		PageBudget: n.Config.Translator.HoldBudget.Std(), Tagged: n.tagged(),
	})
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
		pairs, err := parsePairs(c.Pairs)
		if err != nil {
			return nil, fmt.Errorf("translator.engines[%d].pairs: %w", i, err)
		}
		limits := engine.Limits{Concurrent: c.Concurrent, Deadline: c.Timeout.Std()}
		out = append(out, translator.EngineConfig{Engine: e, Limits: limits, Pairs: pairs})
	}
	return out, nil
}

func (n *Node) engine(c config.Engine) (engine.Engine, error) {
	switch c.Type {
	case "phrases":
		return engine.NewEmbeddedPhrases(), nil
	case "apertium":
		return n.apertium()
	case "libretranslate":
		return n.libreTranslate(c)
	}
	return nil, fmt.Errorf("there is no engine of type %q", c.Type)
}

func (n *Node) apertium() (engine.Engine, error) {
	settings := engine.ApertiumConfig{}
	if n.Config.Translator.AllowPivot {
		settings.Pivot = pivot
	}
	e, err := engine.NewApertium(settings)
	if err != nil {
		return nil, fmt.Errorf("looking for Apertium: %w", err)
	}
	n.onClose(func(context.Context) error { e.Close(); return nil })
	return e, nil
}

// libreTranslate may call the one host that its URL names, which the admin has allowed.
func (n *Node) libreTranslate(c config.Engine) (engine.Engine, error) {
	u, err := url.Parse(c.URL)
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	key, err := apiKey(c)
	if err != nil {
		return nil, err
	}
	client := netguard.New(netguard.Options{
		Hosts: []string{u.Hostname()}, Timeout: c.Timeout.Std(), UserAgent: "medix/" + Version,
	})
	n.onClose(func(context.Context) error { client.Close(); return nil })
	settings := engine.LibreTranslateConfig{URL: c.URL, APIKey: key, AllowExternal: n.Config.Translator.AllowExternal}
	e, err := engine.NewLibreTranslate(settings, client)
	if err != nil {
		return nil, fmt.Errorf("building the LibreTranslate engine: %w", err)
	}
	return e, nil
}

func apiKey(c config.Engine) (string, error) {
	if c.APIKeyFile == "" || c.APIKey != "" {
		return c.APIKey, nil
	}
	raw, err := os.ReadFile(c.APIKeyFile)
	if err != nil {
		return "", fmt.Errorf("api_key_file: %w", err)
	}
	return strings.TrimSpace(string(raw)), nil
}

// parsePairs reads "en-es"; * stands for every language.
func parsePairs(texts []string) ([]translator.Pair, error) {
	pairs := make([]translator.Pair, 0, len(texts))
	for _, text := range texts {
		from, to, found := strings.Cut(text, "-")
		if !found {
			return nil, fmt.Errorf("%q has not the form en-es", text)
		}
		var pair translator.Pair
		for side, code := range map[*language.Code]string{&pair.From: from, &pair.To: to} {
			if code == "*" {
				continue
			}
			parsed, err := language.Parse(code)
			if err != nil {
				return nil, err
			}
			*side = parsed
		}
		pairs = append(pairs, pair)
	}
	return pairs, nil
}
