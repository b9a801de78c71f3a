package netguard

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
)

// Fault keeps of a failed exchange over HTTP what this machine knows of it, for errors that are logged. What net/http quotes of an answer that it cannot read, a
// line of it or the address of a redirect, may repeat the text.
func Fault(err error) error {
	var op *net.OpError
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.As(err, &op):
		return op
	case errors.As(err, &certificate):
		return certificate
	case errors.As(err, &record):
		return record
	case errors.As(err, &timeout) && timeout.Timeout():
		return context.DeadlineExceeded
	}
	for _, known := range []error{
		context.Canceled, context.DeadlineExceeded, ErrBlocked, ErrBodyTooLarge, io.ErrUnexpectedEOF, io.EOF,
	} {
		if errors.Is(err, known) {
			return known
		}
	}
	return fmt.Errorf("it is no proper HTTP, or a redirect that leads nowhere (%T)", innermost(err))
}

// innermost is the error that others are wrapped around.
func innermost(err error) error {
	for next := err; next != nil; next = errors.Unwrap(next) {
		err = next
	}
	return err
}
