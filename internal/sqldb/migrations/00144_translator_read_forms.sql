-- What a rendering said to those who read it in another mode than in place. The text is sealed.

-- +goose Up
CREATE TABLE translation_read_forms (
    rendering BIGINT NOT NULL,
    mode      TEXT   NOT NULL, -- of translation_readings
    text      BYTEA  NOT NULL,
    PRIMARY KEY (rendering, mode)
);
