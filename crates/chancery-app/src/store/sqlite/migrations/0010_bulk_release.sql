-- The release of what a bulk revocation put on hold is one more of them. Costs nothing: a column is added empty.

ALTER TABLE bulk_revocations ADD COLUMN releases INTEGER REFERENCES bulk_revocations (number); -- whose hold it releases

CREATE TRIGGER bulk_revocations_release_the_same BEFORE UPDATE OF releases ON bulk_revocations
BEGIN
    SELECT RAISE (ABORT, 'what was asked for never changes');
END;
