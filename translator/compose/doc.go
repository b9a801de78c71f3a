// Package compose writes what a reader sees: body and formatted_body of a translated, doubtful,
// blocked or untranslated message in the reader's language, and the key org.medixchange.translation.
//
// The forms follow what standard clients really do: details may be flattened, spans may vanish, so
// everything reads well as plain paragraphs, and meaning is in words.
//
// It imports translator/{language,check,protect}. Start at message.go.
package compose
