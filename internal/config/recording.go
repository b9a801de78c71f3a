package config

import "time"

// Kinds of consent to a recording.
const (
	ConsentNotice   = "notice"
	ConsentExplicit = "explicit"
)

// Recording is what is recorded of conferences, and for how long it is kept.
type Recording struct {
	Enabled bool `yaml:"enabled"`
	// Folder is where recordings lie; recordings in the data folder where it is empty.
	Folder string `yaml:"folder"`
	// Consent is how people agree where the moderator does not say: ConsentNotice or ConsentExplicit.
	Consent string `yaml:"consent"`
	// Retention is how long a recording is kept after its end; 0: until somebody deletes it.
	Retention Duration `yaml:"retention"`
	// Quota bounds all recordings together; 0: no bound. MaxBytes and MaxDuration bound one, MaxTracks its files.
	Quota       Size     `yaml:"quota"`
	MaxBytes    Size     `yaml:"max_bytes"`
	MaxDuration Duration `yaml:"max_duration"`
	MaxTracks   int      `yaml:"max_tracks"`
	// DiskLeft is what must stay free on the disk.
	DiskLeft Size `yaml:"disk_left"`
	// Empty is how long nobody may be there before a recording ends.
	Empty Duration `yaml:"empty"`
	// Concurrent bounds the recordings that run at a time.
	Concurrent int `yaml:"concurrent"`
}

// Captions puts what is said in recorded conferences into writing, by the recogniser of translator.transcription.
type Captions struct {
	Enabled bool `yaml:"enabled"`
	// Concurrent bounds the utterances that are written down at a time.
	Concurrent int `yaml:"concurrent"`
}

func defaultCaptions() Captions { return Captions{Concurrent: 2} }

func defaultRecording() Recording {
	return Recording{
		Consent: ConsentNotice, Retention: Duration(30 * 24 * time.Hour), Quota: 100 << 30, MaxBytes: 20 << 30, MaxDuration: Duration(6 * time.Hour),
		MaxTracks: 500, DiskLeft: 2 << 30, Empty: Duration(time.Minute), Concurrent: 4,
	}
}

func (c *Config) validateRecording(k *checker) {
	r := c.Conference.Recording
	k.check(r.Consent == ConsentNotice || r.Consent == ConsentExplicit, "conference.recording.consent", "%q is neither notice nor explicit", r.Consent)
	k.check(r.MaxBytes > 0, "conference.recording.max_bytes", "must be a size such as 20GB")
	k.check(r.MaxDuration.Std() >= time.Minute && r.MaxDuration.Std() <= 48*time.Hour, "conference.recording.max_duration", "must be between 1m and 48h; write for example 6h")
	k.check(r.Empty.Std() >= 5*time.Second, "conference.recording.empty", "must be 5s at least, since people reconnect")
	k.between(r.MaxTracks, 1, 9000, "conference.recording.max_tracks")
	k.between(r.Concurrent, 1, 100, "conference.recording.concurrent")
	k.check(!c.Conference.Captions.Enabled || c.Translator.Transcription.URL != "", "conference.captions.enabled",
		"needs a speech recogniser: name it in translator.transcription.url")
	k.between(c.Conference.Captions.Concurrent, 1, 100, "conference.captions.concurrent")
}
