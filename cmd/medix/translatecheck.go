package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/tidwall/gjson"

	"medixchange/cmd/medix/node"
	"medixchange/translator/check"
	"medixchange/translator/language"
)

type translateCheckCmd struct{}

// Run checks the translations on standard input.
func (translateCheckCmd) Run() error { return checkLines(os.Stdin, os.Stdout) }

// byteOrderMark is what some editors of Windows put before a file.
const byteOrderMark = "\ufeff"

// maxCheckLine bounds one line of input, in bytes.
const maxCheckLine = 1 << 20

// checkRequest is one line of input; all fields must be there.
type checkRequest struct {
	ID        json.RawMessage `json:"id"`
	Src       *string         `json:"src"` // BCP 47
	Dst       *string         `json:"dst"`
	Source    *string         `json:"source"`
	Candidate *string         `json:"candidate"`
}

// checkAnswer is one line of output: a verdict with its reasons, or an error.
type checkAnswer struct {
	ID      json.RawMessage `json:"id,omitempty"` // as it came
	Verdict check.Verdict   `json:"verdict,omitempty"`
	Reasons *[]string       `json:"reasons,omitempty"`
	Error   string          `json:"error,omitempty"`
}

// checkLines answers each line in its order and before it reads the next, so that a tool may wait for
// one verdict at a time. Lines that are not valid are answered with an error; they make checkLines
// fail at the end.
func checkLines(in io.Reader, out io.Writer) error {
	reader := bufio.NewReaderSize(in, maxCheckLine)
	if mark, err := reader.Peek(len(byteOrderMark)); err == nil && string(mark) == byteOrderMark {
		_, _ = reader.Discard(len(byteOrderMark)) // it is there
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	lines, faults := 0, 0
	for {
		line, long, err := readCheckLine(reader)
		if len(bytes.TrimSpace(line)) > 0 {
			lines++
			answer := answerLine(line, long)
			if answer.Error != "" {
				faults++
			}
			if err := encoder.Encode(answer); err != nil {
				return fmt.Errorf("writing a verdict: %w", err)
			}
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("reading translations: %w", err)
		}
	}
	if faults > 0 {
		return fmt.Errorf("%d of %d lines could not be checked", faults, lines)
	}
	return nil
}

// readCheckLine reads up to the end of a line; of one that is too long it gives the beginning.
func readCheckLine(reader *bufio.Reader) (line []byte, long bool, err error) {
	line, err = reader.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return line, false, err
	}
	line = bytes.Clone(line)
	for errors.Is(err, bufio.ErrBufferFull) {
		_, err = reader.ReadSlice('\n')
	}
	return line, true, err
}

func answerLine(line []byte, long bool) checkAnswer {
	if long {
		return checkAnswer{ID: idIn(line), Error: fmt.Sprintf("the line is longer than %d bytes", maxCheckLine)}
	}
	var request checkRequest
	if err := json.Unmarshal(line, &request); err != nil {
		return checkAnswer{ID: idIn(line), Error: "not a valid line: " + err.Error()}
	}
	if fault := request.fault(); fault != "" {
		return checkAnswer{ID: usableID(request.ID), Error: fault}
	}
	report := check.Compare(strings.Split(*request.Source, "\n"), strings.Split(*request.Candidate, "\n"),
		node.LanguageOf(*request.Src), node.LanguageOf(*request.Dst))
	codes := report.Codes()
	return checkAnswer{ID: request.ID, Verdict: report.Verdict, Reasons: &codes}
}

// fault says what is wrong with a line that is valid JSON, "" for nothing.
func (r checkRequest) fault() string {
	if usableID(r.ID) == nil {
		return "id must be a string or a number"
	}
	for _, field := range []struct {
		name  string
		value *string
	}{{"src", r.Src}, {"dst", r.Dst}, {"source", r.Source}, {"candidate", r.Candidate}} {
		if field.value == nil {
			return field.name + " is missing"
		}
	}
	return cmp.Or(tagFault("src", *r.Src), tagFault("dst", *r.Dst))
}

// tagFault says that a text has not the form of a language tag, "" for one that has. Without it a misspelt tag would get the checks
// that hold for every language, which are fewer.
func tagFault(field, tag string) string {
	if language.WellFormed(tag) {
		return ""
	}
	return fmt.Sprintf("%s %q is no language tag (BCP 47) such as es or zh-Hant; write und where the language is not known", field, tag)
}

// idIn looks for the id in a line that is no valid JSON.
func idIn(line []byte) json.RawMessage {
	return usableID(json.RawMessage(gjson.GetBytes(line, "id").Raw))
}

// usableID gives back an id that is a string or a number, else nothing.
func usableID(id json.RawMessage) json.RawMessage {
	if len(id) == 0 || !json.Valid(id) || !strings.ContainsRune(`"-0123456789`, rune(id[0])) {
		return nil
	}
	return id
}
