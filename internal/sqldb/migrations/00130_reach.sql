-- How much the hospital takes part in the alliance: sums by day (days since the Unix epoch, UTC), never who, where or what.

-- +goose Up
CREATE TABLE reach_days (
    day          BIGINT PRIMARY KEY,
    users        BIGINT NOT NULL DEFAULT 0,
    active_day   BIGINT NOT NULL DEFAULT 0, -- users seen on this day, on it and the six before, on it and the 29 before
    active_week  BIGINT NOT NULL DEFAULT 0,
    active_month BIGINT NOT NULL DEFAULT 0,
    rooms        BIGINT NOT NULL DEFAULT 0, -- shared with any other member
    messages     BIGINT NOT NULL DEFAULT 0  -- into such rooms, by users here
);

CREATE TABLE reach_rooms (
    day         BIGINT NOT NULL,
    server_name TEXT   NOT NULL,
    rooms       BIGINT NOT NULL,
    PRIMARY KEY (day, server_name)
);

CREATE TABLE reach_languages (
    day      BIGINT NOT NULL,
    language TEXT   NOT NULL,
    users    BIGINT NOT NULL,
    PRIMARY KEY (day, language)
);

-- Up to where in the stream messages are counted; one row, none while nothing is counted.
CREATE TABLE reach_counted (
    one      SMALLINT PRIMARY KEY,
    position BIGINT   NOT NULL
);
