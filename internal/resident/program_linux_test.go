package resident

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOnlyWhatIsReadOfTheProgramsFileIsGivenBack(t *testing.T) {
	const file = "/usr/bin/medix"
	for line, want := range map[string]bool{
		"00400000-00403000 r--p 00000000 fe:00 12 /usr/bin/medix":           true,
		"00403000-01283000 r-xp 00003000 fe:00 12 /usr/bin/medix":           true,
		"025f0000-0285a000 rw-p 021ef000 fe:00 12 /usr/bin/medix":           false,
		"7f72278c6000-7f72287ee000 r-xp 00026000 fe:00 97 /usr/lib/libc.so": false,
		"35b475000000-35b477000000 r--p 00000000 00:00 0":                   false,
		"00403000 r-xp 00003000 fe:00 12 /usr/bin/medix":                    false,
		"": false,
	} {
		_, _, ok := unwritten([]byte(line), file)
		require.Equal(t, want, ok, line)
	}
	start, end, _ := unwritten([]byte("00403000-01283000 r-xp 00003000 fe:00 12 /usr/bin/medix"), file)
	require.Equal(t, [2]uintptr{0x403000, 0x1283000}, [2]uintptr{start, end})
}

func TestAProgramGoesOnAfterItsPagesWereGivenBack(t *testing.T) {
	_, err := releaseProgram()
	require.NoError(t, err)
	pages, err := filePages()
	require.NoError(t, err)
	require.Positive(t, pages)
}
