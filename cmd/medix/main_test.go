package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/alexflint/go-arg"
	"github.com/stretchr/testify/require"
)

func TestEveryCommandHasHelpAndCanBeRun(t *testing.T) {
	var c cli
	_, err := arg.NewParser(arg.Config{}, &c)
	require.NoError(t, err)
	checkCommands(t, reflect.TypeFor[cli]())
}

func checkCommands(t *testing.T, group reflect.Type) {
	below := false
	for i := range group.NumField() {
		field := group.Field(i)
		if field.Anonymous { // options that several commands share
			checkOptions(t, field.Type)
			continue
		}
		require.NotEmpty(t, field.Tag.Get("help"), field.Name)
		if strings.HasPrefix(field.Tag.Get("arg"), "subcommand") {
			below = true
			checkCommands(t, field.Type.Elem())
		}
	}
	require.NotEqual(t, below, runnable(reflect.New(group).Interface()), "%s groups commands or is one", group)
}

func checkOptions(t *testing.T, shared reflect.Type) {
	for i := range shared.NumField() {
		field := shared.Field(i)
		if field.Anonymous {
			checkOptions(t, field.Type)
			continue
		}
		require.NotEmpty(t, field.Tag.Get("help"), field.Name)
	}
}

func TestExitCodes(t *testing.T) {
	require.Equal(t, 0, run(t.Context(), []string{"version"}))
	require.Equal(t, 0, run(t.Context(), []string{"user", "--help"}))
	require.Equal(t, 0, run(t.Context(), []string{"user", "create", "--help"}))
	require.Equal(t, 1, run(t.Context(), []string{"config", "check", "-c", t.TempDir() + "/none.yaml"}))
	for _, misuse := range [][]string{{"nope"}, {}, {"user"}, {"user", "create"}, {"version", "--nope"}, {"version", "more"}} {
		require.Equal(t, 2, run(t.Context(), misuse), misuse)
	}
}
