package appservice

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"

	"medixchange/internal/pace"
	"medixchange/internal/web"
	"medixchange/translator/encrypted"
	"medixchange/translator/language"
	"medixchange/translator/replies"
)

// Options is what a Service is built from. Every field without "optional" must be set.
type Options struct {
	Registration Registration
	BotLocalpart string
	ServerName   string
	Homeserver   string            // its address for clients, such as http://127.0.0.1:8008
	Transport    http.RoundTripper // to the homeserver
	Vault        *replies.Vault
	Secret       []byte // of the device's pickles
	Pipeline     replies.Pipeline
	Languages    []language.Code // that members can choose
	Home         language.Code   // of those who chose none
	ClinicalBots []string
	// Encrypted gives the bot a device for encrypted rooms.
	Encrypted bool
	// LeaveAfter and KeyWait are those of encrypted.Options.
	LeaveAfter, KeyWait time.Duration
	// RemoteInvites lets users of other servers invite the bot.
	RemoteInvites bool
	Log           *logrus.Entry
	Metrics       *web.Metrics // optional
	Now           func() time.Time
}

// Service is the bot beside another homeserver. All methods are safe for concurrent use.
type Service struct {
	o      Options
	bot    id.UserID
	reach  *reach
	itself *mautrix.Client // of the service
	client *mautrix.Client // of the service, acting as the bot
	desk   *replies.Desk
	device *encrypted.Bot // nil without encrypted rooms
	house  *house
	router *web.Router
	taking sync.Mutex // one transaction at a time
	// recounts is set while transactions come with ids that were others' before; guarded by taking.
	recounts bool
	// chatless is set where the homeserver encrypts every new room, so that a chat without encryption cannot be made.
	chatless atomic.Bool
}

// kindsOfService is where the records of the service's desk begin; those of the device's begin at 0.
const kindsOfService replies.Kind = 20

// New builds a service and reads what members have chosen. It calls nobody; see [Service.Run].
func New(ctx context.Context, o Options) (*Service, error) {
	s := &Service{o: o, bot: id.NewUserID(o.BotLocalpart, o.ServerName), reach: newReach(o.Transport, o.Log, o.Now)}
	var err error
	if s.itself, err = s.connect(o.Registration.ASToken); err != nil {
		return nil, fmt.Errorf("building the application service: %w", err)
	}
	if s.client, err = s.connect(o.Registration.ASToken); err != nil {
		return nil, fmt.Errorf("building the application service: %w", err)
	}
	s.client.SetAppServiceUserID = true
	if s.house, err = newHouse(ctx, s); err != nil {
		return nil, fmt.Errorf("building the application service: %w", err)
	}
	s.desk = replies.New(replies.Options{
		Vault: o.Vault, Courier: courier{s}, Host: s.house, Pipeline: o.Pipeline, Log: o.Log, Now: o.Now,
		Kinds: kindsOfService, Arrive: s.arrive,
	})
	if o.Encrypted {
		s.device, err = encrypted.New(encrypted.Options{
			Connect: s.logIn, Vault: o.Vault, Secret: o.Secret, Host: s.house, Pipeline: o.Pipeline,
			ClinicalBots: o.ClinicalBots, LeaveAfter: o.LeaveAfter, KeyWait: o.KeyWait, Log: o.Log.WithField("part", "encrypted"), Now: o.Now,
		})
		if err != nil {
			return nil, fmt.Errorf("building the application service: %w", err)
		}
	}
	s.routes()
	return s, nil
}

func (s *Service) connect(token string) (*mautrix.Client, error) {
	client, err := mautrix.NewClient(s.o.Homeserver, s.bot, token)
	if err != nil {
		return nil, err
	}
	client.Client = &http.Client{Transport: s.reach}
	return client, nil
}

// logIn gives the bot a device: it logs in as application services do.
func (s *Service) logIn(ctx context.Context, device string) (*mautrix.Client, error) {
	client, err := s.connect(s.o.Registration.ASToken)
	if err != nil {
		return nil, err
	}
	_, err = client.Login(ctx, &mautrix.ReqLogin{
		Type: mautrix.AuthTypeAppservice, DeviceID: id.DeviceID(device), InitialDeviceDisplayName: "MediXchange", StoreCredentials: true,
		Identifier: mautrix.UserIdentifier{Type: mautrix.IdentifierTypeUser, User: s.bot.String()},
	})
	return client, err
}

const retryPause = 5 * time.Second

// Run registers the bot and works until ctx ends, whose error it returns. Transactions are taken from the beginning.
func (s *Service) Run(ctx context.Context) error {
	var trouble pace.Reminder
	for {
		err := s.appear(ctx)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if !errors.Is(err, encrypted.ErrUnreachable) && trouble.Due(s.o.Now()) {
			s.o.Log.WithError(err).Warn("the homeserver does not take the bot, trying again")
		}
		if !pace.Pause(ctx, retryPause) {
			return ctx.Err()
		}
	}
	parts := []func(context.Context) error{s.desk.Run, s.sweepLoop, s.pingLoop}
	if s.device != nil {
		parts = append(parts, s.device.Run)
	}
	ended := make(chan error, len(parts))
	for _, part := range parts {
		go func() { ended <- part(ctx) }()
	}
	var errs []error
	for range parts {
		if err := <-ended; !errors.Is(err, context.Canceled) {
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, ctx.Err())...)
}

// appear makes the bot's account, unless it is there, and gives it its name.
func (s *Service) appear(ctx context.Context) error {
	body := map[string]any{"type": "m.login.application_service", "username": s.o.BotLocalpart, "inhibit_login": true}
	// as the service: the bot is not there yet
	_, err := s.itself.MakeRequest(ctx, http.MethodPost, s.itself.BuildClientURL("v3", "register"), body, nil)
	if err != nil && !errors.Is(err, mautrix.MUserInUse) {
		return fmt.Errorf("registering the bot: %w", err)
	}
	if err := s.client.SetDisplayName(ctx, language.String(s.o.Home, "bot_name")); err != nil {
		return fmt.Errorf("naming the bot: %w", err)
	}
	return nil
}

const (
	sweepEvery = 6 * time.Hour
	// keptTransactions is how long transactions are known.
	keptTransactions = 30 * 24 * time.Hour
)

func (s *Service) sweepLoop(ctx context.Context) error {
	for {
		err := errors.Join(s.o.Vault.Forget(ctx, kindTransaction, s.o.Now().Add(-keptTransactions)), s.desk.Sweep(ctx))
		if err != nil && ctx.Err() == nil {
			s.o.Log.WithError(err).Warn("sweeping the bot's vault")
		}
		if !pace.Pause(ctx, sweepEvery) {
			return ctx.Err()
		}
	}
}
