package check

import "testing"

// BenchmarkCompareMessage checks a message of about 300 characters with its translation.
func BenchmarkCompareMessage(b *testing.B) {
	source := []string{"Please give her 1 g of ceftriaxone intravenously every 12 hours, starting tonight. Blood pressure 85/50, heart rate 132, saturation 91% on room air. The left knee is swollen and warm, the right one looks normal. No fever, no cough. Do not give ibuprofen; her creatinine has doubled since Monday, and potassium is 5.8 mmol/L."}
	translation := []string{"Por favor, adminístrele 1 g de ceftriaxona por vía intravenosa cada 12 horas, a partir de esta noche. Presión arterial 85/50, frecuencia cardíaca 132, saturación 91 % con aire ambiente. La rodilla izquierda está hinchada y caliente, la derecha parece normal. Sin fiebre, sin tos. No le dé ibuprofeno; su creatinina se ha duplicado desde el lunes y el potasio es de 5,8 mmol/L."}
	Prepare()
	if report := Compare(source, translation, "en", "es"); report.Verdict != Pass {
		b.Fatal(report)
	}
	b.ReportAllocs()
	for b.Loop() {
		Compare(source, translation, "en", "es")
	}
}
