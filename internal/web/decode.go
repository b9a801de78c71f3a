package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"medixchange/internal/strictjson"
)

// maxBodyDepth is how deep request bodies may nest.
const maxBodyDepth = 100

// Decode reads the request's JSON object into v, which is a pointer as for json.Unmarshal. A body longer than
// maxBytes is 413 M_TOO_LARGE; what is not JSON in UTF-8 is M_NOT_JSON; duplicate keys, deep nesting and wrong types
// are M_BAD_JSON with the name of the field.
func Decode(r *http.Request, v any, maxBytes int64) error {
	body, err := ReadJSON(r, maxBytes)
	if err != nil {
		return err
	}
	return Unmarshal(body, v)
}

// DecodeOptional is Decode for endpoints where a missing body means {}.
func DecodeOptional(r *http.Request, v any, maxBytes int64) error {
	body, err := readBody(r, maxBytes)
	if err != nil || len(body) == 0 {
		return err
	}
	if err := checkBody(body); err != nil {
		return err
	}
	return Unmarshal(body, v)
}

// ReadJSON reads the request's body and checks that it is one strict JSON value, without decoding it.
func ReadJSON(r *http.Request, maxBytes int64) ([]byte, error) {
	body, err := readBody(r, maxBytes)
	if err != nil {
		return nil, err
	}
	return body, checkBody(body)
}

// Unmarshal decodes body into v; errors are M_NOT_JSON or M_BAD_JSON as for Decode.
func Unmarshal(body []byte, v any) error {
	err := json.Unmarshal(body, v)
	if err == nil {
		return nil
	}
	var wrongType *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrongType) && wrongType.Field != "":
		return BadJSON("Field %q must not be of type %s", wrongType.Field, wrongType.Value).Because(err)
	case errors.As(err, &wrongType):
		return BadJSON("The body must not be of type %s", wrongType.Value).Because(err)
	case errors.As(err, &syntax):
		return NotJSON("The body is not JSON").Because(err)
	}
	return BadJSON("The body does not have the expected form").Because(err)
}

func readBody(r *http.Request, maxBytes int64) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	if r.ContentLength > maxBytes {
		return nil, TooLarge("The request body is larger than %d bytes", maxBytes)
	}
	body, err := readAll(io.LimitReader(r.Body, maxBytes+1), r.ContentLength)
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return nil, err
		}
		return nil, NewError(http.StatusBadRequest, "M_NOT_JSON", "The request body could not be read").Because(err)
	}
	if int64(len(body)) > maxBytes {
		return nil, TooLarge("The request body is larger than %d bytes", maxBytes)
	}
	return body, nil
}

// maxReserved bounds the memory that a request gets for what it only announces.
const maxReserved = 64 << 10

// readAll is io.ReadAll with the right buffer when the length is known and small.
func readAll(r io.Reader, length int64) ([]byte, error) {
	if length < 0 || length > maxReserved {
		return io.ReadAll(r)
	}
	body := make([]byte, length)
	n, err := io.ReadFull(r, body)
	if err != nil {
		return nil, fmt.Errorf("after %d of %d bytes: %w", n, length, err)
	}
	return body, nil
}

func checkBody(body []byte) error {
	err := strictjson.Check(body, strictjson.Limits{MaxDepth: maxBodyDepth})
	var bad *strictjson.Error
	if !errors.As(err, &bad) {
		return err
	}
	if bad.Kind == strictjson.Syntax {
		return NotJSON("The body is not JSON: %s", bad).Because(err)
	}
	return BadJSON("The body is not acceptable JSON: %s", bad).Because(err)
}
