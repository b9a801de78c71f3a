-- Accounts: users, devices, tokens, profiles, account data, keys, to-device messages. Same rules as for the rooms: ids
-- come from the program, times are milliseconds since the Unix epoch, positions are places in the stream. Secrets
-- (tokens) are stored as SHA-256 only.

-- +goose Up
CREATE TABLE users (
    user_id       TEXT PRIMARY KEY,
    password      TEXT     NOT NULL DEFAULT '', -- argon2id with its parameters; '': no password login
    created       BIGINT   NOT NULL,
    admin         SMALLINT NOT NULL DEFAULT 0,
    deactivated   SMALLINT NOT NULL DEFAULT 0,
    erased        SMALLINT NOT NULL DEFAULT 0,
    locked        SMALLINT NOT NULL DEFAULT 0,
    suspended     SMALLINT NOT NULL DEFAULT 0,
    appservice_id TEXT     NOT NULL DEFAULT ''
);

CREATE TABLE registration_tokens (
    token        TEXT PRIMARY KEY,
    uses_allowed BIGINT NOT NULL, -- -1: as often as wanted
    completed    BIGINT NOT NULL DEFAULT 0,
    expires_ts   BIGINT NOT NULL DEFAULT 0, -- 0: never
    created      BIGINT NOT NULL
);

CREATE TABLE devices (
    user_id      TEXT   NOT NULL,
    device_id    TEXT   NOT NULL,
    display_name TEXT   NOT NULL DEFAULT '',
    created      BIGINT NOT NULL,
    last_seen_ts BIGINT NOT NULL DEFAULT 0,
    last_seen_ip TEXT   NOT NULL DEFAULT '',
    user_agent   TEXT   NOT NULL DEFAULT '',
    PRIMARY KEY (user_id, device_id)
);

CREATE TABLE access_tokens (
    token_hash BYTEA PRIMARY KEY,
    user_id    TEXT   NOT NULL,
    device_id  TEXT   NOT NULL,
    created    BIGINT NOT NULL,
    expires_ts BIGINT NOT NULL DEFAULT 0, -- 0: never
    replaces   BYTEA                      -- hash of the refresh token that is revoked when this token is first used
);
CREATE INDEX access_tokens_by_device ON access_tokens (user_id, device_id);

CREATE TABLE refresh_tokens (
    token_hash BYTEA PRIMARY KEY,
    user_id    TEXT   NOT NULL,
    device_id  TEXT   NOT NULL,
    created    BIGINT NOT NULL,
    expires_ts BIGINT NOT NULL DEFAULT 0,
    replaces   BYTEA
);
CREATE INDEX refresh_tokens_by_device ON refresh_tokens (user_id, device_id);

-- Short-lived tokens: m.login.token, and OpenID.
CREATE TABLE login_tokens (
    token_hash BYTEA PRIMARY KEY,
    kind       TEXT   NOT NULL, -- login, openid
    user_id    TEXT   NOT NULL,
    expires_ts BIGINT NOT NULL
);
CREATE INDEX login_tokens_by_expiry ON login_tokens (expires_ts);

CREATE TABLE profiles (
    user_id TEXT NOT NULL,
    field   TEXT NOT NULL,
    value   TEXT NOT NULL, -- JSON
    PRIMARY KEY (user_id, field)
);

-- Users whose display name or avatar has yet to reach their rooms.
CREATE TABLE profile_updates (
    user_id  TEXT PRIMARY KEY,
    revision BIGINT NOT NULL -- a later change while rooms are being told makes another round
);

CREATE TABLE account_data (
    user_id  TEXT   NOT NULL,
    room_id  TEXT   NOT NULL, -- '': global
    type     TEXT   NOT NULL,
    content  TEXT   NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (user_id, room_id, type)
);
CREATE INDEX account_data_by_position ON account_data (user_id, position);
CREATE INDEX account_data_by_room ON account_data (room_id, type);

CREATE TABLE filters (
    user_id   TEXT NOT NULL,
    filter_id TEXT NOT NULL, -- from the filter's content
    filter    TEXT NOT NULL,
    PRIMARY KEY (user_id, filter_id)
);

CREATE TABLE pushers (
    user_id             TEXT   NOT NULL,
    app_id              TEXT   NOT NULL,
    pushkey             TEXT   NOT NULL,
    device_id           TEXT   NOT NULL,
    kind                TEXT   NOT NULL,
    app_display_name    TEXT   NOT NULL,
    device_display_name TEXT   NOT NULL,
    profile_tag         TEXT   NOT NULL,
    lang                TEXT   NOT NULL,
    data                TEXT   NOT NULL,
    created             BIGINT NOT NULL,
    PRIMARY KEY (app_id, pushkey, user_id)
);
CREATE INDEX pushers_by_user ON pushers (user_id);

-- Where counting went last, written seldom, so that a long unread room is not evaluated anew after each restart.
CREATE TABLE notification_checkpoints (
    user_id  TEXT   NOT NULL,
    room_id  TEXT   NOT NULL,
    position BIGINT NOT NULL,
    counts   TEXT   NOT NULL, -- JSON
    PRIMARY KEY (user_id, room_id)
);

CREATE TABLE device_keys (
    user_id   TEXT NOT NULL,
    device_id TEXT NOT NULL,
    keys      TEXT NOT NULL, -- as uploaded
    PRIMARY KEY (user_id, device_id)
);

CREATE TABLE one_time_keys (
    user_id   TEXT   NOT NULL,
    device_id TEXT   NOT NULL,
    algorithm TEXT   NOT NULL,
    key_id    TEXT   NOT NULL,
    key_nid   BIGINT NOT NULL, -- order of upload, in which they are given out
    key       TEXT   NOT NULL,
    PRIMARY KEY (user_id, device_id, algorithm, key_id)
);
CREATE UNIQUE INDEX one_time_keys_by_order ON one_time_keys (user_id, device_id, algorithm, key_nid);

CREATE TABLE fallback_keys (
    user_id   TEXT     NOT NULL,
    device_id TEXT     NOT NULL,
    algorithm TEXT     NOT NULL,
    key_id    TEXT     NOT NULL,
    key       TEXT     NOT NULL,
    used      SMALLINT NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, device_id, algorithm)
);

-- Of local users, and cached of remote ones.
CREATE TABLE cross_signing_keys (
    user_id TEXT NOT NULL,
    usage   TEXT NOT NULL, -- master, self_signing, user_signing
    keys    TEXT NOT NULL,
    PRIMARY KEY (user_id, usage)
);

-- Signatures uploaded later: by a user on own devices and keys, and on other users' master keys.
CREATE TABLE key_signatures (
    target_user TEXT NOT NULL,
    target_key  TEXT NOT NULL, -- device id, or the public key
    signer_user TEXT NOT NULL,
    signer_key  TEXT NOT NULL, -- algorithm:id
    signature   TEXT NOT NULL,
    PRIMARY KEY (target_user, target_key, signer_user, signer_key)
);

-- When a user's devices or keys changed last, local or remote.
CREATE TABLE device_list_changes (
    user_id  TEXT   NOT NULL,
    viewer   TEXT   NOT NULL DEFAULT '', -- '': all who share a room; else only this user (their signature on user_id's key)
    position BIGINT NOT NULL,
    PRIMARY KEY (user_id, viewer)
);
CREATE INDEX device_list_changes_by_position ON device_list_changes (position);

-- What other servers have to be told about local devices. position is the stream_id of the update, prev that of the
-- user's change before, told or not.
CREATE TABLE device_list_updates (
    position  BIGINT   PRIMARY KEY,
    user_id   TEXT     NOT NULL,
    device_id TEXT     NOT NULL, -- '': the cross-signing keys
    prev      BIGINT   NOT NULL DEFAULT 0,
    deleted   SMALLINT NOT NULL DEFAULT 0,
    servers   TEXT     NOT NULL, -- JSON array of the servers to tell, as of the commit
    created   BIGINT   NOT NULL
);
CREATE INDEX device_list_updates_by_user ON device_list_updates (user_id, position);

CREATE TABLE remote_device_lists (
    user_id   TEXT PRIMARY KEY,
    stream_id BIGINT   NOT NULL,
    stale     SMALLINT NOT NULL, -- to be fetched before it is used again
    attempts  BIGINT   NOT NULL DEFAULT 0,
    next_try  BIGINT   NOT NULL DEFAULT 0
);
CREATE INDEX remote_device_lists_by_stale ON remote_device_lists (stale, next_try);

CREATE TABLE remote_devices (
    user_id      TEXT NOT NULL,
    device_id    TEXT NOT NULL,
    keys         TEXT NOT NULL,
    display_name TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (user_id, device_id)
);

CREATE TABLE key_backups (
    user_id   TEXT     NOT NULL,
    version   BIGINT   NOT NULL,
    algorithm TEXT     NOT NULL,
    auth_data TEXT     NOT NULL,
    etag      BIGINT   NOT NULL DEFAULT 0,
    deleted   SMALLINT NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, version)
);

CREATE TABLE key_backup_sessions (
    user_id      TEXT     NOT NULL,
    version      BIGINT   NOT NULL,
    room_id      TEXT     NOT NULL,
    session_id   TEXT     NOT NULL,
    first_index  BIGINT   NOT NULL,
    forwarded    BIGINT   NOT NULL,
    verified     SMALLINT NOT NULL,
    session_data TEXT     NOT NULL,
    PRIMARY KEY (user_id, version, room_id, session_id)
);

CREATE TABLE to_device (
    user_id   TEXT   NOT NULL,
    device_id TEXT   NOT NULL,
    position  BIGINT NOT NULL,
    message   TEXT   NOT NULL, -- {sender, type, content}
    PRIMARY KEY (user_id, device_id, position)
);

-- What has to go to devices of other servers; the federation sender deletes what was acknowledged.
CREATE TABLE outbound_device_messages (
    destination TEXT   NOT NULL,
    position    BIGINT NOT NULL,
    message_id  TEXT   NOT NULL,
    content     TEXT   NOT NULL, -- content of the m.direct_to_device EDU
    PRIMARY KEY (destination, position)
);
CREATE INDEX outbound_device_messages_by_position ON outbound_device_messages (position);

-- sendToDevice requests that were carried out, and messages of other servers that were received.
CREATE TABLE to_device_transactions (
    sender  TEXT   NOT NULL, -- user id, or server name
    scope   TEXT   NOT NULL, -- device and event type; '' for a server
    txn_id  TEXT   NOT NULL, -- or message id
    created BIGINT NOT NULL,
    PRIMARY KEY (sender, scope, txn_id)
);
CREATE INDEX to_device_transactions_by_time ON to_device_transactions (created);
