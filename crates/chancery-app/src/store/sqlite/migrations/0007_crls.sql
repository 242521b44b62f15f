-- Delta and sharded CRLs. Costs two seconds or so for each million revoked certificates, whose index is made anew.

-- What changed in an authority's revocation data, one row for each growth of its counter: who makes a delta CRL reads
-- those since the base, whoever keeps answers those since it last looked. Rows that no delta needs any more go.
CREATE TABLE revocation_changes (
    authority INTEGER NOT NULL REFERENCES authorities (number),
    generation INTEGER NOT NULL, -- the authority's counter after this change
    certificate INTEGER NOT NULL REFERENCES certificates (number),
    bucket TEXT NOT NULL, -- the last two octets of its serial number, so that a shard's delta reads no others
    PRIMARY KEY (authority, generation)
) STRICT, WITHOUT ROWID;

-- Complete CRLs on which delta CRLs may build.
CREATE TABLE crl_bases (
    authority INTEGER NOT NULL REFERENCES authorities (number),
    shards INTEGER NOT NULL, -- 0: the whole list
    shard INTEGER NOT NULL,
    number INTEGER NOT NULL,
    generation INTEGER NOT NULL, -- it shows every change up to this one, maybe later ones too
    this_update INTEGER NOT NULL,
    next_update INTEGER NOT NULL, -- the latest of all complete CRLs made from this one up to the next base
    PRIMARY KEY (authority, shards, shard, number)
) STRICT, WITHOUT ROWID;

-- Into how many shards the CRLs of authorities are or were cut: other shards are named by no certificate, and not made.
CREATE TABLE crl_layouts (shards INTEGER PRIMARY KEY) STRICT;

-- All that a CRL needs, so that making one reads nothing else; in the order of the serial numbers' last two octets, of
-- which a shard covers a range.
DROP INDEX certificates_revoked;
CREATE INDEX certificates_revoked
ON certificates (authority, substr('00' || hex(serial), -4), not_after, serial, reason, revoked)
WHERE reason IS NOT NULL;
