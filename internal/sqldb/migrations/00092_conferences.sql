-- Conferences that are planned in rooms with members of this node, for their reminders. Times are milliseconds since the Unix
-- epoch.

-- +goose Up
CREATE TABLE conferences (
    room_id   TEXT   NOT NULL,
    conf_id   TEXT   NOT NULL, -- state key of its event
    event_nid BIGINT NOT NULL,
    remind_at BIGINT NOT NULL, -- 0: members have been reminded, or never are
    ends_at   BIGINT NOT NULL,
    PRIMARY KEY (room_id, conf_id)
);
CREATE INDEX conferences_by_reminder ON conferences (remind_at);
