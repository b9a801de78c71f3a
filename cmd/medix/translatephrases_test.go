package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/approvals"
)

func TestWhatReviewersGetAsASheetIsWhatTheyGiveBack(t *testing.T) {
	var sheet bytes.Buffer
	require.NoError(t, writePhrases(&sheet, []approvals.Phrase{
		{Phrase: "symptoms.fever", Language: "es", Hash: "0a", State: approvals.StateUnreviewed, Words: []string{"Tiene fiebre, 38", "Hay fiebre"}, English: "The patient has fever"},
		{Phrase: "symptoms.cough", Language: "es", Hash: "0b", State: approvals.StateApproved, Reviewer: "Dr. \"Ana\" Ruiz", Words: []string{"Tose"}},
	}))
	subjects, err := readSubjects(strings.NewReader("\ufeff" + sheet.String()))
	require.NoError(t, err)
	require.Equal(t, []approvals.Subject{{Phrase: "symptoms.fever", Language: "es", Hash: "0a"}, {Phrase: "symptoms.cough", Language: "es", Hash: "0b"}}, subjects)
	_, err = readSubjects(strings.NewReader("symptoms.fever,es\n"))
	require.ErrorContains(t, err, "line 1")
	_, err = subjectsOf("", []string{"symptoms.fever"})
	require.ErrorContains(t, err, "--language")
}
