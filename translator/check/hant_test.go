package check

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestTraditionalChineseIsCheckedLikeSimplified: the rules are written in simplified characters and hold for both.
func TestTraditionalChineseIsCheckedLikeSimplified(t *testing.T) {
	for source, translations := range map[string][2]string{
		"Give paracetamol 500 mg twice a day.":  {"给予对乙酰氨基酚 500 mg，每日两次。", "給予對乙醯氨基酚 500 mg，每日兩次。"},
		"Do not give 500 mg of paracetamol.":    {"请勿给予 paracetamol 500 毫克。", "請勿給予 paracetamol 500 毫克。"},
		"Give 500 mg of paracetamol.":           {"给予 paracetamol 50 毫克。", "給予 paracetamol 50 毫克。"},
		"The patient is not stable now.":        {"患者目前病情稳定。", "患者目前病情穩定。"},
		"Pain in the left arm.":                 {"右臂疼痛。", "右臂疼痛。"},
		"No history of hypertension, 3 months.": {"无高血压病史，3个月。", "無高血壓病史，3個月。"},
	} {
		simplified := Compare([]string{source}, []string{translations[0]}, "en", "zh")
		traditional := Compare([]string{source}, []string{translations[1]}, "en", "zh-Hant")
		require.Equal(t, simplified.Verdict, traditional.Verdict, "%s %v", source, traditional.Reasons)
		require.Len(t, traditional.Reasons, len(simplified.Reasons), source)
	}
	require.Equal(t, Block, Compare([]string{"Give 500 mg of paracetamol."}, []string{"給予 paracetamol 50 毫克。"}, "en", "zh-Hant").Verdict)
}
