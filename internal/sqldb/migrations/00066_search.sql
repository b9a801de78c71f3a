-- The search: an inverted index that knows nothing of what is searched. A posting is a document that has a term, with its
-- scope (what a reader may or may not see as a whole) and how much the term says about it; postings are packed, ascending by
-- document. Times are milliseconds since the Unix epoch.

-- +goose Up
CREATE TABLE search_indexes (
    index_nid BIGINT PRIMARY KEY,
    name      TEXT   NOT NULL UNIQUE,
    docs      BIGINT NOT NULL, -- how many it has
    last_doc  BIGINT NOT NULL  -- the highest that it ever had: what comes behind goes to the tails
);

-- Words, pieces of words of scripts without spaces, and the trigrams of words, whose postings are words.
CREATE TABLE search_terms (
    term_nid  BIGINT PRIMARY KEY,
    index_nid BIGINT NOT NULL,
    hash      BIGINT NOT NULL, -- of index and term, by which it is found
    prefix    BIGINT NOT NULL, -- its first eight bytes, in the order of bytes; 0 for trigrams
    term      BYTEA  NOT NULL,
    tail      BYTEA  NOT NULL  -- its newest postings
);
CREATE UNIQUE INDEX search_terms_by_hash ON search_terms (hash);
CREATE INDEX search_terms_by_prefix ON search_terms (index_nid, prefix);

-- Older postings of a term: those up to the document upto that no block before has.
CREATE TABLE search_blocks (
    term_nid BIGINT NOT NULL,
    upto     BIGINT NOT NULL,
    postings BYTEA  NOT NULL,
    PRIMARY KEY (term_nid, upto)
);

-- Which terms a document has, so that it can be removed when its text is gone.
CREATE TABLE search_docs (
    index_nid BIGINT NOT NULL,
    doc       BIGINT NOT NULL,
    scope     BIGINT NOT NULL,
    ts        BIGINT NOT NULL,
    terms     BYTEA  NOT NULL, -- packed term_nids, ascending
    PRIMARY KEY (index_nid, doc)
);
