package bridge

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"medixchange/internal/sqldb"
	"medixchange/internal/web"
)

// Paths of what administrators ask over the local socket.
const (
	PathReports = "/translate/reports" // GET; /{id} GET; /{id}/resolve POST
	PathStats   = "/translate/stats"   // GET
	PathCache   = "/translate/cache"   // GET; /purge POST
)

// Bounds of what administrators send and get.
const (
	maxAdminBody  = 64 << 10
	maxReports    = 1000
	maxResolution = 2000
)

// AddRoutes adds what administrators ask of the translator to the router of the local socket.
func (b *Bridge) AddRoutes(router *web.Router) {
	router.Handle(http.MethodGet, PathReports, b.listReports)
	router.Handle(http.MethodGet, PathReports+"/{id}", b.showReport)
	router.Handle(http.MethodPost, PathReports+"/{id}/resolve", b.resolveReport)
	router.Handle(http.MethodGet, PathReadings, b.showReadings)
	router.Handle(http.MethodGet, PathStats, b.showStats)
	router.Handle(http.MethodGet, PathCache, b.showCache)
	router.Handle(http.MethodPost, PathCache+"/purge", b.purgeCache)
}

// Reports is a page of the review list, newest first.
type Reports struct {
	Reports []Report `json:"reports"`
}

// Resolution closes a report.
type Resolution struct {
	Resolution string `json:"resolution"` // what was found, for those who read the list later
}

// listReports answers the open reports, or with ?resolved=true the others.
func (b *Bridge) listReports(_ http.ResponseWriter, r *http.Request) (any, error) {
	list, err := b.selectReports(r.Context(), r.URL.Query().Get("resolved") == "true", maxReports)
	if err != nil {
		return nil, err
	}
	if list == nil {
		list = []Report{}
	}
	return Reports{list}, nil
}

func (b *Bridge) showReport(_ http.ResponseWriter, r *http.Request) (any, error) {
	id, err := numberOf(r)
	if err != nil {
		return nil, err
	}
	report, err := b.selectReport(r.Context(), id)
	if errors.Is(err, sqldb.ErrNoRows) {
		return nil, web.NotFound("There is no report %d.", id)
	}
	return report, err
}

func (b *Bridge) resolveReport(_ http.ResponseWriter, r *http.Request) (any, error) {
	id, err := numberOf(r)
	if err != nil {
		return nil, err
	}
	var req Resolution
	if err := web.DecodeOptional(r, &req, maxAdminBody); err != nil {
		return nil, err
	}
	if len(req.Resolution) > maxResolution {
		return nil, web.InvalidParam("A resolution has at most %d bytes.", maxResolution)
	}
	done := false
	err = b.o.DB.Write(r.Context(), func(tx *sqldb.Tx) (err error) {
		done, err = resolveReport(tx, id, b.o.Now().UnixMilli(), req.Resolution)
		return err
	})
	if err != nil {
		return nil, err
	}
	if !done {
		return nil, web.NotFound("There is no open report %d.", id)
	}
	return b.selectReport(r.Context(), id)
}

func numberOf(r *http.Request) (int64, error) {
	id, err := strconv.ParseInt(web.Var(r, "id"), 10, 64)
	if err != nil || id < 1 {
		return 0, web.InvalidParam("%q is not the number of a report.", web.Var(r, "id"))
	}
	return id, nil
}

// Stat counts the renderings of one pair, engine and outcome.
type Stat struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Engine  string `json:"engine"`
	State   string `json:"state"`
	Verdict string `json:"verdict"`
	Reason  string `json:"reason"`
	Count   int64  `json:"count"`
	Late    int64  `json:"late"`     // came after the message had gone out
	Dosed   int64  `json:"critical"` // of messages with a dose, drug, side, negation or the like
}

// Stats says what became of the messages of some time.
type Stats struct {
	SinceTS int64  `json:"since_ts"` // ms
	Stats   []Stat `json:"stats"`
	// Doubtful are the pairs of which more than a twentieth of the messages with a dose or the like were doubted or
	// refused: then the checks or the engine are at fault.
	Doubtful []string `json:"doubtful"`
	Reports  int64    `json:"open_reports"`
}

const defaultStats = 7 * 24 * time.Hour

// showStats answers ?since=24h, a week without it.
func (b *Bridge) showStats(_ http.ResponseWriter, r *http.Request) (any, error) {
	since := defaultStats
	if wanted := r.URL.Query().Get("since"); wanted != "" {
		var err error
		if since, err = time.ParseDuration(wanted); err != nil || since <= 0 {
			return nil, web.InvalidParam("%q is not a time such as 24h.", wanted)
		}
	}
	stats := Stats{SinceTS: b.o.Now().Add(-since).UnixMilli(), Doubtful: []string{}}
	var err error
	if stats.Stats, err = b.selectStats(r.Context(), stats.SinceTS); err != nil {
		return nil, err
	}
	stats.Doubtful = append(stats.Doubtful, doubtful(stats.Stats)...)
	stats.Reports, err = b.countOpenReports(r.Context())
	return stats, err
}

func doubtful(stats []Stat) (pairs []string) {
	for _, p := range pairsOf(stats) {
		if p.isDoubtful() {
			pairs = append(pairs, p.from+"-"+p.to)
		}
	}
	return pairs
}

// CacheSize says what is kept of translations.
type CacheSize struct {
	Rows     int64 `json:"rows"`
	Bytes    int64 `json:"bytes"`
	OldestTS int64 `json:"oldest_ts"` // ms; 0 when there is none
	HotBytes int64 `json:"hot_bytes"` // in memory
}

// Purge asks to forget translations.
type Purge struct {
	DryRun bool `json:"dry_run"`
}

// Purged says what was forgotten, or with DryRun what would be.
type Purged struct {
	DryRun bool `json:"dry_run"`
	Swept
	Untouched bool `json:"readings_untouched"`
}

func (b *Bridge) showCache(_ http.ResponseWriter, r *http.Request) (any, error) {
	size, err := b.selectCacheSize(r.Context())
	size.HotBytes = int64(b.hot.bytes())
	return size, err
}

// purgeCache forgets the translations that are kept to be shown again; whoever reads that far back has them made again.
// Reports and the reading log stay.
func (b *Bridge) purgeCache(_ http.ResponseWriter, r *http.Request) (any, error) {
	var req Purge
	if err := web.DecodeOptional(r, &req, maxAdminBody); err != nil {
		return nil, err
	}
	purged := Purged{DryRun: req.DryRun, Untouched: true}
	var err error
	if req.DryRun {
		purged.Swept, err = b.selectSwept(r.Context(), b.o.Hub.Position())
		return purged, err
	}
	if purged.Swept, err = b.sweepUpto(r.Context(), b.o.Hub.Position()); err != nil {
		return nil, fmt.Errorf("purging the translations: %w", err)
	}
	b.hot.clear()
	b.forms.Purge()
	b.o.Pipeline.Purge()
	b.o.Log.WithField("rows", purged.Entries).Info("an administrator purged the translations")
	return purged, nil
}
