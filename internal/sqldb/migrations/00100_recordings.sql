-- Recordings of conferences that were made here. What they hold lies in files; rows stay when the files are deleted. Times are
-- milliseconds since the Unix epoch.

-- +goose Up
CREATE TABLE recordings (
    recording_id TEXT   PRIMARY KEY,
    room_id      TEXT   NOT NULL,
    title        TEXT   NOT NULL,
    started_by   TEXT   NOT NULL,
    consent      TEXT   NOT NULL, -- notice or explicit
    state        TEXT   NOT NULL, -- recording, finished, interrupted, deleted
    reason       TEXT   NOT NULL, -- why it ended, or was deleted
    started_ts   BIGINT NOT NULL,
    ended_ts     BIGINT NOT NULL, -- 0 while it runs
    duration     BIGINT NOT NULL, -- ms
    bytes        BIGINT NOT NULL,
    held_by      TEXT   NOT NULL, -- who put it on legal hold, "" where nobody did
    held_reason  TEXT   NOT NULL,
    held_ts      BIGINT NOT NULL,
    announced    BIGINT NOT NULL, -- 1 when the room was told where it is
    deleted_ts   BIGINT NOT NULL,
    deleted_by   TEXT   NOT NULL
);
CREATE INDEX recordings_by_room ON recordings (room_id, started_ts);
CREATE INDEX recordings_by_state ON recordings (state, ended_ts);

-- Answers of those who were asked whether they may be recorded; the last one counts.
CREATE TABLE recording_consents (
    recording_id TEXT   NOT NULL,
    user_id      TEXT   NOT NULL,
    answer       TEXT   NOT NULL, -- yes or no
    ts           BIGINT NOT NULL,
    PRIMARY KEY (recording_id, user_id)
);
