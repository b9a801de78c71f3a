-- The handbook: which editions a node was given, which one it shows, and what the source said before. The files of an edition
-- lie in the data folder. Times are milliseconds since the Unix epoch.

-- +goose Up
CREATE TABLE handbook_editions (
    mark         TEXT     PRIMARY KEY, -- over all of its files
    book         TEXT     NOT NULL,    -- id, edition and date as its book.yaml has them
    edition      TEXT     NOT NULL,
    dated        TEXT     NOT NULL,
    origin       TEXT     NOT NULL,    -- program, folder, editor, bundle or server
    source       TEXT     NOT NULL,    -- who gave it: a user, a server; "" for the program and the folder
    publisher    TEXT     NOT NULL,    -- the server that signed it; "" where nobody did
    serial       BIGINT   NOT NULL,    -- of the publisher; 0 where nobody signed it
    files        BIGINT   NOT NULL,
    bytes        BIGINT   NOT NULL,
    pinned       SMALLINT NOT NULL DEFAULT 0,
    installed_ts BIGINT   NOT NULL
);

-- What was shown, in order: the newest row is what is shown now.
CREATE TABLE handbook_activations (
    seq  BIGINT PRIMARY KEY,
    mark TEXT   NOT NULL,
    actor TEXT  NOT NULL,
    ts   BIGINT NOT NULL
);

-- Of which mark the program's edition and that of the configured folder were when they were installed last.
CREATE TABLE handbook_sources (
    name TEXT PRIMARY KEY, -- program or folder
    mark TEXT NOT NULL
);

-- What headings of the source said, by their hash, so that translations of it can be compared later.
CREATE TABLE handbook_blocks (
    hash   TEXT   PRIMARY KEY,
    anchor TEXT   NOT NULL,
    title  TEXT   NOT NULL,
    text   TEXT   NOT NULL, -- Markdown, with the heading
    seq    BIGINT NOT NULL  -- the higher the later; the oldest are forgotten first
);
CREATE INDEX handbook_blocks_by_seq ON handbook_blocks (seq);
