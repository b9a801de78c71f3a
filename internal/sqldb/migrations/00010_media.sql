-- +goose Up

-- One row for each file of the content repository, our own and cached ones of other servers. The bytes are in the media
-- folder under a name made from server and media_id; a file without a row does not exist for anyone.
CREATE TABLE media (
    server TEXT NOT NULL,
    media_id TEXT NOT NULL,
    -- 0: announced, bytes to come until expires; 1: there.
    state SMALLINT NOT NULL,
    -- 1: of this server.
    local SMALLINT NOT NULL,
    -- 1: may be read at the old endpoints that ask for no login.
    unauthenticated SMALLINT NOT NULL,
    -- User id; empty for files of other servers.
    uploader TEXT NOT NULL,
    content_type TEXT NOT NULL,
    filename TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 BYTEA NOT NULL,
    -- Milliseconds since the Unix epoch.
    created BIGINT NOT NULL,
    last_access BIGINT NOT NULL,
    -- When an announcement lapses; 0 once the bytes are there.
    expires BIGINT NOT NULL,
    PRIMARY KEY (server, media_id)
);

-- Quotas and announcements of a user.
CREATE INDEX media_by_uploader ON media (uploader, state);

-- Eviction of files of other servers, least recently used first.
CREATE INDEX media_by_access ON media (local, last_access);
