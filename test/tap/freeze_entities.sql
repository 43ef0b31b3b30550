-- SPDX-License-Identifier: PostgreSQL
-- R32 to R36. Law: nothing may happen to a frozen person in any entity, by any statement; everybody
-- else's work goes on; what is imported for the person lands on the suspense account.
SET client_min_messages = error;
SELECT plan(106);
CREATE SCHEMA crm;
CREATE TABLE crm.contact (id int PRIMARY KEY, name text, changed int DEFAULT 0);
CREATE TABLE crm.account (id uuid PRIMARY KEY, contact_id bigint, name text, changed int DEFAULT 0);
INSERT INTO crm.contact SELECT i, 'contact ' || i FROM generate_series(0, 3) AS i;
INSERT INTO crm.account SELECT format('00000000-0000-0000-0000-%s', lpad(i::text, 12, '0'))::uuid, i, 'account ' || i FROM generate_series(0, 3) AS i;

-- Ten entities: five of the contact, five of the account; every other one partitioned or inherited.
CREATE TABLE t_entity (entity text, of_account boolean, shape text);
INSERT INTO t_entity VALUES
  ('service_request', false, 'plain'), ('activity', false, 'partitioned'), ('job', false, 'inherited'), ('lead', false, 'plain'), ('communication', false, 'polymorphic'),
  ('subscription', true, 'plain'), ('transaction', true, 'partitioned'), ('customer_event', true, 'inherited'), ('payment_preference', true, 'plain'), ('access_token', true, 'plain');
DO $$
DECLARE e record; key text; child text;
BEGIN
  PERFORM gdpr.register_subject('contact', 'crm.contact');
  PERFORM gdpr.add_link('contact', 'crm.account', '{contact_id}');
  FOR e IN SELECT * FROM t_entity LOOP
    key := CASE WHEN e.shape = 'polymorphic' THEN 'text' WHEN e.of_account THEN 'varchar(36)' ELSE 'int' END;
    EXECUTE format('CREATE TABLE crm.%I (id int, owner_kind text DEFAULT ''contact'', owner %s, changed int DEFAULT 0, note text) %s', e.entity, key,
      CASE e.shape WHEN 'partitioned' THEN 'PARTITION BY HASH (id)' ELSE '' END);
    child := e.entity;
    IF e.shape = 'partitioned' THEN
      EXECUTE format('CREATE TABLE crm.%I PARTITION OF crm.%I FOR VALUES WITH (MODULUS 1, REMAINDER 0)', e.entity || '_0', e.entity);
    ELSIF e.shape = 'inherited' THEN
      child := e.entity || '_old';
      EXECUTE format('CREATE TABLE crm.%I () INHERITS (crm.%I)', child, e.entity);
    END IF;
    EXECUTE format('INSERT INTO crm.%I (id, owner, note) SELECT i, %s, ''note'' FROM generate_series(0, 3) AS i', child,
      CASE WHEN e.of_account THEN 'format(''00000000-0000-0000-0000-%s'', lpad(i::text, 12, ''0''))' ELSE 'i' END);
    PERFORM gdpr.add_link('contact', format('crm.%I', e.entity)::regclass, '{owner}',
      parent => CASE WHEN e.of_account THEN 'crm.account'::regclass END,
      discriminator => CASE WHEN e.shape = 'polymorphic' THEN 'owner_kind' END,
      discriminator_value => CASE WHEN e.shape = 'polymorphic' THEN 'contact' END);
  END LOOP;
  EXECUTE (SELECT string_agg(statement, ' ') FROM gdpr.unclassified('contact'));
END $$;
SELECT isnt(gdpr.anonymize_subject('contact', '1', 'left'), NULL, 'the person is anonymized');
SELECT is((SELECT count(*) FROM gdpr.unclassified('contact')), 0::bigint, 'suggestions classified every column');

CREATE FUNCTION pg_temp.owner_of(of_account boolean, person int) RETURNS text LANGUAGE sql AS $$
  SELECT CASE WHEN of_account THEN format('00000000-0000-0000-0000-%s', lpad(person::text, 12, '0')) ELSE person::text END
$$;
SELECT throws_ok(format(s.statement, e.entity, pg_temp.owner_of(e.of_account, 1), pg_temp.owner_of(e.of_account, 2)), 'PD001', NULL, e.entity || ': ' || s.what)
FROM t_entity AS e, (VALUES
  ('nothing new', 'INSERT INTO crm.%1$I (id, owner) VALUES (9, %2$L)'),
  ('no change', 'UPDATE crm.%1$I SET changed = 1 WHERE owner::text = %2$L'),
  ('no deletion', 'DELETE FROM crm.%1$I WHERE owner::text = %2$L'),
  ('nothing handed to', 'UPDATE crm.%1$I SET owner = %2$L WHERE owner::text = %3$L'),
  ('nothing taken from', 'UPDATE crm.%1$I SET owner = %3$L WHERE owner::text = %2$L'),
  ('no truncate', 'TRUNCATE crm.%1$I')) AS s(what, statement);
SELECT lives_ok(format(s.statement, e.entity, pg_temp.owner_of(e.of_account, 2)), e.entity || ' of somebody else: ' || s.what)
FROM t_entity AS e, (VALUES
  (1, 'inserted', 'INSERT INTO crm.%1$I (id, owner) VALUES (9, %2$L)'),
  (2, 'changed', 'UPDATE crm.%1$I SET changed = 1 WHERE owner::text = %2$L'),
  (3, 'deleted', 'DELETE FROM crm.%1$I WHERE owner::text = %2$L')) AS s(n, what, statement) ORDER BY e.entity, s.n;
SELECT throws_ok(s, 'PD001', NULL, s) FROM unnest(ARRAY[
  'UPDATE crm.contact SET changed = 1 WHERE id = 1', 'DELETE FROM crm.contact WHERE id = 1',
  'UPDATE crm.contact SET id = 1 WHERE id = 3', 'UPDATE crm.contact SET id = 7 WHERE id = 1',
  'UPDATE crm.account SET changed = 1 WHERE contact_id = 1', 'INSERT INTO crm.account VALUES (gen_random_uuid(), 1)']) AS s;

-- Processes select their people; the view has the native key.
SELECT is((SELECT array_agg(id ORDER BY id) FROM crm.contact WHERE id NOT IN (SELECT id FROM gdpr.contact_frozen)), '{0,2,3}'::int[], 'processes skip the person by the view');
SELECT is((SELECT array_agg(id ORDER BY id) FROM crm.contact WHERE NOT gdpr.is_frozen('contact', id::text)), '{0,2,3}'::int[], 'processes skip the person by is_frozen');

-- The suspense account: an import of mixed rows is neither refused nor short of a cent.
CREATE TABLE crm.posting (id int, account uuid, amount numeric);
SELECT gdpr.add_link('contact', 'crm.posting', '{account}', parent => 'crm.account');
SELECT throws_ok($$INSERT INTO crm.posting VALUES (1, '00000000-0000-0000-0000-000000000001', 1)$$, 'PD001', NULL, 'without a redirect an import is refused');
SELECT lives_ok($$SELECT gdpr.redirect_frozen('contact', 'crm.posting', 'account', '00000000-0000-0000-0000-000000000000')$$, 'the suspense account is declared');
CREATE TEMP TABLE imported AS
  SELECT i AS id, format('00000000-0000-0000-0000-%s', lpad((1 + i % 3)::text, 12, '0'))::uuid AS account, i % 97 + 0.01 AS amount FROM generate_series(1, 20000) AS i;
SELECT lives_ok('INSERT INTO crm.posting SELECT * FROM imported', '20,000 mixed rows are imported');
SELECT is((SELECT sum(amount) FROM crm.posting), (SELECT sum(amount) FROM imported), 'the sum is the same');
SELECT is((SELECT count(*) FROM crm.posting WHERE account = '00000000-0000-0000-0000-000000000001'), 0::bigint, 'none reached the person');
SELECT results_eq($$SELECT id FROM crm.posting WHERE account = '00000000-0000-0000-0000-000000000000' ORDER BY id$$,
  $$SELECT id FROM imported WHERE account = '00000000-0000-0000-0000-000000000001' ORDER BY id$$, 'they are on the suspense account');
SELECT * FROM finish();
