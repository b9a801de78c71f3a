-- Messages to devices: which server they came from, so that what waits is bounded for each of them.

-- +goose Up
ALTER TABLE to_device ADD COLUMN origin TEXT NOT NULL DEFAULT ''; -- '' for this server
ALTER TABLE to_device ADD COLUMN bytes BIGINT NOT NULL DEFAULT 0; -- of message
CREATE INDEX to_device_by_origin ON to_device (origin, bytes) WHERE origin <> '';
