package accounts

import (
	"context"
	"time"

	"medixchange/accounts/uia"
)

type tokenCache struct{}
type lastSeen struct{}
type dataCache struct{}
type ruleCache struct{}
type countCache struct{}
type listLog struct{}
type remoteProfiles struct{}
type resyncer struct{}
type nonces struct{}
type presences struct{}

func newTokenCache() *tokenCache                          { return nil }
func newLastSeen() *lastSeen                              { return nil }
func newDataCache() *dataCache                            { return nil }
func newRuleCache() *ruleCache                            { return nil }
func newCountCache() *countCache                          { return nil }
func newListLog() *listLog                                { return nil }
func newRemoteProfiles(func() time.Time) *remoteProfiles  { return nil }
func newResyncer() *resyncer                              { return nil }
func newNonces(func() time.Time) *nonces                  { return nil }
func newPresences(func() time.Time) *presences            { return nil }
func (a *Accounts) stages() map[string]uia.Stage          { return nil }
func (a *Accounts) loadListLog(ctx context.Context) error { return nil }
func (a *Accounts) flushSeen(ctx context.Context) error   { return nil }
func (a *Accounts) flushSeenLoop(ctx context.Context)     {}
func (a *Accounts) propagateProfiles(ctx context.Context) {}
func (a *Accounts) resyncStale(ctx context.Context)       {}
func (a *Accounts) sweepExpired(ctx context.Context)      {}
