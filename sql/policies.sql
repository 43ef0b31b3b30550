-- The story of the README, then what a policy answers where it cannot show anything.
-- In a database of its own: history cannot be undone.
SELECT current_database() AS home \gset
CREATE DATABASE regress_policies TEMPLATE template0;
\c regress_policies
SET client_min_messages = warning;
CREATE EXTENSION pg_gdpr;
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA crm;
CREATE ROLE regress_crm;
CREATE ROLE regress_newsletter;
CREATE ROLE regress_other;
GRANT USAGE, CREATE ON SCHEMA crm TO regress_crm;
GRANT USAGE ON SCHEMA crm TO regress_newsletter, regress_other;
SET ROLE regress_crm;
CREATE TABLE crm.contact (id int PRIMARY KEY, name text, email text UNIQUE);
CREATE TABLE crm.note (contact_id int REFERENCES crm.contact, body text);
CREATE INDEX ON crm.note (contact_id);
INSERT INTO crm.contact VALUES (7, 'Ann Lee', 'ann.lee@example.org'), (8, 'Bo Ray', 'bo@example.org');
INSERT INTO crm.note VALUES (7, 'rang about the blue one'), (8, 'Bo was happy');
GRANT SELECT, INSERT, UPDATE, DELETE ON crm.contact, crm.note TO regress_newsletter, regress_other;
RESET ROLE;
SELECT gdpr.classify('crm.contact', 'name', 'full_name'), gdpr.classify('crm.contact', 'email', 'email'),
       gdpr.classify('crm.note', 'body', 'free_text') \g /dev/null

-- The story -------------------------------------------------------------------------------------
SELECT gdpr.register_subject('contact', 'crm.contact') \g /dev/null
SELECT gdpr.add_link('contact', 'crm.note', '{contact_id}') \g /dev/null
SELECT gdpr.add_purpose('marketing', 'consent') \g /dev/null
SELECT gdpr.grant_purpose('marketing', 'regress_newsletter') \g /dev/null
CALL gdpr.protect('contact');
SELECT gdpr.record_consent('contact', '7', 'accepted', 'marketing', medium => 'telephone') \g /dev/null
SET ROLE regress_newsletter;
SET gdpr.purpose = 'marketing';
SELECT id, name, email, body FROM crm.contact JOIN crm.note ON contact_id = id;
RESET ROLE;
SELECT gdpr.record_consent('contact', '7', 'withdrawn', 'marketing', medium => 'email') \g /dev/null
SELECT gdpr.why('contact', '7', 'marketing') ~ 'withdrawn' AS says_why;
SET ROLE regress_newsletter;
SELECT id, name, email, body FROM crm.contact JOIN crm.note ON contact_id = id;
INSERT INTO crm.note VALUES (7, 'call again?');
RESET ROLE;
SELECT gdpr.anonymize_subject('contact', '7', 'asked by letter') > 0 AS gone;
SELECT id, name, regexp_replace(email, '-[a-z0-9]+@', '-…@') AS email FROM crm.contact ORDER BY id;

-- a_claim_alone_gives_nothing --------------------------------------------------------------------
SELECT gdpr.record_consent('contact', '8', 'accepted', 'marketing', medium => 'telephone') \g /dev/null
SET ROLE regress_other;
SELECT id FROM crm.contact;
SET ROLE regress_newsletter;
SET gdpr.purpose = 'billing';
SELECT id FROM crm.contact;
-- no_purpose_is_an_error_or_nobody
RESET gdpr.purpose;
SELECT id FROM crm.contact;
SET gdpr.no_purpose = 'empty';
SELECT id FROM crm.contact;
INSERT INTO crm.note VALUES (8, 'no purpose, no change');
RESET gdpr.no_purpose;
-- the_owner_is_bound
SET ROLE regress_crm;
SELECT id FROM crm.contact;
SET ROLE regress_newsletter;
-- a_row_of_nobody_is_visible
SET gdpr.purpose = 'marketing';
INSERT INTO crm.note VALUES (NULL, 'about the weather');
SELECT contact_id, body FROM crm.note ORDER BY 1;
-- what_is_not_visible_is_not_changed, what is not allowed is refused
UPDATE crm.contact SET name = 'Anna' WHERE id = 7;
UPDATE crm.note SET contact_id = 7 WHERE contact_id = 8;
DELETE FROM crm.note WHERE contact_id = 8;
-- a_new_person_is_pending
INSERT INTO crm.contact VALUES (9, 'Cy', 'cy@example.org');
-- a_purpose_that_is_taken_away_is_gone_at_once
RESET ROLE;
SELECT gdpr.revoke_purpose('marketing', 'regress_newsletter') \g /dev/null
SET ROLE regress_newsletter;
SELECT id FROM crm.contact;
RESET ROLE;

-- unprotect_leaves_the_table_as_it_was -----------------------------------------------------------
SELECT tablename, policyname, permissive, roles, cmd FROM pg_policies WHERE schemaname = 'crm' ORDER BY 1, 2;
SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgrelid IN ('crm.contact'::regclass, 'crm.note'::regclass) AND tgname ~ 'purpose' ORDER BY 1, 2;
CALL gdpr.unprotect('contact');
SELECT relname, relrowsecurity, relforcerowsecurity, (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid) AS policies
FROM pg_class AS c WHERE relnamespace = 'crm'::regnamespace AND relkind = 'r' ORDER BY 1;
SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgrelid IN ('crm.contact'::regclass, 'crm.note'::regclass) AND tgname ~ 'purpose' ORDER BY 1, 2;

\c :home
DROP DATABASE regress_policies;
DROP ROLE regress_crm, regress_newsletter, regress_other;
