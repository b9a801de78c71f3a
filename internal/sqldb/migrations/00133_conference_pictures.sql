-- Since when participants of conferences show pictures, so that who came first stays first after a restart.

-- +goose Up
ALTER TABLE conference_participants ADD COLUMN showing_ts BIGINT NOT NULL DEFAULT 0; -- ms since the Unix epoch; 0: they do not
