// Package search finds documents by their words, in every script, in plain SQL tables. It knows no domain words: chat,
// handbook and directories use it for texts of theirs.
//
// # Using it
//
//	e := search.New(search.Options{DB: db, Simplify: language.Simplified})
//	p := e.Prepare(search.Document{ID: 7, Scope: 1, Fields: []search.Field{{Text: title, Weight: 4}, {Text: body, Weight: 1}}})
//	err := db.Write(ctx, func(tx *sqldb.Tx) error { return e.Put(tx, "handbook.de", p) }) // also replaces it
//	r, err := e.Search(ctx, search.Query{Text: "Fieber", In: []search.Source{{Index: "handbook.de"}}, Limit: 20})
//	for _, h := range r.Hits { … h.ID, h.Score … }
//	text, spans := r.Matched.Snippet(body, 160)
//
// An index is a name and comes to be with its first document. Where there is a language for each text, an index for each
// language ("handbook.de") ranks better than one for all, since a word is rare or common in a language; several are asked at
// once. No call needs to know a language: texts and queries are folded by one rule.
//
// # What finds what
//
// Letters are NFKC, lower case, without marks (fièvre = fievre, sốt = sot, ß = ss, ı = i); Cyrillic is written in Latin
// letters, so that both alphabets of Serbian are one; Arabic, Persian and Urdu have one form of each letter, no harakat, no
// tatweel, and Arabic no article; digits of all scripts are one, and so are 0,5 and 0.5. Chinese and Japanese are cut into
// overlapping pairs of letters (traditional characters as simplified ones, katakana as hiragana), Hangul words too, Thai and
// its neighbours into threes. A word of parts (COVID-19, 5mg, می‌روم) is found by its parts and as a whole.
//
// A query's word also finds words that begin with it, other endings of it, Arabic words with و ف ب ل ك before it, longer
// words that hold it (Herz… in Linksherz…) and words with one slip; each counts less than the word itself. See expand.go.
//
// # How it ranks
//
// A word counts the more the rarer it is in its index (inverse document frequency). A document's coverage is the share of
// the query that it has, by that count; below [Query.MinCoverage] it is no hit. Its score is the coverage, less where a
// word is found in another form, and less where it is one of many words of its document. [Query.HalfLife] makes older
// documents count less.
//
// # What is stored
//
// For each term the documents that have it, packed (postings.go), newest in the term's own row, older ones in closed blocks; the
// trigrams of words as terms whose documents are words; for each document its terms, so that it can be removed when its text is
// gone: a word that no document has any more is removed with the last. Put and Remove belong into the caller's write, so that
// they commit together with what they index. A query reads a bounded number of words and blocks, from one snapshot.
//
// May import: internal/sqldb. Start reading at engine.go, then pieces.go (taking texts apart), put.go, search.go.
package search
