package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"medixchange/alliance/keyfile"
	"medixchange/alliance/signed"
	"medixchange/internal/config"
	"medixchange/internal/signing"
)

type allianceCmd struct {
	Keygen  *allianceKeygenCmd  `arg:"subcommand:keygen" help:"Make the key of a coordinator."`
	Init    *allianceInitCmd    `arg:"subcommand:init" help:"Write the first charter of an alliance, to be signed."`
	Amend   *allianceAmendCmd   `arg:"subcommand:amend" help:"Write the next charter: other coordinators, another threshold."`
	Sign    *allianceSignCmd    `arg:"subcommand:sign" help:"Sign a charter or a member list as a coordinator."`
	Join    *allianceJoinCmd    `arg:"subcommand:join" help:"Put the signatures of two copies of a document together."`
	Verify  *allianceVerifyCmd  `arg:"subcommand:verify" help:"Say who has signed a document and whether it is enough."`
	Apply   *allianceApplyCmd   `arg:"subcommand:apply" help:"Apply for this hospital to be a member."`
	Review  *allianceReviewCmd  `arg:"subcommand:review" help:"Applications to this node, and what coordinators decide of them."`
	Admit   *allianceAdmitCmd   `arg:"subcommand:admit" help:"Write the next member list with one hospital more, to be signed."`
	Suspend *allianceSuspendCmd `arg:"subcommand:suspend" help:"Write the next member list with a hospital suspended."`
	Readmit *allianceReadmitCmd `arg:"subcommand:readmit" help:"Write the next member list with a hospital admitted again."`
	Renew   *allianceRenewCmd   `arg:"subcommand:renew" help:"Write the next member list with a later end."`
	Publish *alliancePublishCmd `arg:"subcommand:publish" help:"Give a signed document to the running node, which spreads it."`
	Fetch   *allianceFetchCmd   `arg:"subcommand:fetch" help:"Have the running node ask its peers for newer documents now."`
	Status  *allianceStatusCmd  `arg:"subcommand:status" help:"Say how the running node stands in its alliance."`
	List    *allianceListCmd    `arg:"subcommand:list" help:"List the members, of the running node or of a file."`
	Diff    *allianceDiffCmd    `arg:"subcommand:diff" help:"Say what differs between two member lists."`
	Topics  *allianceTopicsCmd  `arg:"subcommand:topics" help:"Rooms by topic that verified clinicians of all members may join."`
	Reach   *allianceReachCmd   `arg:"subcommand:reach" help:"Show how much this hospital and others take part, by hospital and country."`
	Audit   *allianceAuditCmd   `arg:"subcommand:audit" help:"Show the log of what was taken, refused and decided."`
}

type allianceKeygenCmd struct {
	ID     string `arg:"positional,required" help:"The coordinator's id in the charter, such as ana."`
	Name   string `arg:"--name,required" help:"The coordinator's name and office."`
	UserID string `arg:"--user" help:"The coordinator's Matrix account."`
	Out    string `arg:"--out" help:"The key file; ID.key when left out. What goes into the charter is written beside it, as ID.json."`
	Sealed bool   `arg:"--passphrase" help:"Put the key under a passphrase, which is asked for."`
	From   string `arg:"--passphrase-file" help:"Put the key under the passphrase in this file."`
}

// Run makes a key. It never overwrites one.
func (g allianceKeygenCmd) Run(c *cli) error {
	if g.Out == "" {
		g.Out = g.ID + ".key"
	}
	key, err := signing.GenerateKey()
	if err != nil {
		return err
	}
	content, err := g.content(key)
	if err != nil {
		return err
	}
	if err := writeNew(g.Out, content); err != nil {
		return err
	}
	coordinator := signed.Coordinator{ID: g.ID, Name: g.Name, KeyID: key.ID, Key: signing.EncodeBase64(key.Public()), UserID: g.UserID}
	public := strings.TrimSuffix(g.Out, ".key") + ".json"
	if err := writeJSON(public, coordinator); err != nil {
		return err
	}
	if c.JSON {
		return printJSON(coordinator)
	}
	fmt.Printf("The key is in %s. Keep it away from servers, on something that you lock up: who has it signs in your name.\n", g.Out)
	fmt.Printf("Give %s to whoever writes the charter.\n", public)
	return nil
}

// content is what goes into the key file.
func (g allianceKeygenCmd) content(key signing.Key) ([]byte, error) {
	if !g.Sealed && g.From == "" {
		return []byte(signing.FormatKey(key) + "\n"), nil
	}
	passphrase, err := newPassphrase(g.From)
	if err != nil {
		return nil, err
	}
	work := 0
	if os.Getenv(config.CheapPasswordsEnv) == "1" { // in tests
		work = 10
	}
	return keyfile.Seal(key, passphrase, work)
}

type allianceInitCmd struct {
	Alliance     string   `arg:"positional,required" help:"The name of the alliance, like a domain name, such as exchange.example. It never changes."`
	Threshold    int      `arg:"--threshold" help:"How many coordinators must sign each decision." default:"2"`
	Coordinators []string `arg:"--coordinator,separate,required" help:"A coordinator's public file, as keygen wrote it; once for each."`
	Rehearsal    bool     `arg:"--rehearsal" help:"Let members have addresses and ports for names, to try an alliance out on one machine."`
	Out          string   `arg:"--out" help:"Where to write it." default:"charter.json"`
}

// Run writes the first charter.
func (i allianceInitCmd) Run(c *cli) error {
	charter := &signed.Charter{Alliance: i.Alliance, Version: 1, IssuedTS: time.Now().UnixMilli(), Threshold: i.Threshold, Rehearsal: i.Rehearsal}
	var err error
	if charter.Coordinators, err = readCoordinators(i.Coordinators); err != nil {
		return err
	}
	raw, err := charter.Draft()
	if err != nil {
		return err
	}
	return c.wrote(i.Out, raw)
}

type allianceAmendCmd struct {
	Charter   string   `arg:"positional,required" help:"The charter that holds."`
	Add       []string `arg:"--add,separate" help:"A new coordinator's public file."`
	Remove    []string `arg:"--remove,separate" help:"The id of a coordinator who goes, or whose key was lost or stolen."`
	Threshold int      `arg:"--threshold" help:"How many must sign from then on; as before when left out."`
	Out       string   `arg:"--out" help:"Where to write it." default:"charter.json"`
}

// Run writes the next charter.
func (a allianceAmendCmd) Run(c *cli) error {
	before, err := readCharter(a.Charter)
	if err != nil {
		return err
	}
	next := before.Next(time.Now())
	for _, id := range a.Remove {
		if _, ok := before.Coordinator(id); !ok {
			return fmt.Errorf("--remove: the charter has no coordinator %s", id)
		}
	}
	next.Coordinators = next.Coordinators[:0]
	for _, coordinator := range before.Coordinators {
		if !slices.Contains(a.Remove, coordinator.ID) {
			next.Coordinators = append(next.Coordinators, coordinator)
		}
	}
	added, err := readCoordinators(a.Add)
	if err != nil {
		return err
	}
	next.Coordinators = append(next.Coordinators, added...)
	if a.Threshold != 0 {
		next.Threshold = a.Threshold
	}
	raw, err := next.Draft()
	if err != nil {
		return err
	}
	return c.wrote(a.Out, raw)
}

type allianceSignCmd struct {
	File string `arg:"positional,required" help:"The document; the signature is added to it."`
	As   string `arg:"--as,required" help:"The coordinator's id."`
	Key  string `arg:"--key,required" help:"The coordinator's key file."`
	From string `arg:"--passphrase-file" help:"The file with the key's passphrase; asked for when left out."`
}

// Run signs a document after showing what it says.
func (s allianceSignCmd) Run(c *cli) error {
	raw, err := readDocument(s.File)
	if err != nil {
		return err
	}
	if raw, err = signWith(raw, s.As, s.Key, s.From); err != nil {
		return err
	}
	return c.wrote(s.File, raw)
}

func signWith(raw []byte, as, keyFile, passphraseFile string) ([]byte, error) {
	key, err := keyfile.Open(keyFile, askPassphrase(passphraseFile, "Passphrase of "+keyFile))
	if err != nil {
		return nil, err
	}
	return signed.Sign(raw, as, key)
}

type allianceJoinCmd struct {
	File  string `arg:"positional,required" help:"The document that gets the signatures."`
	Other string `arg:"positional,required" help:"The copy that has others."`
}

// Run joins signatures.
func (j allianceJoinCmd) Run(c *cli) error {
	a, err := readDocument(j.File)
	if err != nil {
		return err
	}
	b, err := readDocument(j.Other)
	if err != nil {
		return err
	}
	joined, err := signed.Join(a, b)
	if err != nil {
		return err
	}
	return c.wrote(j.File, joined)
}

type allianceVerifyCmd struct {
	File    string `arg:"positional,required" help:"A charter or a member list."`
	Charter string `arg:"--charter" help:"The charter that holds; needed for a member list and for a later charter."`
}

// verdict is what is known of a document.
type verdict struct {
	Type     string   `json:"type"`
	Hash     string   `json:"hash"`
	SignedBy []string `json:"signed_by"`
	Valid    bool     `json:"valid"`
	Reason   string   `json:"reason,omitempty"`
}

// Run says whether a document is good. The exit code tells, too.
func (v allianceVerifyCmd) Run(c *cli) error {
	raw, err := readDocument(v.File)
	if err != nil {
		return err
	}
	found, err := v.judge(raw)
	if err != nil {
		return err
	}
	if c.JSON {
		if err := printJSON(found); err != nil {
			return err
		}
	} else {
		fmt.Printf("%s\nhash      %s\nsigned by %s\n", found.Type, found.Hash, orDash(strings.Join(found.SignedBy, ", ")))
	}
	if !found.Valid {
		return errors.New(found.Reason)
	}
	if !c.JSON {
		fmt.Println("valid")
	}
	return nil
}

func (v allianceVerifyCmd) judge(raw []byte) (verdict, error) {
	hash, err := signed.Hash(raw)
	if err != nil {
		return verdict{}, err
	}
	found := verdict{Hash: hash}
	var holds *signed.Charter
	if v.Charter != "" {
		if holds, err = readCharter(v.Charter); err != nil {
			return found, err
		}
	}
	if charter, err := signed.ReadCharter(raw); err == nil {
		found.Type, found.SignedBy = signed.TypeCharter, charter.SignedBy(raw)
		if holds == nil || holds.Hash() == charter.Hash() {
			return found.with(charter.VerifyFirst()), nil
		}
		return found.with(holds.VerifyNext(charter)), nil
	}
	list, err := signed.ReadMembers(raw)
	if err != nil {
		return found, err
	}
	if holds == nil {
		return found, errors.New("name the charter that holds with --charter")
	}
	found.Type, found.SignedBy = signed.TypeMembers, holds.SignedBy(raw)
	return found.with(holds.VerifyMembers(list)), nil
}

func (v verdict) with(err error) verdict {
	if v.Valid = err == nil; err != nil {
		v.Reason = err.Error()
	}
	return v
}

func readCoordinators(files []string) ([]signed.Coordinator, error) {
	var all []signed.Coordinator
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("reading a coordinator: %w", err)
		}
		var coordinator signed.Coordinator
		if err := json.Unmarshal(raw, &coordinator); err != nil {
			return nil, fmt.Errorf("reading the coordinator in %s: %w", file, err)
		}
		all = append(all, coordinator)
	}
	return all, nil
}
