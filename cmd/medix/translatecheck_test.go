package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func checked(t *testing.T, input string) (lines []string, err error) {
	t.Helper()
	var out bytes.Buffer
	err = checkLines(strings.NewReader(input), &out)
	for line := range strings.Lines(out.String()) {
		lines = append(lines, strings.TrimSpace(line))
	}
	return lines, err
}

func TestCheckAnswersEachLineInItsOrder(t *testing.T) {
	lines, err := checked(t, `{"id":"a","src":"en","dst":"es-MX","source":"Give 5 mg now","candidate":"Administre 5 mg ahora"}
{"id":17,"src":"EN","dst":"zh-TW","source":"Give 5 mg now","candidate":"現在給予5克"}

{"id":"ü","src":"en","dst":"kmr","source":"See you at <10>","candidate":"Em ê di <10> de hev bibînin"}
{"id":18.50,"src":"und","dst":"xx","source":"There were 12 patients","candidate":"21 bemaran hebûn"}`)
	require.NoError(t, err)
	require.Equal(t, []string{
		`{"id":"a","verdict":"pass","reasons":[]}`,
		`{"id":17,"verdict":"block","reasons":["unit"]}`,
		`{"id":"ü","verdict":"pass","reasons":[]}`,
		`{"id":18.50,"verdict":"warn","reasons":["number"]}`,
	}, lines)
}

func TestCheckGoesOnAfterLinesThatAreNotValid(t *testing.T) {
	good := `{"id":"last","src":"en","dst":"es","source":"Good morning","candidate":"Buenos días"}`
	long := fmt.Sprintf(`{"id":"long","src":"en","dst":"es","source":%q,"candidate":""}`, strings.Repeat("a", maxCheckLine))
	lines, err := checked(t, strings.Join([]string{
		`no JSON`, `{"id":3,"src":"en"`, `{"id":"x","src":"en","dst":"es","source":"a"}`, `{"id":{},"src":"en","dst":"es","source":"a","candidate":"b"}`,
		`{"id":"y","src":7,"dst":"es","source":"a","candidate":"b"}`, `[1]`, long, good,
	}, "\n"))
	require.EqualError(t, err, "7 of 8 lines could not be checked")
	require.Len(t, lines, 8)
	for i, want := range []string{"null", "3", `"x"`, "null", `"y"`, "null", `"long"`} {
		var answer struct {
			ID    json.RawMessage
			Error string
		}
		require.NoError(t, json.Unmarshal([]byte(lines[i]), &answer))
		require.NotEmpty(t, answer.Error, lines[i])
		if answer.ID == nil {
			answer.ID = json.RawMessage("null")
		}
		require.Equal(t, want, string(answer.ID), lines[i])
	}
	require.Equal(t, `{"id":"last","verdict":"pass","reasons":[]}`, lines[7])
}

// TestCheckRefusesTagsThatAreNone: they would get fewer checks in silence.
func TestCheckRefusesTagsThatAreNone(t *testing.T) {
	lines, err := checked(t, `{"id":1,"src":"xx-bad-tag-!!","dst":"es","source":"a","candidate":"b"}
{"id":2,"src":"en","dst":"","source":"a","candidate":"b"}
{"id":3,"src":"en","dst":"spanish","source":"a","candidate":"b"}`)
	require.EqualError(t, err, "3 of 3 lines could not be checked")
	for i, want := range []string{`src \"xx-bad-tag-!!\"`, `dst \"\"`, `dst \"spanish\"`} {
		require.Contains(t, lines[i], fmt.Sprintf(`{"id":%d,"error":"%s is no language tag (BCP 47) such as es`, i+1, want))
	}
}

// TestCheckReadsFilesThatBeginWithAMark: editors of Windows write U+FEFF before the first line.
func TestCheckReadsFilesThatBeginWithAMark(t *testing.T) {
	lines, err := checked(t, "\ufeff"+`{"id":1,"src":"en","dst":"fr","source":"Good morning","candidate":"Bonjour"}`)
	require.NoError(t, err)
	require.Equal(t, []string{`{"id":1,"verdict":"pass","reasons":[]}`}, lines)
	for _, short := range []string{"", "\ufeff", "{"} {
		_, err := checked(t, short)
		require.Equal(t, short == "{", err != nil, short)
	}
}

// TestCheckAnswersBeforeTheNextLine: a tool that writes a line and waits gets its verdict.
func TestCheckAnswersBeforeTheNextLine(t *testing.T) {
	in, feed := io.Pipe()
	answers, out := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- checkLines(in, out) }()
	for i := range 3 {
		_, err := fmt.Fprintf(feed, `{"id":%d,"src":"en","dst":"fr","source":"Good morning","candidate":"Bonjour"}`+"\n", i)
		require.NoError(t, err)
		var answer struct{ ID int }
		require.NoError(t, json.NewDecoder(answers).Decode(&answer))
		require.Equal(t, i, answer.ID)
	}
	require.NoError(t, feed.Close())
	require.NoError(t, <-done)
}
