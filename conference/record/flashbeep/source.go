package flashbeep

import (
	"context"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/webrtc/v4/pkg/media"
)

// What Chromium's encoders made of black and white pictures of 64 by 64, and of a tone of 1 kHz.
var (
	blackKey = unhex("f002009d012a40004000000708858588998488012410003381e21300559107b980feffbaff40")
	black    = unhex("d1010000101400180018582ff400088e8000")
	whiteKey = unhex("f002009d012a4000400000470885858899848801a210003381e21300559107b980feffba8300")
	white    = unhex("d1010001100d1000c000c2c17fa000447400")
	silence  = unhex("f8fffe")
	tone     = unhex("78a28b48ccaf1beec67e30f30fab48115d7d24049e0848dd5254849ae29ae90b1e6e4fa9d8ede2ae5e3bc331368df2f86c64f78bdf1511755fd347737b04")
)

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

const (
	soundStep   = 20 * time.Millisecond
	pictureStep = 40 * time.Millisecond
	cycle       = time.Second            // from one flash and beep to the next
	flash       = 100 * time.Millisecond // that they last
)

// Track takes samples, as a local track of the SFU's library does.
type Track interface {
	Write(sample media.Sample) error
}

// Source flashes and beeps each second of true time.
type Source struct {
	// Machine and Sound are by how many millionths the clock of the machine (which paces pictures and stamps the reports about
	// both tracks) and that of its microphone run fast.
	Machine, Sound float64

	once  sync.Once
	start time.Time
}

// Interceptors are those of a client whose machine has the source's clock.
func (s *Source) Interceptors() ([]interceptor.Factory, error) {
	responder, err := nack.NewResponderInterceptor()
	if err != nil {
		return nil, fmt.Errorf("answering for lost packets: %w", err)
	}
	sender, err := report.NewSenderInterceptor(report.SenderNow(s.now))
	if err != nil {
		return nil, fmt.Errorf("reporting what is sent: %w", err)
	}
	return []interceptor.Factory{responder, sender}, nil
}

func (s *Source) began() time.Time {
	s.once.Do(func() { s.start = time.Now() })
	return s.start
}

// now is what the machine's clock shows.
func (s *Source) now() time.Time {
	start := s.began()
	return start.Add(time.Duration(float64(time.Since(start)) * (1 + s.Machine/1e6)))
}

// Moment is when the first packet of a flash or beep was sampled, in milliseconds of the epoch, by true time.
type Moment struct {
	Kind string  `json:"kind"` // audio or video
	At   float64 `json:"at"`
}

// Perform writes what is due by the clocks until ctx ends, however late it is asked, and tells what it does.
func (s *Source) Perform(ctx context.Context, audio, video Track, tell func(Moment)) {
	s.began()
	var both sync.WaitGroup
	both.Go(func() { s.play(ctx, Moment{Kind: "audio"}, soundStep, s.Sound, audio, Noise, tell) })
	both.Go(func() { s.play(ctx, Moment{Kind: "video"}, pictureStep, s.Machine, video, Look, tell) })
	both.Wait()
}

// play writes one track: what choose makes of whether there is a flash now, and was at the step before.
func (s *Source) play(ctx context.Context, m Moment, step time.Duration, fast float64, to Track, choose func(on, was bool) []byte, tell func(Moment)) {
	was := false
	for n := 0; ctx.Err() == nil; n++ {
		since := time.Duration(float64(n) * float64(step) / (1 + fast/1e6))
		time.Sleep(time.Until(s.start.Add(since)))
		on := since%cycle < flash
		_ = to.Write(media.Sample{Data: choose(on, was), Duration: step})
		if on && !was {
			m.At = float64(s.start.UnixNano())/1e6 + float64(since)/1e6
			tell(m)
		}
		was = on
	}
}

// Noise is 20 ms of Opus: a tone while it beeps, else silence.
func Noise(on, _ bool) []byte {
	if on {
		return tone
	}
	return silence
}

// Look is a frame of VP8: white while it flashes, else black; a key frame whenever that changes.
func Look(on, was bool) []byte {
	switch {
	case on && !was:
		return whiteKey
	case on:
		return white
	case was:
		return blackKey
	}
	return black
}
