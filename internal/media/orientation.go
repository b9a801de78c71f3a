package media

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
)

// orientation is how a camera was held (TIFF tag 0x0112). Thumbnails carry no such tag, so the pixels are turned.
type orientation int

const upright orientation = 1

const (
	markerEXIF     = 0xE1
	markerScan     = 0xDA
	tagOrientation = 0x0112
	// maxTagEntries bounds a directory of tags; cameras write a few dozen.
	maxTagEntries = 512
)

// readOrientation reads the tag from a JPEG's EXIF segment. A file without one, or with a broken one, is upright.
func readOrientation(source io.ReadSeeker) (orientation, error) {
	if _, err := source.Seek(0, io.SeekStart); err != nil {
		return 0, fmt.Errorf("reading a picture: %w", err)
	}
	r := bufio.NewReader(source)
	if _, err := r.Discard(2); err != nil {
		return upright, nil
	}
	for {
		var head [4]byte
		if _, err := io.ReadFull(r, head[:]); err != nil || head[0] != 0xFF || head[1] == markerScan {
			return upright, nil
		}
		length := int(binary.BigEndian.Uint16(head[2:])) - 2
		if length < 0 {
			return upright, nil
		}
		if head[1] != markerEXIF {
			if _, err := r.Discard(length); err != nil {
				return upright, nil
			}
			continue
		}
		segment := make([]byte, length)
		if _, err := io.ReadFull(r, segment); err != nil {
			return upright, nil
		}
		if o, err := parseEXIF(segment); err == nil {
			return o, nil
		}
	}
}

var errNoOrientation = errors.New("no orientation")

func parseEXIF(segment []byte) (orientation, error) {
	const header = "Exif\x00\x00"
	if len(segment) < len(header)+8 || string(segment[:len(header)]) != header {
		return 0, errNoOrientation
	}
	tiff := segment[len(header):]
	var order binary.ByteOrder = binary.BigEndian
	if string(tiff[:2]) == "II" {
		order = binary.LittleEndian
	}
	start := uint64(order.Uint32(tiff[4:]))
	if start+2 > uint64(len(tiff)) {
		return 0, errNoOrientation
	}
	count := min(int(order.Uint16(tiff[start:])), maxTagEntries)
	entries := tiff[start+2:]
	for ; count > 0 && len(entries) >= 12; count, entries = count-1, entries[12:] {
		if order.Uint16(entries) != tagOrientation {
			continue
		}
		if o := orientation(order.Uint16(entries[8:])); o >= upright && o <= 8 {
			return o, nil
		}
		return 0, errNoOrientation
	}
	return 0, errNoOrientation
}

// sideways reports whether width and height change places.
func (o orientation) sideways() bool { return o >= 5 }

// before returns the size that becomes size when the picture is turned.
func (o orientation) before(size Size) Size {
	if o.sideways() {
		size.Width, size.Height = size.Height, size.Width
	}
	return size
}

// apply turns a picture upright.
func (o orientation) apply(img *image.NRGBA) image.Image {
	if o == upright {
		return img
	}
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	if o.sideways() {
		out = image.NewNRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			tx, ty := o.place(x, y, w, h)
			out.SetNRGBA(tx, ty, img.NRGBAAt(x, y))
		}
	}
	return out
}

// place returns where a pixel of a w×h picture belongs.
func (o orientation) place(x, y, w, h int) (int, int) {
	switch o {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return h - 1 - y, x
	case 7:
		return h - 1 - y, w - 1 - x
	case 8:
		return y, w - 1 - x
	}
	return x, y
}
