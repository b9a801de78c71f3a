-- The reading log: what was given out to each reader in translation. It is apart from the renderings, which come and go.
-- Times are milliseconds since the Unix epoch.

-- +goose Up
CREATE TABLE translation_readings (
    rendering BIGINT   NOT NULL, -- position of the rendering
    user_id   TEXT     NOT NULL,
    first_ts  BIGINT   NOT NULL,
    late      SMALLINT NOT NULL, -- it came as an edit
    mode      TEXT     NOT NULL,
    PRIMARY KEY (rendering, user_id)
);
CREATE INDEX translation_readings_by_time ON translation_readings (first_ts);

-- What a rendering said. The text is sealed with a secret of the node, and erased with its message.
CREATE TABLE translation_read_texts (
    rendering   BIGINT PRIMARY KEY,
    message_nid BIGINT NOT NULL,
    version_nid BIGINT NOT NULL,
    language    TEXT   NOT NULL,
    source      TEXT   NOT NULL,
    engine      TEXT   NOT NULL,
    glossary    BIGINT NOT NULL, -- version of the glossary; 0: none
    state       TEXT   NOT NULL,
    verdict     TEXT   NOT NULL,
    reasons     TEXT   NOT NULL, -- codes, with spaces between
    text        BYTEA  NOT NULL
);
CREATE INDEX translation_read_texts_by_message ON translation_read_texts (message_nid);

-- Times from which readings may be missing: the node ended without warning, or more came than could be written down.
CREATE TABLE translation_reading_gaps (
    from_ts  BIGINT NOT NULL,
    until_ts BIGINT NOT NULL, -- 0: the log is open since from_ts
    reason   TEXT   NOT NULL
);
