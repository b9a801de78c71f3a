// Package phrases is the embedded phrase memory: clinical phrases and templates in every language,
// found exactly or not at all.
//
// data/*.yaml holds them, one file for each topic; each entry has every language, a status
// (unreviewed until a hospital's reviewers approve it, see approval.go), and slots such as {n} or
// {drug} that carry over what the writer wrote. Matching folds width, case, punctuation and spaces,
// never words, nor signs that say something (key.go).
//
// It imports translator/{language,check}. Start at memory.go; load.go validates the files, plural.go
// knows words that agree with a number.
package phrases
