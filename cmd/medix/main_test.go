package main

import (
	"context"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/cmd/medix/commandline"
)

func TestEveryVerbHasHelpAndCanBeRun(t *testing.T) {
	command, err := commandline.Parse(&cli{}, "medix", about, []string{"--help"})
	require.NoError(t, err)
	require.Contains(t, command.Help, "user reset-password <name> [flags]")
	checkVerbs(t, reflect.TypeFor[cli]())
}

func checkVerbs(t *testing.T, group reflect.Type) {
	below := false
	for i := range group.NumField() {
		field := group.Field(i)
		require.NotEmpty(t, field.Tag.Get("help"), field.Name)
		if _, is := field.Tag.Lookup("cmd"); is {
			below = true
			checkVerbs(t, field.Type)
		}
	}
	if below {
		return
	}
	runs := false
	for _, run := range []reflect.Type{
		reflect.TypeFor[interface{ Run() error }](), reflect.TypeFor[interface{ Run(*cli) error }](),
		reflect.TypeFor[interface{ Run(context.Context) error }](),
		reflect.TypeFor[interface {
			Run(context.Context, *cli) error
		}](),
	} {
		runs = runs || reflect.PointerTo(group).Implements(run)
	}
	require.True(t, runs, "%s cannot be run", group)
}

func TestExitCodes(t *testing.T) {
	require.Equal(t, 0, run(t.Context(), []string{"version"}))
	require.Equal(t, 0, run(t.Context(), []string{"user", "--help"}))
	require.Equal(t, 1, run(t.Context(), []string{"config", "check", "-c", t.TempDir() + "/none.yaml"}))
	require.Equal(t, 2, run(t.Context(), []string{"nope"}))
}
