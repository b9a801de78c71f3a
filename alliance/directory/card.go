package directory

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/skip2/go-qrcode"

	"medixchange/accounts"
)

// Card is a contact card: who somebody is, and a link that a telephone reads from its picture.
type Card struct {
	UserID string `json:"user_id"`
	// Line says who this is; the name alone for somebody who is not verified.
	Line     string `json:"line"`
	Verified bool   `json:"verified"`
	Link     string `json:"link"`
}

const (
	// CardPixels is the width of a card's picture.
	CardPixels = 512
	// linkBase is what clients open and telephones understand without one (Matrix specification, matrix.to navigation).
	linkBase = "https://matrix.to/#/"
)

// Card makes the contact card of a user of this hospital; accounts.ErrNotFound.
func (d *Directory) Card(ctx context.Context, userID, language string) (Card, error) {
	user, err := d.o.Accounts.User(ctx, userID)
	if err == nil && user.Deactivated {
		err = accounts.ErrNotFound
	}
	if err != nil {
		return Card{}, err
	}
	c := Card{UserID: userID, Link: linkBase + url.PathEscape(userID)}
	p, err := d.Person(ctx, userID)
	if err != nil {
		return Card{}, err
	}
	if p != nil {
		c.Line, c.Verified = p.Line(language), true
		return c, nil
	}
	c.Line, err = d.nameOf(ctx, userID)
	return c, err
}

// PNG is the card's picture in black on white.
func (c Card) PNG() ([]byte, error) {
	raw, err := qrcode.Encode(c.Link, qrcode.Medium, CardPixels)
	if err != nil {
		return nil, fmt.Errorf("drawing a contact card: %w", err)
	}
	return raw, nil
}

// SVG is the card's picture with the words under it, to be printed in any size.
func (c Card) SVG() ([]byte, error) {
	code, err := qrcode.New(c.Link, qrcode.Medium)
	if err != nil {
		return nil, fmt.Errorf("drawing a contact card: %w", err)
	}
	rows := code.Bitmap()
	if len(rows) == 0 {
		return nil, errors.New("drawing a contact card: it is empty")
	}
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" text-anchor="middle">`, len(rows), len(rows)+6)
	out.WriteString(`<rect width="100%" height="100%" fill="#fff"/><path d="`)
	for y, row := range rows {
		for x, dark := range row {
			if dark {
				fmt.Fprintf(&out, "M%d %dh1v1h-1z", x, y)
			}
		}
	}
	out.WriteString(`"/>`)
	for i, line := range []string{c.Line, c.UserID} {
		fmt.Fprintf(&out, `<text x="%d" y="%d" font-size="%.2f">`, len(rows)/2, len(rows)+1+i*3, fitting(line, len(rows)))
		if err := xml.EscapeText(&out, []byte(line)); err != nil {
			return nil, fmt.Errorf("drawing a contact card: %w", err)
		}
		out.WriteString("</text>")
	}
	out.WriteString("</svg>\n")
	return []byte(out.String()), nil
}

// fitting is the size of letters at which a line is no wider than the card, about.
func fitting(line string, width int) float64 {
	return min(2, float64(width)/(0.6*float64(max(1, len([]rune(line))))))
}
