-- +goose Up
-- What readers were shown as not translated while engines had no room for it, many messages of a reader in one line: such
-- a message says nothing but its own text and that.
CREATE TABLE translation_put_off_readings (
    room_nid BIGINT NOT NULL,
    first    BIGINT NOT NULL, -- nid of the oldest message in it
    last     BIGINT NOT NULL, -- nid of the newest
    last_ts  BIGINT NOT NULL, -- ms: when the newest was read
    user_id  TEXT   NOT NULL,
    language TEXT   NOT NULL,
    source   TEXT   NOT NULL,
    mode     TEXT   NOT NULL,
    messages BYTEA  NOT NULL  -- for each message and version when it was read, see translator/bridge/putoffreadings.go
);
CREATE INDEX translation_put_off_readings_by_message ON translation_put_off_readings (room_nid, last);
CREATE INDEX translation_put_off_readings_by_time ON translation_put_off_readings (last_ts);
