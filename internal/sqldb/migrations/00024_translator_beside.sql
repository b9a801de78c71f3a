-- +goose Up
-- Position of the event that a notice is shown beside, in its content; 0: it stands alone.
ALTER TABLE translator_notices ADD COLUMN beside BIGINT NOT NULL DEFAULT 0;
