-- Push: how far the pushers are that lag behind. Times are milliseconds since the Unix epoch.

-- +goose Up
-- A row says that something after position has not reached the pusher's gateway, as far as is known; the stream up to
-- there has. Pushers for which nothing waits have none. The row outlives its pusher until the next look.
CREATE TABLE push_places (
    user_id  TEXT   NOT NULL,
    app_id   TEXT   NOT NULL,
    pushkey  TEXT   NOT NULL,
    position BIGINT NOT NULL,
    PRIMARY KEY (user_id, app_id, pushkey)
);
