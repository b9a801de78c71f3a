package manifest

import (
	"fmt"
	"regexp"
	"strconv"
)

// SpeechFolder holds utterances that wait to be written down, in the folder of a recording.
const SpeechFolder = "speech"

var speechName = regexp.MustCompile(`^(a[0-9]{1,4})-([0-9]{1,12})-([0-9]{1,12})\.ogg$`)

// SpeechName is the name of the file of an utterance: its track and when it began and ended, in milliseconds of the recording.
func SpeechName(track string, from, to int64) string {
	return fmt.Sprintf("%s-%09d-%09d.ogg", track, max(from, 0), max(to, 0))
}

// ParseSpeechName reads what SpeechName wrote; false for any other name.
func ParseSpeechName(name string) (track string, from, to int64, ok bool) {
	found := speechName.FindStringSubmatch(name)
	if found == nil {
		return "", 0, 0, false
	}
	from, errFrom := strconv.ParseInt(found[2], 10, 64)
	to, errTo := strconv.ParseInt(found[3], 10, 64)
	return found[1], from, to, errFrom == nil && errTo == nil && from <= to
}
