-- SPDX-License-Identifier: PostgreSQL
-- Laws of gdpr.protect() and gdpr.unprotect(): which tables, which rows, and that nothing stays behind.
SET client_min_messages = error;
DO $$
DECLARE r name;
BEGIN
  FOREACH r IN ARRAY '{protect_owner,protect_app,protect_other}'::name[] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN EXECUTE format('CREATE ROLE %I', r); END IF;
  END LOOP;
END $$;
CREATE SCHEMA crm;
CREATE SCHEMA t;
GRANT USAGE ON SCHEMA t TO PUBLIC;
GRANT USAGE, CREATE ON SCHEMA crm TO protect_owner;
GRANT USAGE ON SCHEMA crm TO protect_app, protect_other;
SELECT plan(74);

-- What a statement gives to a role with a purpose; errors as their SQLSTATE.
CREATE FUNCTION t.sees(role name, purpose text, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  outcome text;
BEGIN
  PERFORM set_config('gdpr.purpose', purpose, true), set_config('role', role, true);
  EXECUTE format('SELECT coalesce(string_agg(x::text, '','' ORDER BY x::text), '''') FROM (%s) AS q(x)', query) INTO outcome;
  PERFORM set_config('role', 'none', true);
  RETURN outcome;
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END $$;
CREATE FUNCTION t.does(role name, purpose text, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
BEGIN
  PERFORM set_config('gdpr.purpose', purpose, true), set_config('role', role, true);
  EXECUTE statement;
  GET DIAGNOSTICS n = ROW_COUNT;
  PERFORM set_config('role', 'none', true);
  RETURN n::text;
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END $$;
-- Everything about the tables of a schema that protect could leave different.
CREATE FUNCTION t.looks(nsp name) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(line, E'\n' ORDER BY line COLLATE "C") FROM (
    SELECT format('%s rls=%s force=%s acl=%s kind=%s', c.oid::regclass, c.relrowsecurity, c.relforcerowsecurity, c.relacl, c.relkind)
    FROM pg_class AS c WHERE c.relnamespace = nsp::regnamespace AND c.relkind IN ('r', 'p', 'v')
    UNION ALL
    SELECT format('%s policy %s %s %s %s %s %s', p.polrelid::regclass, p.polname, p.polcmd, p.polpermissive, p.polroles,
      pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
    FROM pg_policy AS p JOIN pg_class AS c ON c.oid = p.polrelid WHERE c.relnamespace = nsp::regnamespace
    UNION ALL
    SELECT format('%s trigger %s %s', g.tgrelid::regclass, g.tgenabled, pg_get_triggerdef(g.oid))
    FROM pg_trigger AS g JOIN pg_class AS c ON c.oid = g.tgrelid WHERE c.relnamespace = nsp::regnamespace
    UNION ALL
    SELECT format('%s.%s %s %s %s %s', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attacl, a.attinhcount)
    FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
    WHERE c.relnamespace = nsp::regnamespace AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
    UNION ALL
    SELECT format('label %s %s', s.objoid::regclass, s.label) FROM pg_seclabel AS s JOIN pg_class AS c ON c.oid = s.objoid
    WHERE c.relnamespace = nsp::regnamespace
  ) AS l(line)
$$;

SET ROLE protect_owner;
CREATE TABLE crm.contact (id int PRIMARY KEY, name text, tenant text, note text);
CREATE TABLE crm.old_contact () INHERITS (crm.contact);
CREATE TABLE crm.account (id uuid PRIMARY KEY, contact_id bigint, name text);          -- wider than the key
CREATE TABLE crm.posting (id int, account uuid, amount numeric) PARTITION BY LIST (id); -- two hops
CREATE TABLE crm.posting_1 PARTITION OF crm.posting FOR VALUES IN (1, 2, 3);
CREATE TABLE crm.note (id int, kind text, owner text, body text);                       -- polymorphic, another type
CREATE TABLE crm.job (id int, contact_id int, grade int);                               -- has policies already
CREATE TABLE crm.tag (id int, label text, contact_id int);
CREATE TABLE crm.meeting (id int, host int, guest int);                                 -- two people
INSERT INTO crm.contact SELECT i, 'name ' || i, CASE i WHEN 3 THEN 'b' ELSE 'a' END FROM generate_series(1, 3) AS i;
INSERT INTO crm.account SELECT format('00000000-0000-0000-0000-%s', lpad(i::text, 12, '0'))::uuid, i, 'account' FROM generate_series(1, 3) AS i;
INSERT INTO crm.account VALUES ('00000000-0000-0000-0000-000000000009', 9999999999, 'nobody''s'), ('00000000-0000-0000-0000-000000000008', NULL, 'free');
INSERT INTO crm.posting SELECT i, format('00000000-0000-0000-0000-%s', lpad(i::text, 12, '0'))::uuid, i FROM generate_series(1, 3) AS i;
INSERT INTO crm.note VALUES (1, 'contact', '1', ''), (2, 'contact', '2', ''), (3, 'contact', 'no number', ''), (4, 'other', '2', ''), (5, NULL, '2', '');
INSERT INTO crm.job SELECT i, i, i % 2 FROM generate_series(1, 3) AS i;
INSERT INTO crm.tag SELECT i, 'tag', i FROM generate_series(1, 3) AS i;
INSERT INTO crm.meeting VALUES (1, 1, 1), (2, 1, 2), (3, 1, NULL);
ALTER TABLE crm.job ENABLE ROW LEVEL SECURITY;
CREATE POLICY everybody ON crm.job USING (true);
CREATE POLICY graded ON crm.job AS RESTRICTIVE FOR SELECT USING (grade > 0);
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA crm TO protect_app;
GRANT SELECT (id) ON crm.contact TO protect_other;
RESET ROLE;
SELECT gdpr.register_subject('contact', 'crm.contact');
SELECT gdpr.add_link('contact', 'crm.account', '{contact_id}');
SELECT gdpr.add_link('contact', 'crm.posting', '{account}', parent => 'crm.account');
SELECT gdpr.add_link('contact', 'crm.note', '{owner}', discriminator => 'kind', discriminator_value => 'contact');
SELECT gdpr.add_link('contact', 'crm.job', '{contact_id}');
SELECT gdpr.add_link('contact', 'crm.meeting', '{host}');
SELECT gdpr.add_link('contact', 'crm.meeting', '{guest}');
SELECT gdpr.add_purpose('letters');
SELECT gdpr.grant_purpose('letters', 'protect_app'), gdpr.grant_purpose('letters', 'protect_owner');
SELECT gdpr.record_consent('contact', '1', 'accepted', 'letters', medium => 'email'), gdpr.record_consent('contact', '3', 'accepted', 'letters', medium => 'email');
CREATE TABLE t.before AS SELECT t.looks('crm') AS looks;
GRANT SELECT ON t.before TO PUBLIC;

-- Who may, and what is checked before anything is done.
SELECT set_config('role', 'protect_app', false);
SELECT throws_ok('CALL gdpr.protect(''contact'')', '42501', NULL, 'only the owner of the tables protects them');
RESET ROLE;
ALTER TABLE crm.tag OWNER TO protect_other;
SELECT gdpr.add_link('contact', 'crm.tag', '{contact_id}');
SET ROLE protect_owner;
SELECT throws_ok('CALL gdpr.protect(''contact'')', '42501', NULL, 'one table of somebody else, and none is touched');
RESET ROLE;
SELECT gdpr.drop_link('contact', 'crm.tag', '{contact_id}');
ALTER TABLE crm.tag OWNER TO protect_owner;
SELECT is(t.looks('crm'), (SELECT looks FROM t.before), 'a refused protect changes nothing');
SET ROLE protect_owner;
ALTER TABLE crm.job DISABLE ROW LEVEL SECURITY;
SELECT throws_ok('CALL gdpr.protect(''contact'')', '55000', NULL, 'policies that are switched off are not put in force behind anybody''s back');
ALTER TABLE crm.job ENABLE ROW LEVEL SECURITY;
CALL gdpr.protect('contact', dry_run => true);
SELECT is(t.looks('crm'), (SELECT looks FROM t.before), 'a dry run changes nothing');
RESET ROLE;
SELECT throws_ok('CALL gdpr.protect(''nobody'')', '42704', NULL, 'an unknown subject type is refused');
SELECT throws_ok('CALL gdpr.protect(''contact'', tenant_column => ''nothing'')', '42703', NULL, 'an unknown tenant column is refused');

-- The rehearsal.
CALL gdpr.protect('contact', enforce => false);
SELECT is(t.looks('crm'), (SELECT looks FROM t.before), 'a rehearsal changes nothing');
SELECT is((SELECT format('%s of %s, %s', rows_hidden, rows_total, outcome) FROM gdpr.rehearsal WHERE role = 'protect_app' AND relation = 'crm.contact'), '1 of 3, filtered once named', 'a rehearsal counts what the policies would hide');
SELECT is((SELECT format('%s of %s, %s', rows_hidden, rows_total, outcome) FROM gdpr.rehearsal WHERE role = 'protect_other' AND relation = 'crm.contact'), '3 of 3, error', 'a rehearsal names roles without a purpose');
SELECT is((SELECT string_agg(DISTINCT relation, ' ' ORDER BY relation) FROM gdpr.rehearsal), 'crm.account crm.contact crm.job crm.meeting crm.note crm.posting', 'a rehearsal counts each table once');
SELECT is((SELECT rows_hidden FROM gdpr.rehearsal WHERE role = 'protect_app' AND relation = 'crm.posting'), 1::bigint, 'a rehearsal counts rows two hops away');
SELECT is((SELECT count(*) FROM gdpr_internal.purpose_grant WHERE role NOT IN ('protect_app', 'protect_owner')), 0::bigint, 'a rehearsal leaves no grant behind');
SELECT is((SELECT coalesce(nspacl::text, '') !~ 'protect_owner' FROM pg_namespace WHERE nspname = 'gdpr_internal'), true, 'nor a right on our schema');

-- What protecting means.
SET ROLE protect_owner;
CALL gdpr.protect('contact');
RESET ROLE;
SELECT is((SELECT coalesce(nspacl::text, '') !~ 'protect_owner' FROM pg_namespace WHERE nspname = 'gdpr_internal'), true, 'the owner has no right on our schema afterwards');
SELECT is(t.sees('protect_app', 'letters', 'SELECT id FROM crm.contact'), '1,3', 'people are visible by consent');
SELECT is(t.sees('protect_owner', 'letters', 'SELECT id FROM crm.contact'), '1,3', 'the owner is bound as well');
SELECT is(t.sees('protect_app', '', 'SELECT id FROM crm.contact'), 'PD008', 'a session without a purpose gets an error');
SELECT is(t.sees('protect_other', 'letters', 'SELECT id FROM crm.contact'), '42501', 'a claim alone gives nothing');
SELECT is(t.sees('protect_app', 'letters', 'SELECT contact_id FROM crm.account WHERE contact_id IS NOT NULL'), '1,3,9999999999', 'rows linked by a wider integer follow their person; a number that is no key is nobody''s');
SELECT is(t.sees('protect_app', 'letters', 'SELECT name FROM crm.account WHERE contact_id IS NULL'), 'free', 'a row of nobody is visible');
SELECT is(t.sees('protect_app', 'letters', 'SELECT id FROM crm.posting'), '1,3', 'rows two hops away follow their person');
SELECT is(t.sees('protect_app', 'letters', 'SELECT id FROM crm.posting_1'), '1,3', 'a partition read directly as well');
SELECT is(t.sees('protect_app', 'letters', 'SELECT id FROM crm.note'), '1,3,4,5', 'polymorphic rows follow their person; other kinds, and text that is no key, do not make reads fail');
SELECT is(t.sees('protect_app', 'letters', 'SELECT id FROM crm.job'), '1,3', 'the application''s restrictive policy still counts');
SELECT is(t.sees('protect_app', 'letters', 'SELECT id FROM crm.meeting'), '1,3', 'a row of two people is visible if both allow it');
SET ROLE protect_owner;
ALTER POLICY everybody ON crm.job USING (id < 3);
RESET ROLE;
SELECT is(t.sees('protect_app', 'letters', 'SELECT id FROM crm.job'), '1', 'the application''s permissive policy still counts');
SET ROLE protect_owner;
ALTER POLICY everybody ON crm.job USING (true);
RESET ROLE;
SELECT is(t.does('protect_app', 'letters', 'UPDATE crm.contact SET note = ''x'' WHERE id = 1'), '1', 'an allowed change passes');
SELECT is(t.does('protect_app', 'letters', 'INSERT INTO crm.tag VALUES (9)'), '1', 'tables that are not linked are left alone');
SELECT is(t.does('protect_app', 'letters', 'INSERT INTO crm.account VALUES (gen_random_uuid(), 2, ''x'')'), 'PD007', 'a row for somebody who did not agree is refused');
SELECT is(t.does('protect_app', 'letters', 'INSERT INTO crm.posting VALUES (2, ''00000000-0000-0000-0000-000000000002'', 1)'), 'PD007', 'a row two hops away as well');
SELECT is(t.does('protect_app', 'letters', 'INSERT INTO crm.note VALUES (9, ''other'', ''2'', '''')'), '1', 'a row of another kind is not');

-- Again, and again after something was taken away.
CREATE TABLE t.policies AS SELECT oid FROM pg_policy;
CALL gdpr.protect('contact');
SELECT is((SELECT array_agg(oid ORDER BY oid) FROM pg_policy), (SELECT array_agg(oid ORDER BY oid) FROM t.policies), 'not even make a policy anew');
SET ROLE protect_owner;
DROP POLICY gdpr_purpose_select ON crm.account;
ALTER TABLE crm.note NO FORCE ROW LEVEL SECURITY;
ALTER TABLE crm.job DISABLE TRIGGER zz_gdpr_purpose_insert;
CALL gdpr.protect('contact');
RESET ROLE;
SELECT is(t.sees('protect_app', 'letters', 'SELECT contact_id FROM crm.account WHERE contact_id < 9'), '1,3', 'what was taken off is put back');
SELECT is((SELECT relforcerowsecurity FROM pg_class WHERE oid = 'crm.note'::regclass), true, 'FORCE, too');
SELECT is((SELECT tgenabled FROM pg_trigger WHERE tgrelid = 'crm.job'::regclass AND tgname = 'zz_gdpr_purpose_insert'), 'O'::"char", 'and guards');

-- New partitions and children, renames.
SET ROLE protect_owner;
CREATE TABLE crm.posting_2 PARTITION OF crm.posting FOR VALUES IN (4, 5, 6);
CREATE TABLE crm.posting_3 (id int, account uuid, amount numeric);
INSERT INTO crm.posting_3 VALUES (7, '00000000-0000-0000-0000-000000000002', 1), (8, '00000000-0000-0000-0000-000000000001', 1);
ALTER TABLE crm.posting ATTACH PARTITION crm.posting_3 FOR VALUES IN (7, 8);
CREATE TABLE crm.new_contact (extra text) INHERITS (crm.contact);
CREATE TABLE crm.newer_contact () INHERITS (crm.new_contact);
GRANT SELECT ON ALL TABLES IN SCHEMA crm TO protect_app;
RESET ROLE;
INSERT INTO crm.newer_contact (id, name) VALUES (4, 'name 4');
SELECT is(t.sees('protect_app', 'letters', 'SELECT id FROM crm.posting_3'), '8', 'an attached partition has policies');
SELECT is((SELECT relforcerowsecurity FROM pg_class WHERE oid = 'crm.posting_2'::regclass), true, 'so has a new one');
SELECT is(t.sees('protect_app', 'letters', 'SELECT id FROM crm.newer_contact'), '', 'and the child of a child');
SET ROLE protect_owner;
DROP TABLE crm.posting_2;
CREATE TABLE crm.posting_2 PARTITION OF crm.posting FOR VALUES IN (4, 5, 6);
RESET ROLE;
SELECT is((SELECT relforcerowsecurity FROM pg_class WHERE oid = 'crm.posting_2'::regclass), true, 'and one that is made again under its name');
SET ROLE protect_owner;
ALTER TABLE crm.account RENAME TO ledger;
ALTER TABLE crm.ledger RENAME COLUMN contact_id TO person;
ALTER TABLE crm.contact RENAME COLUMN id TO number;
RESET ROLE;
ALTER SCHEMA crm RENAME TO customers;
SELECT is(t.sees('protect_app', 'letters', 'SELECT person FROM customers.ledger WHERE person < 9'), '1,3', 'policies follow renames');
SELECT is((SELECT count(*) FROM gdpr_internal.protect_steps('contact', false, NULL, NULL) WHERE NOT done), 0::bigint, 'and so does what is remembered of them');
SELECT is((SELECT string_agg(format('%s: %s', object, finding), E'\n') FROM gdpr.doctor() WHERE severity = 'error'), NULL, 'the doctor finds nothing amiss after renames');
ALTER SCHEMA customers RENAME TO crm;
SET ROLE protect_owner;
ALTER TABLE crm.contact RENAME COLUMN number TO id;
ALTER TABLE crm.ledger RENAME COLUMN person TO contact_id;
ALTER TABLE crm.ledger RENAME TO account;
DROP TABLE crm.posting_2, crm.posting_3, crm.newer_contact, crm.new_contact;
RESET ROLE;

-- As after a restore: numbers mean nothing, or another table.
UPDATE gdpr_internal.protection SET relation_oid = 'pg_class'::regclass WHERE relation_name <> 'account';
UPDATE gdpr_internal.protection SET relation_oid = 'crm.tag'::regclass WHERE relation_name = 'account';
SET ROLE protect_owner;
ALTER TABLE crm.tag RENAME TO label;
ALTER TABLE crm.label RENAME TO tag;
ALTER POLICY graded ON crm.job USING (grade > 0);
ALTER TABLE crm.account RENAME TO ledger;
RESET ROLE;
SELECT is((SELECT count(*) FROM gdpr_internal.protect_steps('contact', false, NULL, NULL) WHERE NOT done), 0::bigint, 'renames are followed after a restore as well');
SET ROLE protect_owner;
ALTER TABLE crm.ledger RENAME TO account;
RESET ROLE;

-- Links that come and go.
SELECT gdpr.add_link('contact', 'crm.tag', '{contact_id}');
SELECT is(t.sees('protect_app', 'letters', 'SELECT id FROM crm.tag WHERE id < 9'), '1,2,3', 'a new link protects nothing by itself');
CALL gdpr.protect('contact');
SELECT is(t.sees('protect_app', 'letters', 'SELECT id FROM crm.tag WHERE id < 9'), '1,3', 'protecting again goes on with it');
SELECT gdpr.drop_link('contact', 'crm.meeting', '{guest}');
SELECT is(t.sees('protect_app', 'letters', 'SELECT id FROM crm.meeting'), '1,2,3', 'a link that is given up is no longer asked');
SELECT gdpr.add_link('contact', 'crm.meeting', '{guest}');
SELECT is(t.sees('protect_app', 'letters', 'SELECT id FROM crm.meeting'), '1,3', 'one that is added to a protected table is asked at once');
SELECT gdpr.drop_link('contact', 'crm.tag', '{contact_id}');
SELECT is((SELECT relrowsecurity FROM pg_class WHERE oid = 'crm.tag'::regclass), false, 'a table without links is let go');

-- Two subject types in one table.
CREATE TABLE crm.staff (id int PRIMARY KEY, name text);
ALTER TABLE crm.staff OWNER TO protect_owner;
INSERT INTO crm.staff VALUES (1, 'a'), (2, 'b');
SELECT gdpr.register_subject('staff', 'crm.staff');
SELECT gdpr.add_link('staff', 'crm.meeting', '{host}');
SELECT is(t.sees('protect_app', 'letters', 'SELECT id FROM crm.meeting'), '1,3', 'a type that is not protected is not asked');
CALL gdpr.protect('staff');
SELECT is(t.sees('protect_app', 'letters', 'SELECT id FROM crm.meeting'), '', 'two types must both allow it');
CALL gdpr.unprotect('contact');
SELECT gdpr.record_consent('staff', '1', 'accepted', 'letters', medium => 'email');
SELECT is(t.sees('protect_app', 'letters', 'SELECT id FROM crm.meeting'), '1,2,3', 'what one type is taken off stays protected for the other');
SELECT gdpr.unregister_subject('staff');
DROP TABLE crm.staff;
SELECT is(t.looks('crm'), (SELECT looks FROM t.before), 'unregistering takes policies off; unprotect leaves every table as it was');

-- With all options, and off again.
GRANT USAGE ON SCHEMA crm TO protect_other;
SET ROLE protect_owner;
CALL gdpr.protect('contact', inline => true, tenant_column => 'tenant', networks => '{10.0.0.0/8,127.0.0.0/8,::1/128}');
RESET ROLE;
SELECT is((SELECT count(*) FROM crm.contact WHERE gdpr_allowed IS NULL), 0::bigint, 'inline masks are filled');
SELECT is((SELECT count(*) FROM crm.contact AS c JOIN gdpr_internal.contact_allowed AS a ON a.id = c.id WHERE a.allowed <> c.gdpr_allowed OR a.valid_until <> c.gdpr_valid_until), 0::bigint, 'and say what is recorded');
SELECT gdpr.grant_tenant('a', 'protect_app');
SELECT set_config('gdpr.tenant', 'a', false);
SELECT is(t.sees('protect_app', 'letters', 'SELECT id FROM crm.contact'), '1', 'tenant and consent are both asked');
SELECT set_config('gdpr.tenant', 'b', false);
SELECT is(t.sees('protect_app', 'letters', 'SELECT id FROM crm.contact'), '42501', 'a tenant that was not granted is refused');
SELECT gdpr.grant_tenant('b', 'protect_app');
SELECT is(t.sees('protect_app', 'letters', 'SELECT id FROM crm.contact'), '3', 'once granted it is seen');
SELECT gdpr.revoke_tenant('b', 'protect_app');
SELECT is(t.sees('protect_app', 'letters', 'SELECT id FROM crm.contact'), '42501', 'and no longer when revoked');
SELECT set_config('gdpr.tenant', 'a', false);
CALL gdpr.protect('contact');
SELECT is((SELECT count(*) FROM pg_policy WHERE polname = 'gdpr_tenant'), 2::bigint, 'protecting again without options does not lift them');
CALL gdpr.protect('contact', networks => '{192.0.2.0/24}');
SELECT is(t.sees('protect_app', 'letters', 'SELECT id FROM crm.contact'), '42501', 'a session from elsewhere is refused');
CALL gdpr.protect('contact', networks => '{}');
SELECT is(t.sees('protect_app', 'letters', 'SELECT id FROM crm.contact'), '1', 'until the networks are lifted');
SELECT is(t.does('protect_app', 'letters', 'UPDATE crm.contact SET gdpr_allowed = -1 WHERE id = 1'), '42501', 'nobody else writes the mask');
SELECT is(t.does('protect_owner', 'letters', 'UPDATE crm.contact SET gdpr_valid_until = ''infinity'', gdpr_allowed = 7'), '42501', 'nor does the owner');
SELECT gdpr.record_consent('contact', '1', 'withdrawn', 'letters', medium => 'email');
SELECT is(t.sees('protect_app', 'letters', 'SELECT id FROM crm.contact'), '', 'a withdrawal is in the mask at once');
SELECT gdpr.record_consent('contact', '1', 'accepted', 'letters', medium => 'email');
INSERT INTO crm.contact VALUES (7, 'new', 'a', NULL, -1, 'infinity');
SELECT is((SELECT gdpr_allowed FROM crm.contact WHERE id = 7), NULL, 'a new row brings no mask along');
SELECT is(t.sees('protect_app', 'letters', 'SELECT id FROM crm.contact'), '1', 'and is looked up');
SELECT gdpr.record_consent('contact', '7', 'accepted', 'letters', medium => 'email');
SELECT is(t.sees('protect_app', 'letters', 'SELECT id FROM crm.contact'), '1,7', 'until consent is recorded');
DELETE FROM crm.contact WHERE id = 7;
SET ROLE protect_owner;
CALL gdpr.unprotect('contact', dry_run => true);
SELECT is((SELECT count(*) > 0 FROM pg_policy WHERE polname = 'gdpr_tenant'), true, 'a dry run takes nothing off');
CALL gdpr.unprotect('contact');
RESET ROLE;
SELECT is(t.looks('crm'), (SELECT looks FROM t.before), 'unprotect leaves every table as it was, inline masks and tenants included');
SELECT is((SELECT count(*) FROM gdpr_internal.protection), 0::bigint, 'and remembers nothing');
SELECT lives_ok('CALL gdpr.unprotect(''contact'')', 'unprotecting again does nothing');

-- Leaving for good.
SET ROLE protect_owner;
CALL gdpr.protect('contact', inline => true);
RESET ROLE;
SELECT gdpr.remove();
SELECT is((SELECT count(*) FROM pg_policy AS p WHERE p.polname LIKE 'gdpr%') + (SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'zz_gdpr%' AND tgrelid::regclass::text LIKE 'crm.%'), 0::bigint, 'gdpr.remove() takes policies and guards off');
SELECT lives_ok('DROP EXTENSION pg_gdpr', 'and the extension can go');
SELECT * FROM finish();
