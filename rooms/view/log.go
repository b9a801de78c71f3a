package view

// Pushed tells the log of the renderings that a phone of the viewer was told of (see ShowOptions.Given), once the gateway has
// taken them.
func (v *View) Pushed(viewer Viewer, given []*Rendering) {
	if v.log == nil {
		return
	}
	for _, r := range given {
		v.log.Pushed(viewer, r)
	}
}
