package federation

import (
	"net/http"
	"time"

	"medixchange/internal/media"
	"medixchange/internal/web"
)

// download answers GET /media/download with one of our files.
func (s *Server) download(r *request) (any, error) {
	want, err := s.fileOf(r)
	if err != nil {
		return nil, err
	}
	f, err := s.o.Media.Open(r.Context(), want)
	if err != nil {
		return nil, err
	}
	return s.sendFile(r, f)
}

// thumbnail answers GET /media/thumbnail.
func (s *Server) thumbnail(r *request) (any, error) {
	want, err := s.fileOf(r)
	if err != nil {
		return nil, err
	}
	size := media.Size{Method: r.URL.Query().Get("method")}
	if size.Method == "" {
		size.Method = "scale"
	}
	if size.Method != "crop" && size.Method != "scale" {
		return nil, web.InvalidParam("method must be crop or scale")
	}
	if size.Width, err = web.QueryInt(r.Request, "width", 0, 0, 1<<16); err != nil {
		return nil, err
	}
	if size.Height, err = web.QueryInt(r.Request, "height", 0, 0, 1<<16); err != nil {
		return nil, err
	}
	if size.Width == 0 || size.Height == 0 {
		return nil, web.MissingParam("width and height are needed")
	}
	f, err := s.o.Media.Thumbnail(r.Context(), want, size)
	if err != nil {
		return nil, err
	}
	return s.sendFile(r, f)
}

func (s *Server) fileOf(r *request) (media.Request, error) {
	wait, err := web.QueryInt(r.Request, "timeout_ms", int(media.DefaultWait/time.Millisecond), 0, int(media.MaxWait/time.Millisecond))
	return media.Request{Server: s.name, ID: r.variable("mediaID"), LocalOnly: true, Wait: time.Duration(wait) * time.Millisecond}, err
}

func (s *Server) sendFile(r *request, f *media.File) (any, error) {
	defer f.Close()
	if err := f.WriteMultipart(r.writer); err != nil {
		s.o.Log.WithError(err).WithField("origin", r.origin).Debug("a file was not sent to its end")
		panic(http.ErrAbortHandler) // so that the other side does not take the part for the whole
	}
	return web.Written, nil
}
