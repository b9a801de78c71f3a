package reach

import (
	"context"
	"slices"
	"strings"

	"medixchange/alliance/signed"
)

// Report is the reach of the alliance as this node can tell it.
type Report struct {
	Days int `json:"days"`
	// Members are the admitted members by the member list, this hospital among them; Countries are theirs.
	Members   int `json:"members"`
	Countries int `json:"countries"`
	// Shared says whether figures are exchanged; without it Hospitals has at most this one.
	Shared bool `json:"shared"`
	Own    Own  `json:"own"`
	// Hospitals, by country and name, are those that answered; ByCountry and Total are the sums over them.
	Hospitals []Hospital `json:"hospitals"`
	ByCountry []Country  `json:"by_country"`
	Total     Figures    `json:"total"`
	// Silent are those that did not.
	Silent []Silent `json:"silent"`
}

// Hospital is what one member told.
type Hospital struct {
	ServerName string  `json:"server_name"`
	LegalName  string  `json:"legal_name"`
	Country    string  `json:"country"` // ISO 3166-1 alpha-2
	Since      string  `json:"since"`
	Figures    Figures `json:"figures"`
}

// Country is the sum over the members of a country.
type Country struct {
	Country  string  `json:"country"`
	Members  int     `json:"members"`
	Answered int     `json:"answered"`
	Figures  Figures `json:"figures"`
}

// Silent is a member of which nothing is known.
type Silent struct {
	ServerName string `json:"server_name"`
	LegalName  string `json:"legal_name"`
	Country    string `json:"country"`
	Why        State  `json:"why"`
}

// Report asks the other members, if figures are exchanged, and adds up what they say, for one of Periods. What they said is
// used for an hour. ErrOff.
func (r *Reach) Report(ctx context.Context, days int) (Report, error) {
	if err := checkDays(days); err != nil {
		return Report{}, err
	}
	own, err := r.Own(ctx, days)
	if err != nil {
		return Report{}, err
	}
	members := r.o.Members()
	answers := map[string]answer{}
	if r.o.Share {
		var others []string
		for _, h := range members {
			if h.ServerName != r.o.Self {
				others = append(others, h.ServerName)
			}
		}
		if answers, err = r.others.collect(ctx, others, days); err != nil {
			return Report{}, err
		}
	}
	answers[r.o.Self] = answer{Answered, own.Page}
	report := added(members, answers)
	report.Days, report.Shared, report.Own = days, r.o.Share, own
	return report, nil
}

// added sums up what members answered, by country.
func added(members []signed.Hospital, answers map[string]answer) Report {
	report := Report{Members: len(members), Hospitals: []Hospital{}, ByCountry: []Country{}, Silent: []Silent{}}
	var total sum
	for _, country := range byCountry(members) {
		sums := Country{Country: country[0].Country, Members: len(country)}
		var of sum
		for _, h := range country {
			told, asked := answers[h.ServerName]
			switch {
			case !asked:
			case told.state == Answered:
				report.Hospitals = append(report.Hospitals, Hospital{h.ServerName, h.LegalName, h.Country, told.page.Since, told.page.Figures})
				sums.Answered++
				of.add(told.page.Figures)
				total.add(told.page.Figures)
			default:
				report.Silent = append(report.Silent, Silent{h.ServerName, h.LegalName, h.Country, told.state})
			}
		}
		sums.Figures = of.figures()
		report.ByCountry = append(report.ByCountry, sums)
	}
	report.Countries, report.Total = len(report.ByCountry), total.figures()
	return report
}

// byCountry groups members by country, both in order.
func byCountry(members []signed.Hospital) [][]signed.Hospital {
	by := map[string][]signed.Hospital{}
	for _, h := range members {
		by[h.Country] = append(by[h.Country], h)
	}
	groups := make([][]signed.Hospital, 0, len(by))
	for _, group := range by {
		slices.SortFunc(group, func(a, b signed.Hospital) int {
			return strings.Compare(a.LegalName+"\n"+a.ServerName, b.LegalName+"\n"+b.ServerName)
		})
		groups = append(groups, group)
	}
	slices.SortFunc(groups, func(a, b []signed.Hospital) int { return strings.Compare(a[0].Country, b[0].Country) })
	return groups
}
