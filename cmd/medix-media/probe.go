package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	"github.com/livekit/protocol/livekit"
	"github.com/livekit/protocol/signalling"
	"github.com/pion/webrtc/v4"
	"google.golang.org/protobuf/proto"

	"medixchange/conference/sfu"
	"medixchange/internal/netguard"
)

const (
	wayTimeout = 12 * time.Second
	maxSignal  = 1 << 20
)

// probe tries to reach an SFU as a client does, each way by itself, and says on out how it went, a line of JSON a way.
func probe(ctx context.Context, text []byte, out io.Writer) error {
	var job sfu.ProbeJob
	if err := json.Unmarshal(text, &job); err != nil {
		return fmt.Errorf("reading what to try: %w", err)
	}
	said := json.NewEncoder(out)
	for _, way := range sfu.Ways() {
		began := time.Now()
		r := sfu.Reached{Way: way, OK: true}
		if err := try(ctx, &job, way); err != nil {
			r.OK, r.Error = false, err.Error()
		}
		r.MS = time.Since(began).Milliseconds()
		if err := said.Encode(r); err != nil {
			return fmt.Errorf("saying how it went: %w", err)
		}
	}
	return nil
}

// attempt is one connection to the SFU.
type attempt struct {
	way    string
	policy netguard.Policy
	socket *websocket.Conn
	pc     *webrtc.PeerConnection
	found  chan webrtc.ICECandidateInit // our own, to be told
	state  chan webrtc.ICEConnectionState
}

func try(ctx context.Context, job *sfu.ProbeJob, way string) error {
	ctx, cancel := context.WithTimeout(ctx, wayTimeout)
	defer cancel()
	a := &attempt{way: way, policy: job.Policy, found: make(chan webrtc.ICECandidateInit, 64), state: make(chan webrtc.ICEConnectionState, 16)}
	defer a.close()
	if err := a.dial(ctx, job); err != nil {
		return err
	}
	answers := make(chan *livekit.SignalResponse, 16)
	failed := make(chan error, 1)
	go func() { failed <- a.listen(ctx, answers) }()
	for {
		select {
		case <-ctx.Done():
			return errors.New("no connection came about in time")
		case err := <-failed:
			return err
		case answer := <-answers:
			done, err := a.handle(answer)
			if done || err != nil {
				return err
			}
		case candidate := <-a.found:
			if err := a.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Trickle{
				Trickle: signalling.ToProtoTrickle(candidate, livekit.SignalTarget_SUBSCRIBER, false)}}); err != nil {
				return err
			}
		case state := <-a.state:
			switch state {
			case webrtc.ICEConnectionStateConnected, webrtc.ICEConnectionStateCompleted:
				return nil
			case webrtc.ICEConnectionStateFailed:
				return errors.New("the SFU is not to be reached this way")
			}
		}
	}
}

func (a *attempt) close() {
	if a.pc != nil {
		_ = a.pc.Close()
	}
	if a.socket != nil {
		_ = a.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Leave{Leave: &livekit.LeaveRequest{}}})
		_ = a.socket.Close()
	}
}

// dial opens the signalling.
func (a *attempt) dial(ctx context.Context, job *sfu.ProbeJob) error {
	u, err := url.Parse(strings.TrimRight(job.URL, "/") + "/rtc")
	if err != nil || u.Scheme != "ws" && u.Scheme != "wss" {
		return errors.New("the SFU's address is none of a WebSocket")
	}
	u.RawQuery = url.Values{"access_token": {job.Token}, "protocol": {"15"}, "sdk": {"go"}, "auto_subscribe": {"0"}}.Encode()
	dialer := websocket.Dialer{HandshakeTimeout: wayTimeout, NetDialContext: a.dialAllowed}
	socket, resp, err := dialer.DialContext(ctx, u.String(), nil)
	if resp != nil {
		_ = resp.Body.Close()
	}
	if err != nil && resp != nil {
		return fmt.Errorf("the signalling answered with status %d", resp.StatusCode)
	}
	if err != nil {
		return fmt.Errorf("the signalling is not to be reached: %w", err)
	}
	socket.SetReadLimit(maxSignal)
	a.socket = socket
	return nil
}

// dialAllowed connects to addresses that the policy allows and to no others.
func (a *attempt) dialAllowed(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	addr, ok := a.resolve(host)
	if !ok {
		return nil, errors.New("the name has no address that may be connected to")
	}
	var dialer net.Dialer
	return dialer.DialContext(ctx, network, net.JoinHostPort(addr, port))
}

func (a *attempt) listen(ctx context.Context, answers chan<- *livekit.SignalResponse) error {
	for {
		_, message, err := a.socket.ReadMessage()
		if err != nil {
			return fmt.Errorf("the signalling ended: %w", err)
		}
		answer := &livekit.SignalResponse{}
		if err := proto.Unmarshal(message, answer); err != nil {
			return fmt.Errorf("reading what the SFU says: %w", err)
		}
		select {
		case answers <- answer:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (a *attempt) send(request *livekit.SignalRequest) error {
	message, err := proto.Marshal(request)
	if err != nil {
		return fmt.Errorf("speaking with the SFU: %w", err)
	}
	if err := a.socket.WriteMessage(websocket.BinaryMessage, message); err != nil {
		return fmt.Errorf("speaking with the SFU: %w", err)
	}
	return nil
}

// handle does what the SFU says; done means that the way is known to be good.
func (a *attempt) handle(answer *livekit.SignalResponse) (done bool, err error) {
	switch m := answer.Message.(type) {
	case *livekit.SignalResponse_Join:
		if a.way == sfu.WayWebSocket {
			return true, nil
		}
		return false, a.begin(m.Join)
	case *livekit.SignalResponse_Offer:
		if a.pc == nil {
			return false, errors.New("the SFU offers before it lets in")
		}
		return false, a.answer(m.Offer)
	case *livekit.SignalResponse_Trickle:
		if a.pc == nil || m.Trickle.Target != livekit.SignalTarget_SUBSCRIBER {
			return false, nil
		}
		candidate, err := signalling.FromProtoTrickle(m.Trickle)
		if err != nil || !a.allowed(candidate.Candidate) {
			return false, nil
		}
		return false, a.pc.AddICECandidate(candidate)
	case *livekit.SignalResponse_Leave:
		return false, errors.New("the SFU ended the connection")
	}
	return false, nil
}

// begin prepares a connection that knows this one way only.
func (a *attempt) begin(join *livekit.JoinResponse) error {
	var engine webrtc.SettingEngine
	config := webrtc.Configuration{}
	switch a.way {
	case sfu.WayUDP:
		engine.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeUDP4, webrtc.NetworkTypeUDP6})
	case sfu.WayTCP:
		engine.SetNetworkTypes([]webrtc.NetworkType{webrtc.NetworkTypeTCP4, webrtc.NetworkTypeTCP6})
	case sfu.WayRelay:
		config.ICETransportPolicy = webrtc.ICETransportPolicyRelay
		if config.ICEServers = a.relays(join.IceServers); len(config.ICEServers) == 0 {
			return errors.New("the SFU tells of no relay")
		}
	}
	engine.SetIncludeLoopbackCandidate(true)
	pc, err := webrtc.NewAPI(webrtc.WithSettingEngine(engine)).NewPeerConnection(config)
	if err != nil {
		return fmt.Errorf("preparing a connection: %w", err)
	}
	a.pc = pc
	pc.OnICECandidate(func(c *webrtc.ICECandidate) {
		if c == nil {
			return
		}
		select {
		case a.found <- c.ToJSON():
		default: // more addresses than anybody needs
		}
	})
	pc.OnICEConnectionStateChange(func(s webrtc.ICEConnectionState) {
		select {
		case a.state <- s:
		default:
		}
	})
	return nil
}

// relays are those that may be connected to, by their addresses.
func (a *attempt) relays(servers []*livekit.ICEServer) []webrtc.ICEServer {
	var out []webrtc.ICEServer
	for _, s := range servers {
		var urls []string
		for _, text := range s.Urls {
			at, rest, _ := strings.Cut(strings.TrimPrefix(text, "turn:"), "?")
			host, port, err := net.SplitHostPort(at)
			if !strings.HasPrefix(text, "turn:") || err != nil {
				continue
			}
			if addr, ok := a.resolve(host); ok {
				urls = append(urls, "turn:"+net.JoinHostPort(addr, port)+"?"+rest)
			}
		}
		if len(urls) > 0 {
			out = append(out, webrtc.ICEServer{URLs: urls, Username: s.Username, Credential: s.Credential})
		}
	}
	return out
}

// resolve finds an address of a name that may be connected to.
func (a *attempt) resolve(host string) (address string, ok bool) {
	ctx, cancel := context.WithTimeout(context.Background(), wayTimeout)
	defer cancel()
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return "", false
	}
	for _, addr := range addrs {
		if a.policy.Check(addr) == nil {
			return addr.Unmap().String(), true
		}
	}
	return "", false
}

// answer answers the SFU's offer, without what must not be connected to.
func (a *attempt) answer(offer *livekit.SessionDescription) error {
	var kept []string
	for line := range strings.SplitSeq(offer.Sdp, "\r\n") {
		if !strings.HasPrefix(line, "a=candidate:") || a.allowed(line) {
			kept = append(kept, line)
		}
	}
	if err := a.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: strings.Join(kept, "\r\n")}); err != nil {
		return fmt.Errorf("reading the SFU's offer: %w", err)
	}
	local, err := a.pc.CreateAnswer(nil)
	if err != nil {
		return fmt.Errorf("answering the SFU: %w", err)
	}
	if err := a.pc.SetLocalDescription(local); err != nil {
		return fmt.Errorf("answering the SFU: %w", err)
	}
	return a.send(&livekit.SignalRequest{Message: &livekit.SignalRequest_Answer{Answer: &livekit.SessionDescription{Type: "answer", Sdp: local.SDP, Id: offer.Id}}})
}

// allowed says whether an address that the SFU names may be connected to: candidates are "… TRANSPORT PRIORITY ADDRESS PORT typ …".
func (a *attempt) allowed(candidate string) bool {
	fields := strings.Fields(candidate)
	if len(fields) < 6 {
		return false
	}
	addr, err := netip.ParseAddr(fields[4])
	return err == nil && a.policy.Check(addr) == nil
}
