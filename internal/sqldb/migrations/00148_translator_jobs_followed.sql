-- +goose Up
-- 1: a device began with the message; what it comes to is told, but it is no news.
ALTER TABLE translator_jobs ADD COLUMN followed SMALLINT NOT NULL DEFAULT 0;
