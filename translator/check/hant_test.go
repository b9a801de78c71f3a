package check

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTraditionalChineseIsCheckedLikeSimplified: the rules are written in simplified characters and hold for both.
func TestTraditionalChineseIsCheckedLikeSimplified(t *testing.T) {
	for _, test := range []struct {
		source, translation string
		want                Verdict
	}{
		{"Give paracetamol 500 mg twice a day.", "給予對乙醯氨基酚 500 mg，每日兩次。", Pass},
		{"Do not give 500 mg of paracetamol.", "請勿給予 paracetamol 500 毫克。", Pass},
		{"Give 500 mg of paracetamol.", "給予 paracetamol 50 毫克。", Block},
		{"The patient is not stable now.", "患者目前病情穩定。", Block},
		{"Pain in the left arm.", "右臂疼痛。", Block},
	} {
		report := Compare([]string{test.source}, []string{test.translation}, "en", "zh-Hant")
		require.Equal(t, test.want, report.Verdict, "%s %v", test.translation, report.Reasons)
	}
}
