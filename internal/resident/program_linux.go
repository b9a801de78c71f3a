package resident

import (
	"bytes"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// releaseProgram gives the pages of the program's own file back to the system; those that are needed again are read anew. A
// start runs through most of the program and most of that never again until the next start, and a file that was written a
// moment ago is mapped whole. The system takes pages only of files that the process may write, and only when they are on the
// disk: released says whether most of them went.
func releaseProgram() (released bool, err error) {
	before, err := filePages()
	if err != nil {
		return false, err
	}
	if err := pageOutProgram(); err != nil {
		return false, err
	}
	after, err := filePages()
	return after < before/2, err
}

// filePages counts the pages of files that are in memory for this process (proc_pid_statm(5)).
func filePages() (int, error) {
	raw, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0, fmt.Errorf("reading how much memory the program takes: %w", err)
	}
	fields := bytes.Fields(raw)
	if len(fields) < 3 {
		return 0, fmt.Errorf("reading how much memory the program takes: %q", raw)
	}
	return strconv.Atoi(string(fields[2]))
}

func pageOutProgram() error {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return fmt.Errorf("reading where the program lies: %w", err)
	}
	self, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return fmt.Errorf("finding the program's file: %w", err)
	}
	for line := range bytes.Lines(maps) {
		start, end, ok := unwritten(bytes.TrimSpace(line), self)
		if !ok {
			continue
		}
		if _, _, errno := unix.Syscall(unix.SYS_MADVISE, start, end-start, unix.MADV_PAGEOUT); errno != 0 {
			return fmt.Errorf("giving back pages of the program: %w", errno)
		}
	}
	return nil
}

// unwritten reads a line of /proc/self/maps (proc_pid_maps(5)) and reports whether it is a part of the file that is only read.
func unwritten(line []byte, file string) (start, end uintptr, ok bool) {
	fields := bytes.Fields(line)
	if len(fields) < 6 || string(fields[5]) != file || len(fields[1]) != 4 || fields[1][1] == 'w' {
		return 0, 0, false
	}
	from, to, _ := bytes.Cut(fields[0], []byte("-"))
	a, err := strconv.ParseUint(string(from), 16, 64)
	if err != nil {
		return 0, 0, false
	}
	b, err := strconv.ParseUint(string(to), 16, 64)
	if err != nil || b <= a {
		return 0, 0, false
	}
	return uintptr(a), uintptr(b), true
}
