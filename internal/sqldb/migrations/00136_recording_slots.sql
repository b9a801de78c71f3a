-- Which call of its room a recording is of: its slot (MSC4143).

-- +goose Up
ALTER TABLE recordings ADD COLUMN slot_id TEXT NOT NULL DEFAULT 'm.call#ROOM';
