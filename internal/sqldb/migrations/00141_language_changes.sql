-- +goose Up
-- When users last changed the language that their profile shows: what they were shown before may be in another one. Choices in
-- account data have a position of their own. 0: before this table was there.
CREATE TABLE language_changes (
    user_id  TEXT   PRIMARY KEY,
    position BIGINT NOT NULL
);
INSERT INTO language_changes (user_id, position) SELECT user_id, 0 FROM profiles WHERE field = 'org.medixchange.language';
