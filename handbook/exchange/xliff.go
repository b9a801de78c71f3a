package exchange

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

const xliffSpace = "urn:oasis:names:tc:xliff:document:1.2"

// WriteXLIFF gives a file as XLIFF 1.2, with a file element for each section.
func WriteXLIFF(f File) []byte {
	var out bytes.Buffer
	out.WriteString(xml.Header)
	fmt.Fprintf(&out, `<xliff version="1.2" xmlns="%s">`+"\n", xliffSpace)
	part := ""
	for _, u := range f.Units {
		if u.Part != part {
			if part != "" {
				out.WriteString("  </body></file>\n")
			}
			part = u.Part
			fmt.Fprintf(&out, `  <file original="%s.md" source-language="%s" target-language="%s" datatype="plaintext" product-name="%s" product-version="%s"><body>`+"\n",
				xmlText(u.Part), xmlText(f.Source), xmlText(f.Language), xmlText(f.Book), xmlText(f.Edition))
		}
		fmt.Fprintf(&out, `    <trans-unit id="%s" xml:space="preserve"><source>%s</source>`, xmlText(u.Key()), xmlText(u.Source))
		if u.Target != "" {
			state := "translated"
			if u.Open {
				state = "needs-review-translation"
			}
			fmt.Fprintf(&out, `<target state="%s">%s</target>`, state, xmlText(u.Target))
		}
		out.WriteString("</trans-unit>\n")
	}
	if part != "" {
		out.WriteString("  </body></file>\n")
	}
	out.WriteString("</xliff>\n")
	return out.Bytes()
}

var xmlEscapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "\r", "&#13;")

func xmlText(text string) string { return xmlEscapes.Replace(text) }

// ReadXLIFF reads an XLIFF 1.2 file. The error is handbook.Problems, with the lines of the file.
func ReadXLIFF(name string, data []byte) (File, error) {
	r := &xliffReader{reading: reading{name: name}, decoder: xml.NewDecoder(bytes.NewReader(data)), seen: map[string]bool{}}
	if !r.readable(data) {
		return File{}, r.err()
	}
	r.decoder.Strict = true
	r.decoder.CharsetReader = func(charset string, _ io.Reader) (io.Reader, error) {
		return nil, fmt.Errorf("the file is in %s; it must be in UTF-8", charset)
	}
	if err := r.document(); err != nil {
		line, _ := r.decoder.InputPos()
		r.add(line, "this is not XLIFF: "+reasonOf(err))
	}
	if r.file.Language == "" && len(r.problems) == 0 {
		r.add(1, "there is no file element with a target-language")
	}
	return r.file, r.err()
}

func reasonOf(err error) string {
	var syntax *xml.SyntaxError
	if errors.As(err, &syntax) {
		return syntax.Msg
	}
	return err.Error()
}

type xliffReader struct {
	reading
	decoder *xml.Decoder
	file    File
	seen    map[string]bool
	rooted  bool
	depth   int
}

const maxDepth = 20 // of elements

// document walks the elements. What lies around the texts (notes, tools, phases) is passed over.
func (r *xliffReader) document() error {
	for {
		token, err := r.decoder.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.Directive:
			return errors.New("definitions of documents and entities are not allowed")
		case xml.EndElement:
			r.depth--
		case xml.StartElement:
			if r.depth++; r.depth > maxDepth {
				return errors.New("elements are nested too deep")
			}
			if err := r.element(t); err != nil {
				return err
			}
		}
	}
}

func (r *xliffReader) element(t xml.StartElement) error {
	line, _ := r.decoder.InputPos()
	if !r.rooted {
		r.rooted = true
		if t.Name.Local != "xliff" || attribute(t, "version") != "1.2" {
			return errors.New("it must be an xliff element of version 1.2")
		}
		return nil
	}
	switch t.Name.Local {
	case "file":
		language, source := attribute(t, "target-language"), attribute(t, "source-language")
		switch {
		case language == "":
			r.add(line, "the file element has no target-language")
		case r.file.Language != "" && r.file.Language != language:
			r.add(line, "the file elements are of several languages")
		}
		r.file.Language, r.file.Source = language, source
	case "body", "group":
	case "trans-unit":
		r.depth--
		return r.unit(t, line)
	default:
		r.depth--
		return r.decoder.Skip()
	}
	return nil
}

func attribute(t xml.StartElement, name string) string {
	for _, a := range t.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

func (r *xliffReader) unit(start xml.StartElement, line int) error {
	u := Unit{Line: line}
	id, ok := attribute(start, "id"), false
	if u.Part, u.Anchor, u.Hash, ok = cutKey(id); !ok {
		r.add(line, fmt.Sprintf("the id is %q; it must be SECTION/ANCHOR/HASH, as it was exported", shortened(id)))
	}
	for {
		token, err := r.decoder.Token()
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.EndElement:
			r.take(u, ok)
			return nil
		case xml.StartElement:
			at, _ := r.decoder.InputPos()
			switch t.Name.Local {
			case "source":
				u.Source, err = r.text(t)
			case "target":
				u.Line = at
				u.Open = unfinished(attribute(t, "state"))
				u.Target, err = r.text(t)
			default:
				err = r.decoder.Skip()
			}
			if err != nil {
				return err
			}
		}
	}
}

// unfinished are the states in which a translator says that a text is not done.
func unfinished(state string) bool { return state == "new" || strings.HasPrefix(state, "needs-") }

// text reads what is in an element. Programs mark sentences in it (mrk); other elements are not of the handbook.
func (r *xliffReader) text(start xml.StartElement) (string, error) {
	var out strings.Builder
	for depth := 1; depth > 0; {
		token, err := r.decoder.Token()
		if err != nil {
			return "", err
		}
		switch t := token.(type) {
		case xml.CharData:
			if out.Len()+len(t) > maxUnit {
				return "", fmt.Errorf("a text is longer than %d KiB", maxUnit>>10)
			}
			out.Write(t)
		case xml.StartElement:
			if t.Name.Local != "mrk" {
				line, _ := r.decoder.InputPos()
				r.add(line, fmt.Sprintf("the element %s stands in a text; texts have Markdown and no other markup", shortened(t.Name.Local)))
			}
			if depth++; depth > maxDepth {
				return "", errors.New("elements are nested too deep")
			}
		case xml.EndElement:
			depth--
		}
	}
	return out.String(), nil
}

func (r *xliffReader) take(u Unit, ok bool) {
	switch {
	case !ok:
	case r.seen[u.Part+"/"+u.Anchor]:
		r.add(u.Line, fmt.Sprintf("%s/%s is here twice", u.Part, u.Anchor))
	case len(r.file.Units) >= maxUnits:
		r.add(u.Line, fmt.Sprintf("there are more than %d texts", maxUnits))
	default:
		r.seen[u.Part+"/"+u.Anchor] = true
		r.file.Units = append(r.file.Units, u)
	}
}
