package config

import (
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// Alliance is the exchange of hospitals that this node belongs to, and whom it lets in by its member list.
type Alliance struct {
	Enabled bool `yaml:"enabled"`
	// Charter is a file with the charter that the administrator trusts.
	Charter string `yaml:"charter"`
	// Mode is AllianceOpen, AllianceMembers or AllianceNamed.
	Mode string `yaml:"mode"`
	// Also are servers that take part in AllianceNamed besides the members, as patterns.
	Also []string `yaml:"also"`
	// Peers are servers that are asked for documents besides members.
	Peers []string `yaml:"peers"`
	// Poll is how often others are asked, Grace for how long after its end a list still holds, Warn how long before its end
	// the log says so.
	Poll  Duration `yaml:"poll"`
	Grace Duration `yaml:"grace"`
	Warn  Duration `yaml:"warn"`
	// Contacts says who may invite users here who chose nothing themselves: ContactsAnyone and so on. It holds without an
	// alliance, too, where nobody but this server is a member.
	Contacts string `yaml:"contacts"`
	// PolicyRoom keeps a room that mirrors the member list for the moderation bots of other homeservers.
	PolicyRoom bool `yaml:"policy_room"`
	// CloseRooms closes shared rooms for members that are suspended.
	CloseRooms   bool                 `yaml:"close_rooms"`
	Hospital     AllianceHospital     `yaml:"hospital"`
	Applications AllianceApplications `yaml:"applications"`
	Mail         AllianceMail         `yaml:"mail"`
	Reach        AllianceReach        `yaml:"reach"`
}

// AllianceReach says whether the hospital counts how much it takes part in the alliance.
type AllianceReach struct {
	Enabled bool `yaml:"enabled"`
	// Share tells admitted members the figures, and asks them for theirs.
	Share bool `yaml:"share"`
}

// AllianceHospital is what this hospital applies with.
type AllianceHospital struct {
	LegalName   string   `yaml:"legal_name"`
	Country     string   `yaml:"country"`
	Kind        string   `yaml:"kind"`
	Contact     string   `yaml:"contact"`
	Email       string   `yaml:"email"`
	Phone       string   `yaml:"phone"`
	Languages   []string `yaml:"languages"`
	Specialties string   `yaml:"specialties"`
}

// AllianceApplications says whether hospitals apply here, and bounds what strangers can send.
type AllianceApplications struct {
	Enabled bool `yaml:"enabled"`
	// Coordinators are the accounts of this server that coordinators of the charter use.
	Coordinators []AllianceCoordinator `yaml:"coordinators"`
	MaxOpen      int                   `yaml:"max_open"`
	// PerHour is how many applications one address may send in an hour.
	PerHour     int      `yaml:"per_hour"`
	Papers      int      `yaml:"papers"`
	MaxPaper    Size     `yaml:"max_paper"`
	MaxPapers   Size     `yaml:"max_papers"` // of all applications
	ProofWithin Duration `yaml:"proof_within"`
	PapersKept  Duration `yaml:"papers_kept"`
}

// AllianceCoordinator says which coordinator of the charter an account is.
type AllianceCoordinator struct {
	ID   string `yaml:"id"`
	User string `yaml:"user"`
}

// AllianceMail is how applicants and coordinators are written to; without a server nobody is.
type AllianceMail struct {
	Server       string `yaml:"server"` // host:port
	From         string `yaml:"from"`
	Username     string `yaml:"username"`
	Password     string `yaml:"password" secret:"all"`
	PasswordFile string `yaml:"password_file"`
	// TLS is MailStartTLS, MailTLS or MailPlain.
	TLS string `yaml:"tls"`
	// Coordinators are told of applications that wait for them.
	Coordinators []AllianceAddress `yaml:"coordinators"`
}

// AllianceAddress is where a coordinator is written to, and in which language; English if it names none.
type AllianceAddress struct {
	To       string `yaml:"to"`
	Language string `yaml:"language"`
}

// How mail is handed over.
const (
	MailStartTLS = "starttls"
	MailTLS      = "tls"
	MailPlain    = "none" // for a relay on this machine
)

// Who may invite whom.
const (
	ContactsAnyone   = "anyone"   // whoever this node talks to
	ContactsAlliance = "alliance" // users of admitted members
	ContactsVerified = "verified" // of those, clinicians whom their hospital has verified
	ContactsListed   = "listed"   // only whom the user's own list allows
)

// Modes of an alliance.
const (
	AllianceOpen    = "open"    // everybody but suspended members
	AllianceMembers = "members" // members only
	AllianceNamed   = "named"   // members and the servers under also
)

func defaultAlliance() Alliance {
	const day = 24 * time.Hour
	return Alliance{
		Mode: AllianceMembers, Contacts: ContactsAnyone, Poll: Duration(5 * time.Minute), Grace: Duration(3 * day), Warn: Duration(14 * day), CloseRooms: true,
		Hospital: AllianceHospital{Kind: "hospital"},
		Applications: AllianceApplications{
			MaxOpen: 200, PerHour: 5, Papers: 4, MaxPaper: 2 << 20, MaxPapers: 200 << 20, ProofWithin: Duration(7 * day), PapersKept: Duration(30 * day),
		},
		Mail: AllianceMail{TLS: MailStartTLS},
	}
}

func (c *Config) validateAlliance(k *checker) {
	a := c.Alliance
	k.oneOf(a.Mode, []string{AllianceOpen, AllianceMembers, AllianceNamed}, "alliance.mode")
	k.oneOf(a.Contacts, []string{ContactsAnyone, ContactsAlliance, ContactsVerified, ContactsListed}, "alliance.contacts")
	k.check(len(a.Also) == 0 || a.Mode == AllianceNamed, "alliance.also", "is for mode %q; write that or remove the servers", AllianceNamed)
	for i, s := range a.Also {
		k.check(ValidServerName(strings.NewReplacer("*", "x", "?", "x").Replace(s)), fmt.Sprintf("alliance.also[%d]", i),
			"%q is not a server name; * and ? stand for any characters", s)
	}
	for i, s := range a.Peers {
		k.check(ValidServerName(s), fmt.Sprintf("alliance.peers[%d]", i), "%q is not a server name", s)
	}
	k.check(a.Poll.Std() >= time.Second && a.Poll.Std() <= 24*time.Hour, "alliance.poll", "must be between 1s and 24h; write for example 5m")
	k.check(a.Grace >= 0, "alliance.grace", "must not be less than 0; write for example 72h")
	k.check(a.Warn >= 0, "alliance.warn", "must not be less than 0; write for example 14d")
	a.Applications.validate(k)
	a.Mail.validate(k)
	k.check(a.Enabled || !a.Applications.Enabled, "alliance.applications.enabled", "needs alliance.enabled")
	k.check(a.Enabled || !a.PolicyRoom, "alliance.policy_room", "needs alliance.enabled")
	k.check(a.Enabled || !a.Reach.Enabled, "alliance.reach.enabled", "needs alliance.enabled")
	k.check(a.Reach.Enabled || !a.Reach.Share, "alliance.reach.share", "needs alliance.reach.enabled")
	if !a.Enabled {
		return
	}
	k.check(c.Federation.Enabled, "alliance.enabled", "needs federation.enabled")
	k.check(a.Charter != "", "alliance.charter", "must name the file with the charter of the alliance, which its coordinators give you")
	if a.Charter != "" {
		_, err := os.Stat(a.Charter)
		k.check(err == nil, "alliance.charter", "there is no file %s", a.Charter)
	}
}

func (a AllianceApplications) validate(k *checker) {
	for i, c := range a.Coordinators {
		at := fmt.Sprintf("alliance.applications.coordinators[%d]", i)
		k.check(c.ID != "", at+".id", "must be the id of a coordinator in the charter")
		k.check(strings.HasPrefix(c.User, "@") && strings.Contains(c.User, ":"), at+".user", "%q is no user id such as @ana:hospital.example", c.User)
	}
	k.check(a.MaxOpen >= 1 && a.MaxOpen <= 5000, "alliance.applications.max_open", "must be between 1 and 5000")
	k.check(a.PerHour >= 1, "alliance.applications.per_hour", "must be 1 at least")
	k.check(a.Papers >= 0 && a.Papers <= 20, "alliance.applications.papers", "must be between 0 and 20")
	k.check(a.MaxPaper >= 1<<10 && a.MaxPaper <= 20<<20, "alliance.applications.max_paper", "must be between 1KB and 20MB")
	k.check(a.MaxPapers >= a.MaxPaper, "alliance.applications.max_papers", "must not be less than max_paper")
	k.check(a.ProofWithin.Std() >= time.Hour, "alliance.applications.proof_within", "must be 1h at least; write for example 7d")
	k.check(a.PapersKept >= 0, "alliance.applications.papers_kept", "must not be less than 0; write for example 30d")
}

func (m AllianceMail) validate(k *checker) {
	k.oneOf(m.TLS, []string{MailStartTLS, MailTLS, MailPlain}, "alliance.mail.tls")
	k.check(m.Password == "" || m.PasswordFile == "", "alliance.mail.password", "write this or password_file, not both")
	if m.Server == "" {
		return
	}
	_, _, err := net.SplitHostPort(m.Server)
	k.check(err == nil, "alliance.mail.server", "%q is no address such as smtp.hospital.example:587", m.Server)
	k.check(strings.Contains(m.From, "@"), "alliance.mail.from", "must be the address that mails come from")
	for i, c := range m.Coordinators {
		k.check(strings.Contains(c.To, "@"), fmt.Sprintf("alliance.mail.coordinators[%d].to", i), "must be an address such as ana@hospital.example")
	}
	k.check(m.TLS != MailPlain || m.Username == "", "alliance.mail.username", "would be sent readable by all: use tls or starttls")
}
