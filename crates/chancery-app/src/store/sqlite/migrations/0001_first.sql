-- The first schema. Numbers that stand for words are those of codes.rs: of a certificate's state 0 pending, 1 active,
-- 2 on hold, 3 revoked, 4 deleted, 5 purged; of its origin 1 issued by us. Times are seconds since 1970.

CREATE TABLE domains (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    disabled INTEGER NOT NULL,
    created INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    domain INTEGER NOT NULL REFERENCES domains (number),
    roles INTEGER NOT NULL, -- one bit each
    disabled INTEGER NOT NULL,
    password TEXT, -- PHC string of argon2id
    api_key BLOB, -- SHA-256
    created INTEGER NOT NULL
) STRICT;

CREATE INDEX users_by_domain ON users (domain, id);

CREATE TABLE tokens (
    hash BLOB PRIMARY KEY, -- SHA-256
    user INTEGER NOT NULL REFERENCES users (number) ON DELETE CASCADE,
    scope INTEGER REFERENCES domains (number) ON DELETE CASCADE,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX tokens_by_user ON tokens (user);
CREATE INDEX tokens_by_expiry ON tokens (expires);

CREATE TABLE secrets (
    name TEXT PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE authorities (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    parent INTEGER REFERENCES authorities (number),
    crl_number INTEGER NOT NULL DEFAULT 0, -- the last one given
    revocations INTEGER NOT NULL DEFAULT 0, -- grows whenever its revocation data change
    created INTEGER NOT NULL,
    sealed_key BLOB,
    der BLOB NOT NULL
) STRICT;

-- Columns that are searched stand before the DER, so that a search reads no overflow page.
CREATE TABLE certificates (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id BLOB NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    origin INTEGER NOT NULL,
    authority INTEGER REFERENCES authorities (number),
    issuer_key BLOB NOT NULL, -- 16 octets of SHA-256 over the issuer's match key
    serial BLOB NOT NULL, -- content octets of the DER INTEGER
    subject_line TEXT NOT NULL, -- as OpenSSL's one line
    subject_key_id BLOB NOT NULL,
    not_before INTEGER NOT NULL,
    not_after INTEGER NOT NULL,
    owner INTEGER NOT NULL REFERENCES users (number),
    domain INTEGER NOT NULL REFERENCES domains (number),
    profile TEXT,
    state INTEGER NOT NULL,
    reason INTEGER, -- CRLReason code: relying parties are told not to trust it
    revoked INTEGER, -- since when; a hold that became final counts from the hold (X.509, section 9.5.3.1)
    state_since INTEGER NOT NULL,
    created INTEGER NOT NULL,
    replaces INTEGER REFERENCES certificates (number),
    replaced_by INTEGER REFERENCES certificates (number),
    issuer_name BLOB, -- Name DER, only where there is no certificate DER
    subject_name BLOB,
    der BLOB, -- none while pending and after a purge
    CHECK (CASE state WHEN 0 THEN reason IS NULL WHEN 1 THEN reason IS NULL WHEN 2 THEN reason = 6
                      WHEN 3 THEN reason IS NOT NULL ELSE state IN (4, 5) END),
    CHECK ((reason IS NULL) = (revoked IS NULL)),
    CHECK (der IS NOT NULL OR (issuer_name IS NOT NULL AND subject_name IS NOT NULL))
) STRICT;

-- Every certificate pays for each index when it is stored: much where it enters at a random place, and thereby costs the
-- log and the file a page each (by name, by issuer and serial number, by key); little where it is added at an end (by
-- number within an owner, a domain or a state). So keys are indexed once, not for each owner and domain. Columns after
-- the number are there to be looked at, so that a listing reads no certificate that is not on its page.
CREATE UNIQUE INDEX certificates_issued ON certificates (issuer_key, serial);
CREATE INDEX certificates_by_owner ON certificates (owner, number, state, not_after, subject_key_id);
CREATE INDEX certificates_by_domain ON certificates (domain, number, state, not_after, subject_key_id);
CREATE INDEX certificates_by_state ON certificates (state, number, not_after);
CREATE INDEX certificates_by_key ON certificates (subject_key_id, number, owner, domain, state, not_after);

-- All that a CRL needs, so that making one reads nothing else.
CREATE INDEX certificates_revoked ON certificates (authority, number, not_after, serial, reason, revoked)
    WHERE reason IS NOT NULL;

-- Keys that must never be certified again (reason 1: key compromise).
CREATE INDEX certificates_compromised ON certificates (subject_key_id) WHERE reason = 1;

CREATE TABLE private_keys (
    certificate INTEGER PRIMARY KEY REFERENCES certificates (number),
    sealed BLOB NOT NULL
) STRICT;

CREATE TABLE audit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    actor TEXT, -- users and domains by their ids, since they may be gone when the trail is read
    domain TEXT,
    api TEXT NOT NULL,
    action TEXT NOT NULL,
    certificate BLOB,
    object TEXT,
    outcome INTEGER NOT NULL,
    detail TEXT NOT NULL
) STRICT;

CREATE INDEX audit_by_actor ON audit (actor) WHERE actor IS NOT NULL;
CREATE INDEX audit_by_certificate ON audit (certificate) WHERE certificate IS NOT NULL;

-- Text search in subjects: every run of three characters, of the certificates up to a number. The rest is scanned until
-- the index has caught up (see subjects.rs).
CREATE VIRTUAL TABLE subjects USING fts5 (
    subject_line, content = '', columnsize = 0, detail = 'none', tokenize = 'trigram'
);
CREATE TABLE subjects_indexed (only INTEGER PRIMARY KEY CHECK (only = 1), upto INTEGER NOT NULL) STRICT;
INSERT INTO subjects_indexed (only, upto) VALUES (1, 0);

-- What must hold whatever a programmer does: nothing revoked and unexpired can disappear from revocation data.

CREATE TRIGGER certificates_stay BEFORE DELETE ON certificates
BEGIN
    SELECT RAISE (ABORT, 'certificates are never removed from the database');
END;

CREATE TRIGGER certificates_stay_revoked BEFORE UPDATE OF state, reason, revoked ON certificates
WHEN OLD.reason IS NOT NULL
    AND (OLD.state <> NEW.state OR NEW.reason IS NOT OLD.reason OR NEW.revoked IS NOT OLD.revoked)
    AND NOT CASE
        -- A hold ends in the active state, in a revocation, or unrevoked only where nobody asks any more.
        WHEN OLD.state = 2 THEN NEW.state = 1 OR NEW.reason IS NOT NULL
            OR (NEW.state = 4 AND (OLD.origin <> 1 OR OLD.not_after < NEW.state_since))
        ELSE NEW.reason IS OLD.reason AND NEW.revoked IS OLD.revoked AND NEW.state > OLD.state
    END
BEGIN
    SELECT RAISE (ABORT, 'a revoked certificate stays revoked');
END;

CREATE TRIGGER certificates_stay_the_same
BEFORE UPDATE OF number, id, origin, authority, issuer_key, serial, subject_key_id, not_before, not_after, der
ON certificates
WHEN OLD.state <> 0 AND NOT (
    NEW.number = OLD.number AND NEW.id = OLD.id AND NEW.origin = OLD.origin AND NEW.authority IS OLD.authority
    AND NEW.issuer_key = OLD.issuer_key AND NEW.serial = OLD.serial AND NEW.subject_key_id = OLD.subject_key_id
    AND NEW.not_before = OLD.not_before AND NEW.not_after = OLD.not_after
    AND (NEW.der IS OLD.der OR (NEW.der IS NULL AND NEW.state = 5))
)
BEGIN
    SELECT RAISE (ABORT, 'a signed certificate is never changed');
END;

CREATE TRIGGER authorities_stay BEFORE DELETE ON authorities
BEGIN
    SELECT RAISE (ABORT, 'authorities are never removed from the database');
END;

CREATE TRIGGER authorities_count_up BEFORE UPDATE OF number, crl_number, revocations ON authorities
WHEN NEW.number <> OLD.number OR NEW.crl_number < OLD.crl_number OR NEW.revocations < OLD.revocations
BEGIN
    SELECT RAISE (ABORT, 'CRL numbers and revocation counters only grow');
END;

CREATE TRIGGER audit_stays BEFORE DELETE ON audit
BEGIN
    SELECT RAISE (ABORT, 'the audit trail is only added to');
END;

CREATE TRIGGER audit_stays_the_same BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE (ABORT, 'the audit trail is only added to');
END;
