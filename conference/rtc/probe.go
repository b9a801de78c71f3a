package rtc

// probed reports whether somebody is the node's own, trying whether conferences work.
func (r *RTC) probed(string, string) bool { return false }
