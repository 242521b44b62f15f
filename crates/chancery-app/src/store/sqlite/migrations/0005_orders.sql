-- Work orders. Of kinds 1 renew, 2 regenerate, 3 reissue, 4 create, 5 revoke, 6 suspend, 7 reinstate; of states
-- 0 requested, 1 approved, 2 implementing, 3 done, 4 rejected, 5 failed: the first three are open.

CREATE TABLE work_orders (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    kind INTEGER NOT NULL,
    revocation INTEGER, -- CRLReason code, for a revoke
    state INTEGER NOT NULL,
    certificate INTEGER REFERENCES certificates (number), -- what it is about
    made INTEGER UNIQUE REFERENCES certificates (number), -- what it makes: pending until it is done
    owner INTEGER NOT NULL REFERENCES users (number), -- those of the certificate, which never change
    domain INTEGER NOT NULL REFERENCES domains (number),
    reason TEXT NOT NULL,
    asked_by TEXT NOT NULL, -- users by their ids, since they may be gone when this is read
    asked_at INTEGER NOT NULL,
    decided_by TEXT,
    decided_at INTEGER,
    ended_at INTEGER,
    outcome TEXT,
    csr BLOB, -- DER
    key TEXT, -- the kind of key to make
    not_before INTEGER,
    not_after INTEGER,
    days INTEGER,
    on_hold INTEGER NOT NULL,
    CHECK (certificate IS NOT NULL OR made IS NOT NULL),
    CHECK ((revocation IS NOT NULL) = (kind = 5)),
    CHECK ((ended_at IS NOT NULL) = (state >= 3)),
    CHECK (csr IS NULL OR key IS NULL)
) STRICT;

-- Alternative names to certify, where they do not come from the old certificate.
CREATE TABLE work_order_names (
    work_order INTEGER NOT NULL REFERENCES work_orders (number),
    place INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (work_order, place)
) STRICT, WITHOUT ROWID;

-- At most one order about a certificate is open.
CREATE UNIQUE INDEX work_orders_open ON work_orders (certificate) WHERE state < 3;
CREATE INDEX work_orders_by_certificate ON work_orders (certificate, number) WHERE certificate IS NOT NULL;
CREATE INDEX work_orders_by_owner ON work_orders (owner, number, state);
CREATE INDEX work_orders_by_domain ON work_orders (domain, number, state);
CREATE INDEX work_orders_by_state ON work_orders (state, number);

-- What must hold whatever a programmer does.

CREATE TRIGGER work_orders_stay BEFORE DELETE ON work_orders
BEGIN
    SELECT RAISE (ABORT, 'work orders are never removed from the database');
END;

CREATE TRIGGER work_orders_go_forward BEFORE UPDATE ON work_orders
WHEN OLD.state >= 3 OR NEW.state < OLD.state OR (OLD.state = 0 AND NEW.state NOT IN (0, 1, 4))
    OR (OLD.state = 1 AND NEW.state NOT IN (1, 2)) OR NEW.state = 4 AND OLD.state <> 0
BEGIN
    SELECT RAISE (ABORT, 'a work order goes forward, is done only once approved, and ends once');
END;

CREATE TRIGGER work_orders_stay_the_same
BEFORE UPDATE OF number, kind, revocation, certificate, made, owner, domain, reason, asked_by, asked_at, csr, key,
    not_before, not_after, days, on_hold
ON work_orders
BEGIN
    SELECT RAISE (ABORT, 'what was asked for never changes');
END;
