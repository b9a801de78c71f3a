-- Applications to the alliance, what coordinators decide of them, and the member list that waits for signatures. Times are
-- milliseconds since the Unix epoch.

-- +goose Up
CREATE TABLE alliance_applications (
    application_id TEXT   PRIMARY KEY,
    secret         TEXT   NOT NULL UNIQUE, -- SHA-256 of what the applicant's link holds
    server_name    TEXT   NOT NULL,
    form           TEXT   NOT NULL, -- what was applied with, JSON
    language       TEXT   NOT NULL, -- in which the applicant is answered
    challenge      TEXT   NOT NULL, -- what the domain has to show
    state          TEXT   NOT NULL,
    proven_ts      BIGINT NOT NULL, -- 0: not yet
    proven_by      TEXT   NOT NULL, -- dns or well-known
    reason         TEXT   NOT NULL, -- of the last decision
    created_ts     BIGINT NOT NULL,
    changed_ts     BIGINT NOT NULL
);
CREATE INDEX alliance_applications_by_server ON alliance_applications (server_name, state);
CREATE INDEX alliance_applications_by_state ON alliance_applications (state, created_ts);

CREATE TABLE alliance_papers (
    application_id TEXT   NOT NULL,
    number         BIGINT NOT NULL,
    name           TEXT   NOT NULL,
    media_type     TEXT   NOT NULL, -- as its bytes say
    size           BIGINT NOT NULL,
    content        BYTEA  NOT NULL,
    PRIMARY KEY (application_id, number)
);

CREATE TABLE alliance_drafts (
    draft_id   BIGINT PRIMARY KEY,
    document   BYTEA  NOT NULL, -- with the signatures so far
    hash       TEXT   NOT NULL,
    previous   TEXT   NOT NULL, -- hash of the list that it follows
    state      TEXT   NOT NULL, -- open, published or dropped
    created_ts BIGINT NOT NULL,
    changed_ts BIGINT NOT NULL
);

CREATE TABLE alliance_decisions (
    decision_id    BIGINT PRIMARY KEY,
    kind           TEXT   NOT NULL, -- admit, suspend or readmit
    server_name    TEXT   NOT NULL,
    application_id TEXT   NOT NULL, -- '' but for admissions
    reason         TEXT   NOT NULL,
    actor          TEXT   NOT NULL,
    state          TEXT   NOT NULL, -- pending, published or dropped
    ts             BIGINT NOT NULL
);
CREATE INDEX alliance_decisions_by_state ON alliance_decisions (state, decision_id);
