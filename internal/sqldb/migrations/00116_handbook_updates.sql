-- The handbook between hospitals: the newest edition of each publisher that was taken, and what this node publishes itself. Times
-- are milliseconds since the Unix epoch.

-- +goose Up
CREATE TABLE handbook_publishers (
    publisher TEXT   NOT NULL, -- a server name
    book      TEXT   NOT NULL,
    serial    BIGINT NOT NULL, -- the highest that was taken: nothing older is taken again
    mark      TEXT   NOT NULL,
    PRIMARY KEY (publisher, book)
);

CREATE TABLE handbook_published (
    serial       BIGINT PRIMARY KEY,
    book         TEXT   NOT NULL,
    edition      TEXT   NOT NULL,
    dated        TEXT   NOT NULL,
    mark         TEXT   NOT NULL,
    sha256       TEXT   NOT NULL, -- of the bundle's file
    size         BIGINT NOT NULL, -- bytes
    published_ts BIGINT NOT NULL
);
