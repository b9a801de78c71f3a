-- +goose Up
-- What readers were given while engines were away was found by room, so that each moment wrote into as many places of the index as
-- there are rooms. Lines are written in the order of their messages, in nearly all of them close together.
DROP INDEX translation_put_off_readings_by_message;
CREATE INDEX translation_put_off_readings_by_message ON translation_put_off_readings (last, first, room_nid);
CREATE INDEX translation_put_off_readings_far_apart ON translation_put_off_readings (room_nid, last) WHERE last - first > 65536;
