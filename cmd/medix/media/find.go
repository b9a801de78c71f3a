package media

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/zstd"
)

const name = "medix-media"

// ErrNone says that this medix carries no media program and none lies beside it.
var ErrNone = errors.New("medix was built without its media program, and there is no medix-media beside it: " +
	"build both with make, or put medix-media into the folder of medix; or set conference.sfu.mode to external or off")

// Find returns the path of the media program. One that medix carries inside is unpacked below dataDir/run first, once for each
// version; what older versions left there is removed.
func Find(dataDir string) (string, error) {
	if len(packed) > 0 {
		return unpack(packed, strings.TrimSpace(sum), filepath.Join(dataDir, "run"))
	}
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding where medix lies: %w", err)
	}
	path := filepath.Join(filepath.Dir(self), name)
	if info, err := os.Stat(path); err != nil || info.Mode()&0o111 == 0 {
		return "", ErrNone
	}
	return path, nil
}

// unpack writes the program into dir unless it is there. It appears under its name only when it is whole.
func unpack(packed []byte, sum, dir string) (string, error) {
	if len(sum) < 16 {
		return "", fmt.Errorf("the checksum of the media program is %q: medix was built wrongly", sum)
	}
	path := filepath.Join(dir, name+"-"+sum[:16])
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("making room for the media program: %w", err)
	}
	older, _ := filepath.Glob(filepath.Join(dir, name+"-*"))
	if err := write(packed, path); err != nil {
		return "", fmt.Errorf("unpacking the media program: %w", err)
	}
	for _, old := range older {
		_ = os.Remove(old) // what still runs keeps its file
	}
	return path, nil
}

func write(packed []byte, path string) error {
	file, err := os.CreateTemp(filepath.Dir(path), name+"-*.part")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(file.Name()) }()
	defer func() { _ = file.Close() }()
	unpacked, err := zstd.NewReader(bytes.NewReader(packed), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer unpacked.Close()
	if _, err := io.Copy(file, unpacked); err != nil {
		return err
	}
	if err := errors.Join(file.Chmod(0o700), file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
