-- Who comes to planned conferences, and when those who come may be rung. Times are milliseconds since the Unix epoch.

-- +goose Up
ALTER TABLE conferences ADD COLUMN ring_at BIGINT NOT NULL DEFAULT 0; -- from then on who comes is rung when somebody is there; 0: not any more
CREATE INDEX conferences_by_ring ON conferences (ring_at);

CREATE TABLE conference_answers (
    room_id  TEXT NOT NULL,
    conf_id  TEXT NOT NULL,
    user_id  TEXT NOT NULL,
    answer   TEXT NOT NULL, -- yes or no
    event_id TEXT NOT NULL, -- that said it: a reaction that is taken back is no answer any more
    PRIMARY KEY (room_id, conf_id, user_id)
);
