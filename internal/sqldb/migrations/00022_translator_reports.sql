-- The translator: what it says to one reader alone, and the hospital's list of translations that were reported. Times are
-- milliseconds since the Unix epoch.

-- +goose Up
-- A notice comes to each device of its user once. Its content is erased with the message that it is about.
CREATE TABLE translator_notices (
    position  BIGINT PRIMARY KEY,
    user_id   TEXT   NOT NULL,
    room_nid  BIGINT NOT NULL,
    event_nid BIGINT NOT NULL, -- what it is about
    kind      TEXT   NOT NULL,
    redacts   BIGINT NOT NULL, -- position of the notice that this one takes back; 0: none
    ts        BIGINT NOT NULL,
    content   TEXT   NOT NULL
);
CREATE UNIQUE INDEX translator_notices_once ON translator_notices (event_nid, user_id, kind);
CREATE INDEX translator_notices_by_user ON translator_notices (user_id, position);

-- The texts are sealed with a secret of the node, and erased with the message.
CREATE TABLE translation_reports (
    report_id    BIGINT PRIMARY KEY,
    reaction_nid BIGINT NOT NULL UNIQUE,
    event_nid    BIGINT NOT NULL, -- the message
    version_nid  BIGINT NOT NULL, -- what of it the reader saw
    reporter     TEXT   NOT NULL,
    source       TEXT   NOT NULL, -- language
    language     TEXT   NOT NULL,
    engine       TEXT   NOT NULL,
    verdict      TEXT   NOT NULL,
    reasons      TEXT   NOT NULL, -- codes, with spaces between
    reported_ts  BIGINT NOT NULL,
    original     BYTEA  NOT NULL,
    translation  BYTEA  NOT NULL,
    resolved_ts  BIGINT NOT NULL, -- 0: open
    resolution   TEXT   NOT NULL
);
CREATE INDEX translation_reports_by_event ON translation_reports (event_nid);
CREATE INDEX translation_reports_by_time ON translation_reports (reported_ts);

ALTER TABLE renderings ADD COLUMN source TEXT NOT NULL DEFAULT ''; -- language of the original
ALTER TABLE renderings ADD COLUMN critical SMALLINT NOT NULL DEFAULT 0; -- it holds a dose, drug, side, negation or the like
