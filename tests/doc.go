// Package tests holds the end-to-end tests: promises that only whole nodes can keep, tried with clients that are not ours.
//
// crash_test.go kills real processes under load; the other tests start hospitals in this process
// (internal/testhospital) and talk to them with mautrix-go, matrix-js-sdk, matrix-bot-sdk and matrix-nio.
package tests
