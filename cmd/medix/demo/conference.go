package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"medixchange/cmd/medix/media"
	"medixchange/conference/replay/sample"
)

// sampleRecording is the id of the recording that the demonstration has.
const sampleRecording = "sample0recording"

// conferenceSettings let a hospital of the demonstration have conferences, on this machine alone; nil where this medix has no
// program for them.
func conferenceSettings(dir string) (map[string]any, error) {
	if _, err := media.Find(dir); err != nil {
		return nil, nil // the scene says so
	}
	var ports [2]int
	for i := range ports {
		var err error
		if ports[i], err = freePort(0); err != nil {
			return nil, err
		}
	}
	return map[string]any{"sfu": map[string]any{"public_ip": "127.0.0.1", "udp_port": ports[0], "tcp_port": ports[1]}}, nil
}

// conference shows the page of a conference, and a recorded one that each replays at their own hospital.
func (s *stage) conference(ctx context.Context) bool {
	ok := s.report.step("each hospital has a page for the conference of the group room", func() (string, error) { return s.conferencePages(ctx) })
	ok = ok && s.report.step("a recorded conference is there, in a folder of hospital A", func() (string, error) {
		return "", sample.Write(filepath.Join(s.a.dir, "recordings"), sample.Recording{
			ID: sampleRecording, RoomID: s.group.String(), Title: "Sepsis · 败血症", StartedTS: time.Now().UnixMilli() - sample.Duration,
			Speakers: [2]sample.Speaker{
				{UserID: s.zh.client.UserID.String(), Name: "Dr. Li", Server: s.a.name}, {UserID: s.es.client.UserID.String(), Name: "Dra. García", Server: s.b.name},
			},
		})
	})
	return ok && s.report.step("doctor-zh and doctor-es replay it, each through their own hospital and in their own language", func() (string, error) {
		var lines []string
		for _, who := range []*clinician{s.zh, s.es} {
			said, err := s.replayed(ctx, who)
			if err != nil {
				return "", fmt.Errorf("%s: %w", localpart(who), err)
			}
			lines = append(lines, fmt.Sprintf("%s reads: %s", localpart(who), said))
		}
		return strings.Join(lines, "\n"), nil
	})
}

// conferencePages asks for the page of each hospital.
func (s *stage) conferencePages(ctx context.Context) (string, error) {
	var lines []string
	for _, who := range []*clinician{s.zh, s.es} {
		at := who.at
		if !at.conferences {
			return "this medix was built without medix-media (make builds both), so there are no conferences here", nil
		}
		page, err := get(ctx, s.conferencePage(at), who.client.AccessToken)
		if err != nil {
			return "", err
		}
		if !strings.Contains(page, `id="join"`) && !strings.Contains(page, `class="notice"`) {
			return "", errors.New("the page has no button to join")
		}
		lines = append(lines, s.conferencePage(at))
	}
	return strings.Join(lines, "\n"), nil
}

func (s *stage) conferencePage(at *hospital) string {
	return at.url + "/conference/" + url.PathEscape(s.group.String())
}

// replayPage is the recording's address at a hospital.
func (s *stage) replayPage(at *hospital) string {
	if at == s.a {
		return at.url + "/replay/" + sampleRecording
	}
	return at.url + "/replay/" + sampleRecording + "@" + s.a.name
}

// explainConference tells where to take part and what to replay, in a browser.
func (s *stage) explainConference() {
	if s.group == "" {
		return
	}
	fmt.Fprintf(s.Out, "\nIn a browser, with the names and passwords below:\n\n")
	for _, h := range []*hospital{s.a, s.b} {
		if h.conferences {
			fmt.Fprintf(s.Out, "  a conference at %s:  %s\n", h.title, s.conferencePage(h))
		}
		fmt.Fprintf(s.Out, "  a recorded one at %s: %s\n", h.title, s.replayPage(h))
	}
}

// replayed reads a recording as the page does: the manifest, each track, the captions. It returns the first line of them.
func (s *stage) replayed(ctx context.Context, who *clinician) (string, error) {
	base := s.replayPage(who.at)
	for _, file := range []string{"/manifest.json", "/tracks/a1.ogg", "/tracks/a2.ogg", "/tracks/v1.webm"} {
		if _, err := get(ctx, base+file, who.client.AccessToken); err != nil {
			return "", err
		}
	}
	captions, err := get(ctx, base+"/captions/"+who.language+".vtt", who.client.AccessToken)
	if err != nil {
		return "", err
	}
	_, said, found := strings.Cut(captions, "<v ")
	if !found {
		return "", errors.New("the captions are empty")
	}
	said, _, _ = strings.Cut(said, "\n")
	return strings.Replace(said, ">", ": ", 1), nil
}

// get asks for a page as somebody who is logged in.
func get(ctx context.Context, address, token string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", fmt.Errorf("asking for a page: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s answers %s", address, res.Status)
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, res.Body, maxFetched))
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", address, err)
	}
	return string(body), nil
}
