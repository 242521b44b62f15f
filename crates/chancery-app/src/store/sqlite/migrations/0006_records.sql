-- The configuration that devices' clients edit: elements, certificate records among them, in three configurations: as
-- edited by whoever holds the lock, as saved, and as running. What was edited counts only while the lock is held.

CREATE TABLE record_keys (
    number INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE, -- what the sealed key is bound to
    public BLOB NOT NULL, -- SubjectPublicKeyInfo
    sealed BLOB NOT NULL
) STRICT;

-- What an element was at some time. A version is never changed: an edit makes a new one.
CREATE TABLE element_versions (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    record_key INTEGER REFERENCES record_keys (number),
    csr BLOB,
    certificate INTEGER REFERENCES certificates (number), -- the key's
    der BLOB, -- a certificate without a key of ours, which is no part of the registry
    CHECK ((record_key IS NULL) = (csr IS NULL)),
    CHECK (record_key IS NOT NULL OR certificate IS NULL),
    CHECK (record_key IS NULL OR der IS NULL)
) STRICT;

CREATE INDEX element_versions_by_key ON element_versions (record_key) WHERE record_key IS NOT NULL;

CREATE TABLE element_attributes (
    version INTEGER NOT NULL REFERENCES element_versions (number) ON DELETE CASCADE,
    place INTEGER NOT NULL, -- of the attribute among the element's
    nth INTEGER NOT NULL, -- of the value among the attribute's
    name TEXT NOT NULL,
    value TEXT, -- none in the only row of an attribute without values
    PRIMARY KEY (version, place, nth)
) STRICT, WITHOUT ROWID;

CREATE TABLE elements (
    number INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    edited INTEGER REFERENCES element_versions (number), -- none: it is not there in that configuration
    saved INTEGER REFERENCES element_versions (number),
    running INTEGER REFERENCES element_versions (number),
    UNIQUE (kind, key)
) STRICT;

CREATE INDEX elements_by_edited ON elements (edited);
CREATE INDEX elements_by_saved ON elements (saved);
CREATE INDEX elements_by_running ON elements (running);
CREATE INDEX elements_unsaved ON elements (number) WHERE edited IS NOT saved;
CREATE INDEX elements_inactive ON elements (number) WHERE saved IS NOT running;

-- At most one row: whose token holds the lock. It goes with the token, and counts only until the token expires.
CREATE TABLE configuration_lock (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    token BLOB NOT NULL REFERENCES tokens (hash) ON DELETE CASCADE
) STRICT;

CREATE TABLE configuration_operations (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    action TEXT NOT NULL,
    at INTEGER NOT NULL,
    findings TEXT NOT NULL -- a line each
) STRICT;
