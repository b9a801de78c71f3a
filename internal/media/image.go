package media

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // decoders of the formats that get thumbnails
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"
)

var errTooManyPixels = errors.New("the picture has too many pixels")

const jpegQuality = 82

// shrink decodes a picture (JPEG, PNG, GIF, WebP; of an animation the first frame), turns it upright and returns it
// at the given size. The extension says what it was encoded as: jpg, or png if the source may be transparent.
func shrink(source io.ReadSeeker, size Size, maxPixels int) (encoded []byte, extension string, err error) {
	defer func() { // a decoder that panics on a crafted picture must not end the program
		if p := recover(); p != nil {
			err = fmt.Errorf("decoding a picture panicked: %v", p)
		}
	}()
	config, format, err := image.DecodeConfig(bufio.NewReader(source))
	if err != nil {
		return nil, "", fmt.Errorf("reading a picture: %w", err)
	}
	if config.Width <= 0 || config.Height <= 0 || config.Width > maxPixels/config.Height {
		return nil, "", errTooManyPixels
	}
	turn := upright
	if format == "jpeg" {
		if turn, err = readOrientation(source); err != nil {
			return nil, "", err
		}
	}
	if _, err := source.Seek(0, io.SeekStart); err != nil {
		return nil, "", fmt.Errorf("reading a picture: %w", err)
	}
	img, _, err := image.Decode(bufio.NewReader(source))
	if err != nil {
		return nil, "", fmt.Errorf("decoding a picture: %w", err)
	}
	return encode(turn.apply(resize(img, turn.before(size))), format)
}

func encode(img image.Image, format string) ([]byte, string, error) {
	var out bytes.Buffer
	if format == "jpeg" {
		if err := jpeg.Encode(&out, img, &jpeg.Options{Quality: jpegQuality}); err != nil {
			return nil, "", fmt.Errorf("encoding a thumbnail: %w", err)
		}
		return out.Bytes(), "jpg", nil
	}
	if err := png.Encode(&out, img); err != nil {
		return nil, "", fmt.Errorf("encoding a thumbnail: %w", err)
	}
	return out.Bytes(), "png", nil
}

// resize returns img at size, never enlarged: scaled into it, or filling it with the middle of the picture.
func resize(img image.Image, size Size) *image.NRGBA {
	from := img.Bounds()
	width, height := fit(from.Dx(), from.Dy(), size)
	if size.Method == methodCrop {
		width, height = min(size.Width, from.Dx()), min(size.Height, from.Dy())
		from = middle(from, width, height)
	}
	// Averaging every pixel of a photograph takes a quarter of a second; samples at some times the size look the same.
	if from.Dx() > coarse*width && from.Dy() > coarse*height {
		sampled := image.NewNRGBA(image.Rect(0, 0, coarse*width, coarse*height))
		draw.ApproxBiLinear.Scale(sampled, sampled.Bounds(), img, from, draw.Src, nil)
		img, from = sampled, sampled.Bounds()
	}
	to := image.NewNRGBA(image.Rect(0, 0, width, height))
	draw.BiLinear.Scale(to, to.Bounds(), img, from, draw.Src, nil)
	return to
}

// coarse is how many times larger than a thumbnail a picture is sampled before it is averaged.
const coarse = 3

// fit returns the largest size with the picture's proportions within size.
func fit(width, height int, size Size) (int, int) {
	if width <= size.Width && height <= size.Height {
		return width, height
	}
	if width*size.Height > height*size.Width {
		return size.Width, max(height*size.Width/width, 1)
	}
	return max(width*size.Height/height, 1), size.Height
}

// middle returns the largest part of r, around its middle, with the proportions width : height.
func middle(r image.Rectangle, width, height int) image.Rectangle {
	w, h := r.Dx(), r.Dy()
	if w*height > h*width {
		w = max(h*width/height, 1)
	} else {
		h = max(w*height/width, 1)
	}
	corner := r.Min.Add(image.Pt((r.Dx()-w)/2, (r.Dy()-h)/2))
	return image.Rectangle{Min: corner, Max: corner.Add(image.Pt(w, h))}
}
