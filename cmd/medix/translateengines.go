package main

import "errors"

type (
	translateEnginesCmd   struct{}
	translateLanguagesCmd struct{}
	translateTestCmd      struct{}
)

// Run lists the engines.
func (translateEnginesCmd) Run(*cli) error { return errors.New("comes with the next commit") }

// Run lists the languages.
func (translateLanguagesCmd) Run(*cli) error { return errors.New("comes with the next commit") }

// Run asks every engine.
func (translateTestCmd) Run(*cli) error { return errors.New("comes with the next commit") }
