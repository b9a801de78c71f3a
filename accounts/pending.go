package accounts

import (
	"context"
	"encoding/json"
	"time"

	"medixchange/accounts/pushrules"
	"medixchange/rooms"
)

func (a *Accounts) UserID(localpart string) string                                 { panic("pending") }
func (a *Accounts) IsLocal(userID string) bool                                     { panic("pending") }
func (a *Accounts) Register(ctx context.Context, r Registration) (*Session, error) { panic("pending") }
func (a *Accounts) CheckUsername(ctx context.Context, localpart, appserviceID string) error {
	panic("pending")
}
func (a *Accounts) EnsureUser(ctx context.Context, localpart, displayName string) (string, error) {
	panic("pending")
}
func (a *Accounts) User(ctx context.Context, userID string) (*User, error)         { panic("pending") }
func (a *Accounts) Users(ctx context.Context, q UserQuery) ([]*User, error)        { panic("pending") }
func (a *Accounts) SetAdmin(ctx context.Context, userID string, on bool) error     { panic("pending") }
func (a *Accounts) SetLocked(ctx context.Context, userID string, on bool) error    { panic("pending") }
func (a *Accounts) SetSuspended(ctx context.Context, userID string, on bool) error { panic("pending") }
func (a *Accounts) CheckPassword(ctx context.Context, userID, password string) error {
	panic("pending")
}
func (a *Accounts) ChangePassword(ctx context.Context, userID, password string, logoutDevices bool, keepDevice string) error {
	panic("pending")
}
func (a *Accounts) Deactivate(ctx context.Context, userID string, erase bool) error { panic("pending") }

func (a *Accounts) CreateRegistrationToken(ctx context.Context, t RegistrationToken) (*RegistrationToken, error) {
	panic("pending")
}
func (a *Accounts) RegistrationTokens(ctx context.Context) ([]*RegistrationToken, error) {
	panic("pending")
}
func (a *Accounts) RevokeRegistrationToken(ctx context.Context, token string) error { panic("pending") }
func (a *Accounts) RegistrationTokenValid(ctx context.Context, token string) (bool, error) {
	panic("pending")
}
func (a *Accounts) RegistrationNonce() (string, error) { panic("pending") }
func (a *Accounts) CheckRegistrationMAC(nonce, user, password string, admin bool, userType, mac string) error {
	panic("pending")
}

func (a *Accounts) Login(ctx context.Context, r LoginRequest) (*Session, error) { panic("pending") }
func (a *Accounts) LoginAs(ctx context.Context, userID, deviceID, deviceName string, refresh bool) (*Session, error) {
	panic("pending")
}
func (a *Accounts) Logout(ctx context.Context, d *Device) error        { panic("pending") }
func (a *Accounts) LogoutAll(ctx context.Context, userID string) error { panic("pending") }
func (a *Accounts) Refresh(ctx context.Context, refreshToken string) (*Session, error) {
	panic("pending")
}
func (a *Accounts) CreateLoginToken(ctx context.Context, userID string) (string, time.Duration, error) {
	panic("pending")
}
func (a *Accounts) Authenticate(ctx context.Context, token string) (*Device, error) { panic("pending") }
func (a *Accounts) Seen(d *Device, ip, userAgent string)                            { panic("pending") }
func (a *Accounts) OpenIDToken(ctx context.Context, userID string) (string, time.Duration, error) {
	panic("pending")
}
func (a *Accounts) OpenIDUser(ctx context.Context, token string) (string, error) { panic("pending") }

func (a *Accounts) Devices(ctx context.Context, userID string) ([]*Device, error) { panic("pending") }
func (a *Accounts) Device(ctx context.Context, userID, deviceID string) (*Device, error) {
	panic("pending")
}
func (a *Accounts) RenameDevice(ctx context.Context, userID, deviceID, name string) error {
	panic("pending")
}
func (a *Accounts) DeleteDevices(ctx context.Context, userID string, deviceIDs []string) error {
	panic("pending")
}

func (a *Accounts) Profile(ctx context.Context, userID string) (Profile, error) { panic("pending") }
func (a *Accounts) ProfileField(ctx context.Context, userID, field string) (json.RawMessage, error) {
	panic("pending")
}
func (a *Accounts) LocalProfile(ctx context.Context, userID string) (Profile, error) {
	panic("pending")
}
func (a *Accounts) MemberProfile(ctx context.Context, userID string) (rooms.MemberProfile, error) {
	panic("pending")
}
func (a *Accounts) SetProfileField(ctx context.Context, userID, field string, value json.RawMessage) error {
	panic("pending")
}
func (a *Accounts) DeleteProfileField(ctx context.Context, userID, field string) error {
	panic("pending")
}

func (a *Accounts) AccountData(ctx context.Context, userID, roomID, typ string) (json.RawMessage, error) {
	panic("pending")
}
func (a *Accounts) SetAccountData(ctx context.Context, userID, roomID, typ string, content json.RawMessage) error {
	panic("pending")
}
func (a *Accounts) AccountDataSince(ctx context.Context, userID string, since, upto int64) ([]*AccountDatum, error) {
	panic("pending")
}
func (a *Accounts) SetFullyRead(ctx context.Context, userID, roomID, eventID string) error {
	panic("pending")
}
func (a *Accounts) Tags(ctx context.Context, userID, roomID string) (json.RawMessage, error) {
	panic("pending")
}
func (a *Accounts) SetTag(ctx context.Context, userID, roomID, tag string, content json.RawMessage) error {
	panic("pending")
}
func (a *Accounts) DeleteTag(ctx context.Context, userID, roomID, tag string) error { panic("pending") }
func (a *Accounts) IgnoredUsers(ctx context.Context, userID string) (map[string]struct{}, error) {
	panic("pending")
}
func (a *Accounts) RoomLanguage(ctx context.Context, userID, roomID string) (language, mode string, err error) {
	panic("pending")
}
func (a *Accounts) LanguagesInRoom(ctx context.Context, roomID string) (map[string][]string, error) {
	panic("pending")
}
func (a *Accounts) SaveFilter(ctx context.Context, userID string, filter json.RawMessage) (string, error) {
	panic("pending")
}
func (a *Accounts) Filter(ctx context.Context, userID, filterID string) (json.RawMessage, error) {
	panic("pending")
}

func (a *Accounts) PushRules(ctx context.Context, userID string) (*pushrules.Ruleset, error) {
	panic("pending")
}
func (a *Accounts) PutPushRule(ctx context.Context, userID, kind string, rule pushrules.Rule, before, after string) error {
	panic("pending")
}
func (a *Accounts) DeletePushRule(ctx context.Context, userID, kind, ruleID string) error {
	panic("pending")
}
func (a *Accounts) SetPushRuleEnabled(ctx context.Context, userID, kind, ruleID string, on bool) error {
	panic("pending")
}
func (a *Accounts) SetPushRuleActions(ctx context.Context, userID, kind, ruleID string, actions []json.RawMessage) error {
	panic("pending")
}
func (a *Accounts) Evaluate(ctx context.Context, userID string, ev *rooms.Event) (pushrules.Result, error) {
	panic("pending")
}
func (a *Accounts) Counts(ctx context.Context, userID, roomID string, upto int64) (Counts, error) {
	panic("pending")
}
func (a *Accounts) Pushers(ctx context.Context, userID string) ([]*Pusher, error) { panic("pending") }
func (a *Accounts) SetPusher(ctx context.Context, d *Device, p Pusher, appendIt bool) error {
	panic("pending")
}
func (a *Accounts) DeletePusher(ctx context.Context, userID, appID, pushKey string) error {
	panic("pending")
}

func (a *Accounts) UploadKeys(ctx context.Context, userID, deviceID string, u KeyUpload) (map[string]int64, error) {
	panic("pending")
}
func (a *Accounts) KeyCounts(ctx context.Context, userID, deviceID string) (KeyCounts, error) {
	panic("pending")
}
func (a *Accounts) QueryKeys(ctx context.Context, requester string, users map[string][]string, timeout time.Duration) (*KeysAnswer, error) {
	panic("pending")
}
func (a *Accounts) LocalKeys(ctx context.Context, requester string, users map[string][]string) (*RemoteKeys, error) {
	panic("pending")
}
func (a *Accounts) ClaimKeys(ctx context.Context, keys map[string]map[string]string, timeout time.Duration) (*ClaimAnswer, error) {
	panic("pending")
}
func (a *Accounts) ClaimLocalKeys(ctx context.Context, keys map[string]map[string]string) (map[string]map[string]map[string]json.RawMessage, error) {
	panic("pending")
}
func (a *Accounts) SigningKeysNeedAuth(ctx context.Context, userID string, k SigningKeys) (bool, error) {
	panic("pending")
}
func (a *Accounts) UploadSigningKeys(ctx context.Context, userID string, k SigningKeys) error {
	panic("pending")
}
func (a *Accounts) UploadSignatures(ctx context.Context, userID string, signed map[string]map[string]json.RawMessage) (map[string]map[string]*Error, error) {
	panic("pending")
}
func (a *Accounts) KeyChanges(ctx context.Context, userID string, since, upto int64) (changed, left []string, err error) {
	panic("pending")
}
func (a *Accounts) OwnDeviceList(ctx context.Context, userID string) (*RemoteDeviceList, error) {
	panic("pending")
}
func (a *Accounts) OutgoingDeviceListUpdates(ctx context.Context, since, upto int64, limit int) ([]*DeviceListUpdate, error) {
	panic("pending")
}
func (a *Accounts) ReceiveDeviceListUpdate(ctx context.Context, origin string, content json.RawMessage) error {
	panic("pending")
}
func (a *Accounts) ReceiveSigningKeyUpdate(ctx context.Context, origin string, content json.RawMessage) error {
	panic("pending")
}

func (a *Accounts) CreateBackup(ctx context.Context, userID, algorithm string, authData json.RawMessage) (string, error) {
	panic("pending")
}
func (a *Accounts) Backup(ctx context.Context, userID, version string) (*BackupVersion, error) {
	panic("pending")
}
func (a *Accounts) UpdateBackup(ctx context.Context, userID, version, bodyVersion, algorithm string, authData json.RawMessage) error {
	panic("pending")
}
func (a *Accounts) DeleteBackup(ctx context.Context, userID, version string) error { panic("pending") }
func (a *Accounts) PutBackupKeys(ctx context.Context, userID, version string, keys BackupSessions) (etag string, count int64, err error) {
	panic("pending")
}
func (a *Accounts) BackupKeys(ctx context.Context, userID, version, roomID, sessionID string) (BackupSessions, error) {
	panic("pending")
}
func (a *Accounts) DeleteBackupKeys(ctx context.Context, userID, version, roomID, sessionID string) (etag string, count int64, err error) {
	panic("pending")
}

func (a *Accounts) SendToDevice(ctx context.Context, r ToDeviceRequest) error { panic("pending") }
func (a *Accounts) ToDevice(ctx context.Context, userID, deviceID string, after, upto int64, limit int) (messages []json.RawMessage, last int64, more bool, err error) {
	panic("pending")
}
func (a *Accounts) AckToDevice(ctx context.Context, userID, deviceID string, upto int64) error {
	panic("pending")
}
func (a *Accounts) ReceiveDirectToDevice(ctx context.Context, origin string, content json.RawMessage) error {
	panic("pending")
}
func (a *Accounts) OutboundDeviceMessages(ctx context.Context, destination string, after int64, limit int) ([]*OutboundDeviceMessage, error) {
	panic("pending")
}
func (a *Accounts) AckOutboundDeviceMessages(ctx context.Context, destination string, upto int64) error {
	panic("pending")
}
func (a *Accounts) OutboundDeviceDestinations(ctx context.Context) (map[string]int64, error) {
	panic("pending")
}

func (a *Accounts) SearchUsers(ctx context.Context, userID, term string, limit int) ([]DirectoryUser, bool, error) {
	panic("pending")
}
func (a *Accounts) MutualRooms(ctx context.Context, userID, other string) ([]string, error) {
	panic("pending")
}
func (a *Accounts) SetPresence(ctx context.Context, userID, presence, statusMsg string) error {
	panic("pending")
}
func (a *Accounts) Presence(ctx context.Context, viewer, userID string) (PresenceState, error) {
	panic("pending")
}
