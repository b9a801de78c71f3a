package clientapi

import (
	"net/http"
	"time"

	"medixchange/accounts"
	"medixchange/internal/media"
	"medixchange/internal/web"
)

func (a *API) mediaRoutes() {
	a.router.Handle(http.MethodPost, "/_matrix/media/v3/upload", a.limited(a.limits.media, a.upload))
	a.router.Handle(http.MethodPost, "/_matrix/media/r0/upload", a.limited(a.limits.media, a.upload))
	a.router.Handle(http.MethodPost, "/_matrix/media/v1/create", a.limited(a.limits.media, a.announceUpload))
	a.router.Handle(http.MethodPut, "/_matrix/media/v3/upload/{server}/{mediaID}", a.limited(a.limits.media, a.completeUpload))
	a.v1(http.MethodGet, "/media/config", a.authed(a.mediaConfig))
	a.v1(http.MethodGet, "/media/download/{server}/{mediaID}", a.authed(a.downloadWith(false)))
	a.v1(http.MethodGet, "/media/download/{server}/{mediaID}/{fileName}", a.authed(a.downloadWith(false)))
	a.v1(http.MethodGet, "/media/thumbnail/{server}/{mediaID}", a.authed(a.thumbnailWith(false)))
	for _, old := range []string{"/_matrix/media/v3", "/_matrix/media/r0", "/_matrix/media/v1"} {
		a.router.Handle(http.MethodGet, old+"/config", a.authed(a.mediaConfig))
		a.router.Handle(http.MethodGet, old+"/download/{server}/{mediaID}", a.openToAll(a.downloadWith(true)))
		a.router.Handle(http.MethodGet, old+"/download/{server}/{mediaID}/{fileName}", a.openToAll(a.downloadWith(true)))
		a.router.Handle(http.MethodGet, old+"/thumbnail/{server}/{mediaID}", a.openToAll(a.thumbnailWith(true)))
	}
}

// openToAll serves the old endpoints, which know no login; they show only what they may still show.
func (a *API) openToAll(h userHandler) web.Handler {
	return a.byAddress(a.limits.media, func(w http.ResponseWriter, r *http.Request) (any, error) { return h(w, r, nil) })
}

func (a *API) upload(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	uri, err := a.Media.Upload(r.Context(), uploadOf(r, d))
	if err != nil {
		return nil, err
	}
	return map[string]string{"content_uri": uri}, nil
}

func uploadOf(r *http.Request, d *accounts.Device) media.Upload {
	return media.Upload{
		Uploader: d.UserID, ContentType: r.Header.Get("Content-Type"), Filename: r.URL.Query().Get("filename"),
		Body: r.Body, Size: r.ContentLength,
	}
}

func (a *API) announceUpload(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	uri, expires, err := a.Media.Create(r.Context(), d.UserID)
	if err != nil {
		return nil, err
	}
	return map[string]any{"content_uri": uri, "unused_expires_at": expires.UnixMilli()}, nil
}

func (a *API) completeUpload(_ http.ResponseWriter, r *http.Request, d *accounts.Device) (any, error) {
	if web.Var(r, "server") != a.Accounts.ServerName() {
		return nil, web.NotFound("Files are uploaded to one's own server.")
	}
	return nil, a.Media.Complete(r.Context(), web.Var(r, "mediaID"), uploadOf(r, d))
}

func (a *API) mediaConfig(http.ResponseWriter, *http.Request, *accounts.Device) (any, error) {
	return map[string]any{"m.upload.size": int64(a.Config.Media.MaxUpload)}, nil
}

func mediaRequest(r *http.Request, unauthenticated bool) (media.Request, error) {
	req := media.Request{
		Server: web.Var(r, "server"), ID: web.Var(r, "mediaID"), Wait: media.DefaultWait, Unauthenticated: unauthenticated,
	}
	remote, err := web.QueryBool(r, "allow_remote", true)
	if err != nil {
		return req, err
	}
	req.LocalOnly = !remote
	ms, err := web.QueryInt(r, "timeout_ms", int(media.DefaultWait/time.Millisecond), 0, int(media.MaxWait/time.Millisecond))
	req.Wait = time.Duration(ms) * time.Millisecond
	return req, err
}

func (a *API) downloadWith(unauthenticated bool) userHandler {
	return func(w http.ResponseWriter, r *http.Request, _ *accounts.Device) (any, error) {
		req, err := mediaRequest(r, unauthenticated)
		if err != nil {
			return nil, err
		}
		f, err := a.Media.Open(r.Context(), req)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		f.Serve(w, r, web.Var(r, "fileName"))
		return web.Written, nil
	}
}

func (a *API) thumbnailWith(unauthenticated bool) userHandler {
	return func(w http.ResponseWriter, r *http.Request, _ *accounts.Device) (any, error) {
		req, err := mediaRequest(r, unauthenticated)
		if err != nil {
			return nil, err
		}
		size, err := thumbnailSize(r)
		if err != nil {
			return nil, err
		}
		f, err := a.Media.Thumbnail(r.Context(), req, size)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		f.Serve(w, r, "")
		return web.Written, nil
	}
}

func thumbnailSize(r *http.Request) (media.Size, error) {
	size := media.Size{Method: r.URL.Query().Get("method")}
	var err error
	if size.Width, err = web.QueryInt(r, "width", 0, 0, 1<<20); err != nil {
		return size, err
	}
	if size.Height, err = web.QueryInt(r, "height", 0, 0, 1<<20); err != nil {
		return size, err
	}
	if size.Width == 0 || size.Height == 0 {
		return size, web.MissingParam("width and height are needed.")
	}
	switch size.Method {
	case "", "crop", "scale":
		return size, nil
	}
	return size, web.InvalidParam("method must be crop or scale.")
}
