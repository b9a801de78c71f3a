package phrases

import (
	"strconv"

	"medixchange/translator/check"
)

// kindTime is the time of a day, "14:30", as one slot.
const kindTime check.Kind = "time"

// withTimes joins the hours and minutes of a time of day.
func withTimes(text string, slots []check.Slot) []check.Slot {
	joined := slots[:0:0]
	for i := 0; i < len(slots); i++ {
		s := slots[i]
		if i+1 < len(slots) && isTime(text, s, slots[i+1]) {
			end := slots[i+1].End
			s = check.Slot{Kind: kindTime, Span: check.Span{Start: s.Start, End: end}, UnitEnd: end}
			i++
		}
		joined = append(joined, s)
	}
	return joined
}

func isTime(text string, hours, minutes check.Slot) bool {
	return hours.Kind == check.KindNumber && minutes.Kind == check.KindNumber && text[hours.End:minutes.Start] == ":" &&
		minutes.End-minutes.Start == 2 && below(text[hours.Start:hours.End], 24) && below(text[minutes.Start:minutes.End], 60)
}

// below reports whether digits are a number under a limit.
func below(digits string, limit int) bool {
	value, err := strconv.Atoi(check.Readable(digits))
	return err == nil && value < limit
}
