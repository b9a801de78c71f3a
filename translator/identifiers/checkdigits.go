package identifiers

import (
	"strings"
	"time"
)

// checks are the rules for check digits by the name that data/numbers.yaml calls them. Each takes a number without spaces and
// marks, of the length that its pattern says.
var checks = map[string]func(string) bool{
	"mod11-2":  iso7064Mod11Radix2,
	"mod11-10": iso7064Mod11Radix10,
	"luhn":     luhn,
	"verhoeff": verhoeff,
	"dni":      spanishDNI,
	"fiscale":  codiceFiscale,
	"nir":      frenchNIR,
	"tc":       turkishTC,
	"cpf":      brazilianCPF,
	"bsn":      dutchBSN,
	"kvnr":     germanKVNR,
	"jmbg":     serbianJMBG,
	"melli":    iranianMelli,
	"rrn":      koreanRRN,
	"thai":     thaiPIN,
	"nik":      indonesianNIK,
	"snils":    russianSNILS,
	"nhs":      britishNHS,
	"mynumber": japaneseMyNumber,
	"nif":      portugueseNIF,
	"cccd":     vietnameseCCCD,
	"egypt":    egyptianID,
	"taiwan":   taiwaneseID,
	"hongkong": hongKongID,
	"ssn":      americanSSN,
	"chinese":  func(s string) bool { return iso7064Mod11Radix2(s) && isDate(s[6:14], "20060102") },
}

func at(s string, i int) int { return int(s[i] - '0') }

// weighted is the sum of the first digits of s by their weights.
func weighted(s string, weights ...int) (sum int) {
	for i, w := range weights {
		sum += w * at(s, i)
	}
	return sum
}

func isDate(digits, layout string) bool {
	_, err := time.Parse(layout, digits)
	return err == nil
}

// sameDigits reports whether a number is one digit over and over, which check digits often let pass.
func sameDigits(s string) bool { return strings.Count(s, s[:1]) == len(s) }

func iso7064Mod11Radix2(s string) bool {
	sum := 0
	for _, r := range s[:len(s)-1] {
		sum = (sum + int(r-'0')) * 2 % 11
	}
	last := at(s, len(s)-1)
	if s[len(s)-1] == 'X' {
		last = 10
	}
	return (sum+last)%11 == 1
}

func iso7064Mod11Radix10(s string) bool {
	product := 10
	for _, r := range s[:len(s)-1] {
		sum := (product + int(r-'0')) % 10
		if sum == 0 {
			sum = 10
		}
		product = sum * 2 % 11
	}
	return (product+at(s, len(s)-1))%10 == 1 && !sameDigits(s)
}

func luhn(s string) bool {
	sum := 0
	for i := range s {
		d := at(s, len(s)-1-i)
		if i%2 == 1 {
			d = d*2/10 + d*2%10
		}
		sum += d
	}
	return sum%10 == 0 && !sameDigits(s)
}

// verhoeff works in the dihedral group of ten elements: rotations 0 to 4, reflections 5 to 9.
func verhoeff(s string) bool {
	permuted := [10]int{1, 5, 7, 6, 2, 8, 3, 0, 9, 4}
	c := 0
	for i := range s {
		d := at(s, len(s)-1-i)
		for range i % 8 {
			d = permuted[d]
		}
		c = dihedral(c, d)
	}
	return c == 0
}

func dihedral(a, b int) int {
	switch {
	case a < 5 && b < 5:
		return (a + b) % 5
	case a < 5:
		return 5 + (a+b-5)%5
	case b < 5:
		return 5 + (a-5-b+5)%5
	}
	return (a - b + 5) % 5
}

func spanishDNI(s string) bool {
	if i := strings.IndexByte("XYZ", s[0]); i >= 0 {
		s = string(rune('0'+i)) + s[1:]
	}
	number := 0
	for _, r := range s[:len(s)-1] {
		number = number*10 + int(r-'0')
	}
	return "TRWAGMYFPDXBNJZSQVHLCKE"[number%23] == s[len(s)-1]
}

// odd is what letters and digits in odd places of a codice fiscale are worth.
var odd = [26]int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23}

func codiceFiscale(s string) bool {
	sum := 0
	for i := range s[:15] {
		value := int(s[i] - 'A')
		if s[i] <= '9' {
			value = at(s, i)
		}
		if i%2 == 0 {
			value = odd[value]
		}
		sum += value
	}
	return byte('A'+sum%26) == s[15]
}

// frenchNIR: the two departments of Corsica have letters, which count as numbers below theirs.
func frenchNIR(s string) bool {
	body, less := s[:13], 0
	switch body[5:7] {
	case "2A":
		body, less = body[:5]+"20"+body[7:], 1_000_000
	case "2B":
		body, less = body[:5]+"20"+body[7:], 2_000_000
	}
	number := 0
	for _, r := range body {
		if r < '0' || r > '9' {
			return false
		}
		number = number*10 + int(r-'0')
	}
	return 97-(number-less)%97 == at(s, 13)*10+at(s, 14)
}

func turkishTC(s string) bool {
	tenth := weighted(s, 7, -1, 7, -1, 7, -1, 7, -1, 7)
	return (tenth%10+10)%10 == at(s, 9) && weighted(s, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)%10 == at(s, 10)
}

func brazilianCPF(s string) bool {
	first := weighted(s, 10, 9, 8, 7, 6, 5, 4, 3, 2) * 10 % 11 % 10
	second := weighted(s, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2) * 10 % 11 % 10
	return first == at(s, 9) && second == at(s, 10) && !sameDigits(s)
}

func dutchBSN(s string) bool {
	return weighted(s, 9, 8, 7, 6, 5, 4, 3, 2, -1)%11 == 0 && !sameDigits(s)
}

// germanKVNR counts its letter as two digits and weighs 1 and 2 by turns.
func germanKVNR(s string) bool {
	letter := int(s[0]-'A') + 1
	digits := string(rune('0'+letter/10)) + string(rune('0'+letter%10)) + s[1:]
	sum := 0
	for i := range 10 {
		d := at(digits, i) * (1 + i%2)
		sum += d/10 + d%10
	}
	return sum%10 == at(digits, 10)
}

func serbianJMBG(s string) bool {
	century := "1"
	if s[4] < '8' {
		century = "2"
	}
	check := (11 - weighted(s, 7, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)%11) % 11
	return isDate(s[:4]+century+s[4:7], "02012006") && check%10 == at(s, 12)
}

func iranianMelli(s string) bool {
	rest := weighted(s, 10, 9, 8, 7, 6, 5, 4, 3, 2) % 11
	if rest >= 2 {
		rest = 11 - rest
	}
	return rest == at(s, 9) && !sameDigits(s)
}

// koreanRRN: numbers given since October 2020 have no check digit any more, so that the date and the hyphen have to do.
func koreanRRN(s string) bool {
	return s[6] >= '1' && s[6] <= '8' && isDate(s[:6], "060102")
}

func thaiPIN(s string) bool {
	sum := weighted(s, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2)
	return (11-sum%11)%10 == at(s, 12)
}

// indonesianNIK has no check digit: six digits of a district, a date of birth (the day of women counts from 41), four more.
func indonesianNIK(s string) bool {
	day := s[6:8]
	if day[0] >= '4' {
		day = string(day[0]-4) + day[1:]
	}
	province := at(s, 0)*10 + at(s, 1)
	return province >= 11 && province <= 97 && isDate(day+s[8:12], "020106") && s[12:] != "0000"
}

func russianSNILS(s string) bool {
	sum := weighted(s, 9, 8, 7, 6, 5, 4, 3, 2, 1) % 101 % 100
	return sum == at(s, 9)*10+at(s, 10)
}

func britishNHS(s string) bool {
	check := (11 - weighted(s, 10, 9, 8, 7, 6, 5, 4, 3, 2)%11) % 11
	return check == at(s, 9) && !sameDigits(s)
}

func japaneseMyNumber(s string) bool {
	rest := weighted(s, 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2) % 11
	check := 0
	if rest > 1 {
		check = 11 - rest
	}
	return check == at(s, 11) && !sameDigits(s)
}

func portugueseNIF(s string) bool {
	check := (11 - weighted(s, 9, 8, 7, 6, 5, 4, 3, 2)%11) % 11 % 10
	return check == at(s, 8) && !sameDigits(s)
}

// vietnameseCCCD has no check digit: the province, a digit for century and sex, the year, six more.
func vietnameseCCCD(s string) bool {
	province := at(s, 1)*10 + at(s, 2)
	return province >= 1 && province <= 96 && s[3] <= '3'
}

func egyptianID(s string) bool {
	governorate := at(s, 7)*10 + at(s, 8)
	return isDate(s[1:7], "060102") && (governorate >= 1 && governorate <= 35 || governorate == 88)
}

// letterValues is what the first letter of a Taiwanese number stands for, from 10 on.
const letterValues = "ABCDEFGHJKLMNPQRSTUVXYWZIO"

func taiwaneseID(s string) bool {
	value := 10 + strings.IndexByte(letterValues, s[0])
	return (value/10+value%10*9+weighted(s[1:], 8, 7, 6, 5, 4, 3, 2, 1, 1))%10 == 0
}

func hongKongID(s string) bool {
	letters := strings.TrimRight(s[:len(s)-7], "0123456789")
	first := 36
	if len(letters) == 2 {
		first = int(letters[0]-'A') + 10
	}
	sum := first*9 + (int(letters[len(letters)-1]-'A')+10)*8 + weighted(s[len(letters):], 7, 6, 5, 4, 3, 2)
	last := at(s, len(s)-1)
	if s[len(s)-1] == 'A' {
		last = 10
	}
	return (sum+last)%11 == 0
}

// americanSSN leaves out what was never given.
func americanSSN(s string) bool {
	return s[:3] != "000" && s[:3] != "666" && s[0] != '9' && s[3:5] != "00" && s[5:] != "0000"
}
