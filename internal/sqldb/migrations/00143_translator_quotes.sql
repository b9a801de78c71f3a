-- What holds the words of a message beside it: they go when it is redacted.

-- +goose Up
-- The message whose words a notice holds, and the version of it; 0: none.
ALTER TABLE translator_notices ADD COLUMN subject_nid BIGINT NOT NULL DEFAULT 0;
ALTER TABLE translator_notices ADD COLUMN subject_version_nid BIGINT NOT NULL DEFAULT 0;
CREATE INDEX translator_notices_by_subject ON translator_notices (subject_nid) WHERE subject_nid <> 0;

-- Messages whose translations quote a version of another.
CREATE TABLE translation_quotes (
    message_nid BIGINT NOT NULL, -- what is quoted
    version_nid BIGINT NOT NULL,
    event_nid   BIGINT NOT NULL, -- what quotes it: a message or an edit
    PRIMARY KEY (message_nid, version_nid, event_nid)
);
