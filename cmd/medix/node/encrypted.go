package node

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"

	"maunium.net/go/mautrix"
	"maunium.net/go/mautrix/id"

	"medixchange/internal/signing"
	"medixchange/rooms"
	"medixchange/rooms/view"
	"medixchange/translator/bridge"
	"medixchange/translator/encrypted"
	"medixchange/translator/language"
	"medixchange/translator/replies"
)

// hasDevice reports whether the bot reads encrypted rooms.
func (n *Node) hasDevice() bool {
	return n.Config.Translator.Enabled && n.Config.Translator.Encrypted.Enabled
}

func (n *Node) botID() string {
	return bridge.BotID(n.Config.Translator.BotLocalpart, n.Config.ServerName)
}

// isBot says whose requests are not rationed.
func (n *Node) isBot(userID string) bool { return n.hasDevice() && userID == n.botID() }

// quiet is what the push rules are told of the bot's encrypted words, nil without a bot.
func (n *Node) quiet() func(*rooms.Event) bool {
	if !n.Config.Translator.Enabled {
		return nil
	}
	bot := n.botID()
	return func(ev *rooms.Event) bool { return bridge.Quiet(ev, bot) }
}

// tagged is what the view is told of them. What was said stays hidden when the device is switched off.
func (n *Node) tagged() *view.Tagged {
	if n.bridge == nil {
		return nil
	}
	bot := n.botID()
	return &view.Tagged{Bot: bot, For: n.bridge.ForOthers, Speaks: func(ctx context.Context, roomID string) bool {
		room, err := n.Rooms.Snapshot(ctx, roomID)
		return err == nil && room.Membership(bot) != ""
	}}
}

// buildEncrypted gives the bot its device. The device is a client of this node's own API, in this process: it logs in
// without a password, and nothing of it passes a socket.
func (n *Node) buildEncrypted(ctx context.Context, o Options) error {
	if !n.hasDevice() {
		return nil
	}
	secret, err := n.secretIn(n.Config.Translator.Encrypted.KeyFile)
	if err != nil {
		return fmt.Errorf("translator.encrypted.key_file: %w", err)
	}
	vault, err := replies.NewVault(n.DB, secret, o.Now)
	if err != nil {
		return fmt.Errorf("opening the translator's vault: %w", err)
	}
	if err := n.checkVault(ctx, vault, n.newKeys[n.Config.Translator.Encrypted.KeyFile]); err != nil {
		return err
	}
	pickles, err := replies.Derived(secret, "pickles")
	if err != nil {
		return fmt.Errorf("opening the translator's vault: %w", err)
	}
	n.device, err = encrypted.New(encrypted.Options{
		Connect: n.connectBot, Vault: vault, Secret: pickles, Host: n.bridge.People(), Pipeline: n.pipeline,
		ClinicalBots: n.Config.Translator.ClinicalBots, LeaveAfter: n.Config.Translator.Encrypted.LeaveAfter.Std(),
		KeyWait: n.Config.Translator.Encrypted.KeyWait.Std(), Log: n.part("encrypted"), Now: o.Now,
	})
	if err != nil {
		return fmt.Errorf("building the translator's device: %w", err)
	}
	return nil
}

// secretIn reads the secret of a key file, which is made when it is not there, and remembers that it was made. Several parts may
// share a file.
func (n *Node) secretIn(file string) ([]byte, error) {
	_, err := os.Stat(file)
	missing := errors.Is(err, os.ErrNotExist)
	key, err := signing.LoadOrCreateKey(file)
	if err != nil {
		return nil, err
	}
	n.newKeys[file] = n.newKeys[file] || missing
	return key.Private.Seed(), nil
}

// checkVault sees that the key opens what the bot's device has kept. When the key is new since the old one was lost, none of
// that is of use any more: the device begins anew. Another key than the right one is no reason to throw anything away.
func (n *Node) checkVault(ctx context.Context, vault *replies.Vault, keyIsNew bool) error {
	opens, err := vault.Opens(ctx)
	if err != nil || opens {
		return err
	}
	file := n.Config.Translator.Encrypted.KeyFile
	if !keyIsNew {
		return fmt.Errorf("%s is not the key with which the translator's device keeps its state (translator.encrypted.key_file); "+
			"put the right one back, or remove the file if that one is lost: the device then begins anew", file)
	}
	n.part("encrypted").WithField("key_file", file).Warn("The translator's key is lost, and with it all that its device in encrypted rooms " +
		"knew. A new key was made, and the device begins anew: it reads what is said from now on")
	if err := n.Accounts.RenewIdentity(ctx, n.botID()); err != nil {
		return fmt.Errorf("removing the translator's old device: %w", err)
	}
	return vault.Clear(ctx)
}

// connectBot logs the bot in on a device of its own.
func (n *Node) connectBot(ctx context.Context, device string) (*mautrix.Client, error) {
	home, err := language.Parse(n.Config.Translator.DefaultLanguage)
	if err != nil {
		return nil, fmt.Errorf("translator.default_language: %w", err)
	}
	if _, err := n.Accounts.EnsureUser(ctx, n.Config.Translator.BotLocalpart, language.String(home, "bot_name")); err != nil {
		return nil, fmt.Errorf("making the bot's account: %w", err)
	}
	session, err := n.Accounts.LoginAs(ctx, n.botID(), device, "MediXchange", false)
	if err != nil {
		return nil, fmt.Errorf("logging the bot in: %w", err)
	}
	client, err := mautrix.NewClient("http://"+n.Config.ServerName, id.UserID(n.botID()), session.AccessToken)
	if err != nil {
		return nil, fmt.Errorf("building the bot's client: %w", err)
	}
	client.DeviceID = id.DeviceID(session.DeviceID)
	client.Client = &http.Client{Transport: encrypted.InProcess{Handler: n.client}}
	return client, nil
}
