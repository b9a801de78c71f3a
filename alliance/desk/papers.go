package desk

import (
	"context"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
)

// Paper is a document that an applicant hands in, such as the hospital's licence.
type Paper struct {
	Number    int64  `json:"number"`
	Name      string `json:"name"`
	MediaType string `json:"media_type"` // as its bytes say
	Size      int64  `json:"size"`
	Content   []byte `json:"content,omitempty"`
}

// paperTypes are those that coordinators can look at without running anything.
var paperTypes = []string{"application/pdf", "image/jpeg", "image/png"}

// checkPapers gives papers their numbers and types by their bytes, and clean names. It returns what is wrong with them.
func checkPapers(papers []Paper, l Limits) ([]Paper, []Fault) {
	if len(papers) > l.Papers {
		return nil, []Fault{{"papers", CodeCount, fmt.Sprintf("are more than %d", l.Papers)}}
	}
	var faults []Fault
	checked := make([]Paper, 0, len(papers))
	for i, p := range papers {
		if int64(len(p.Content)) > l.PaperBytes {
			faults = append(faults, Fault{"papers", CodeSize, fmt.Sprintf("one is larger than %d bytes", l.PaperBytes)})
			continue
		}
		kind := paperType(p.Content)
		if kind == "" {
			faults = append(faults, Fault{"papers", CodeType, "one is no PDF, JPEG or PNG"})
			continue
		}
		checked = append(checked, Paper{Number: int64(i + 1), Name: paperName(p.Name, kind), MediaType: kind, Size: int64(len(p.Content)), Content: p.Content})
	}
	return checked, faults
}

func paperType(content []byte) string {
	if found := http.DetectContentType(content); slices.Contains(paperTypes, found) {
		return found
	}
	return ""
}

const maxPaperName = 80

// paperName keeps what is harmless of a file's name, and gives it the ending of its type.
func paperName(name, kind string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.TrimSuffix(name, path.Ext(name))
	clean := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`"'<>&;:/\%`, r) || !plain(string(r), false) {
			return -1
		}
		return r
	}, name)
	for len(clean) > maxPaperName {
		runes := []rune(clean)
		clean = string(runes[:len(runes)-1])
	}
	if clean = strings.Trim(clean, ". "); clean == "" {
		clean = "paper"
	}
	return clean + map[string]string{"application/pdf": ".pdf", "image/jpeg": ".jpg", "image/png": ".png"}[kind]
}

// Papers lists the papers of an application, without their contents.
func (d *Desk) Papers(ctx context.Context, id string) ([]Paper, error) { return d.papers(ctx, id) }

// Paper returns one with its content; ErrUnknown if there is none.
func (d *Desk) Paper(ctx context.Context, id string, number int64) (Paper, error) {
	return d.paper(ctx, id, number)
}
