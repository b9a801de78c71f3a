-- Sticky events (MSC4354) that have not expired yet. Times are milliseconds since the Unix epoch.

-- +goose Up
CREATE TABLE sticky_events (
    event_nid BIGINT PRIMARY KEY,
    event_id  TEXT   NOT NULL,
    room_nid  BIGINT NOT NULL,
    room_id   TEXT   NOT NULL,
    sender    TEXT   NOT NULL,
    position  BIGINT NOT NULL, -- that of the event; one of its own where the event came as fetched history
    expires   BIGINT NOT NULL
);
CREATE INDEX sticky_events_by_id ON sticky_events (event_id);
CREATE INDEX sticky_events_by_time ON sticky_events (expires);
