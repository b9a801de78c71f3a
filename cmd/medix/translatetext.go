package main

import "errors"

type translateTextCmd struct{}

// Run translates standard input.
func (translateTextCmd) Run(*cli) error { return errors.New("comes with the next commit") }
