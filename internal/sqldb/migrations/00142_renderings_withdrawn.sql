-- +goose Up
-- Late edits that are taken back go to readers of every language who may have had them.
CREATE INDEX renderings_withdrawn ON renderings (room_nid, position) WHERE redaction = 1;
