package directory

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"time"
)

// The export is a FHIR R4 Bundle of the type "collection": the Organization of this hospital, and for each clinician who is
// listed and verified a Practitioner and a PractitionerRole that refers to both (https://hl7.org/fhir/R4/bundle.html). Systems
// of ours are URNs: there is no register of them.
const (
	systemUser      = "urn:matrix:user"
	systemServer    = "urn:matrix:server"
	systemSpecialty = "urn:medixchange:specialty"
	systemLanguage  = "urn:ietf:bcp:47"
)

// Bundle is a FHIR R4 Bundle.
type Bundle struct {
	ResourceType string        `json:"resourceType"`
	Type         string        `json:"type"`
	Timestamp    string        `json:"timestamp"` // instant
	Entry        []BundleEntry `json:"entry"`
}

// BundleEntry is one resource of a Bundle; the others refer to it by its FullURL.
type BundleEntry struct {
	FullURL  string `json:"fullUrl"`
	Resource any    `json:"resource"`
}

type identifier struct {
	System string `json:"system"`
	Value  string `json:"value"`
}

type coding struct {
	System  string `json:"system"`
	Code    string `json:"code"`
	Display string `json:"display,omitempty"`
}

type concept struct {
	Coding []coding `json:"coding,omitempty"`
	Text   string   `json:"text,omitempty"`
}

type contactPoint struct {
	System string `json:"system"`
	Value  string `json:"value"`
}

type humanName struct {
	Text string `json:"text"`
}

type address struct {
	Country string `json:"country"`
}

type reference struct {
	Reference string `json:"reference"`
	Display   string `json:"display,omitempty"`
}

type organization struct {
	ResourceType string       `json:"resourceType"`
	ID           string       `json:"id"`
	Identifier   []identifier `json:"identifier"`
	Active       bool         `json:"active"`
	Name         string       `json:"name"`
	Address      []address    `json:"address,omitempty"`
}

type practitioner struct {
	ResourceType  string         `json:"resourceType"`
	ID            string         `json:"id"`
	Identifier    []identifier   `json:"identifier"`
	Active        bool           `json:"active"`
	Name          []humanName    `json:"name"`
	Telecom       []contactPoint `json:"telecom"`
	Communication []concept      `json:"communication,omitempty"`
}

type practitionerRole struct {
	ResourceType string         `json:"resourceType"`
	ID           string         `json:"id"`
	Active       bool           `json:"active"`
	Practitioner reference      `json:"practitioner"`
	Organization reference      `json:"organization"`
	Code         []concept      `json:"code,omitempty"`
	Specialty    []concept      `json:"specialty"`
	Telecom      []contactPoint `json:"telecom"`
}

// Bundle exports the clinicians of this hospital who are listed and verified. Function accounts are no persons and stay out.
func (d *Directory) Bundle(ctx context.Context) (*Bundle, error) {
	own, err := d.people(ctx)
	if err != nil {
		return nil, err
	}
	hospital, country := d.hospital(d.o.Self)
	return bundle(own.people, d.o.Self, hospital, country, d.o.Now()), nil
}

func bundle(people []Person, server, hospital, country string, now time.Time) *Bundle {
	b := &Bundle{ResourceType: "Bundle", Type: "collection", Timestamp: now.UTC().Format(time.RFC3339)}
	org := organization{
		ResourceType: "Organization", ID: resourceID("org", server), Identifier: []identifier{{systemServer, server}}, Active: true, Name: hospital,
	}
	if country != "" {
		org.Address = []address{{country}}
	}
	home := reference{b.add(org.ID, org), hospital}
	for _, p := range people {
		if !p.Function {
			b.addClinician(p, home)
		}
	}
	return b
}

func (b *Bundle) addClinician(p Person, home reference) {
	telecom := []contactPoint{{"url", "https://matrix.to/#/" + p.UserID}}
	who := practitioner{
		ResourceType: "Practitioner", ID: resourceID("person", p.UserID), Identifier: []identifier{{systemUser, p.UserID}}, Active: true,
		Name: []humanName{{p.Name}}, Telecom: telecom,
	}
	for _, tag := range p.Languages {
		who.Communication = append(who.Communication, concept{Coding: []coding{{System: systemLanguage, Code: tag}}})
	}
	role := practitionerRole{
		ResourceType: "PractitionerRole", ID: resourceID("role", p.UserID), Active: true,
		Practitioner: reference{b.add(who.ID, who), p.Name}, Organization: home,
		Specialty: []concept{{Coding: []coding{{systemSpecialty, p.Specialty, SpecialtyName(p.Specialty, "en")}}, Text: SpecialtyName(p.Specialty, "en")}},
		Telecom:   telecom,
	}
	if p.Role != "" {
		role.Code = []concept{{Text: p.Role}}
	}
	b.add(role.ID, role)
}

// add puts a resource in and returns what others refer to it by.
func (b *Bundle) add(id string, resource any) (fullURL string) {
	fullURL = "urn:uuid:" + id
	b.Entry = append(b.Entry, BundleEntry{FullURL: fullURL, Resource: resource})
	return fullURL
}

func (d *Directory) showBundle(_ http.ResponseWriter, r *http.Request) (any, error) {
	return d.Bundle(r.Context())
}

// resourceID is the same for the same thing in every export: a UUID of version 8 (RFC 9562) of its name, which the pattern of FHIR
// ids allows.
func resourceID(kind, name string) string {
	sum := sha256.Sum256([]byte("medixchange directory " + kind + " " + name))
	sum[6], sum[8] = sum[6]&0x0f|0x80, sum[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", sum[:4], sum[4:6], sum[6:8], sum[8:10], sum[10:16])
}
