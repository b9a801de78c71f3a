// Package beside puts the translation bot together as an application service beside another homeserver: engines, vault,
// the service, and the address that the homeserver calls.
//
// Imported by cmd/medix and tests.
package beside

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/sirupsen/logrus"

	"medixchange/cmd/medix/node"
	"medixchange/internal/config"
	"medixchange/internal/netguard"
	"medixchange/internal/signing"
	"medixchange/internal/sqldb"
	"medixchange/internal/web"
	"medixchange/translator"
	"medixchange/translator/appservice"
	"medixchange/translator/language"
	"medixchange/translator/replies"
)

// Options is what tests add to the configuration. The zero value is right for `medix bridge serve`.
type Options struct {
	Log      *logrus.Logger
	Listener net.Listener // replaces bridge.listen
}

// Beside is the bot beside a homeserver, built and not yet serving.
type Beside struct {
	service  *appservice.Service
	pipeline *translator.Pipeline
	db       *sqldb.DB
	registry *prometheus.Registry
	listener net.Listener
	scraped  net.Listener // for the metrics alone; nil: they are at the other address, or nowhere
	config   *config.Config
	log      *logrus.Entry
	closers  []func() error
}

// requestTimeout bounds one call of the homeserver; a /sync waits 30 seconds for news.
const requestTimeout = 90 * time.Second

// New builds everything and opens the address. It calls nobody yet.
func New(ctx context.Context, cfg *config.Config, o Options) (*Beside, error) {
	b := &Beside{log: node.Logger(cfg.Log, o.Log).WithField("part", "bridge"), listener: o.Listener, config: cfg, registry: prometheus.NewRegistry()}
	b.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	if err := b.build(ctx, cfg); err != nil {
		return nil, errors.Join(err, b.close())
	}
	return b, nil
}

func (b *Beside) build(ctx context.Context, cfg *config.Config) error {
	registration, err := appservice.ReadRegistration(cfg.Bridge.Registration)
	if err != nil {
		return fmt.Errorf("%w (write it with `medix bridge init`)", err)
	}
	if err := b.buildPipeline(cfg); err != nil {
		return err
	}
	home, err := language.Parse(cfg.Translator.DefaultLanguage)
	if err != nil {
		return fmt.Errorf("translator.default_language: %w", err)
	}
	o := appservice.Options{
		Registration: registration, BotLocalpart: cfg.Translator.BotLocalpart, ServerName: cfg.ServerName, Homeserver: cfg.Bridge.Homeserver, Pipeline: b.pipeline,
		Home: home, ClinicalBots: cfg.Translator.ClinicalBots,
		Encrypted: cfg.Translator.Encrypted.Enabled, LeaveAfter: cfg.Translator.Encrypted.LeaveAfter.Std(),
		KeyWait: cfg.Translator.Encrypted.KeyWait.Std(), RemoteInvites: cfg.Bridge.RemoteInvites, Log: b.log, Now: time.Now,
		Metrics: web.NewMetrics(b.registry),
	}
	for _, tag := range cfg.Translator.Languages {
		code, err := language.Parse(tag)
		if err != nil {
			return fmt.Errorf("translator.languages: %w", err)
		}
		o.Languages = append(o.Languages, code)
	}
	if err := b.openVault(ctx, cfg, &o); err != nil {
		return err
	}
	if o.Transport, err = b.transport(cfg.Bridge.Homeserver); err != nil {
		return err
	}
	if b.service, err = appservice.New(ctx, o); err != nil {
		return err
	}
	return b.listen(ctx)
}

// listen opens the addresses that the configuration names, but that of the bot where a test has opened one.
func (b *Beside) listen(ctx context.Context) error {
	var lc net.ListenConfig
	var err error
	if b.listener == nil {
		if b.listener, err = lc.Listen(ctx, "tcp", b.config.Bridge.Listen); err != nil {
			return fmt.Errorf("bridge.listen: cannot listen on %s: %w", b.config.Bridge.Listen, err)
		}
	}
	if m := b.config.Metrics; m.Enabled && m.Listen != "" {
		if b.scraped, err = lc.Listen(ctx, "tcp", m.Listen); err != nil {
			return errors.Join(fmt.Errorf("metrics.listen: cannot listen on %s: %w", m.Listen, err), b.listener.Close())
		}
	}
	return nil
}

// listeners are what is served: the bot's address, with the health and the metrics for their readers, unless those have one of
// their own.
func (b *Beside) listeners() []web.Listener {
	metrics := node.Metrics(b.registry)
	ours := map[string]http.Handler{
		node.PathLivez:  http.HandlerFunc(node.Livez),
		node.PathReadyz: node.Readyz(b.log, func(ctx context.Context) error { return node.Reads(ctx, b.db) }),
	}
	bot := web.Listener{Listener: b.listener, Handler: with(ours, b.service.Handler()), ReadTimeout: time.Minute}
	switch {
	case b.scraped != nil:
		return []web.Listener{bot, {Listener: b.scraped, Handler: metrics}}
	case b.config.Metrics.Enabled:
		ours[node.PathMetrics] = node.OnlyReaders(b.config, metrics)
	}
	return []web.Listener{bot}
}

// with serves some paths beside a handler. An http.ServeMux would redirect ids with two slashes in them.
func with(ours map[string]http.Handler, others http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if own, ok := ours[r.URL.Path]; ok {
			own.ServeHTTP(w, r)
			return
		}
		others.ServeHTTP(w, r)
	})
}

func (b *Beside) buildPipeline(cfg *config.Config) error {
	engines, closeEngines, err := node.Engines(cfg.Translator, nil)
	if err != nil {
		return err
	}
	b.closers = append(b.closers, func() error { closeEngines(); return nil })
	settings := node.PipelineConfig(cfg.Translator, engines)
	settings.Log = b.log
	b.pipeline, err = translator.New(settings, b.registry)
	if err != nil {
		return fmt.Errorf("building the translator: %w", err)
	}
	return nil
}

func (b *Beside) openVault(ctx context.Context, cfg *config.Config, o *appservice.Options) error {
	if err := os.MkdirAll(cfg.DataDir, 0o700); err != nil {
		return fmt.Errorf("making the data folder: %w", err)
	}
	var err error
	b.db, err = sqldb.Open(ctx, sqldb.Options{URL: cfg.Database.URL, MaxReaders: cfg.Database.MaxReaders, Logger: b.log, Registerer: b.registry})
	if err != nil {
		return fmt.Errorf("opening the database: %w", err)
	}
	b.closers = append(b.closers, b.db.Close)
	key, err := signing.LoadOrCreateKey(cfg.Translator.Encrypted.KeyFile)
	if err != nil {
		return fmt.Errorf("translator.encrypted.key_file: %w", err)
	}
	if o.Vault, err = replies.NewVault(b.db, key.Private.Seed(), time.Now); err != nil {
		return fmt.Errorf("opening the translator's vault: %w", err)
	}
	if o.Secret, err = replies.Derived(key.Private.Seed(), "pickles"); err != nil {
		return fmt.Errorf("opening the translator's vault: %w", err)
	}
	return nil
}

// transport calls the homeserver and nobody else, wherever the admin says that it is.
func (b *Beside) transport(homeserver string) (http.RoundTripper, error) {
	u, err := url.Parse(homeserver)
	if err != nil {
		return nil, fmt.Errorf("bridge.homeserver: %w", err)
	}
	client := netguard.New(netguard.Options{
		Hosts: []string{u.Hostname()}, Timeout: requestTimeout, MaxRedirects: -1, UserAgent: "medix/" + node.Version,
		Policy: netguard.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}},
	})
	b.closers = append(b.closers, func() error { client.Close(); return nil })
	return guarded{client}, nil
}

// guarded makes a netguard.Client an http.RoundTripper.
type guarded struct{ client *netguard.Client }

// RoundTrip implements http.RoundTripper.
func (g guarded) RoundTrip(r *http.Request) (*http.Response, error) { return g.client.Do(r) }

// Address is where the homeserver reaches the bot.
func (b *Beside) Address() string { return b.listener.Addr().String() }

// Run serves until ctx ends, then closes everything.
func (b *Beside) Run(ctx context.Context) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := b.service.Run(work); err != nil && work.Err() == nil {
			b.log.WithError(err).Error("the bot ended")
		}
	}()
	translating := make(chan struct{})
	go func() { defer close(translating); b.pipeline.Run(work) }()
	b.log.WithField("listen", b.Address()).Info("ready")
	err := web.Serve(ctx, b.listeners()...)
	stop()
	<-ended
	<-translating
	return errors.Join(err, b.close())
}

func (b *Beside) close() error {
	var errs []error
	for i := len(b.closers) - 1; i >= 0; i-- {
		errs = append(errs, b.closers[i]())
	}
	b.closers = nil
	return errors.Join(errs...)
}
