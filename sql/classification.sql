-- What a column holds: classify, unclassify, SECURITY LABEL, export.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = notice;
CREATE SCHEMA cls;
CREATE ROLE gdpr_cls_owner;
CREATE ROLE gdpr_cls_other;
GRANT USAGE, CREATE ON SCHEMA cls TO gdpr_cls_owner;
GRANT USAGE ON SCHEMA cls TO gdpr_cls_other;
SET ROLE gdpr_cls_owner;
CREATE TABLE cls.contact (id int PRIMARY KEY, email text, phone text, gone text);
ALTER TABLE cls.contact DROP COLUMN gone;
CREATE TABLE cls."Odd 'name" ("e""mail" text);
CREATE TABLE cls.parts (id int, email text) PARTITION BY RANGE (id);
CREATE VIEW cls.seen AS SELECT * FROM cls.contact;

SELECT gdpr.classify('cls.contact', 'email', '  email   mask=stars  erase=null ');
-- The same rule in other words, and another rule.
SELECT gdpr.classify('cls.contact', 'email', 'email erase=null mask=stars');
SELECT gdpr.classify('cls.contact', 'email', 'email');
SELECT gdpr.classify('cls.parts', 'email', 'email unique');
SELECT gdpr.classify('cls."Odd ''name"', 'e"mail', 'free_text erase=constant(''it''''s gone'')');
SECURITY LABEL FOR gdpr ON COLUMN cls.contact.phone IS ' phone   length=20 ';
SELECT * FROM gdpr.classification WHERE relation::text LIKE 'cls.%' ORDER BY relation::text, column_name;

-- Export, load, export is a fixed point.
CREATE TEMP TABLE exported AS SELECT s FROM gdpr.export_rules() AS s WHERE s LIKE '%cls.%';
SELECT s FROM exported;
SELECT gdpr.unclassify(relation, column_name) FROM gdpr.classification WHERE relation::text LIKE 'cls.%';
SELECT count(*) FROM gdpr.classification WHERE relation::text LIKE 'cls.%';
SELECT s FROM exported \gexec
SELECT s FROM exported EXCEPT SELECT s FROM gdpr.export_rules() AS s;

-- Labels follow renames, and go with the column.
ALTER TABLE cls.contact RENAME phone TO telephone;
SELECT * FROM gdpr.classification WHERE relation = 'cls.contact'::regclass ORDER BY column_name;
ALTER TABLE cls.contact DROP COLUMN telephone CASCADE;
SELECT * FROM gdpr.classification WHERE relation = 'cls.contact'::regclass;

-- Mistakes ------------------------------------------------------------------------------------
CREATE VIEW cls.seen AS SELECT * FROM cls.contact;
SELECT gdpr.classify('cls.seen', 'email', 'email');
SELECT gdpr.classify('cls.nowhere', 'email', 'email');
SELECT gdpr.classify('cls.contact', 'nix', 'email');
SELECT gdpr.classify('cls.contact', 'gone', 'email');
SELECT gdpr.classify('cls.contact', 'ctid', 'email');
SELECT gdpr.classify('cls.contact', 'email', 'email erase=shred');
SELECT gdpr.classify('cls.contact', 'email', NULL);
SELECT gdpr.unclassify('cls.contact', 'id');
SECURITY LABEL FOR gdpr ON COLUMN cls.contact.id IS 'email erase=shred';
SECURITY LABEL FOR gdpr ON COLUMN cls.seen.email IS 'email';
SECURITY LABEL FOR gdpr ON TABLE cls.contact IS 'email';
-- Not the owner: neither by the function nor by the statement.
SET ROLE gdpr_cls_other;
SELECT gdpr.classify('cls.contact', 'email', 'not_personal');
SELECT gdpr.unclassify('cls.contact', 'email');
SECURITY LABEL FOR gdpr ON COLUMN cls.contact.email IS 'not_personal';
-- Everybody may read what is classified.
SELECT * FROM gdpr.classification WHERE relation = 'cls.contact'::regclass;
SELECT count(*) > 60 AS kinds FROM gdpr.kinds;
RESET ROLE;
SECURITY LABEL FOR gdpr ON ROLE gdpr_cls_other IS 'email';
SET client_min_messages = warning;
DROP TABLE exported;
DROP SCHEMA cls CASCADE;
DROP ROLE gdpr_cls_owner, gdpr_cls_other;
