package pages

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"medixchange/alliance/signed"
	"medixchange/internal/markup"
)

// maxQuery bounds what members are looked for by, in bytes.
const maxQuery = 100

// home tells what the alliance is and who belongs to it.
func (s *Site) home(w http.ResponseWriter, r *http.Request) {
	words := words(w, r)
	query := strings.TrimSpace(r.URL.Query().Get("q"))
	if len(query) > maxQuery {
		query = ""
	}
	p := page{words: words, title: words.Text("title"), path: Root}
	p.send(w, http.StatusOK, func(b *markup.Builder) {
		s.about(b, words)
		s.howToApply(b, words)
		s.memberList(b, words, query)
	})
}

func (s *Site) about(b *markup.Builder, words *markup.Words) {
	charter := s.o.Keeper.Charter()
	b.Put(`<p>%s</p><p>%s</p>`, words.Say("about_1", "alliance", charter.Alliance),
		words.Say("about_2", "threshold", charter.Threshold, "coordinators", len(charter.Coordinators)))
	b.Put(`<section aria-labelledby="coordinators"><h2 id="coordinators">%s</h2><ul class="row">`, words.Text("coordinators"))
	for _, c := range charter.Coordinators {
		b.Put(`<li><bdi>%s</bdi></li>`, c.Name)
	}
	b.Put(`</ul><p>%s<br><code dir="ltr">%s</code></p>`, words.Text("charter_hash"), charter.Hash())
	b.Put(`<p><a href="%s/charter.json">%s</a> · <a href="%s/members.json">%s</a></p></section>`+"\n",
		Root, words.Text("download_charter"), Root, words.Text("download_members"))
}

func (s *Site) howToApply(b *markup.Builder, words *markup.Words) {
	b.Put(`<section aria-labelledby="apply"><h2 id="apply">%s</h2><p>%s</p>`, words.Text("apply_title"), words.Text("apply_how"))
	if s.o.Desk != nil {
		b.Put(`<p><a class="go" href="%s/apply">%s</a></p></section>`+"\n", Root, words.Text("apply_here"))
		return
	}
	b.Put(`<p>%s</p><ul>`, words.Text("apply_elsewhere"))
	for _, peer := range s.o.Peers {
		b.Put(`<li><code dir="ltr">%s</code></li>`, peer)
	}
	b.Put("</ul></section>\n")
}

// land is a country with its members.
type land struct {
	name      string
	hospitals []signed.Hospital
}

func (s *Site) memberList(b *markup.Builder, words *markup.Words, query string) {
	b.Put(`<section aria-labelledby="members"><h2 id="members">%s</h2>`, words.Text("members"))
	list := s.o.Keeper.Members()
	if list == nil {
		b.Put(`<p>%s</p></section>`, words.Text("no_list"))
		return
	}
	b.Put(`<p>%s %s</p>`, words.Say("members_count", "hospitals", len(list.Hospitals), "countries", countriesOf(list)),
		words.Say("list_state", "serial", list.Serial, "date", day(list.ExpiresTS)))
	b.Put(`<form method="get" action="%s" role="search"><label for="q">%s</label> <input id="q" name="q" type="search" value="%s" maxlength="%s" dir="auto"> <button type="submit">%s</button></form>`+"\n",
		Root, words.Text("find_label"), query, number(maxQuery), words.Text("find"))
	lands := byCountry(list.Hospitals, words.Tag, query)
	if len(lands) == 0 {
		b.Put(`<p role="status">%s</p>`, words.Text("nothing_found"))
	}
	for _, l := range lands {
		b.Put(`<h3>%s <small>%s</small></h3><ul class="members">`, l.name, number(len(l.hospitals)))
		for _, h := range l.hospitals {
			hospital(b, words, h)
		}
		b.Put("</ul>\n")
	}
	b.Put("</section>\n")
}

func hospital(b *markup.Builder, words *markup.Words, h signed.Hospital) {
	b.Put(`<li><bdi>%s</bdi> <code dir="ltr">%s</code>`, h.LegalName, h.ServerName)
	if h.Status == signed.Suspended {
		b.Put(` <strong class="badge">%s</strong>`, words.Text("suspended"))
	}
	b.Put(` <small>%s, %s`, words.Text("kind_"+string(h.Kind)), words.Say("since", "date", day(h.JoinedTS)))
	if len(h.Languages) > 0 {
		b.Put(` · <bdi dir="ltr">%s</bdi>`, strings.Join(h.Languages, " "))
	}
	b.Put("</small></li>")
}

func countriesOf(list *signed.MemberList) int {
	seen := map[string]bool{}
	for _, h := range list.Hospitals {
		seen[h.Country] = true
	}
	return len(seen)
}

// byCountry groups the members that a query finds, all for none, by their countries as the reader's language sorts them.
func byCountry(hospitals []signed.Hospital, tag, query string) []land {
	query = strings.ToLower(query)
	names, at := map[string]string{}, map[string]int{}
	var lands []land
	for _, h := range hospitals {
		name, known := names[h.Country]
		if !known {
			name = country(tag, h.Country)
			names[h.Country] = name
		}
		if query != "" && !strings.Contains(strings.ToLower(name+"\n"+h.LegalName+"\n"+h.ServerName), query) {
			continue
		}
		i, there := at[h.Country]
		if !there {
			i = len(lands)
			at[h.Country] = i
			lands = append(lands, land{name: name})
		}
		lands[i].hospitals = append(lands[i].hospitals, h)
	}
	order := collate.New(language.Make(tag))
	slices.SortFunc(lands, func(a, b land) int { return order.CompareString(a.name, b.name) })
	return lands
}

// number writes one without marks between its digits.
func number[T int | int64](n T) string { return strconv.FormatInt(int64(n), 10) }

// day writes a date that is read the same everywhere.
func day(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02") }
