-- The directory of clinicians. What they say of themselves is account data; this is what others say. Times are milliseconds
-- since the Unix epoch.

-- +goose Up
-- Who has verified an entry; the claim is a hash of the name, role and specialty that were true then.
CREATE TABLE directory_verified (
    user_id     TEXT   PRIMARY KEY,
    claim       TEXT   NOT NULL,
    verified_by TEXT   NOT NULL,
    verified_ts BIGINT NOT NULL
);

-- Accounts behind which is whoever is on duty.
CREATE TABLE directory_functions (
    localpart TEXT   PRIMARY KEY,
    name      TEXT   NOT NULL,
    specialty TEXT   NOT NULL,
    fallback  TEXT   NOT NULL, -- what those are told who find nobody on duty
    may       TEXT   NOT NULL, -- JSON: the user ids of those who may be on duty
    on_duty   TEXT   NOT NULL, -- a user id; '' for nobody
    shift     BIGINT NOT NULL, -- counts the changes of on_duty
    since_ts  BIGINT NOT NULL
);

-- The rooms of such accounts: up to which shift each was told who is on duty, and when somebody last wrote there, about.
CREATE TABLE directory_rooms (
    room_id   TEXT   NOT NULL,
    localpart TEXT   NOT NULL,
    shift     BIGINT NOT NULL,
    active_ts BIGINT NOT NULL,
    PRIMARY KEY (room_id, localpart)
);
