package node

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"medixchange/admin"
	"medixchange/conference/sfu"
	"medixchange/handbook/edit"
	"medixchange/internal/web"
)

// listen opens every address before anything is served, so that a port in use refuses the start.
func (n *Node) listen(ctx context.Context, o Options) error {
	open := o.Listen
	if open == nil {
		var lc net.ListenConfig
		open = lc.Listen
	}
	certificate, err := n.certificate(o)
	if err != nil {
		return err
	}
	for _, addr := range n.Config.Listen.Client {
		l := web.Listener{Handler: n.clientSide()}
		if n.Config.Listen.ClientTLS {
			l.TLS = certificate
		}
		if err := n.add(ctx, open, addr, "listen.client", l); err != nil {
			return err
		}
	}
	if n.Config.Federation.Enabled {
		for _, addr := range n.Config.Listen.Federation {
			l := web.Listener{Handler: n.federationSide(), TLS: certificate}
			if err := n.add(ctx, open, addr, "listen.federation", l); err != nil {
				return err
			}
		}
	}
	if n.Config.Metrics.Enabled && n.Config.Metrics.Listen != "" {
		if err := n.add(ctx, open, n.Config.Metrics.Listen, "metrics.listen", web.Listener{Handler: Metrics(n.registry)}); err != nil {
			return err
		}
	}
	socket, err := admin.Listen(ctx, n.AdminSocket())
	if err != nil {
		return err
	}
	n.listeners = append(n.listeners, web.Listener{Listener: socket, Handler: n.admin.Handler()})
	return nil
}

func (n *Node) certificate(o Options) (*tls.Config, error) {
	if o.TLS != nil {
		return o.TLS, nil
	}
	if n.Config.Listen.TLS.Cert == "" {
		return nil, nil
	}
	cfg, err := web.LoadTLS(n.Config.Listen.TLS.Cert, n.Config.Listen.TLS.Key)
	if err != nil {
		return nil, fmt.Errorf("listen.tls: %w", err)
	}
	return cfg, nil
}

type opener func(ctx context.Context, network, address string) (net.Listener, error)

func (n *Node) add(ctx context.Context, open opener, addr, key string, l web.Listener) error {
	listener, err := open(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("%s: cannot listen on %s (is another program there?): %w", key, addr, err)
	}
	l.Listener = listener
	n.listeners = append(n.listeners, l)
	n.addresses = append(n.addresses, [2]string{strings.TrimPrefix(key, "listen."), listener.Addr().String()})
	return nil
}

func (n *Node) address(kind string) string {
	for _, a := range n.addresses {
		if a[0] == kind {
			return a[1]
		}
	}
	return ""
}

// clientSide answers clients, and other servers where a proxy sends them to the same address.
func (n *Node) clientSide() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", n.client)
	mux.Handle("/_matrix/federation/", n.federation)
	mux.Handle("/_matrix/key/", n.federation)
	mux.Handle("/_medix/", n.login.Handler())
	n.addPages(mux)
	if n.sfu != nil {
		mux.Handle(sfu.PathPrefix+"/", n.sfu.Handler(n.Conferences.Admit))
		mux.Handle(sfu.WebhookPath, n.sfu.Webhooks())
	}
	if n.book != nil {
		mux.Handle("/handbook/", n.book.Handler())
		mux.Handle(edit.Root, n.bookEdit.Handler())
	}
	n.addSchedule(mux)
	n.showAlliance(mux)
	n.health(mux)
	if n.Config.Metrics.Enabled && n.Config.Metrics.Listen == "" {
		mux.Handle(PathMetrics, OnlyReaders(n.Config, Metrics(n.registry)))
	}
	return unclean(mux)
}

// federationSide answers other servers, and clients that were told the same address.
func (n *Node) federationSide() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", n.federation)
	mux.Handle("/_matrix/client/", n.client)
	mux.Handle("/_matrix/media/", n.client)
	mux.Handle("/.well-known/matrix/", n.client)
	n.showChallenge(mux)
	return unclean(mux)
}

// unclean picks the side by the path's beginning alone. http.ServeMux would redirect ids that hold "//" or "..", which
// are legal in Matrix when escaped, so only its prefix table is used.
func unclean(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { side(mux, r).ServeHTTP(w, r) })
}

func side(mux *http.ServeMux, r *http.Request) http.Handler {
	prefix := r.URL.Path
	if parts := strings.SplitN(prefix, "/", 4); len(parts) == 4 {
		prefix = "/" + parts[1] + "/" + parts[2] + "/"
	}
	h, _ := mux.Handler(&http.Request{Method: r.Method, Host: r.Host, URL: &url.URL{Path: prefix}})
	return h
}

// health answers /livez (the process answers) and /readyz (it has started, is not stopping, and its database reads).
func (n *Node) health(mux *http.ServeMux) {
	mux.HandleFunc(PathLivez, Livez)
	mux.HandleFunc(PathReadyz, Readyz(n.log, n.check))
}

func (n *Node) check(ctx context.Context) error {
	if !n.ready.Load() {
		return errStopping
	}
	return Reads(ctx, n.DB)
}
