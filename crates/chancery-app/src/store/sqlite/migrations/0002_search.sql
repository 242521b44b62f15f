-- Windows of listings and totals (see counting.rs and lines.rs).

-- Everything that is neither deleted nor purged, in the order of numbers: places in the list are counted along it.
CREATE INDEX certificates_listed ON certificates (number, state, not_after) WHERE state < 4;

-- Which certificates have left the list, in the order of leaving. It only grows, so a total goes on from where it stood.
-- No certificate is deleted when it is stored, so only changes are watched: a trigger on each that is stored would cost
-- a fifth of the speed of storing.
CREATE TABLE removed (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    certificate INTEGER NOT NULL REFERENCES certificates (number)
) STRICT;

INSERT INTO removed (certificate) SELECT number FROM certificates WHERE state >= 4 ORDER BY number;

CREATE TRIGGER certificates_leave AFTER UPDATE OF state ON certificates
WHEN OLD.state < 4 AND NEW.state >= 4
BEGIN
    INSERT INTO removed (certificate) VALUES (NEW.number);
END;

-- The subjects of full stretches of numbers, so that all of them can be looked through without reading certificates:
-- octet FF, then each line with FF after it; a number that was never given has the line FE. UTF-8 has neither octet.
CREATE TABLE subject_lines (
    first INTEGER PRIMARY KEY,
    last INTEGER NOT NULL,
    lines BLOB NOT NULL
) STRICT;

-- What totals rest on.

CREATE TRIGGER certificates_stay_away BEFORE UPDATE OF state ON certificates
WHEN OLD.state >= 4 AND NEW.state < OLD.state
BEGIN
    SELECT RAISE (ABORT, 'a deleted certificate stays deleted');
END;

CREATE TRIGGER certificates_keep_their_place BEFORE UPDATE OF subject_line, owner, domain ON certificates
WHEN NEW.subject_line <> OLD.subject_line OR NEW.owner <> OLD.owner OR NEW.domain <> OLD.domain
BEGIN
    SELECT RAISE (ABORT, 'subject, owner and domain of a certificate never change');
END;

CREATE TRIGGER removed_stays BEFORE DELETE ON removed
BEGIN
    SELECT RAISE (ABORT, 'what was removed stays written down');
END;

CREATE TRIGGER removed_stays_the_same BEFORE UPDATE ON removed
BEGIN
    SELECT RAISE (ABORT, 'what was removed stays written down');
END;
