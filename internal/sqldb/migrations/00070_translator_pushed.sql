-- +goose Up
-- When a reader's phone was told a translation (ms), by a push gateway that took it; 0: it was not. A line of one who was
-- given it in no other way has the mode "push".
ALTER TABLE translation_readings ADD COLUMN pushed_ts BIGINT NOT NULL DEFAULT 0;
