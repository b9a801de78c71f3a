-- Who was given a token for a conference: by this the SFU's names are people again, also after a restart. Times are milliseconds
-- since the Unix epoch.

-- +goose Up
CREATE TABLE conference_participants (
    sfu_room  TEXT   NOT NULL,
    identity  TEXT   NOT NULL,
    room_id   TEXT   NOT NULL,
    slot_id   TEXT   NOT NULL,
    user_id   TEXT   NOT NULL,
    device_id TEXT   NOT NULL, -- as claimed; "" where the client does not say
    issued_ts BIGINT NOT NULL, -- of the last token
    PRIMARY KEY (sfu_room, identity)
);

-- Delayed leave events that a client has handed over: sent when its participant is gone.
CREATE TABLE conference_delegations (
    sfu_room TEXT   NOT NULL,
    identity TEXT   NOT NULL,
    user_id  TEXT   NOT NULL,
    delay_id TEXT   NOT NULL,
    since_ts BIGINT NOT NULL,
    PRIMARY KEY (sfu_room, identity)
);
