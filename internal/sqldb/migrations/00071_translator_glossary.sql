-- The translator's glossary. Times are milliseconds since the Unix epoch.

-- +goose Up
CREATE TABLE glossary_concepts (
    layer      TEXT   NOT NULL, -- hospital or alliance
    concept_id TEXT   NOT NULL,
    version    BIGINT NOT NULL, -- of its last change
    concept    TEXT   NOT NULL, -- JSON of translator/glossary Concept
    PRIMARY KEY (layer, concept_id)
);

-- Every change of a concept, a row each; nothing is ever changed or removed here. The changes of one import share a version.
CREATE TABLE glossary_history (
    version    BIGINT NOT NULL,
    ordinal    BIGINT NOT NULL, -- within the version
    changed_ts BIGINT NOT NULL,
    changed_by TEXT   NOT NULL, -- as they said who they are
    action     TEXT   NOT NULL, -- import, set or remove
    layer      TEXT   NOT NULL,
    concept_id TEXT   NOT NULL,
    before     TEXT   NOT NULL, -- JSON; '' when there was none
    after      TEXT   NOT NULL, -- JSON; '' when it was removed
    PRIMARY KEY (version, ordinal)
);
CREATE INDEX glossary_history_by_concept ON glossary_history (concept_id, version);

-- With which version of the glossary a rendering was made; 0: none.
ALTER TABLE renderings ADD COLUMN glossary BIGINT NOT NULL DEFAULT 0;
