package desk_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/alliance/desk"
	"medixchange/alliance/signed/signedtest"
)

func TestFaultsOfAForm(t *testing.T) {
	o := newOffice(t)
	for name, tc := range map[string]struct {
		change      func(*desk.Form)
		field, code string
	}{
		"no name":                  {func(f *desk.Form) { f.LegalName = " " }, "legal_name", desk.CodeMissing},
		"a name like a book":       {func(f *desk.Form) { f.LegalName = strings.Repeat("x", 201) }, "legal_name", desk.CodeLong},
		"a name that turns":        {func(f *desk.Form) { f.LegalName = "Hospital \u202eX" }, "legal_name", desk.CodePlain},
		"a name of two lines":      {func(f *desk.Form) { f.LegalName = "Hospital\nX" }, "legal_name", desk.CodePlain},
		"no UTF-8":                 {func(f *desk.Form) { f.Note = "\xff\xfe" }, "note", desk.CodePlain},
		"no country":               {func(f *desk.Form) { f.Country = "XX1" }, "country", desk.CodeInvalid},
		"a continent":              {func(f *desk.Form) { f.Country = "150" }, "country", desk.CodeInvalid},
		"a script as a kind":       {func(f *desk.Form) { f.Kind = "<script>" }, "kind", desk.CodeInvalid},
		"no language":              {func(f *desk.Form) { f.Languages = nil }, "languages", desk.CodeMissing},
		"no code of a language":    {func(f *desk.Form) { f.Languages = []string{"français!"} }, "languages", desk.CodeInvalid},
		"very many languages":      {func(f *desk.Form) { f.Languages = strings.Split(strings.Repeat("en ", 21), " ") }, "languages", desk.CodeCount},
		"no e-mail":                {func(f *desk.Form) { f.Email = "dsi" }, "email", desk.CodeInvalid},
		"two lines of e-mail":      {func(f *desk.Form) { f.Email = "a@b.example\r\nBcc: c@d.example" }, "email", desk.CodeInvalid},
		"e-mail with a name":       {func(f *desk.Form) { f.Email = "X <a@b.example>" }, "email", desk.CodeInvalid},
		"no server":                {func(f *desk.Form) { f.ServerName = "" }, "server_name", desk.CodeMissing},
		"a server with a port":     {func(f *desk.Form) { f.ServerName = "luc.example:8448" }, "server_name", desk.CodeInvalid},
		"an address":               {func(f *desk.Form) { f.ServerName = "192.0.2.7" }, "server_name", desk.CodeInvalid},
		"capitals":                 {func(f *desk.Form) { f.ServerName = "Luc.example" }, "server_name", desk.CodeInvalid},
		"letters of other scripts": {func(f *desk.Form) { f.ServerName = "hôpital.example" }, "server_name", desk.CodeInvalid},
		"an address of the web":    {func(f *desk.Form) { f.ServerName = "https://luc.example/" }, "server_name", desk.CodeInvalid},
		"mixed scripts":            {func(f *desk.Form) { f.ServerName = "xn--lue-5ed.example" }, "server_name", desk.CodeMixed},
	} {
		f := form("luc.example")
		tc.change(&f)
		_, _, err := o.Apply(t.Context(), f, nil, "en", "192.0.2.1")
		require.Equal(t, map[string]string{tc.field: tc.code}, faultsOf(t, err), name)
	}
	all, err := o.Applications(t.Context())
	require.NoError(t, err)
	require.Empty(t, all, "nothing is half stored")
}

func TestNamesThatLookLikeThoseOfMembersAreTurnedAway(t *testing.T) {
	o := newOffice(t)
	list := o.council.List(t, o.charter, nil, []string{"bo", "chen"}, signedtest.Hospital("clinic-roma1.example"))
	_, err := o.keeper.TakeMembers(t.Context(), list.Raw(), "")
	require.NoError(t, err)
	for server, code := range map[string]string{
		"clinic-roma1.example":          desk.CodeTaken,
		"clinic-romal.example":          desk.CodeLookAlike,
		"c1inic-r0ma1.example":          desk.CodeLookAlike,
		"clinicroma1.example":           desk.CodeLookAlike,
		"dinic-roma1.example":           desk.CodeLookAlike,
		"clinic-rorna1.example":         desk.CodeLookAlike,
		"xn--clnic-roma1-pcb.example":   desk.CodeLookAlike, // clínic-roma1
		"xn--clini-roma1-woj.example":   desk.CodeMixed,     // its second c is Cyrillic
		"xn--clnc-roma1-yubb.example":   desk.CodeLookAlike, // Turkish, without dots
		"xn--clinic-rma1-l3c.example":   desk.CodeLookAlike, // Vietnamese, with a horn
		"xn--clinic-roma1-dcg.example":  desk.CodeLookAlike, // an apostrophe of Hawaiian before it
		"xn--linic-roma1-4r5e.example":  desk.CodeMixed,     // letters of phonetic alphabets and manuscripts
		"xn--clinic-rma1-9te.example":   desk.CodeMixed,
		"xn--clinic-rom1-zte.example":   desk.CodeMixed,
		"xn--clinic-oma1-c323b.example": desk.CodeMixed,
		"xn--cliic-roma1-s5e.example":   desk.CodeMixed,
		"xn--clinicroma1-zu5j.example":  desk.CodeMixed,   // the long vowel of Katakana as a hyphen
		"xn--clinic-rma1-jlw.example":   desk.CodeMixed,   // the naught of Devanagari as an o
		"xn--clinic-roma-yfq.example":   desk.CodeMixed,   // a Persian one
		"xn--cinic-roma1-ez6f.example":  desk.CodeInvalid, // a Roman fifty
		"xn--bc-bfb.example":            "",               // Hausa
		"xn--fiqs8s.example":            "",               // Chinese
		"xn--5ckp3n.example":            "",               // Japanese, with a long vowel
		"xn--j2bd4cyah0f.example":       "",               // Hindi
		"xn--zhjlb.example":             desk.CodeMixed,   // Coptic
		"clinic-roma2.example":          "",
		"clinic-roma1.example.example":  "",
	} {
		_, _, err := o.Apply(t.Context(), form(server), nil, "en", "192.0.2.1")
		if code == "" {
			require.NoError(t, err, server)
			continue
		}
		require.Equal(t, map[string]string{"server_name": code}, faultsOf(t, err), server)
	}
	require.Contains(t, o.log(), "application turned away clinic-romal.example")
}

func TestOfTwoApplicationsForOneNameTheOneThatHoldsTheDomainCounts(t *testing.T) {
	o := newOffice(t)
	squatter, _ := o.apply("luc.example")
	real, _ := o.apply("luc.example")
	o.net.show("luc.example", real.Challenge)
	_, err := o.Prove(t.Context(), squatter.ID)
	require.ErrorIs(t, err, desk.ErrUnproven)
	_, err = o.Prove(t.Context(), real.ID)
	require.NoError(t, err)
	squatter, err = o.Application(t.Context(), squatter.ID)
	require.NoError(t, err)
	require.Equal(t, desk.Lapsed, squatter.State)
	_, _, err = o.Apply(t.Context(), form("luc.example"), nil, "en", "192.0.2.1")
	require.Equal(t, map[string]string{"server_name": desk.CodeTaken}, faultsOf(t, err))
	_, _, err = o.Apply(t.Context(), form("1uc.example"), nil, "en", "192.0.2.1")
	require.Equal(t, map[string]string{"server_name": desk.CodeLookAlike}, faultsOf(t, err))
}

func TestUnprovenApplicationsForOneNameAreFew(t *testing.T) {
	o := newOffice(t)
	for range o.limits.OpenPerName {
		o.apply("luc.example")
	}
	_, _, err := o.Apply(t.Context(), form("luc.example"), nil, "en", "192.0.2.1")
	require.Equal(t, map[string]string{"server_name": desk.CodeTaken}, faultsOf(t, err))
}

func TestPapersAreTakenByWhatTheyAre(t *testing.T) {
	o := newOffice(t, func(o *office) { o.limits.PaperBytes, o.limits.AllPapers, o.limits.Papers = 100, 250, 2 })
	pdf, png := []byte("%PDF-1.7 licence"), append([]byte("\x89PNG\x0d\x0a\x1a\x0a"), make([]byte, 20)...)
	for name, tc := range map[string]struct {
		papers []desk.Paper
		code   string
	}{
		"a page":             {[]desk.Paper{{Name: "x.pdf", Content: []byte("<html><script>alert(1)</script>")}}, desk.CodeType},
		"a picture of lines": {[]desk.Paper{{Name: "x.png", Content: []byte("<svg onload=alert(1)>")}}, desk.CodeType},
		"nothing":            {[]desk.Paper{{Name: "x.pdf"}}, desk.CodeType},
		"a heap":             {[]desk.Paper{{Content: pdf}, {Content: pdf}, {Content: pdf}}, desk.CodeCount},
		"a large one":        {[]desk.Paper{{Content: append(pdf, make([]byte, 100)...)}}, desk.CodeSize},
	} {
		_, _, err := o.Apply(t.Context(), form("luc.example"), tc.papers, "en", "192.0.2.1")
		require.Equal(t, map[string]string{"papers": tc.code}, faultsOf(t, err), name)
	}
	a, _, err := o.Apply(t.Context(), form("luc.example"), []desk.Paper{
		{Name: `..\..\<b>licence</b>.html`, Content: pdf}, {Name: "/etc/passwd", Content: png},
	}, "en", "192.0.2.1")
	require.NoError(t, err)
	papers, err := o.Papers(t.Context(), a.ID)
	require.NoError(t, err)
	require.Equal(t, []string{"b.pdf", "passwd.png"}, []string{papers[0].Name, papers[1].Name})
	paper, err := o.Paper(t.Context(), a.ID, 2)
	require.NoError(t, err)
	require.Equal(t, "image/png", paper.MediaType)
	require.Equal(t, png, paper.Content)

	big := append(bytes.Clone(pdf), make([]byte, 84)...)
	for i := 0; ; i++ {
		require.Less(t, i, 5, "the papers of all applications have a bound")
		_, _, err := o.Apply(t.Context(), form(strings.Repeat("x", i+1)+".example"), []desk.Paper{{Content: big}}, "en", "192.0.2.1")
		if err != nil {
			require.ErrorIs(t, err, desk.ErrFull)
			break
		}
	}
}

func TestOpenApplicationsHaveABound(t *testing.T) {
	o := newOffice(t, func(o *office) { o.limits.Open = 2 })
	o.apply("a.example")
	_, secret := o.apply("b.example")
	_, _, err := o.Apply(t.Context(), form("c.example"), nil, "en", "192.0.2.1")
	require.ErrorIs(t, err, desk.ErrFull)
	a, err := o.Withdraw(t.Context(), secret)
	require.NoError(t, err)
	require.Equal(t, desk.Withdrawn, a.State)
	o.apply("c.example")
	_, err = o.Withdraw(t.Context(), "nobody's")
	require.ErrorIs(t, err, desk.ErrUnknown)
}

func TestARefusedApplicantMayApplyAgain(t *testing.T) {
	o := newOffice(t)
	a := o.proven("luc.example")
	_, err := o.Refuse(t.Context(), a.ID, "", "ana")
	require.ErrorIs(t, err, desk.ErrReason)
	_, err = o.Refuse(t.Context(), a.ID, "the licence is missing", "ana")
	require.NoError(t, err)
	_, err = o.Refuse(t.Context(), a.ID, "twice", "ana")
	require.ErrorIs(t, err, desk.ErrState)
	_, err = o.Accept(t.Context(), a.ID, "after all", "ana", false)
	require.ErrorIs(t, err, desk.ErrState)
	o.apply("luc.example")
}

// TestCoordinatorsAreWarnedOfNamesThatDifferLittle: names that are not refused, since hospitals of one town are named alike.
func TestCoordinatorsAreWarnedOfNamesThatDifferLittle(t *testing.T) {
	o := newOffice(t)
	list := o.council.List(t, o.charter, nil, []string{"bo", "chen"}, signedtest.Hospital("charite-berlin.example"), signedtest.Hospital("luc.example"))
	_, err := o.keeper.TakeMembers(t.Context(), list.Raw(), "")
	require.NoError(t, err)
	for server, near := range map[string][]string{
		"charite-berlm.example":   {},
		"charite-berlim.example":  {"charite-berlin.example"},
		"chariite-berlin.example": {"charite-berlin.example"},
		"charte-berlin.example":   {"charite-berlin.example"},
		"chraite-berlin.example":  {"charite-berlin.example"},
		"charite-berlin.test":     {"charite-berlin.example"},
		"charite-bern.example":    {},
		"duc.example":             {"luc.example"},
		"paris.example":           {},
	} {
		a, _ := o.apply(server)
		found, err := o.Near(t.Context(), a)
		require.NoError(t, err)
		require.Subset(t, found, near, server)
		if len(near) == 0 {
			require.NotContains(t, found, "charite-berlin.example", server)
			require.NotContains(t, found, "luc.example", server)
		}
	}
}
