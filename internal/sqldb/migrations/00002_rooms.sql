-- The rooms: events, state, history, memberships. One file for SQLite and PostgreSQL, so every id is assigned by the
-- program and only BIGINT, SMALLINT, TEXT and BYTEA are used. Times are milliseconds since the Unix epoch.
-- Identity (…_nid), place in the stream (position) and place in a room's history (anchor, sub) are three different things.

-- +goose Up
CREATE TABLE rooms (
    room_nid      BIGINT PRIMARY KEY,
    room_id       TEXT     NOT NULL UNIQUE,
    version       TEXT     NOT NULL,
    state_nid     BIGINT   NOT NULL DEFAULT 0, -- current state, resolved over the forward extremities
    servers_nid   BIGINT   NOT NULL DEFAULT 0, -- set of the servers joined now
    bump_position BIGINT   NOT NULL DEFAULT 0, -- last event that moves the room up in a list; backfill never moves it
    published     SMALLINT NOT NULL DEFAULT 0, -- in the public directory
    partial       SMALLINT NOT NULL DEFAULT 0, -- joined with partial state
    left_at       BIGINT   NOT NULL DEFAULT 0, -- position at which the last local member went; 0 while one is joined
    extremities   BYTEA    NOT NULL,           -- packed nids of the forward extremities: one statement with the rest
    lease_epoch   BIGINT   NOT NULL DEFAULT 0, -- checked by every transaction that writes the room
    lease_owner   TEXT     NOT NULL DEFAULT ''
);

-- Interned (type, state_key).
CREATE TABLE state_keys (
    key_nid   BIGINT PRIMARY KEY,
    type      TEXT NOT NULL,
    state_key TEXT NOT NULL,
    UNIQUE (type, state_key)
);

CREATE TABLE events (
    event_nid        BIGINT   PRIMARY KEY,
    event_id         TEXT     NOT NULL UNIQUE,
    room_nid         BIGINT   NOT NULL,
    type             TEXT     NOT NULL,
    key_nid          BIGINT   NOT NULL DEFAULT 0, -- 0: not a state event
    sender           TEXT     NOT NULL,
    depth            BIGINT   NOT NULL,
    origin_server_ts BIGINT   NOT NULL,
    outcome          SMALLINT NOT NULL,           -- rooms.Outcome
    reject_reason    TEXT     NOT NULL DEFAULT '',
    position         BIGINT,                      -- place in the stream; NULL for backfilled, outlier, rejected, awaiting
    anchor           BIGINT,                      -- place in the room's history; NULL for events outside of it
    sub              BIGINT,
    visibility       SMALLINT NOT NULL DEFAULT 0, -- history visibility before the event
    state_before     BIGINT   NOT NULL DEFAULT 0, -- mutable mapping to state blobs; 0: not known
    state_after      BIGINT   NOT NULL DEFAULT 0,
    state_partial    SMALLINT NOT NULL DEFAULT 0,
    servers_nid      BIGINT   NOT NULL DEFAULT 0, -- servers that this node has to send the event to; 0: none
    thread_nid       BIGINT   NOT NULL DEFAULT 0, -- root of the thread it belongs to, also for reactions and edits within
    auth             BYTEA    NOT NULL,           -- packed nids of its auth events
    json             BYTEA    NOT NULL            -- the PDU as it was signed
);
CREATE UNIQUE INDEX events_by_position ON events (position);
CREATE UNIQUE INDEX events_by_history ON events (room_nid, anchor, sub);
CREATE INDEX events_by_time ON events (room_nid, origin_server_ts);

-- Redaction is a fact of its own; the event stays as it is. The redaction may come before the event it redacts.
CREATE TABLE redactions (
    room_nid        BIGINT NOT NULL,
    target_event_id TEXT   NOT NULL,
    redaction_nid   BIGINT NOT NULL,
    position        BIGINT, -- NULL until it took effect in this node's stream
    PRIMARY KEY (target_event_id, redaction_nid)
);

CREATE TABLE relations (
    event_nid       BIGINT PRIMARY KEY,
    room_nid        BIGINT NOT NULL,
    target_event_id TEXT   NOT NULL,
    rel_type        TEXT   NOT NULL,
    agg_key         TEXT   NOT NULL DEFAULT '', -- m.annotation: the key
    sender          TEXT   NOT NULL,
    type            TEXT   NOT NULL
);
CREATE INDEX relations_by_target ON relations (target_event_id, rel_type, event_nid);
CREATE INDEX relations_by_room ON relations (room_nid, rel_type);

-- A state is an immutable packed blob of (key_nid, event_nid): whole, or a delta on base_nid.
CREATE TABLE state_blobs (
    state_nid BIGINT   PRIMARY KEY,
    room_nid  BIGINT   NOT NULL,
    base_nid  BIGINT   NOT NULL DEFAULT 0, -- 0: whole
    depth     BIGINT   NOT NULL DEFAULT 0, -- steps since the whole one
    size      BIGINT   NOT NULL,           -- entries of the state that it names
    entries   BYTEA    NOT NULL
);

-- Changes of current state, at the position of the event that brought them; also those that a merge of forks brought.
CREATE TABLE state_deltas (
    room_nid BIGINT NOT NULL,
    position BIGINT NOT NULL,
    key_nid  BIGINT NOT NULL,
    old_nid  BIGINT NOT NULL DEFAULT 0,
    new_nid  BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (room_nid, position, key_nid)
);
CREATE INDEX state_deltas_by_position ON state_deltas (position);

-- Sets of server names, interned.
CREATE TABLE server_sets (
    servers_nid BIGINT PRIMARY KEY,
    servers     TEXT   NOT NULL UNIQUE -- sorted JSON array
);

-- Where known history ends: the events in missing come right before (anchor, sub) and are not here. A gap starts at a live
-- event {anchor, 0} and moves down with what is fetched; at most one for each anchor. When nothing is missing any more it
-- stays with an empty list: /sync still has to cut the timeline at that anchor, since what was fetched has no position.
CREATE TABLE gaps (
    room_nid BIGINT NOT NULL,
    anchor   BIGINT NOT NULL,
    sub      BIGINT NOT NULL,
    missing  TEXT   NOT NULL, -- JSON array of event ids
    PRIMARY KEY (room_nid, anchor, sub)
);

-- Current membership of every user in every room this node knows.
CREATE TABLE memberships (
    user_id    TEXT     NOT NULL,
    room_nid   BIGINT   NOT NULL,
    server     TEXT     NOT NULL,
    membership TEXT     NOT NULL,
    event_nid  BIGINT   NOT NULL,
    position   BIGINT   NOT NULL,
    forgotten  SMALLINT NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, room_nid)
);
CREATE INDEX memberships_by_room ON memberships (room_nid, membership, server);
CREATE INDEX memberships_by_position ON memberships (position);

-- Membership along history: from (anchor, sub) on it is this one.
CREATE TABLE membership_intervals (
    room_nid   BIGINT NOT NULL,
    user_id    TEXT   NOT NULL,
    anchor     BIGINT NOT NULL,
    sub        BIGINT NOT NULL,
    membership TEXT   NOT NULL,
    event_nid  BIGINT NOT NULL,
    PRIMARY KEY (room_nid, user_id, anchor, sub)
);

-- Invites and knocks of local users in rooms that this node is not in. A withdrawn one stays as a row until it was told.
CREATE TABLE outside_memberships (
    user_id    TEXT   NOT NULL,
    room_id    TEXT   NOT NULL,
    membership TEXT   NOT NULL, -- invite, knock, leave (withdrawn, rejected)
    position   BIGINT NOT NULL,
    version    TEXT   NOT NULL,
    sender     TEXT   NOT NULL,
    event_id   TEXT   NOT NULL,
    json       BYTEA  NOT NULL, -- the membership event
    stripped   BYTEA  NOT NULL, -- JSON array of stripped state
    forgotten  SMALLINT NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, room_id)
);
CREATE INDEX outside_memberships_by_position ON outside_memberships (position);

CREATE TABLE receipts (
    room_nid  BIGINT NOT NULL,
    user_id   TEXT   NOT NULL,
    type      TEXT   NOT NULL, -- m.read, m.read.private
    thread_id TEXT   NOT NULL, -- '' unthreaded
    event_id  TEXT   NOT NULL,
    anchor    BIGINT NOT NULL, -- of the event, to keep a receipt from going backwards
    sub       BIGINT NOT NULL,
    ts        BIGINT NOT NULL,
    position  BIGINT NOT NULL,
    PRIMARY KEY (room_nid, user_id, type, thread_id)
);
CREATE INDEX receipts_by_position ON receipts (position);
CREATE INDEX receipts_private ON receipts (user_id, position) WHERE type = 'm.read.private';

-- Receipts of other servers for events that are not here yet.
CREATE TABLE receipts_waiting (
    event_id  TEXT   NOT NULL,
    room_id   TEXT   NOT NULL,
    user_id   TEXT   NOT NULL,
    type      TEXT   NOT NULL,
    thread_id TEXT   NOT NULL,
    ts        BIGINT NOT NULL,
    received  BIGINT NOT NULL,
    PRIMARY KEY (room_id, user_id, type, thread_id)
);
CREATE INDEX receipts_waiting_by_event ON receipts_waiting (event_id);

CREATE TABLE aliases (
    alias   TEXT PRIMARY KEY,
    room_id TEXT NOT NULL,
    creator TEXT NOT NULL,
    created BIGINT NOT NULL
);
CREATE INDEX aliases_by_room ON aliases (room_id);

-- What a client's transaction id gave, so that the same request gives the same answer, also after a restart.
CREATE TABLE client_transactions (
    user_id  TEXT   NOT NULL,
    scope    TEXT   NOT NULL, -- device id, or a token's own id without one
    path     TEXT   NOT NULL, -- endpoint and room
    txn_id   TEXT   NOT NULL,
    event_id TEXT   NOT NULL,
    event_nid BIGINT NOT NULL,
    created  BIGINT NOT NULL,
    PRIMARY KEY (user_id, scope, path, txn_id)
);
CREATE INDEX client_transactions_by_event ON client_transactions (event_nid);

-- PDUs and EDUs of other servers that could not be tried at once.
CREATE TABLE inbox (
    inbox_nid BIGINT   PRIMARY KEY,
    origin    TEXT     NOT NULL,
    kind      SMALLINT NOT NULL, -- rooms.InboxKind
    room_id   TEXT     NOT NULL,
    item_id   TEXT     NOT NULL, -- event id, or an id of the EDU
    received  BIGINT   NOT NULL,
    attempts  BIGINT   NOT NULL DEFAULT 0,
    next_try  BIGINT   NOT NULL DEFAULT 0,
    body      BYTEA    NOT NULL,
    UNIQUE (origin, kind, item_id)
);
CREATE INDEX inbox_by_room ON inbox (room_id, inbox_nid);
CREATE INDEX inbox_by_due ON inbox (next_try, room_id);
