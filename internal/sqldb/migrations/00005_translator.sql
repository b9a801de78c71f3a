-- The translator: renderings of messages in the languages of their readers. Times are milliseconds since the Unix epoch.

-- +goose Up
-- A rendering is a fact with a place in the stream. placed: it is what the event shows from that position on (the newest
-- row counts). late: it goes out as an edit to those who had the event before; overdue: some had it for certain, since it
-- was stored after the time for which the event is held. redaction: that edit is taken back. The same event, version,
-- language and version_ts name one such edit. What is said is erased with the message, and old rows go (sweep.go).
CREATE TABLE renderings (
    position       BIGINT   PRIMARY KEY,
    event_nid      BIGINT   NOT NULL,
    event_position BIGINT   NOT NULL, -- 0: fetched history
    message_nid    BIGINT   NOT NULL, -- the first version: event_nid itself, or what it replaces
    room_nid       BIGINT   NOT NULL,
    language       TEXT     NOT NULL,
    version_nid    BIGINT   NOT NULL, -- the version that it translates: the event or an edit
    version_ts     BIGINT   NOT NULL,
    placed         SMALLINT NOT NULL,
    late           SMALLINT NOT NULL,
    overdue        SMALLINT NOT NULL,
    redaction      SMALLINT NOT NULL,
    stored_ts      BIGINT   NOT NULL,
    state          TEXT     NOT NULL,
    verdict        TEXT     NOT NULL,
    reason         TEXT     NOT NULL, -- the first one, when there is no translation
    engine         TEXT     NOT NULL,
    content        BYTEA    NOT NULL,
    late_content   BYTEA    NOT NULL
);
CREATE INDEX renderings_by_event ON renderings (event_nid, language, position);
CREATE INDEX renderings_by_message ON renderings (message_nid);
CREATE INDEX renderings_by_room ON renderings (room_nid, language, position);

-- Translations that have begun and have no row above yet; they begin again after a restart.
CREATE TABLE translator_jobs (
    event_nid BIGINT NOT NULL,
    language  TEXT   NOT NULL,
    PRIMARY KEY (event_nid, language)
);

-- What the node keeps to itself, by name.
CREATE TABLE translator_secrets (
    name   TEXT  PRIMARY KEY,
    secret BYTEA NOT NULL
);
