package main

// translateCmd is the translator, for the administrator who wants to try it or look after it.
type translateCmd struct {
	Engines   translateEnginesCmd   `cmd:"" help:"How the running node's translation engines are."`
	Languages translateLanguagesCmd `cmd:"" help:"What the running node's engines translate from and into."`
	Test      translateTestCmd      `cmd:"" help:"Let every engine of the running node translate a text, and show what each says."`
	Text      translateTextCmd      `cmd:"" help:"Translate standard input line by line, without a node."`
	Check     translateCheckCmd     `cmd:"" help:"Check translations for what could harm a patient: JSON lines in, JSON lines out. Needs no node."`
}
