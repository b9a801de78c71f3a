package reach

import (
	"errors"
	"net/http"

	"medixchange/internal/web"
)

// PathReport is what administrators ask over the local socket: GET ?days=.
const PathReport = "/alliance/reach"

// standardDays is the period of a report that names none.
const standardDays = 30

// AddRoutes adds what administrators ask of the reach to the router of the local socket.
func (r *Reach) AddRoutes(router *web.Router) {
	router.Handle(http.MethodGet, PathReport, func(_ http.ResponseWriter, req *http.Request) (any, error) {
		days, err := web.QueryInt(req, "days", standardDays, 1, kept)
		if err != nil {
			return nil, err
		}
		report, err := r.Report(req.Context(), days)
		if errors.Is(err, ErrOff) {
			return nil, web.NotFound("This hospital does not count its reach; set alliance.reach.enabled.").Because(err)
		}
		return report, err
	})
}
