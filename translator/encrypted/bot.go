package encrypted

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rs/zerolog"
	"github.com/sirupsen/logrus"
	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/crypto"
	"maunium.net/go/mautrix/event"
	"maunium.net/go/mautrix/id"

	"medixchange/internal/pace"
	"medixchange/translator/replies"
)

// Options is what a Bot is built from. Every field but LeaveAfter and KeyWait must be set.
type Options struct {
	// Connect returns a client that is logged in as the bot on a device; "" makes a new one.
	Connect  func(ctx context.Context, device string) (*mautrix.Client, error)
	Vault    *replies.Vault
	Secret   []byte // of the pickles, at least 32 bytes
	Host     replies.Host
	Pipeline replies.Pipeline
	// ClinicalBots are users whose notices are translated as what people write is.
	ClinicalBots []string
	// LeaveAfter is how long the bot stays where nobody needs a translation, 0 for ever; KeyWait how long a message waits for
	// its key, 0 for an hour.
	LeaveAfter, KeyWait time.Duration
	Log                 *logrus.Entry
	Now                 func() time.Time
}

// Bot is the translation bot's device in encrypted rooms.
type Bot struct {
	o       Options
	keys    *keys
	desk    *replies.Desk
	client  *mautrix.Client
	machine *crypto.OlmMachine
	since   string // token of the next sync

	mu      sync.Mutex
	rooms   map[id.RoomID]bool      // whether a room is encrypted, where it was asked
	away    map[id.UserID]time.Time // users whose devices are not asked for until then
	without map[device]time.Time    // devices that give no one-time key, until then
	members map[id.RoomID]*members
	changes uint64            // of members: what was asked for before the last one is not kept
	held    map[id.RoomID]int // rooms that are held, with how many events of them are
	ready   bool              // the device is there

	taking sync.Mutex // from work's being taken until it is released

	came map[[2]string]bool // room and session of keys that came in this sync; only in the sync's goroutine
}

// New builds a bot; see [Bot.Run].
func New(o Options) (*Bot, error) {
	if o.KeyWait <= 0 {
		o.KeyWait = defaultKeyWait
	}
	cache, err := newOlmCache()
	if err != nil {
		return nil, fmt.Errorf("building the bot's device: %w", err)
	}
	b := &Bot{
		o: o, rooms: map[id.RoomID]bool{}, away: map[id.UserID]time.Time{}, without: map[device]time.Time{},
		members: map[id.RoomID]*members{}, held: map[id.RoomID]int{},
		came: map[[2]string]bool{},
	}
	b.keys = &keys{vault: o.Vault, pickle: o.Secret, olm: cache, log: b.refused}
	b.desk = replies.New(replies.Options{Vault: o.Vault, Courier: b, Host: o.Host, Pipeline: o.Pipeline, Log: o.Log, Now: o.Now})
	return b, nil
}

func (b *Bot) refused(session id.SessionID, room id.RoomID) {
	b.o.Log.WithFields(logrus.Fields{"session": session, "room": room}).Info("a key that was passed on was not taken")
}

const (
	retryPause = 2 * time.Second
	sweepEvery = 6 * time.Hour
)

// Run keeps the device, reads and answers until ctx ends, whose error it returns. It may be called once.
func (b *Bot) Run(ctx context.Context) error {
	var trouble pace.Reminder
	for {
		err := b.appear(ctx)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		b.complain(ctx, &trouble, err, logrus.ErrorLevel, "the translation bot's device could not start, trying again")
		if !pace.Pause(ctx, retryPause) {
			return ctx.Err()
		}
	}
	defer b.machine.Destroy()
	parts := []func(context.Context) error{b.desk.Run, b.syncLoop, b.sweepLoop, b.watchLoop}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	ended := make(chan error, len(parts))
	for _, part := range parts {
		go func() { ended <- part(ctx); cancel() }()
	}
	var errs []error
	for range parts {
		if err := <-ended; !errors.Is(err, context.Canceled) {
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, ctx.Err())...)
}

const defaultKeyWait = time.Hour

const (
	nameDevice  = "device"
	nameToken   = "token"
	nameSigning = "signing"
)

// appear logs in as the device of the last run, or a new one, and sees that its keys are on the server and signed.
func (b *Bot) appear(ctx context.Context) error {
	known, err := b.o.Vault.Get(ctx, kindState, "", nameDevice)
	if err != nil {
		return err
	}
	client, err := b.o.Connect(ctx, string(known))
	if err != nil {
		return fmt.Errorf("logging in: %w", err)
	}
	client.Client.Transport = &committing{next: client.Client.Transport, vault: b.o.Vault}
	silent := zerolog.Nop() // the library's log holds ciphertext and names of sessions
	client.Log = silent
	client.SyncPresence = event.PresenceOffline
	b.client = client
	b.machine = b.newMachine(&silent)
	if err := b.machine.Load(ctx); err != nil {
		return fmt.Errorf("loading the device's keys: %w", err)
	}
	err = b.o.Vault.Together(ctx, func() error {
		b.o.Vault.Put(kindState, "", nameDevice, []byte(client.DeviceID))
		return errors.Join(b.publish(ctx), b.sign(ctx))
	})
	if err != nil {
		return err
	}
	token, err := b.o.Vault.Get(ctx, kindState, "", nameToken)
	if err != nil {
		return err
	}
	b.since = string(token)
	return b.begin(ctx)
}

func (b *Bot) newMachine(log *zerolog.Logger) *crypto.OlmMachine {
	m := crypto.NewOlmMachine(b.client, log, b.keys, roomStates{b})
	m.AllowKeyShare = func(context.Context, *id.Device, event.RequestedKeyInfo) *crypto.KeyShareRejection {
		return &crypto.KeyShareRejectNoResponse
	}
	m.SessionReceived = func(_ context.Context, room id.RoomID, session id.SessionID, _ uint32) {
		b.came[[2]string{room.String(), session.String()}] = true
	}
	m.DontStoreOutboundKeys = true
	m.DisableSharedGroupSessionTracking = true
	m.DisableDeviceChangeKeyRotation = true // cover compares the devices before each message
	m.RatchetKeysOnDecrypt = true
	m.IgnorePostDecryptionParseErrors = true
	return m
}

// publish uploads the device's keys, unless the server has them.
func (b *Bot) publish(ctx context.Context) error {
	answer, err := b.client.QueryKeys(ctx, &mautrix.ReqQueryKeys{DeviceKeys: mautrix.DeviceKeysRequest{b.client.UserID: {b.client.DeviceID}}})
	if err != nil {
		return fmt.Errorf("asking for the device's keys: %w", err)
	}
	there := answer.DeviceKeys[b.client.UserID][b.client.DeviceID].Keys.GetEd25519(b.client.DeviceID)
	if there == b.machine.GetAccount().SigningKey() {
		return nil
	}
	b.machine.GetAccount().Shared = false
	if err := b.machine.ShareKeys(committed(ctx), -1); err != nil {
		return fmt.Errorf("uploading the device's keys: %w", err)
	}
	return nil
}

// signingRecord is the bot's cross-signing identity.
type signingRecord struct {
	Seeds  crypto.CrossSigningSeeds `json:"seeds"`
	Signed bool                     `json:"signed"` // the device carries its signature
}

// sign makes the bot's cross-signing keys once and signs the device with them, so that clients do not warn of it.
func (b *Bot) sign(ctx context.Context) error {
	var record signingRecord
	found, err := b.o.Vault.Read(ctx, kindState, "", nameSigning, &record)
	if err != nil {
		return err
	}
	if !found {
		fresh, err := b.machine.GenerateCrossSigningKeys()
		if err != nil {
			return fmt.Errorf("making cross-signing keys: %w", err)
		}
		record.Seeds = fresh.Seeds()
		if err := b.keepSigning(ctx, record); err != nil {
			return err
		}
	}
	if err := b.machine.ImportCrossSigningKeys(record.Seeds); err != nil {
		return fmt.Errorf("reading cross-signing keys: %w", err)
	}
	if record.Signed {
		return nil
	}
	if err := b.machine.PublishCrossSigningKeys(ctx, b.machine.CrossSigningKeys, nil); err != nil {
		return fmt.Errorf("publishing cross-signing keys: %w", err)
	}
	if err := b.machine.SignOwnDevice(ctx, b.machine.OwnIdentity()); err != nil {
		return fmt.Errorf("signing the device: %w", err)
	}
	record.Signed = true
	return b.keepSigning(ctx, record)
}

// keepSigning stores the keys before the server knows them.
func (b *Bot) keepSigning(ctx context.Context, record signingRecord) error {
	if err := b.o.Vault.Write(kindState, "", nameSigning, record); err != nil {
		return err
	}
	return b.o.Vault.Commit(ctx)
}

// sweepLoop forgets what nobody needs any more.
func (b *Bot) sweepLoop(ctx context.Context) error {
	for {
		if err := errors.Join(b.keys.sweep(ctx, b.o.Now()), b.desk.Sweep(ctx), b.forgetFallback(ctx)); err != nil && ctx.Err() == nil {
			b.o.Log.WithError(err).Warn("sweeping the translation bot's vault")
		}
		if !pace.Pause(ctx, sweepEvery) {
			return ctx.Err()
		}
	}
}
