-- The phrase memory: what a hospital's reviewers approved, and took back. Rows are only ever added; for each phrase, language
-- and wording the newest counts. Times are milliseconds since the Unix epoch.

-- +goose Up
CREATE TABLE phrase_approvals (
    seq       BIGINT PRIMARY KEY,
    phrase    TEXT   NOT NULL, -- its id, such as symptoms.fever
    language  TEXT   NOT NULL,
    hash      TEXT   NOT NULL, -- of the wordings: see phrases.Memory.Hash
    action    TEXT   NOT NULL, -- approve or withdraw
    reviewer  TEXT   NOT NULL,
    note      TEXT   NOT NULL,
    ts        BIGINT NOT NULL
);
CREATE INDEX phrase_approvals_by_wording ON phrase_approvals (phrase, language, hash, seq);
