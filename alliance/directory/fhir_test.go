package directory

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"image/png"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/tidwall/gjson"
)

// elements are those that FHIR R4 (4.0.1) has for the resources of the export, as far as they are used: whether each is a list.
var elements = map[string]map[string]bool{
	"Organization": {"resourceType": false, "id": false, "identifier": true, "active": false, "name": false, "address": true},
	"Practitioner": {"resourceType": false, "id": false, "identifier": true, "active": false, "name": true, "telecom": true, "communication": true},
	"PractitionerRole": {"resourceType": false, "id": false, "active": false, "practitioner": false, "organization": false, "code": true,
		"specialty": true, "telecom": true},
}

// TestTheExportIsAFHIRBundle holds the export to what the specification says of its form: ids and full URLs, references that
// resolve, elements with their cardinality, nothing that is empty.
func TestTheExportIsAFHIRBundle(t *testing.T) {
	people := []Person{
		{UserID: "@ana:a.example", Name: `Ana "García" <x>`, Role: "Consultant", Specialty: "cardiology", Languages: []string{"es", "zh-Hant"}},
		{UserID: "@bo:a.example", Name: "Bo", Specialty: "surgery"},
		{UserID: "@icu:a.example", Name: "ICU on call", Specialty: "intensive_care", Function: true},
	}
	for name, c := range map[string]struct {
		people  []Person
		country string
		want    []string
	}{
		"clinicians": {people, "ES", []string{"Organization", "Practitioner", "PractitionerRole", "Practitioner", "PractitionerRole"}},
		"nobody":     {nil, "", []string{"Organization"}},
	} {
		raw, err := json.Marshal(bundle(c.people, "a.example", "Hospital A", c.country, time.UnixMilli(1_700_000_000_000)))
		require.NoError(t, err)
		b := gjson.ParseBytes(raw)
		require.Equal(t, "Bundle", b.Get("resourceType").Str)
		require.Equal(t, "collection", b.Get("type").Str)
		require.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$`, b.Get("timestamp").Str, "an instant")
		known := map[string]string{}
		var types []string
		for _, e := range b.Get("entry").Array() {
			resource := e.Get("resource")
			types = append(types, resource.Get("resourceType").Str)
			require.Regexp(t, `^[A-Za-z0-9\-.]{1,64}$`, resource.Get("id").Str)
			require.Equal(t, "urn:uuid:"+resource.Get("id").Str, e.Get("fullUrl").Str)
			require.Regexp(t, regexp.MustCompile(`^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`), e.Get("fullUrl").Str)
			require.Empty(t, known[e.Get("fullUrl").Str], "full URLs are unique (bdl-7)")
			known[e.Get("fullUrl").Str] = resource.Get("resourceType").Str
			requireElements(t, resource)
		}
		require.Equal(t, c.want, types, name)
		for _, role := range b.Get(`entry.#(resource.resourceType=="PractitionerRole")#.resource`).Array() {
			require.Equal(t, "Practitioner", known[role.Get("practitioner.reference").Str])
			require.Equal(t, "Organization", known[role.Get("organization.reference").Str])
		}
		require.NotContains(t, string(raw), "ICU on call")
	}
}

func requireElements(t *testing.T, resource gjson.Result) {
	t.Helper()
	of := elements[resource.Get("resourceType").Str]
	require.NotNil(t, of, resource.Raw)
	resource.ForEach(func(key, value gjson.Result) bool {
		list, known := of[key.Str]
		require.True(t, known, "%s has no %s", resource.Get("resourceType").Str, key.Str)
		require.Equal(t, list, value.IsArray(), key.Str)
		return true
	})
	requireNothingEmpty(t, resource)
	resource.Get("telecom.#.system").ForEach(func(_, system gjson.Result) bool {
		require.Contains(t, []string{"phone", "fax", "email", "pager", "url", "sms", "other"}, system.Str)
		return true
	})
}

// requireNothingEmpty: FHIR's JSON has no empty texts, lists and objects.
func requireNothingEmpty(t *testing.T, value gjson.Result) {
	t.Helper()
	if value.IsArray() || value.IsObject() {
		n := 0
		value.ForEach(func(_, inner gjson.Result) bool {
			n++
			requireNothingEmpty(t, inner)
			return true
		})
		require.NotZero(t, n, value.Raw)
		return
	}
	require.NotEqual(t, `""`, value.Raw)
	require.NotEqual(t, gjson.Null, value.Type)
}

func TestAContactCardIsAPicture(t *testing.T) {
	c := Card{UserID: "@ana:a.example", Line: `Ana <script>"García" & 心内科`, Link: linkBase + "@ana:a.example"}
	raw, err := c.PNG()
	require.NoError(t, err)
	picture, err := png.Decode(bytes.NewReader(raw))
	require.NoError(t, err)
	require.Equal(t, CardPixels, picture.Bounds().Dx())
	drawn, err := c.SVG()
	require.NoError(t, err)
	var svg struct {
		XMLName xml.Name
		Text    []string `xml:"text"`
	}
	require.NoError(t, xml.Unmarshal(drawn, &svg))
	require.Equal(t, []string{c.Line, c.UserID}, svg.Text)
}
