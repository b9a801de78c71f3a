package check

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkCompareMessage checks a message of about 300 characters with its translation.
func BenchmarkCompareMessage(b *testing.B) {
	source := []string{"Please give her 1 g of ceftriaxone intravenously every 12 hours, starting tonight. Blood pressure 85/50, heart rate 132, saturation 91% on room air. The left knee is swollen and warm, the right one looks normal. No fever, no cough. Do not give ibuprofen; her creatinine has doubled since Monday, and potassium is 5.8 mmol/L."}
	translation := []string{"Por favor, adminístrele 1 g de ceftriaxona por vía intravenosa cada 12 horas, a partir de esta noche. Presión arterial 85/50, frecuencia cardíaca 132, saturación 91 % con aire ambiente. La rodilla izquierda está hinchada y caliente, la derecha parece normal. Sin fiebre, sin tos. No le dé ibuprofeno; su creatinina se ha duplicado desde el lunes y el potasio es de 5,8 mmol/L."}
	Prepare()
	if report := Compare(source, translation, "en", "es"); report.Verdict != Pass {
		b.Fatal(report)
	}
	b.ReportAllocs()
	before := cpuTime(b)
	for b.Loop() {
		Compare(source, translation, "en", "es")
	}
	b.ReportMetric(float64((cpuTime(b)-before).Nanoseconds())/1e3/float64(b.N), "cpu-µs/op")
}

// cpuTime is what the process has used: on a busy machine the clock says little.
func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &used))
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
