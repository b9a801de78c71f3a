package sfu

import (
	"net"
	"net/netip"
	"strconv"
)

// object is a piece of LiveKit's configuration, by its own keys.
type object map[string]any

// childConfig is what the embedded SFU runs with: signalling on loopback only, media on the configured addresses only, rooms
// only by this node, no server of others.
func (s *SFU) childConfig(port int) object {
	c := s.o.Config
	rtc := object{
		"node_ip": c.PublicIP, "use_external_ip": false, "udp_port": c.UDPPort, "tcp_port": c.TCPPort,
		"ips": object{"includes": s.listenNetworks()}, "stun_servers": s.stunServers(),
		"enable_loopback_candidate": s.loopback(),
	}
	relays := make([]object, 0, len(s.o.Turns))
	for _, t := range s.o.Turns {
		relays = append(relays, object{"host": t.Host, "port": t.Port, "protocol": t.Protocol, "secret": t.Secret, "ttl": 4 * 3600})
	}
	if len(relays) > 0 {
		rtc["turn_servers"] = relays
	}
	return object{
		"port": port, "bind_addresses": []string{"127.0.0.1"},
		"keys":    object{s.keys.Key: s.keys.Secret},
		"rtc":     rtc,
		"room":    object{"auto_create": false, "empty_timeout": emptyTimeout, "departure_timeout": departureTimeout, "max_participants": c.MaxParticipants},
		"webhook": object{"api_key": s.keys.Key, "urls": []string{"http://" + s.hooks.Addr().String() + WebhookPath}},
		"logging": object{"json": true, "level": "warn"},
	}
}

// listenNetworks are the addresses that media may use, as networks of one address.
func (s *SFU) listenNetworks() []string {
	listen := s.o.Config.ListenIPs
	if len(listen) == 0 {
		listen = []string{s.o.Config.PublicIP}
	}
	networks := make([]string, 0, len(listen))
	for _, text := range listen {
		if ip, err := netip.ParseAddr(text); err == nil {
			networks = append(networks, netip.PrefixFrom(ip, ip.BitLen()).String())
		}
	}
	return networks
}

// loopback reports whether media are to be had on this machine alone, as in a trial.
func (s *SFU) loopback() bool {
	ip, err := netip.ParseAddr(s.o.Config.PublicIP)
	return err == nil && ip.IsLoopback()
}

// stunServers are never none: LiveKit would name those of Google and Twilio to every participant. Without one of our own it is
// the address of the media, which answers no questions; participants do not need one, since the SFU has a known address.
func (s *SFU) stunServers() []string {
	if len(s.o.Config.STUN) > 0 {
		return s.o.Config.STUN
	}
	var relays []string
	for _, t := range s.o.Turns {
		if t.Protocol == "udp" {
			relays = append(relays, net.JoinHostPort(t.Host, strconv.Itoa(t.Port)))
		}
	}
	if len(relays) > 0 {
		return relays
	}
	return []string{net.JoinHostPort(s.o.Config.PublicIP, strconv.Itoa(s.o.Config.UDPPort))}
}
