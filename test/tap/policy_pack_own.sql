-- SPDX-License-Identifier: PostgreSQL
-- The application's own policies, tenants, networks, inline masks; and unprotect. Law: our policies are
-- ANDed with what is there, and nothing of ours stays behind.
\ir lib/policy.sql
SELECT no_plan();

-- A picture of everything protect may touch.
CREATE VIEW t.picture AS
  SELECT c.oid::regclass::text AS relation, 'table ' || c.relrowsecurity || ' ' || c.relforcerowsecurity || ' ' || coalesce(c.relacl::text, '') AS what
  FROM pg_class AS c WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind IN ('r', 'p', 'v')
  UNION ALL SELECT p.polrelid::regclass::text, concat_ws(' ', 'policy', p.polname, p.polcmd, p.polpermissive, p.polroles, pg_get_expr(p.polqual, p.polrelid),
    pg_get_expr(p.polwithcheck, p.polrelid)) FROM pg_policy AS p
  UNION ALL SELECT tg.tgrelid::regclass::text, pg_get_triggerdef(tg.oid) FROM pg_trigger AS tg WHERE NOT tg.tgisinternal
    AND tg.tgrelid NOT IN (SELECT oid FROM pg_class WHERE relnamespace = 'gdpr_internal'::regnamespace)  -- months of the audit log stay
  UNION ALL SELECT a.attrelid::regclass::text, 'column ' || a.attname FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL SELECT i.indrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid
    WHERE c.relnamespace = 'crm'::regnamespace
  UNION ALL SELECT k.conrelid::regclass::text, pg_get_constraintdef(k.oid) FROM pg_constraint AS k WHERE k.connamespace = 'crm'::regnamespace;
CREATE TABLE t.before AS TABLE t.picture;

-- dry_run prints and does nothing; enforce => false counts and does nothing.
CALL gdpr.protect('contact', dry_run => true);
SELECT is_empty('TABLE t.picture EXCEPT TABLE t.before', 'dry_run changes nothing');
CALL gdpr.protect('contact', enforce => false);
SELECT is_empty('TABLE t.picture EXCEPT TABLE t.before', 'enforce => false changes nothing');
SELECT is((SELECT max(rows_hidden) FROM gdpr.rehearsal WHERE relation ~ 'contact' AND role = 'policy_app' AND purpose = 'newsletter'), 5::bigint,
  'and counts what would be hidden');
SELECT is((SELECT max(rows_total) FROM gdpr.rehearsal WHERE relation ~ 'contact' AND role = 'policy_app' AND purpose = 'newsletter'), 8::bigint, 'of how many');

-- protect, unprotect: as before, to the letter.
CALL gdpr.protect('contact');
SELECT isnt_empty('TABLE t.picture EXCEPT TABLE t.before', 'protect changes something');
CREATE TABLE t.protected AS TABLE t.picture;
CALL gdpr.protect('contact');
SELECT is_empty('(TABLE t.picture EXCEPT TABLE t.protected) UNION ALL (TABLE t.protected EXCEPT TABLE t.picture)', 'protecting twice is protecting once');
CALL gdpr.unprotect('contact');
SELECT is_empty('(TABLE t.picture EXCEPT TABLE t.before) UNION ALL (TABLE t.before EXCEPT TABLE t.picture)', 'unprotect leaves the tables as they were');
SELECT is(t.see('policy_app', '', 'SELECT id FROM crm.contact'), '1,2,3,4,5,6,7,8', 'and everybody is seen');
CALL gdpr.unprotect('contact');
SELECT is_empty('(TABLE t.picture EXCEPT TABLE t.before) UNION ALL (TABLE t.before EXCEPT TABLE t.picture)', 'a second unprotect has nothing to do');

-- With policies of the application's own: permissive and restrictive, for one role and one command.
SET SESSION AUTHORIZATION policy_owner;
ALTER TABLE crm.contact ENABLE ROW LEVEL SECURITY;
CREATE POLICY low ON crm.contact USING (id < 5) WITH CHECK (true);
CREATE POLICY seven ON crm.contact FOR SELECT TO policy_app USING (id = 7);
CREATE POLICY not_one ON crm.contact AS RESTRICTIVE FOR SELECT TO policy_mail USING (id <> 1);
CREATE POLICY no_delete ON crm.contact AS RESTRICTIVE FOR DELETE USING (false);
RESET SESSION AUTHORIZATION;
DROP TABLE t.before; CREATE TABLE t.before AS TABLE t.picture;
SELECT is(t.see('policy_app', '', 'SELECT id FROM crm.contact'), '1,2,3,4,7', 'the application''s policies before');
CALL gdpr.protect('contact');
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM crm.contact'), '1,7', 'ANDed with permissive policies');
SELECT is(t.see('policy_mail', 'newsletter', 'SELECT id FROM crm.contact'), '', 'ANDed with restrictive policies');
SELECT is(t.see('policy_app', 'billing', 'SELECT id FROM crm.contact'), '1,2,3,4,7', 'billing: the application''s policies only');
SELECT is(t.change('policy_app', 'newsletter', 'DELETE FROM crm.contact WHERE id = 7'), '0', 'the application''s DELETE policy still holds');
SELECT is(t.change('policy_app', 'newsletter', 'UPDATE crm.contact SET region = ''x'' WHERE id = 1'), '1', 'and its UPDATE policy lets through');
SELECT is(t.see('policy_owner', '', 'SELECT id FROM crm.contact'), 'PD008', 'FORCE: the owner is bound');
CALL gdpr.unprotect('contact');
SELECT is_empty('(TABLE t.picture EXCEPT TABLE t.before) UNION ALL (TABLE t.before EXCEPT TABLE t.picture)', 'unprotect leaves own policies as they were');
SELECT is(t.see('policy_app', '', 'SELECT id FROM crm.contact'), '1,2,3,4,7', 'they are at work as before');
SELECT is(t.see('policy_owner', '', 'SELECT id FROM crm.contact'), '1,2,3,4,5,6,7,8', 'the owner is free again');

-- Row security off, but policies there: nobody knows whether they are meant.
SET SESSION AUTHORIZATION policy_owner;
ALTER TABLE crm.contact DISABLE ROW LEVEL SECURITY;
RESET SESSION AUTHORIZATION;
SELECT throws_ok($$CALL gdpr.protect('contact')$$, '55000', NULL, 'policies that are switched off: refused, not switched on');
DROP POLICY low ON crm.contact; DROP POLICY seven ON crm.contact; DROP POLICY not_one ON crm.contact; DROP POLICY no_delete ON crm.contact;

-- Tenants.
CALL gdpr.protect('contact', tenant_column => 'region');
SELECT gdpr.grant_tenant('r1', 'policy_app') \g /dev/null
SET gdpr.tenant = 'r1';
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM crm.contact'), '1,7', 'tenant r1 and newsletter');
SELECT is(t.see('policy_mail', 'newsletter', 'SELECT id FROM crm.contact'), '42501', 'a tenant that is claimed only gives nothing');
SET gdpr.tenant = 'r0';
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM crm.contact'), '42501', 'another tenant''s rows are not seen');
RESET gdpr.tenant;
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM crm.contact'), '42501', 'nor any without a tenant');
SET gdpr.tenant = 'r1'' OR true --';
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM crm.contact'), '42501', 'a tenant is a value, not SQL');
RESET gdpr.tenant;
SELECT gdpr.revoke_tenant('r1', 'policy_app') \g /dev/null
CALL gdpr.unprotect('contact');

-- Networks: a Unix socket counts as loopback.
CALL gdpr.protect('contact', networks => '{10.0.0.0/8}');
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM crm.contact'), '42501', 'from outside the network: an error');
SELECT is(t.change('policy_app', 'newsletter', $$INSERT INTO crm.note VALUES (900, 1, 'x')$$), '42501', 'and for changes');
CALL gdpr.unprotect('contact');
CALL gdpr.protect('contact', networks => '{10.0.0.0/8,127.0.0.0/8}');
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM crm.contact'), '1,7,8', 'from loopback');
CALL gdpr.unprotect('contact');

-- inline: the mask in a column of the table.
DROP TABLE t.before; CREATE TABLE t.before AS TABLE t.picture;
CALL gdpr.protect('contact', inline => true);
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM crm.contact'), '1,7,8', 'inline: the same people');
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM crm.note'), '10,11,70,71,80,81,100', 'inline: the same notes');
SELECT gdpr.record_consent('contact', '1', 'withdrawn', 'newsletter', medium => 'click') \g /dev/null
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM crm.contact'), '7,8', 'inline: a withdrawal is seen at once');
SELECT gdpr.record_consent('contact', '1', 'accepted', 'newsletter', medium => 'click') \g /dev/null
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM crm.contact'), '1,7,8', 'inline: and an acceptance');
INSERT INTO crm.contact (id, name, email) VALUES (60, 'New', 'new@example.org');
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM crm.contact'), '1,7,8', 'inline: a new person is pending');
DELETE FROM crm.contact WHERE id = 60;
CALL gdpr.unprotect('contact');
SELECT is_empty('(TABLE t.picture EXCEPT TABLE t.before) UNION ALL (TABLE t.before EXCEPT TABLE t.picture)', 'inline: unprotect takes the columns away');

-- What the owner does afterwards: PostgreSQL lets him; doctor tells.
CALL gdpr.protect('contact');
SELECT is_empty($$SELECT * FROM gdpr.doctor() WHERE object ~ '^crm\.' AND severity = 'error'$$, 'doctor has nothing to say about the tables');
SET SESSION AUTHORIZATION policy_owner;
ALTER TABLE crm.contact DISABLE ROW LEVEL SECURITY;
ALTER TABLE crm.note NO FORCE ROW LEVEL SECURITY;
DROP POLICY gdpr_purpose_select ON crm.file;
ALTER TABLE crm.task DISABLE TRIGGER ALL;
RESET SESSION AUTHORIZATION;
SELECT isnt_empty(format($$SELECT FROM gdpr.doctor() WHERE object ~ '%s'$$, r), 'doctor finds what the owner did to ' || r)
FROM unnest(ARRAY['crm\.contact', 'crm\.note', 'crm\.file', 'crm\.task']) AS r;
CALL gdpr.protect('contact');
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM crm.contact'), '1,7,8', 'protect again puts it right');
SELECT is(t.see('policy_owner', '', 'SELECT id FROM crm.note'), 'PD008', 'FORCE, too');
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM crm.file'), '10,11,70,71,80,81,100', 'the policy, too');
SELECT is(t.change('policy_app', 'newsletter', $$INSERT INTO crm.task VALUES (900, 2, 'x')$$), 'PD007', 'the guard, too');

SELECT * FROM finish();
