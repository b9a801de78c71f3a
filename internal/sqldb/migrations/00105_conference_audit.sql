-- Who looked at which recording: lines that are only added, each with a hash over itself and the one before it. Times are
-- milliseconds since the Unix epoch.

-- +goose Up
CREATE TABLE conference_audit (
    audit_id BIGINT PRIMARY KEY,
    ts       BIGINT NOT NULL,
    actor    TEXT   NOT NULL, -- the user
    action   TEXT   NOT NULL,
    subject  TEXT   NOT NULL, -- the recording
    detail   TEXT   NOT NULL,
    hash     TEXT   NOT NULL
);
CREATE INDEX conference_audit_by_subject ON conference_audit (subject, audit_id);
