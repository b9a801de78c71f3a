package pages

import (
	"encoding/json"
	"net/http"

	"medixchange/internal/markup"
)

// Words are those of the language in the address, of the reader ("" where none is known), or of the browser.
func Words(r *http.Request, catalogue *markup.Catalogue, reader string) *markup.Words {
	if lang := r.URL.Query().Get("lang"); lang != "" {
		return catalogue.Of(lang)
	}
	if reader != "" {
		return catalogue.Of(reader)
	}
	return catalogue.For(r)
}

// ForScript encodes words as the page's script reads them.
func ForScript(words *markup.Words) string {
	texts := map[string]string{}
	for _, key := range words.Keys() {
		texts[key] = words.Text(key)
	}
	encoded, err := json.Marshal(texts)
	if err != nil {
		panic("texts are not encoded: " + err.Error())
	}
	return string(encoded)
}

// LanguageMenu offers the page in each language of its catalogue.
func LanguageMenu(b *markup.Builder, catalogue *markup.Catalogue, words *markup.Words) {
	b.Put(`<nav class="languages" aria-label="%s"><details><summary><span class="unseen">%s: </span>%s</summary><ul>`,
		words.Text("language"), words.Text("language"), words.Text("name"))
	for _, tag := range catalogue.Languages() {
		lang := markup.HTMLLang(tag)
		b.Put(`<li><a href="?lang=%s" hreflang="%s" lang="%s" dir="%s">%s</a></li>`, tag, lang, lang, markup.Dir(tag), catalogue.Of(tag).Text("name"))
	}
	b.Put("</ul></details></nav>")
}
