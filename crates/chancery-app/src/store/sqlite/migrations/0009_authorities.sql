-- Authorities that come and go. Costs nothing: columns are added empty, and filled at the start.

ALTER TABLE authorities ADD COLUMN retired INTEGER; -- since when it issues no more
ALTER TABLE authorities ADD COLUMN successor INTEGER REFERENCES authorities (number); -- who issues in its place
ALTER TABLE authorities ADD COLUMN certificate INTEGER REFERENCES certificates (number); -- its own; none for a root

-- Authorities to be: a key and the request for its certificate, until that is imported.
CREATE TABLE authority_requests (
    name TEXT PRIMARY KEY, -- no authority's
    predecessor INTEGER REFERENCES authorities (number), -- whom it will succeed
    created INTEGER NOT NULL,
    sealed_key BLOB NOT NULL,
    csr BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- The newest CRL of each authority whose key is kept elsewhere, as it was imported.
CREATE TABLE imported_crls (
    authority INTEGER PRIMARY KEY REFERENCES authorities (number),
    der BLOB NOT NULL
) STRICT;
