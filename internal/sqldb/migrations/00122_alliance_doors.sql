-- Rooms that this node closed for suspended members, to be opened when they are readmitted. Times are milliseconds since the
-- Unix epoch.

-- +goose Up
CREATE TABLE alliance_closed_rooms (
    room_id     TEXT   NOT NULL,
    server_name TEXT   NOT NULL,
    closed_ts   BIGINT NOT NULL,
    PRIMARY KEY (room_id, server_name)
);
