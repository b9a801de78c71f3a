package clientapi

import (
	"medixchange/internal/config"
	"medixchange/internal/web"
)

// limitedKeys bounds how many users or addresses one limiter remembers.
const limitedKeys = 50_000

// limits holds a token bucket for each kind of request. A nil limiter lets everything pass.
type limits struct {
	message, login, registration, join, invite, createRoom, media, search, other *web.Limiter
}

func newLimits(c config.Limits) limits {
	if !c.RatesEnabled {
		return limits{}
	}
	limiter := func(r config.Rate) *web.Limiter { return web.NewLimiter(r.PerSecond, r.Burst, limitedKeys) }
	return limits{
		message:      limiter(c.Rates.Message),
		login:        limiter(c.Rates.Login),
		registration: limiter(c.Rates.Registration),
		join:         limiter(c.Rates.Join),
		invite:       limiter(c.Rates.Invite),
		createRoom:   limiter(c.Rates.CreateRoom),
		media:        limiter(c.Rates.Media),
		search:       limiter(c.Rates.Search),
		other:        limiter(c.Rates.Other),
	}
}
