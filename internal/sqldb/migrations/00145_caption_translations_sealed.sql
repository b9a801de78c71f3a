-- Translations of captions are sealed from now on. What stood here unsealed is made anew when somebody asks for it.

-- +goose Up
DELETE FROM caption_translations;
