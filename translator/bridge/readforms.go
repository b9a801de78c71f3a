package bridge

import (
	"medixchange/rooms"
	"medixchange/rooms/view"
	"medixchange/translator/compose"
)

// readForm is a rendering in the form that a mode shows it in.
type readForm struct {
	rendering int64
	mode      string
}

// formsRead returns what the renderings of a batch said to those who read them in another form than in place, and puts those
// in place into the batch: the log keeps what each reader was given, whoever read first.
func (b *Bridge) formsRead(batch []reading, versions map[int64]*rooms.Event) (map[readForm]string, error) {
	forms := map[readForm]string{}
	for i := range batch {
		r := &batch[i]
		if r.mode != view.ModeOriginalFirst && r.mode != view.ModeThread {
			continue
		}
		given := bodyOf(r.rendering)
		if r.reply != nil {
			given = versionOf(r.reply).Get("body").Str
		}
		inPlace := *r.rendering
		var err error
		if inPlace.Content, inPlace.LateContent, err = b.formed(versions[inPlace.Version], r.rendering, compose.FormInPlace); err != nil {
			return nil, err
		}
		r.rendering = &inPlace
		if given != bodyOf(&inPlace) {
			forms[readForm{inPlace.Position, r.mode}] = given
		}
	}
	return forms, nil
}
