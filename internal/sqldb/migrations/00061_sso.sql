-- Who a person of the hospital's login service is here. Times are milliseconds since the Unix epoch.

-- +goose Up
CREATE TABLE sso_identities (
    provider TEXT   NOT NULL,
    subject  TEXT   NOT NULL,
    user_id  TEXT   NOT NULL,
    language TEXT   NOT NULL, -- the claim that was last taken over as the user's choice; '' none
    created  BIGINT NOT NULL,
    PRIMARY KEY (provider, subject)
);
CREATE INDEX sso_identities_by_user ON sso_identities (user_id);
