-- What other products keep with us: identity providers, each with the domain of its users, and certificates that they
-- trust. The internal identity provider is not here: it stands for every user whose domain belongs to none of these.
-- Costs the same at every size: new tables only, as the next two do.

CREATE TABLE trusted_certificates (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    version INTEGER NOT NULL, -- grows by one with each change
    created INTEGER NOT NULL,
    der BLOB NOT NULL
) STRICT;

CREATE TABLE trusted_certificate_properties (
    certificate INTEGER NOT NULL REFERENCES trusted_certificates (number) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    key TEXT NOT NULL,
    text TEXT, -- one of the three is there
    flag INTEGER,
    number INTEGER,
    PRIMARY KEY (certificate, place),
    CHECK ((text IS NOT NULL) + (flag IS NOT NULL) + (number IS NOT NULL) = 1)
) STRICT, WITHOUT ROWID;

CREATE TABLE identity_providers (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    domain INTEGER NOT NULL UNIQUE REFERENCES domains (number), -- the one with the same id
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    version INTEGER NOT NULL, -- grows by one with each change
    created INTEGER NOT NULL
) STRICT;

CREATE TABLE identity_provider_properties (
    provider INTEGER NOT NULL REFERENCES identity_providers (number) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    key TEXT NOT NULL,
    text TEXT, -- one of the three is there
    flag INTEGER,
    number INTEGER,
    PRIMARY KEY (provider, place),
    CHECK ((text IS NOT NULL) + (flag IS NOT NULL) + (number IS NOT NULL) = 1)
) STRICT, WITHOUT ROWID;

CREATE TABLE identity_provider_certificates (
    provider INTEGER NOT NULL REFERENCES identity_providers (number) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    certificate INTEGER NOT NULL REFERENCES trusted_certificates (number),
    PRIMARY KEY (provider, place)
) STRICT, WITHOUT ROWID;

CREATE INDEX identity_provider_certificates_by_certificate ON identity_provider_certificates (certificate);
