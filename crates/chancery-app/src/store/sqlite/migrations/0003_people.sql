-- Whom a user stands for, when its account ends, and the certificate that is attached to it: attached in earnest only while
-- that is neither deleted nor purged. Costs the same at every size: columns without content are added to no row.

ALTER TABLE users ADD COLUMN display_name TEXT;
ALTER TABLE users ADD COLUMN first_name TEXT;
ALTER TABLE users ADD COLUMN last_name TEXT;
ALTER TABLE users ADD COLUMN email TEXT;
ALTER TABLE users ADD COLUMN subject_dn TEXT;
ALTER TABLE users ADD COLUMN expires INTEGER;
ALTER TABLE users ADD COLUMN certificate INTEGER REFERENCES certificates (number);
