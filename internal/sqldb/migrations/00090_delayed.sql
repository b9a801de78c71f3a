-- Events that clients want sent later (MSC4140). Times are milliseconds since the Unix epoch.

-- +goose Up
CREATE TABLE delayed_events (
    delay_id     TEXT     PRIMARY KEY,
    user_id      TEXT     NOT NULL,
    room_id      TEXT     NOT NULL,
    type         TEXT     NOT NULL,
    state_key    TEXT,              -- NULL: not a state event
    redacts      TEXT     NOT NULL, -- target of a redaction
    content      TEXT     NOT NULL,
    sticky_ms    BIGINT   NOT NULL, -- 0: not sticky
    delay_ms     BIGINT   NOT NULL,
    request      TEXT     NOT NULL, -- the client's request, so that its repetition gives the same delay_id; '' none
    replaces     TEXT     NOT NULL, -- event id of the state at scheduling; '' none
    scheduled_at BIGINT   NOT NULL, -- or restarted
    send_at      BIGINT   NOT NULL,
    claimed      SMALLINT NOT NULL, -- 1: being sent
    finalised_at BIGINT   NOT NULL, -- 0: still scheduled
    event_id     TEXT     NOT NULL, -- '' unless it was sent
    error        TEXT     NOT NULL  -- JSON; '' unless sending failed
);
CREATE INDEX delayed_events_by_time ON delayed_events (finalised_at, send_at);
CREATE INDEX delayed_events_by_user ON delayed_events (user_id, finalised_at, send_at);
