package pages

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"medixchange/alliance/desk"
	"medixchange/alliance/signed"
	"medixchange/internal/web"
)

const (
	// maxField bounds a field of a form that is no file, in bytes.
	maxField = 16 << 10
	// maxParts bounds the parts of a form, whatever they are.
	maxParts = 40
	// formOverhead is what a form may have around its papers, in bytes.
	formOverhead = 256 << 10
)

var errForm = errors.New("the form cannot be read")

// readForm reads an application as browsers and the command line send it, part by part, so that no more is held than may be
// kept. The errors are errForm, and that of a body that is too large.
func (s *Site) readForm(w http.ResponseWriter, r *http.Request) (desk.Form, []desk.Paper, error) {
	limits := s.o.Desk.Limits()
	r.Body = http.MaxBytesReader(w, r.Body, int64(limits.Papers)*limits.PaperBytes+formOverhead)
	parts, err := r.MultipartReader()
	if err != nil {
		return desk.Form{}, nil, errForm
	}
	fields, papers := map[string]string{}, []desk.Paper{}
	for n := 0; ; n++ {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil || n >= maxParts {
			return desk.Form{}, nil, errors.Join(errForm, err)
		}
		if part.FormName() == "papers" {
			papers, err = readPaper(part, papers, limits)
		} else {
			err = readField(part, fields)
		}
		if err != nil {
			return desk.Form{}, nil, err
		}
	}
	return desk.Form{
		LegalName: fields["legal_name"], Country: fields["country"], ServerName: fields["server_name"], Kind: signed.Kind(fields["kind"]),
		Contact: fields["contact"], Email: fields["email"], Phone: fields["phone"], Languages: []string{fields["languages"]},
		Specialties: fields["specialties"], Note: fields["note"],
	}, papers, nil
}

func readField(part *multipart.Part, into map[string]string) error {
	value, err := io.ReadAll(io.LimitReader(part, maxField+1))
	if err != nil || len(value) > maxField {
		return errors.Join(errForm, err)
	}
	into[part.FormName()] = string(value)
	return nil
}

// readPaper reads one more paper. One that is too large or too many is kept short, so that the desk says what is wrong with it.
func readPaper(part *multipart.Part, papers []desk.Paper, l desk.Limits) ([]desk.Paper, error) {
	content, err := io.ReadAll(io.LimitReader(part, l.PaperBytes+1))
	if err != nil {
		return nil, errors.Join(errForm, err)
	}
	if part.FileName() == "" && len(content) == 0 { // the field was left empty
		return papers, nil
	}
	if len(papers) > l.Papers {
		return papers, nil
	}
	return append(papers, desk.Paper{Name: part.FileName(), Content: content}), nil
}

// tooLarge reports whether a form could not be read because it is too much.
func tooLarge(err error) bool {
	var large *http.MaxBytesError
	return errors.As(err, &large)
}

// refused is what a program is told of a form that was not taken.
func refused(w http.ResponseWriter, faults []desk.Fault) {
	_ = web.WriteJSON(w, http.StatusBadRequest, map[string]any{"errcode": "M_INVALID_PARAM", "error": "The application has faults.", "faults": faults})
}

// oneLine is a text without its line breaks, for logs and reasons.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
