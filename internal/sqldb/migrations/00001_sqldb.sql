-- +goose Up
-- Identities are reserved in blocks: every identity below next may have been given out.
CREATE TABLE id_blocks (
    name TEXT PRIMARY KEY,
    next BIGINT NOT NULL
);

-- One row. position is the last position of a committed group; commit_mark names the group that wrote it.
CREATE TABLE stream_counter (
    id SMALLINT PRIMARY KEY,
    position BIGINT NOT NULL,
    commit_mark TEXT NOT NULL
);
INSERT INTO stream_counter (id, position, commit_mark) VALUES (1, 0, '');

-- How far each durable reader of the stream has come.
CREATE TABLE stream_cursors (
    name TEXT PRIMARY KEY,
    position BIGINT NOT NULL
);

-- What a reader could not handle after repeated attempts and has passed over.
CREATE TABLE stream_dead_letters (
    cursor TEXT NOT NULL,
    position BIGINT NOT NULL,
    entry TEXT NOT NULL,
    error TEXT NOT NULL,
    failed_ts BIGINT NOT NULL,
    PRIMARY KEY (cursor, position, entry)
);
