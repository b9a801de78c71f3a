package node

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"medixchange/internal/config"
	"medixchange/internal/web"
)

// PathMetrics is where Prometheus reads.
const PathMetrics = "/metrics"

// Metrics serves what a registry has.
func Metrics(registry prometheus.Gatherer) http.Handler {
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}

// OnlyReaders lets in the addresses that may read the metrics at an address that others call too (metrics.allow_from).
func OnlyReaders(c *config.Config, metrics http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ip := web.ClientIP(r, c.Listen.TrustedProxies)
		for _, prefix := range c.Metrics.AllowFrom {
			if prefix.Contains(ip) {
				metrics.ServeHTTP(w, r)
				return
			}
		}
		web.WriteError(w, web.Unrecognized(http.StatusNotFound))
	})
}
