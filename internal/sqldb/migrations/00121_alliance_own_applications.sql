-- Applications of this hospital to an alliance, whose challenges it shows. Times are milliseconds since the Unix epoch.

-- +goose Up
CREATE TABLE alliance_own_applications (
    target         TEXT   NOT NULL, -- address of the server that was applied to
    application_id TEXT   NOT NULL,
    secret         TEXT   NOT NULL, -- leads to the application there
    challenge      TEXT   NOT NULL,
    created_ts     BIGINT NOT NULL,
    PRIMARY KEY (target, application_id)
);
