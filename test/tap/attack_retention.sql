-- SPDX-License-Identifier: PostgreSQL
-- Retention among owners who do not trust each other, and roles that may not decide. Law: dates are read as each
-- table's owner and through nobody's code, rows are deleted with the owner's rights, and nobody sets policies but who may.
\ir lib/attack.sql
SELECT no_plan();
SELECT gdpr.create_key() \g /dev/null
\ir lib/retention.sql
SELECT t.plant(p, 'attack_mallory') FROM unnest('{domain_check,date_operator,cast_operator,delete_trigger,view_function}'::name[]) AS p \g /dev/null
CREATE SCHEMA vic AUTHORIZATION attack_vic;
CREATE SCHEMA mallory AUTHORIZATION attack_mallory;
CREATE SCHEMA eve AUTHORIZATION attack_eve;
GRANT USAGE ON SCHEMA vic, mallory, eve TO PUBLIC;
GRANT CREATE ON SCHEMA public TO PUBLIC;
DO $$
BEGIN
  PERFORM t.make_role(r) FROM unnest('{attack_dpo,attack_crm}'::name[]) AS r;
  -- vic's and mallory's tables are declared by a role that is a member of both
  GRANT attack_vic, attack_mallory TO attack_crm;
END
$$;
SELECT gdpr.grant_bundle('operator', 'attack_op'), gdpr.grant_bundle('dpo', 'attack_dpo') \g /dev/null

SET SESSION AUTHORIZATION attack_vic;
CREATE TABLE vic.client (id int PRIMARY KEY, name text, created date);
INSERT INTO vic.client SELECT i, 'name ' || i, current_date - 500 FROM generate_series(1, 9) AS i;
CREATE TABLE vic.secret (id int PRIMARY KEY, at date);
SET SESSION AUTHORIZATION attack_mallory;
CREATE FUNCTION mallory.domain_check(date) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN t.note('domain_check'); END $$;
CREATE DOMAIN mallory.day AS date CHECK (mallory.domain_check(VALUE));
CREATE TABLE mallory.ticket (id int PRIMARY KEY, client_id int, at mallory.day, stamp timestamp, body text);
INSERT INTO mallory.ticket SELECT i, i, current_date - 400 - i, now() - interval '450 days', 'ticket' FROM generate_series(1, 5) AS i;
-- operators and casts that would be found by name
CREATE FUNCTION public.later(date, date) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN t.note('date_operator'); END $$;
CREATE OPERATOR public.> (LEFTARG = date, RIGHTARG = date, FUNCTION = public.later);
CREATE OPERATOR public.< (LEFTARG = date, RIGHTARG = date, FUNCTION = public.later);
CREATE FUNCTION public.max_day(mallory.day) RETURNS mallory.day IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('cast_operator'); RETURN $1; END $$;
CREATE AGGREGATE public.max(mallory.day) (SFUNC = date_larger, STYPE = date);
CREATE VIEW mallory.fresh AS SELECT id AS client_id, now() AS at FROM vic.client WHERE t.note('view_function');
SET SESSION AUTHORIZATION attack_eve;
CREATE TABLE eve.thing (id int PRIMARY KEY, client_id int, at date);
RESET SESSION AUTHORIZATION;

-- declaring
SELECT is(t.attempt('attack_crm', $$SELECT gdpr.register_subject('client', 'vic.client'), gdpr.add_link('client', 'mallory.ticket', '{client_id}'),
  gdpr.classify('vic.client', 'name', 'full_name'), gdpr.classify('vic.client', 'created', 'not_personal'), gdpr.classify('mallory.ticket', 'at', 'not_personal'),
  gdpr.classify('mallory.ticket', 'stamp', 'not_personal'), gdpr.classify('mallory.ticket', 'body', 'free_text')$$), '', 'who owns all tables declares them');
SELECT is(t.attempt('attack_crm', $$SELECT gdpr.add_interaction('client', 'vic.client', 'created'), gdpr.add_interaction('client', 'mallory.ticket', 'at'),
  gdpr.add_interaction('client', 'mallory.ticket', 'stamp')$$), '', 'and their dates');
SELECT matches(t.attempt(role, statement), '^(42501|42809|55000|42704)', 'refused to ' || role || ': ' || statement) FROM (VALUES
  ('attack_eve', $$SELECT gdpr.add_interaction('client', 'vic.client', 'created')$$),
  ('attack_eve', $$SELECT gdpr.add_interaction('client', 'eve.thing', 'at')$$),
  ('attack_mallory', $$SELECT gdpr.add_interaction('client', 'mallory.ticket', 'stamp')$$),
  ('attack_crm', $$SELECT gdpr.add_interaction('client', 'mallory.fresh', 'at')$$),
  ('attack_vic', $$SELECT gdpr.add_interaction('client', 'vic.secret', 'at')$$),
  ('attack_eve', $$SELECT gdpr.drop_interaction('client', 'vic.client', 'created')$$),
  ('attack_mallory', $$SELECT gdpr.drop_interaction('client', 'mallory.ticket', 'at')$$),
  ('attack_op', $$SELECT gdpr.add_interaction('client', 'vic.client', 'created')$$),
  ('attack_dpo', $$SELECT gdpr.drop_interaction('client', 'vic.client', 'created')$$)) AS r(role, statement);

-- deciding
SELECT is(left(t.attempt(role, statement), 5), '42501', 'may not: ' || role || ', ' || statement) FROM (VALUES
  ('attack_eve', $$SELECT gdpr.set_retention('client', '1 day')$$), ('attack_vic', $$SELECT gdpr.set_retention('client', '1 day')$$),
  ('attack_op', $$SELECT gdpr.set_retention('client', '1 day')$$), ('attack_op', $$SELECT gdpr.drop_retention('client')$$),
  ('attack_eve', $$SELECT gdpr.drop_retention('client')$$), ('attack_eve', $$SELECT gdpr.last_interaction('client', '1')$$),
  ('attack_eve', $$SELECT * FROM gdpr.run_retention_page('client', NULL, 10)$$), ('attack_vic', $$SELECT * FROM gdpr.run_retention_page('client', NULL, 10)$$),
  ('attack_eve', $$SELECT * FROM gdpr.retention_policies$$), ('attack_eve', $$SELECT * FROM gdpr.interactions$$),
  ('attack_op', $$SELECT * FROM gdpr_internal.retention_warning$$), ('attack_op', $$UPDATE gdpr_internal.retention SET keep = '1 day'$$),
  ('attack_dpo', $$DELETE FROM gdpr_internal.retention_warning$$), ('attack_op', $$SELECT gdpr_internal.retention_stayers('client', '{1}', '{1}', 1, 1)$$),
  ('attack_op', $$SELECT gdpr_internal.delete_people('client', '{}', '{}', '{1}')$$), ('attack_dpo', $$SELECT gdpr.run_start('client', 'x', job => 'retention')$$)) AS r(role, statement);
SELECT is(t.attempt('attack_dpo', $$SELECT gdpr.set_retention('client', '1 year', action => 'delete')$$), '', 'the data protection officer decides');
SELECT is((SELECT set_by::text FROM gdpr.retention_policies), 'attack_dpo', 'and stands by it');

-- reading: nobody's code runs as somebody else
UPDATE t.phase SET phase = 'attack';
GRANT USAGE ON SCHEMA walk TO PUBLIC;
SELECT is(t.attempt('attack_op', $$SELECT count(*) FROM gdpr.run_retention_page('client', NULL, 10, true)$$), '', 'the operator looks');
SELECT is(t.attempt('attack_op', $$SELECT gdpr.last_interaction('client', '1')$$), '', 'and asks for one person');
SELECT ok(gdpr.last_interaction('client', '1') BETWEEN current_date - 401 AND current_date - 399, 'and is told the truth');
SELECT is((SELECT string_agg(outcome || ' ' || people, ', ') FROM walk.preview('client')), 'due 9', 'everybody is idle');
-- row security of the owner's hides nobody's dates
SET SESSION AUTHORIZATION attack_mallory;
INSERT INTO mallory.ticket VALUES (20, 9, current_date, NULL, 'new');
ALTER TABLE mallory.ticket ENABLE ROW LEVEL SECURITY;
ALTER TABLE mallory.ticket FORCE ROW LEVEL SECURITY;
CREATE POLICY none ON mallory.ticket USING (id <> 20);
RESET SESSION AUTHORIZATION;
SELECT ok(gdpr.last_interaction('client', '9') > now() - interval '1 day', 'row security hides no interaction');
-- another table of that name
SET SESSION AUTHORIZATION attack_mallory;
ALTER TABLE mallory.ticket RENAME TO ticket_away;
GRANT CREATE ON SCHEMA mallory TO attack_eve;
RESET SESSION AUTHORIZATION;
SELECT ok(gdpr.last_interaction('client', '9') > now() - interval '1 day', 'a renamed table is followed');
SET SESSION AUTHORIZATION attack_mallory;
DROP TABLE mallory.ticket_away;
SET SESSION AUTHORIZATION attack_eve;
CREATE TABLE mallory.ticket_away (id int PRIMARY KEY, client_id int, at date, stamp timestamp, body text);
RESET SESSION AUTHORIZATION;
SELECT matches(t.attempt('attack_op', $$SELECT * FROM gdpr.run_retention_page('client', NULL, 10)$$), '^42501.*is not the one that was declared', 'a stranger''s table of that name is not read: nobody looks idle by it');
DROP TABLE mallory.ticket_away;
SET SESSION AUTHORIZATION attack_mallory;
CREATE TABLE mallory.ticket_away (id int PRIMARY KEY, client_id int, at mallory.day, stamp timestamp, body text);
RESET SESSION AUTHORIZATION;

SELECT gdpr.classify('mallory.ticket_away', 'at', 'not_personal'), gdpr.classify('mallory.ticket_away', 'stamp', 'not_personal'), gdpr.classify('mallory.ticket_away', 'body', 'free_text') \g /dev/null

-- deleting: triggers run with the owner's rights, and cannot keep rows or take others
SET SESSION AUTHORIZATION attack_mallory;
CREATE FUNCTION mallory.delete_trigger() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM t.note('delete_trigger');
  IF OLD.client_id = 3 THEN
    RETURN NULL;
  END IF;
  RETURN OLD;
END $$;
CREATE TRIGGER t BEFORE DELETE ON mallory.ticket_away FOR EACH ROW EXECUTE FUNCTION mallory.delete_trigger();
INSERT INTO mallory.ticket_away SELECT i, i, current_date - 400, NULL, 'ticket' FROM generate_series(1, 5) AS i;
RESET SESSION AUTHORIZATION;
SELECT is(walk.would('client'), 'due 9', 'the owner''s own new table is read');
SELECT is(walk.go('client'), 'queued 9', 'people are queued');
CREATE FUNCTION walk.one(person text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  this_run bigint := gdpr.run_start('client', 'due', options => '{"source": "due"}');
BEGIN
  PERFORM gdpr.run_add_keys(this_run, ARRAY[person]), gdpr.run_ready(this_run), gdpr_internal.immediate_constraints();
  PERFORM gdpr.run_work(this_run, 1, 1, 1), gdpr.run_slice_done(this_run, 1, 1, 1), gdpr.run_finish(this_run);
  RETURN 'done';
EXCEPTION WHEN OTHERS THEN
  RETURN SQLSTATE;
END
$$;
SELECT is(walk.one('1'), 'done', 'a person is deleted');
SELECT is(walk.one('3'), 'PD004', 'a trigger that keeps a row is an error');
SELECT is((SELECT array_agg(id ORDER BY id) FROM vic.client)::text, '{2,3,4,5,6,7,8,9}', 'nobody else is gone');
SELECT is((SELECT array_agg(id ORDER BY id) FROM mallory.ticket_away)::text, '{2,3,4,5}', 'and no row of anybody else');
SELECT is(t.attempt('attack_eve', $$DELETE FROM vic.client$$)::text ~ '^42501', true, 'the queue gives nobody the right to delete');

SELECT is(t.broken(), '', 'planted code ran as its owner or not at all, and gained nothing');
SELECT ok(t.count_of('ran', 'delete_trigger') > 0, 'the trigger did run');
SELECT is((SELECT bool_or(rolsuper OR rolcreaterole) FROM pg_roles WHERE rolname ~ '^attack_'), false, 'nobody gained anything');
SELECT * FROM finish();
