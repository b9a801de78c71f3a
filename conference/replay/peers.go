package replay

import (
	"net/http"
	"strings"

	"medixchange/internal/web"
)

// ServePeer writes a file of a recording that was made here to another hospital, for a user of it who may replay it. It
// implements federation.RecordingPages.
func (p *Replay) ServePeer(w http.ResponseWriter, r *http.Request, origin, userID, id, file string) error {
	if _, server, _ := strings.Cut(userID, ":"); server != origin || !strings.HasPrefix(userID, "@") {
		return web.Forbidden("The user is of another server.")
	}
	if strings.Contains(id, "@") || file == downloadFile {
		return errNotHere // what a third hospital made is asked for there
	}
	rec, err := p.find(r.Context(), id, userID)
	if err == nil {
		err = p.send(w, r, rec, userID, file)
	}
	if err != nil {
		p.refused(err, userID, id, file)
	}
	if shown := mapError(err); err != nil && shown != nil {
		return shown
	}
	return err
}
