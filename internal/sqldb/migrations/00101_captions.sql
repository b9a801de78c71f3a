-- What was said in recordings, in writing. Times are milliseconds; starts and ends count from the start of the recording.

-- +goose Up
CREATE TABLE caption_utterances (
    recording_id TEXT   NOT NULL,
    utterance_id TEXT   NOT NULL, -- its track and start
    user_id      TEXT   NOT NULL,
    start_ms     BIGINT NOT NULL,
    end_ms       BIGINT NOT NULL,
    lang         TEXT   NOT NULL, -- "" where the recogniser does not say
    said         TEXT   NOT NULL, -- as it reads now
    engine       TEXT   NOT NULL,
    corrected_by TEXT   NOT NULL, -- "" where nobody did
    corrected_ts BIGINT NOT NULL,
    PRIMARY KEY (recording_id, utterance_id)
);

-- What stood there before a correction. Rows are only ever added, until the recording is deleted.
CREATE TABLE caption_corrections (
    recording_id TEXT   NOT NULL,
    utterance_id TEXT   NOT NULL,
    ts           BIGINT NOT NULL,
    user_id      TEXT   NOT NULL,
    before       TEXT   NOT NULL,
    after        TEXT   NOT NULL
);
CREATE INDEX caption_corrections_by_utterance ON caption_corrections (recording_id, utterance_id, ts);

-- Translations of what is said, with what the medical checks found. of_said tells a translation of what was corrected since.
CREATE TABLE caption_translations (
    recording_id TEXT   NOT NULL,
    utterance_id TEXT   NOT NULL,
    lang         TEXT   NOT NULL,
    of_said      TEXT   NOT NULL, -- SHA-256 of what was translated
    shown        TEXT   NOT NULL, -- "" where there is nothing that may be shown
    verdict      TEXT   NOT NULL, -- pass, warn, block, none
    engine       TEXT   NOT NULL,
    PRIMARY KEY (recording_id, utterance_id, lang)
);
