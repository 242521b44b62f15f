-- Revocations of many certificates at once. Of states 0 running, 1 stopped, 2 done. What was asked for is kept as it was
-- asked; how far it is moves on in the same transaction as the certificates, so that no crash can lose or repeat one.
-- Costs the same at every size: a new table only.

CREATE TABLE bulk_revocations (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    reason INTEGER NOT NULL, -- CRLReason code
    authority TEXT, -- the conditions that were given; owner and domain by their ids
    profile TEXT,
    owner TEXT,
    domain TEXT,
    subject TEXT,
    issued_after INTEGER,
    issued_before INTEGER,
    on_hold INTEGER NOT NULL,
    up_to INTEGER NOT NULL, -- certificates with greater numbers are left alone
    total INTEGER NOT NULL, -- certificates to revoke, at the start
    asked_by TEXT NOT NULL, -- users by their ids, since they may be gone when this is read
    asked_at INTEGER NOT NULL,
    state INTEGER NOT NULL DEFAULT 0,
    cursor INTEGER NOT NULL DEFAULT 0, -- certificates up to this number have been looked at
    revoked INTEGER NOT NULL DEFAULT 0,
    changed_at INTEGER NOT NULL,
    responsible TEXT NOT NULL, -- the user by whose right it goes on: who asked, or who resumed it last
    stopped_because TEXT, -- why the server stopped it
    CHECK (state IN (0, 1, 2)),
    CHECK (stopped_because IS NULL OR state = 1),
    CHECK (coalesce(authority, profile, owner, domain, subject, issued_after, issued_before) IS NOT NULL OR on_hold),
    CHECK (cursor <= up_to)
) STRICT;

CREATE INDEX bulk_revocations_running ON bulk_revocations (number) WHERE state = 0;

-- What must hold whatever a programmer does.

CREATE TRIGGER bulk_revocations_stay BEFORE DELETE ON bulk_revocations
BEGIN
    SELECT RAISE (ABORT, 'bulk revocations are never removed from the database');
END;

CREATE TRIGGER bulk_revocations_go_forward BEFORE UPDATE ON bulk_revocations
WHEN OLD.state = 2 OR NEW.cursor < OLD.cursor OR NEW.revoked < OLD.revoked
    OR (NEW.cursor > OLD.cursor AND OLD.state <> 0)
BEGIN
    SELECT RAISE (ABORT, 'a bulk revocation goes forward, only while it runs, and ends once');
END;

CREATE TRIGGER bulk_revocations_stay_the_same
BEFORE UPDATE OF number, reason, authority, profile, owner, domain, subject, issued_after, issued_before, on_hold, up_to,
    total, asked_by, asked_at
ON bulk_revocations
BEGIN
    SELECT RAISE (ABORT, 'what was asked for never changes');
END;
