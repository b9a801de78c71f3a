package record

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"

	"github.com/at-wat/ebml-go"
	"github.com/at-wat/ebml-go/webm"
)

// Identifiers of the elements that a repair has to know (RFC 8794, Matroska).
const (
	idSegment  = 0x18538067
	idInfo     = 0x1549A966
	idDuration = 0x4489
	idVoid     = 0xEC
	idCluster  = 0x1F43B675
	idTimecode = 0xE7
	idBlock    = 0xA3
)

// unknownSize is that of elements which end where the next one begins.
const unknownSize = -1

// tape is what a walk through a WebM file finds.
type tape struct {
	whole      int64 // bytes that are whole elements
	segment    int64 // where the segment's content begins
	duration   int64 // where the value of the duration stands
	void       int64 // where the room for the index begins
	voidSize   int64
	last       int64 // time of the last block in milliseconds
	blocks     int
	hasCues    bool
	cues       []webm.CuePoint
	timecode   int64
	clusterPos int64
	cueWanted  bool
}

// mendWebM cuts off what is not whole, and writes the duration and the index of key frames.
func mendWebM(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	t, err := walk(f)
	if err != nil {
		return err
	}
	if err := cutFile(f, t.whole); err != nil || t.hasCues {
		return err
	}
	if t.duration > 0 {
		value := binary.BigEndian.AppendUint64(nil, math.Float64bits(float64(t.last)))
		if _, err := f.WriteAt(value, t.duration); err != nil {
			return err
		}
	}
	if err := t.writeCues(f); err != nil {
		return err
	}
	return f.Sync()
}

// writeCues puts the index into the room for it, with fewer places where it does not fit.
func (t *tape) writeCues(f io.WriterAt) error {
	for cues := t.cues; len(cues) > 0 && t.void > 0; cues = half(cues) {
		var b bytes.Buffer
		if err := ebml.Marshal(&struct {
			Cues webm.Cues `ebml:"Cues"`
		}{webm.Cues{CuePoint: cues}}, &b); err != nil {
			return fmt.Errorf("encoding the index: %w", err)
		}
		left := t.voidSize - int64(b.Len())
		if left != 0 && left < 9 {
			continue
		}
		if left > 0 {
			b.WriteByte(idVoid)
			b.Write(binary.BigEndian.AppendUint64(nil, uint64(left-9)|1<<56))
		}
		_, err := f.WriteAt(b.Bytes(), t.void)
		return err
	}
	return nil
}

func half(cues []webm.CuePoint) []webm.CuePoint {
	var kept []webm.CuePoint
	for i := 0; i < len(cues)-1; i += 2 {
		kept = append(kept, cues[i])
	}
	return kept
}

// walk goes through the elements of r until one is not whole.
func walk(r io.ReaderAt) (*tape, error) {
	t := &tape{}
	for pos := int64(0); ; {
		id, size, head, err := element(r, pos)
		if err != nil {
			return t, atEnd(err)
		}
		if id == 0 {
			return t, nil
		}
		body := pos + head
		if enters(id) {
			t.enter(id, pos, body)
			pos = body
			t.whole = max(t.whole, pos)
			continue
		}
		if size == unknownSize {
			return t, nil
		}
		if ok, err := reaches(r, body+size); !ok {
			return t, err
		}
		if err := t.element(r, id, pos, body, size); err != nil {
			return t, err
		}
		pos = body + size
		t.whole = pos
	}
}

func enters(id uint32) bool { return id == idSegment || id == idInfo || id == idCluster }

func (t *tape) enter(id uint32, pos, body int64) {
	switch id {
	case idSegment:
		t.segment = body
	case idCluster:
		t.clusterPos, t.cueWanted = pos, true
	}
}

func (t *tape) element(r io.ReaderAt, id uint32, pos, body, size int64) error {
	switch id {
	case idDuration:
		t.duration = body
	case idVoid:
		if t.blocks == 0 && size > 64 {
			t.void, t.voidSize = pos, body+size-pos
		}
	case 0x1C53BB6B:
		t.hasCues = true
	case idTimecode:
		value := make([]byte, min(size, 8))
		if _, err := r.ReadAt(value, body); err != nil {
			return err
		}
		t.timecode = 0
		for _, b := range value {
			t.timecode = t.timecode<<8 | int64(b)
		}
	case idBlock:
		return t.block(r, body, size)
	}
	return nil
}

func (t *tape) block(r io.ReaderAt, body, size int64) error {
	if size < 4 {
		return nil
	}
	head := make([]byte, 4)
	if _, err := r.ReadAt(head, body); err != nil {
		return err
	}
	t.blocks++
	t.last = max(t.last, t.timecode+int64(int16(binary.BigEndian.Uint16(head[1:]))))
	if t.cueWanted && head[3]&0x80 != 0 {
		t.cues = append(t.cues, webm.CuePoint{CueTime: uint64(t.timecode), CueTrackPositions: []webm.CueTrackPosition{{
			CueTrack: 1, CueClusterPosition: uint64(t.clusterPos - t.segment),
		}}})
	}
	t.cueWanted = false
	return nil
}

func reaches(r io.ReaderAt, end int64) (bool, error) {
	if end == 0 {
		return true, nil
	}
	n, err := r.ReadAt(make([]byte, 1), end-1)
	return n == 1, atEnd(err)
}

// element reads the head of the element at pos. Its id is 0 where there is none.
func element(r io.ReaderAt, pos int64) (id uint32, size, head int64, err error) {
	var b [12]byte
	n, err := r.ReadAt(b[:], pos)
	if err = atEnd(err); err != nil || n == 0 {
		return 0, 0, 0, err
	}
	idLength := length(b[0])
	if idLength > 4 || n <= idLength {
		return 0, 0, 0, nil
	}
	for _, c := range b[:idLength] {
		id = id<<8 | uint32(c)
	}
	sizeLength := length(b[idLength])
	if sizeLength > 8 || n < idLength+sizeLength {
		return 0, 0, 0, nil
	}
	size = int64(b[idLength]) & (1<<(8-sizeLength) - 1)
	ones := size == 1<<(8-sizeLength)-1
	for _, c := range b[idLength+1 : idLength+sizeLength] {
		size = size<<8 | int64(c)
		ones = ones && c == 0xff
	}
	if ones {
		size = unknownSize
	}
	if size < unknownSize || size > 1<<40 {
		return 0, 0, 0, nil
	}
	return id, size, int64(idLength + sizeLength), nil
}

// length is that of a number of variable size by its first byte, 9 for none.
func length(first byte) int {
	for n := 1; n <= 8; n++ {
		if first&(0x80>>(n-1)) != 0 {
			return n
		}
	}
	return 9
}
