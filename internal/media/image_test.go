package media

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/internal/sqldb/sqldbtest"
)

// quarters is a picture with four colours: red, green / blue, white.
func quarters(w, h int) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.NRGBA{255, 255, 255, 255}
			switch {
			case x < w/2 && y < h/2:
				c = color.NRGBA{255, 0, 0, 255}
			case y < h/2:
				c = color.NRGBA{0, 255, 0, 255}
			case x < w/2:
				c = color.NRGBA{0, 0, 255, 255}
			}
			img.SetNRGBA(x, y, c)
		}
	}
	return img
}

func encoded(t testing.TB, format string, w, h int) []byte {
	var b bytes.Buffer
	var err error
	switch format {
	case "png":
		err = png.Encode(&b, quarters(w, h))
	case "gif":
		err = gif.Encode(&b, quarters(w, h), nil)
	default:
		err = jpeg.Encode(&b, quarters(w, h), nil)
	}
	require.NoError(t, err)
	return b.Bytes()
}

// turned puts an EXIF orientation into a JPEG.
func turned(picture []byte, o uint16, order binary.AppendByteOrder) []byte {
	tiff := []byte("MM")
	if order == binary.AppendByteOrder(binary.LittleEndian) {
		tiff = []byte("II")
	}
	tiff = order.AppendUint32(order.AppendUint16(tiff, 42), 8)
	tiff = order.AppendUint16(tiff, 1)
	tiff = order.AppendUint32(order.AppendUint16(order.AppendUint16(tiff, tagOrientation), 3), 1)
	tiff = order.AppendUint16(order.AppendUint16(tiff, o), 0)
	segment := append([]byte("Exif\x00\x00"), tiff...)
	out := binary.BigEndian.AppendUint16([]byte{0xFF, 0xD8, 0xFF, markerEXIF}, uint16(len(segment)+2))
	return append(append(out, segment...), picture[2:]...)
}

func TestShrink(t *testing.T) {
	for _, tc := range []struct {
		name, format string
		w, h         int
		size         Size
		wantW, wantH int
		extension    string
	}{
		{"wide scaled", "jpeg", 400, 200, Size{100, 100, "scale"}, 100, 50, "jpg"},
		{"high scaled", "png", 200, 400, Size{100, 100, "scale"}, 50, 100, "png"},
		{"cropped", "jpeg", 400, 200, Size{100, 100, "crop"}, 100, 100, "jpg"},
		{"never enlarged", "gif", 40, 20, Size{100, 100, "scale"}, 40, 20, "png"},
		{"never enlarged by crop", "png", 40, 20, Size{100, 100, "crop"}, 40, 20, "png"},
		{"very thin", "png", 1000, 1, Size{100, 100, "scale"}, 100, 1, "png"},
		{"one pixel", "jpeg", 1, 1, Size{32, 32, "crop"}, 1, 1, "jpg"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			out, extension, err := shrink(bytes.NewReader(encoded(t, tc.format, tc.w, tc.h)), tc.size, 1_000_000)
			require.NoError(t, err)
			require.Equal(t, tc.extension, extension)
			config, _, err := image.DecodeConfig(bytes.NewReader(out))
			require.NoError(t, err)
			require.Equal(t, []int{tc.wantW, tc.wantH}, []int{config.Width, config.Height})
		})
	}
}

// corner names the colour in the upper left and upper right quarter of a picture.
func corners(t *testing.T, picture []byte) string {
	img, _, err := image.Decode(bytes.NewReader(picture))
	require.NoError(t, err)
	name := func(x, y int) string {
		r, g, b, _ := img.At(x, y).RGBA()
		switch {
		case r > 0xc000 && g > 0xc000:
			return "white"
		case r > 0xc000:
			return "red"
		case g > 0xc000:
			return "green"
		case b > 0xc000:
			return "blue"
		}
		return "other"
	}
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	return name(w/4, h/4) + " " + name(3*w/4, h/4)
}

func TestCameraOrientation(t *testing.T) {
	picture := encoded(t, "jpeg", 200, 100)
	for o, want := range map[uint16]string{1: "red green", 2: "green red", 3: "white blue", 4: "blue white",
		5: "red blue", 6: "blue red", 7: "white green", 8: "green white", 0: "red green", 9: "red green"} {
		for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
			out, _, err := shrink(bytes.NewReader(turned(picture, o, order)), Size{80, 80, "scale"}, 1_000_000)
			require.NoError(t, err)
			require.Equal(t, want, corners(t, out), "orientation %d", o)
			config, _, err := image.DecodeConfig(bytes.NewReader(out))
			require.NoError(t, err)
			if o >= 5 && o <= 8 {
				require.Equal(t, []int{40, 80}, []int{config.Width, config.Height})
			} else {
				require.Equal(t, []int{80, 40}, []int{config.Width, config.Height})
			}
		}
	}
}

// bomb is a PNG that announces 60,000 × 60,000 pixels and has none.
func bomb() []byte {
	header := []byte("IHDR")
	header = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(header, 60_000), 60_000)
	header = append(header, 8, 6, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), header...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(header))
}

func TestThumbnails(t *testing.T) {
	s := newStore(t, sqldbtest.SQLite(t), nil, nil)
	store := func(body []byte) Request {
		uri, err := s.Upload(t.Context(), Upload{Uploader: alice, ContentType: "image/png", Body: bytes.NewReader(body), Size: -1})
		require.NoError(t, err)
		return Request{Server: own, ID: idOf(t, uri)}
	}
	picture := store(encoded(t, "png", 1000, 500))
	for _, tc := range []struct {
		want         Size
		wantW, wantH int
	}{
		{Size{20, 20, "crop"}, 32, 32},
		{Size{200, 100, "scale"}, 320, 160},
		{Size{200, 100, ""}, 320, 160},
		{Size{400, 100, "crop"}, 480, 160},
		{Size{5000, 5000, "scale"}, 800, 400},
	} {
		f, err := s.Thumbnail(t.Context(), picture, tc.want)
		require.NoError(t, err)
		config, _, err := image.DecodeConfig(f)
		require.NoError(t, err)
		require.Equal(t, []int{tc.wantW, tc.wantH}, []int{config.Width, config.Height}, tc.want)
		require.Equal(t, "image/png", f.ContentType)
		require.NoError(t, f.Close())
	}
	require.Equal(t, 4, filesIn(t, s, thumbnailsDir), "sizes are rounded up to few")

	_, err := s.Thumbnail(t.Context(), store([]byte("no picture")), Size{32, 32, "crop"})
	requireCode(t, err, 400, "M_UNKNOWN")
	_, err = s.Thumbnail(t.Context(), store(bomb()), Size{32, 32, "crop"})
	requireCode(t, err, 413, "M_TOO_LARGE")
	_, err = s.Thumbnail(t.Context(), store(encoded(t, "jpeg", 50, 50)[:100]), Size{32, 32, "crop"})
	requireCode(t, err, 400, "M_UNKNOWN")
	for _, bad := range []Size{{0, 1, "crop"}, {1, -1, "crop"}, {1, 1, "stretch"}} {
		_, err = s.Thumbnail(t.Context(), picture, bad)
		requireCode(t, err, 400, "M_INVALID_PARAM")
	}
	require.NoError(t, s.Delete(t.Context(), own, picture.ID))
	require.Zero(t, filesIn(t, s, thumbnailsDir))
}

func TestThumbnailsPerFileAreBounded(t *testing.T) {
	s := newStore(t, sqldbtest.SQLite(t), nil, func(o *Options) { o.MaxThumbnail = 1600 })
	uri, err := s.Upload(t.Context(), Upload{Uploader: alice, Body: bytes.NewReader(encoded(t, "png", 20, 20)), Size: -1})
	require.NoError(t, err)
	req := Request{Server: own, ID: idOf(t, uri)}
	var wg sync.WaitGroup
	for i := range 10 {
		for j := range 10 {
			wg.Go(func() {
				f, err := s.Thumbnail(context.Background(), req, Size{1 + i*sizeGrid, 1 + j*sizeGrid, "crop"})
				if err == nil {
					_, err = io.Copy(io.Discard, f)
					f.Close()
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	require.LessOrEqual(t, filesIn(t, s, thumbnailsDir), maxThumbnails+maxDecoders)
}

func FuzzShrink(f *testing.F) {
	f.Add(encoded(f, "png", 8, 4))
	f.Add(encoded(f, "gif", 8, 4))
	f.Add(turned(encoded(f, "jpeg", 8, 4), 6, binary.LittleEndian))
	f.Add(bomb())
	f.Fuzz(func(t *testing.T, picture []byte) {
		out, _, err := shrink(bytes.NewReader(picture), Size{16, 16, "crop"}, 10_000)
		if err != nil {
			return
		}
		config, _, err := image.DecodeConfig(bytes.NewReader(out))
		if err != nil || config.Width > 16 || config.Height > 16 {
			t.Fatalf("%v, %d × %d", err, config.Width, config.Height)
		}
	})
}

func BenchmarkThumbnail(b *testing.B) {
	picture := encoded(b, "jpeg", 4000, 3000)
	for b.Loop() {
		if _, _, err := shrink(bytes.NewReader(picture), Size{640, 480, "scale"}, 32_000_000); err != nil {
			b.Fatal(err)
		}
	}
}
