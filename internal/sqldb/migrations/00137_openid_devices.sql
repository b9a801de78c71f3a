-- +goose Up
-- An OpenID token is for the device that asked for it, and ends with it.
ALTER TABLE login_tokens ADD COLUMN device_id TEXT NOT NULL DEFAULT '';
