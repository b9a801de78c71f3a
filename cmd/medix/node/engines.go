package node

import (
	"fmt"
	"net/url"
	"time"

	"medixchange/internal/config"
	"medixchange/internal/netguard"
	"medixchange/translator"
	"medixchange/translator/engine"
	"medixchange/translator/language"
	"medixchange/translator/phrases"
)

// pivot is the language that Apertium's pairs may go through where the configuration lets them.
const pivot = language.Code("es")

// checkPaid is how long a service that is paid by the character is believed to live without being asked.
const checkPaid = 5 * time.Minute

// checkPipes is the same of Apertium, which has to start a pair for a check where none runs.
const checkPipes = 30 * time.Minute

// Engines builds the chain in the order of the configuration. It starts nothing and calls nobody; closeAll ends what
// the engines start later. approved says which phrases reviewers have approved; nil: none.
func Engines(c config.Translator, approved phrases.Approved) (chain []translator.EngineConfig, closeAll func(), err error) {
	b := &engineBuilder{config: c, approved: approved}
	for i, e := range c.Engines {
		link, err := b.link(e)
		if err != nil {
			b.close()
			return nil, nil, fmt.Errorf("translator.engines[%d]: %w", i, err)
		}
		chain = append(chain, link)
	}
	return chain, b.close, nil
}

// PipelineConfig is what the configuration says of the pipeline that asks a chain of engines.
func PipelineConfig(c config.Translator, chain []translator.EngineConfig) translator.Config {
	return translator.Config{
		Engines: chain, CacheBytes: int(c.Cache.Memory), Identifiers: translator.Identifiers(c.Identifiers.Action),
	}
}

// engineBuilder builds engines and knows how to end them.
type engineBuilder struct {
	config   config.Translator
	resolver netguard.Resolver // nil: the system's
	approved phrases.Approved
	closers  []func()
}

func (b *engineBuilder) close() {
	for _, end := range b.closers {
		end()
	}
}

func (b *engineBuilder) link(c config.Engine) (translator.EngineConfig, error) {
	built, err := b.engine(c)
	if err != nil {
		return translator.EngineConfig{}, err
	}
	pairs, err := parsePairs(c.Pairs)
	if err != nil {
		return translator.EngineConfig{}, err
	}
	limits := engine.Limits{Concurrent: c.Concurrent, Deadline: c.Timeout.Std()}
	switch c.Type {
	case "deepl", "azure", "google":
		limits.CheckEvery = checkPaid
	case "apertium":
		limits.CheckEvery = checkPipes
	}
	return translator.EngineConfig{Engine: built, Limits: limits, Pairs: pairs, External: isExternal(c), Outside: b.isOutside(c)}, nil
}

// isExternal reports whether an engine sends texts to another machine.
func isExternal(c config.Engine) bool {
	u, err := url.Parse(c.URL)
	return c.URL != "" && (err != nil || !config.Translator{}.HostAllowed(u.Hostname()))
}

// isOutside reports whether an engine sends texts to a machine that is not the hospital's own.
func (b *engineBuilder) isOutside(c config.Engine) bool {
	u, err := url.Parse(c.URL)
	return c.URL != "" && (err != nil || b.config.Outside(u.Hostname()))
}

func (b *engineBuilder) engine(c config.Engine) (engine.Engine, error) {
	switch c.Type {
	case "phrases":
		return engine.NewEmbeddedPhrases(b.approved), nil
	case "apertium":
		return b.apertium()
	}
	remote := engine.Remote{URL: c.URL, APIKey: c.APIKey, AllowExternal: b.config.AllowExternal}
	client, err := b.client(c)
	if err != nil {
		return nil, err
	}
	switch c.Type {
	case "libretranslate":
		return engine.NewLibreTranslate(engine.LibreTranslateConfig{Remote: remote, AllowPivot: b.config.AllowPivot}, client)
	case "deepl":
		return engine.NewDeepL(engine.DeepLConfig{Remote: remote, Glossary: c.Glossary, Variants: c.Variants}, client)
	case "azure":
		return engine.NewAzure(engine.AzureConfig{Remote: remote, Region: c.Region, Variants: c.Variants}, client)
	case "google":
		return engine.NewGoogle(engine.GoogleConfig{Remote: remote, Glossary: c.Glossary, Variants: c.Variants}, client)
	case "openai":
		languages, err := parseLanguages(c.Languages)
		if err != nil {
			return nil, fmt.Errorf("languages: %w", err)
		}
		return engine.NewChat(engine.ChatConfig{Remote: remote, Model: c.Model, Languages: languages, Variants: c.Variants}, client)
	}
	return nil, fmt.Errorf("there is no engine of type %q", c.Type)
}

func (b *engineBuilder) apertium() (engine.Engine, error) {
	settings := engine.ApertiumConfig{}
	if b.config.AllowPivot {
		settings.Pivot = pivot
	}
	e, err := engine.NewApertium(settings)
	if err != nil {
		return nil, fmt.Errorf("looking for Apertium: %w", err)
	}
	b.closers = append(b.closers, e.Close)
	return e, nil
}

// client may call the one host that the engine's URL names, where the configuration says that host may be. A service
// account of Google also gets its tokens from a host, which sees no text.
func (b *engineBuilder) client(c config.Engine) (*netguard.Client, error) {
	u, err := url.Parse(c.URL)
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	hosts := []string{u.Hostname()}
	networks := b.config.Networks(u.Hostname())
	if c.Type == "google" {
		tokens, err := engine.TokenHost(c.APIKey)
		if err != nil {
			return nil, fmt.Errorf("api_key: %w", err)
		}
		if tokens != "" {
			hosts = append(hosts, tokens)
		}
	}
	conns := max(c.Concurrent+1, netguard.DefaultMaxConns) // one more for its health
	client := netguard.New(netguard.Options{
		MaxConnsPerHost: conns, KeepPerHost: conns,
		Policy: netguard.Policy{Allow: networks}, Hosts: hosts, Timeout: c.Timeout.Std(), UserAgent: "medix/" + Version,
		Resolver: b.resolver,
	})
	b.closers = append(b.closers, client.Close)
	return client, nil
}

func parseLanguages(tags []string) ([]language.Code, error) {
	codes := make([]language.Code, 0, len(tags))
	for _, tag := range tags {
		code, err := language.Parse(tag)
		if err != nil {
			return nil, err
		}
		codes = append(codes, code)
	}
	return codes, nil
}
