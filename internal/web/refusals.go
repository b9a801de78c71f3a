package web

import "errors"

// Refusals say which answer an error of the layers below gets; the first that fits counts.
type Refusals []Refusal

// Refusal is the answer to one error.
type Refusal struct {
	Err    error
	Status int
	Code   string // errcode
	Text   string // "": the error's own words, where they were written for people
}

// Of returns the answer to err, with err as its cause; nil if none fits.
func (r Refusals) Of(err error) *Error {
	for _, refusal := range r {
		if !errors.Is(err, refusal.Err) {
			continue
		}
		text := refusal.Text
		if text == "" {
			text = err.Error()
		}
		return NewError(refusal.Status, refusal.Code, "%s", text).Because(err)
	}
	return nil
}
