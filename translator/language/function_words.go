package language

import (
	"strings"
	"unicode"
)

// functionWords are words that nearly every sentence of a language has. They decide between languages
// of the Latin script where statistics of letters hesitate. Words that several share
// count for each.
var functionWords = wordSets(map[Code]string{
	"en": "the and of is are was were has have had with for that this not you your please it be on at from by will can patient a an in to as or but so if they he she i am no do does we",
	"es": "el los las del y es está están tiene una con para por que su sus pero como más muy hay paciente se lo al usted la de en no a o e ha han ser este esta estos entre sobre todos si me mi son puede pueden desde hasta",
	"fr": "le les des du et est sont une dans pour que qui pas avec sur ce cette vous nous il elle ont été aux ou au depuis la de en à a un l d se plus son sa ses par mais où si je qu même entre tout cela peut être",
	"pt": "o os as do da dos das e é são não uma com para que em no na seu sua mais ele ela está pelo pela você ao de a por se mas ou sobre este esta entre até foi ser estão pode podem também isso uns nas nos me sem",
	"it": "il gli della delle dei di è sono una con per che non nel nella si anche più ha alla questo lo paziente la le i in a e o un no se ma come tra dal dalla suo sua ci può essere stato era hanno",
	"de": "der die das und ist sind nicht ein eine mit für auf den dem von zu im hat haben sie er wird bei auch in an am es ich du wir als so aus nach oder aber wie kann sich dass",
	"nl": "het een van en is zijn niet met voor op dat die heeft hebben wordt bij ook aan er naar deze de patiënt in te of als maar was ik je u over door uit",
	"id": "yang dan di ini itu dengan untuk tidak dari pada adalah ke akan atau dalam telah oleh sudah pasien ada anda saya juga lebih para karena jika dapat bisa seperti kami mereka pun anak apa",
	"tr": "ve bir bu için ile da de çok olarak var yok değil olan daha gibi hasta hastanın ne kadar mi mı sonra en ya her önce bunu şu biz siz çünkü ama",
	"vi": "và là của có không cho được các một những với bệnh nhân người trong này đã bị khi tôi để thể ở đó rằng hoặc nếu như ra vào còn rất sẽ anh chị",
})

func wordSets(lists map[Code]string) map[string][]Code {
	sets := map[string][]Code{}
	for code, list := range lists {
		for _, word := range strings.Fields(list) {
			sets[word] = append(sets[word], code)
		}
	}
	return sets
}

// countFunctionWords counts the function words of each language in a text.
func countFunctionWords(text string) map[Code]int {
	counts := map[Code]int{}
	for _, word := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }) {
		for _, code := range functionWords[word] {
			counts[code]++
		}
	}
	return counts
}
