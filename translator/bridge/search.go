package bridge

import (
	"context"
	"encoding/json"
	"fmt"

	"medixchange/accounts/finder"
	"medixchange/translator/check"
	"medixchange/translator/compose"
)

// TranslatedIn implements finder.Translations.
func (b *Bridge) TranslatedIn(ctx context.Context, since, upto int64) ([]int64, error) {
	return b.selectTranslatedMessages(ctx, since, upto)
}

// TextsOf implements finder.Translations: what stands in place of a message, not what was blocked.
func (b *Bridge) TextsOf(ctx context.Context, versions map[int64]int64) ([]finder.Text, error) {
	nids := make([]int64, 0, len(versions))
	for nid := range versions {
		nids = append(nids, nid)
	}
	rows, err := b.selectPlacedParts(ctx, nids)
	if err != nil {
		return nil, err
	}
	newest := map[key]placedParts{} // ascending by position, so that the last one stays
	for _, r := range rows {
		if versions[r.messageNID] == r.versionNID {
			newest[key{r.messageNID, r.language}] = r
		}
	}
	var texts []finder.Text
	for k, r := range newest {
		words, err := wordsShown(r)
		if err != nil {
			return nil, err
		}
		if words != "" {
			texts = append(texts, finder.Text{MessageNID: k.nid, Language: string(k.language), Words: words})
		}
	}
	return texts, nil
}

func wordsShown(r placedParts) (string, error) {
	if r.state != compose.StateTranslated || r.verdict == string(check.Block) || len(r.parts) == 0 {
		return "", nil
	}
	var p parts
	if err := json.Unmarshal(r.parts, &p); err != nil {
		return "", fmt.Errorf("reading a stored translation: %w", err)
	}
	return p.Body, nil
}

// LanguageOf implements finder.Translations.
func (b *Bridge) LanguageOf(tag string) string { return string(b.code(tag)) }
