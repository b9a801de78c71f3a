package config

import (
	"fmt"
	"time"
)

// TranslatorRecords says what is kept of translations for those who answer for them.
type TranslatorRecords struct {
	// ReportReactions are the reactions by which readers report a translation to the hospital's review list.
	ReportReactions []string `yaml:"report_reactions"`
	// ReportsKeep is how long reports are kept, resolved or not.
	ReportsKeep Duration `yaml:"reports_keep"`
	// ReadingsKeep is how long it is kept what each reader was shown in translation; 0: no reading log.
	ReadingsKeep Duration `yaml:"readings_keep"`
	// ReadingsText keeps the text with it, sealed.
	ReadingsText bool `yaml:"readings_text"`
}

func defaultRecords() TranslatorRecords {
	return TranslatorRecords{
		ReportReactions: []string{"🌐", "🌐❓"},
		ReportsKeep:     Duration(180 * 24 * time.Hour),
		ReadingsKeep:    Duration(365 * 24 * time.Hour),
		ReadingsText:    true,
	}
}

func (r TranslatorRecords) validate(k *checker) {
	for i, reaction := range r.ReportReactions {
		k.check(reaction != "" && len(reaction) <= 100, fmt.Sprintf("translator.records.report_reactions[%d]", i), "%q is no reaction", reaction)
	}
	k.check(r.ReportsKeep > 0, "translator.records.reports_keep", "must be more than 0")
	k.check(r.ReadingsKeep >= 0, "translator.records.readings_keep", "must not be less than 0; 0 keeps no reading log")
}
