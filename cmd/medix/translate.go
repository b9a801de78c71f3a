package main

// translateCmd is the translator, for the administrator who wants to try it or look after it.
type translateCmd struct {
	Engines   *translateEnginesCmd   `arg:"subcommand:engines" help:"How the running node's translation engines are."`
	Languages *translateLanguagesCmd `arg:"subcommand:languages" help:"What the running node's engines translate from and into."`
	Test      *translateTestCmd      `arg:"subcommand:test" help:"Let every engine of the running node translate a text, and show what each says."`
	Text      *translateTextCmd      `arg:"subcommand:text" help:"Translate standard input line by line, without a node."`
	Check     *translateCheckCmd     `arg:"subcommand:check" help:"Check translations for what could harm a patient: JSON lines in, JSON lines out. Needs no node."`

	Review   *translateReviewCmd   `arg:"subcommand:review" help:"Translations that readers reported."`
	Phrases  *translatePhrasesCmd  `arg:"subcommand:phrases" help:"What your reviewers approved of the phrases that come with the program."`
	Readings *translateReadingsCmd `arg:"subcommand:readings" help:"What each reader was shown of a message."`
	Stats    *translateStatsCmd    `arg:"subcommand:stats" help:"What became of the messages of the last time, by pair, engine and verdict."`
	Glossary *translateGlossaryCmd `arg:"subcommand:glossary" help:"How terms are translated: by the hospital's own words, and the alliance's."`
	Cache    *translateCacheCmd    `arg:"subcommand:cache" help:"Translations that are kept to be shown again."`
}
