package handbook

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"golang.org/x/text/unicode/norm"

	"medixchange/internal/pattern"
)

// hashLength is the length of a hash in hexadecimal digits: 128 bits of SHA-256. It finds texts that
// have changed; signatures of bundles are made over whole files.
const hashLength = 32

var (
	hashForm  = pattern.Lazy(`^[0-9a-f]{32}$`)
	manyLines = pattern.Lazy(`\n{3,}`)
)

// hashOf is the hash of a text as it reads: line ends, spaces at the ends of lines, empty lines in a
// row and the form of composed characters make no difference.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(normalised(text)))
	return hex.EncodeToString(sum[:])[:hashLength]
}

func normalised(text string) string {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t\r")
	}
	joined := manyLines().ReplaceAllString(strings.Join(lines, "\n"), "\n\n")
	return norm.NFC.String(strings.Trim(joined, "\n"))
}

// sectionHash covers the title and the text of a section, not its front matter: who reviewed it or
// where a citation was seen changes no translation.
func sectionHash(title, text string) string { return hashOf(title + "\n\n" + text) }

// HashText is the hash of a text as sections and their headings have it: line ends and spaces at the ends of lines make no
// difference.
func HashText(text string) string { return hashOf(text) }
