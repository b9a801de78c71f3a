package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"medixchange/translator/eval"
)

func TestEachConditionCanFail(t *testing.T) {
	fine := eval.Figures{From: "en", To: "es", Plain: eval.Score{ChrF: 55}, Protected: eval.Score{ChrF: 54.1}, Wrong: 3}
	require.Empty(t, conditions(fine), "wrong numbers that were noticed are the checks' work")

	costly, lossy, blind := fine, fine, fine
	costly.Protected.ChrF = 53.9
	lossy.Lost = 1
	blind.Unnoticed = []string{"5 mg → 50 mg"}
	require.Len(t, conditions(costly), 1)
	require.Len(t, conditions(lossy), 1)
	require.Len(t, conditions(blind), 1)
}
