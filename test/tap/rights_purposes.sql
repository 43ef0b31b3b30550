-- SPDX-License-Identifier: PostgreSQL
-- Purposes: declared and granted by the data protection officer and nobody else; what opens a purpose goes
-- with it, what closes it stays.
\ir lib/attack.sql
SELECT no_plan();
SELECT t.make_role(r) FROM unnest('{attack_dpo,attack_editor}'::name[]) AS r \g /dev/null
CREATE SCHEMA vic AUTHORIZATION attack_vic;
GRANT USAGE ON SCHEMA vic TO PUBLIC;
SET SESSION AUTHORIZATION attack_vic;
CREATE TABLE vic.client (id int PRIMARY KEY, name text);
INSERT INTO vic.client SELECT i, 'name ' || i FROM generate_series(1, 5) AS i;
SELECT gdpr.register_subject('client', 'vic.client') \g /dev/null
RESET SESSION AUTHORIZATION;
SELECT gdpr.grant_bundle('dpo', 'attack_dpo'), gdpr.grant_bundle('consent_editor', 'attack_editor') \g /dev/null
CREATE FUNCTION t.mask(key int) RETURNS bigint LANGUAGE sql AS $$
  SELECT coalesce((SELECT n.allowed FROM gdpr_internal.client_allowed AS n WHERE n.id = $1), c.default_allowed)
  FROM gdpr_internal.consent_setting AS c WHERE c.subject_type = 'client'
$$;
CREATE FUNCTION t.bit(purpose text) RETURNS bigint LANGUAGE sql AS 'SELECT 1::bigint << p.bit FROM gdpr_internal.purpose AS p WHERE p.purpose = $1';

-- Who may.
SELECT is(t.attempt('attack_dpo', $$SELECT gdpr.add_purpose('news', description => 'The newsletter', marketing => true)$$), '', 'the data protection officer declares a purpose');
SELECT is(t.attempt('attack_dpo', $$SELECT gdpr.grant_purpose('news', 'attack_op', campaign => true)$$), '', 'and grants it');
SELECT is(left(t.attempt(role, statement), 5), '42501', format('%s may not: %s', role, statement))
FROM unnest('{attack_vic,attack_editor,attack_op,attack_eve}'::name[]) AS role, (VALUES
  ($$SELECT gdpr.grant_purpose('news', current_user::regrole)$$),
  ($$SELECT gdpr.grant_purpose('news', current_user::regrole, campaign => true)$$),
  ($$SELECT gdpr.add_purpose('mine', 'legitimate_interests')$$),
  ($$SELECT gdpr.drop_purpose('news')$$),
  ($$SELECT gdpr.revoke_purpose('news', 'attack_op')$$),
  ($$SELECT gdpr.overrule_objection('client', '1', 'news', 'because')$$),
  ($$SELECT gdpr.set_country('DE', 13, false)$$),
  ($$SELECT gdpr.set_person_columns('client')$$),
  ($$INSERT INTO gdpr_internal.purpose_grant VALUES ('news', current_user, true)$$),
  ($$INSERT INTO gdpr.purposes (purpose) VALUES ('mine')$$),
  ($$UPDATE gdpr_internal.client_allowed SET allowed = -1$$),
  ($$SELECT gdpr_internal.may_campaign(current_user::regrole, 'news')$$)) AS v(statement);
-- A table's owner has his own trigger run while the officer works on his table: not with her rights on us.
SET SESSION AUTHORIZATION attack_vic;
CREATE FUNCTION vic.grab() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN PERFORM gdpr.grant_purpose('news', 'attack_vic'); RETURN NEW; END $$;
CREATE TRIGGER grab BEFORE UPDATE ON vic.client FOR EACH ROW EXECUTE FUNCTION vic.grab();
GRANT ALL ON vic.client TO attack_dpo;
RESET SESSION AUTHORIZATION;
SELECT is(left(t.attempt('attack_dpo', 'UPDATE vic.client SET name = name'), 5), '42501', 'a trigger of the table''s owner cannot grant him a purpose');
SELECT is((SELECT string_agg(role, ' ') FROM gdpr_internal.purpose_grant), 'attack_op', 'there is the officer''s grant and no other');
DROP TRIGGER grab ON vic.client;

-- Same call, other call, bad call.
SELECT lives_ok($$SELECT gdpr.add_purpose('news', description => 'The newsletter', marketing => true)$$, 'the same declaration again is a notice');
SELECT throws_ok($$SELECT gdpr.add_purpose('news')$$, '42710', NULL, 'another one under that name is an error');
SELECT throws_ok($$SELECT gdpr.add_purpose('administration')$$, '42710', NULL, 'administration is taken');
SELECT throws_ok(format('SELECT gdpr.add_purpose(%L)', name), '22023', NULL, format('no name: "%s"', left(name, 20)))
FROM unnest(ARRAY['', 'News', '1st', 'a b', 'ä', repeat('a', 64), 'x;DROP']) AS name;
SELECT throws_ok($$SELECT gdpr.add_purpose(NULL)$$, '22004', NULL, 'NULL is no name');
SELECT throws_ok($$SELECT gdpr.add_purpose('x', 'because')$$, '22023', NULL, 'an unknown lawful basis');
SELECT throws_ok($$SELECT gdpr.add_purpose('x', kinds => '{email,shoe_size}')$$, '42704', NULL, 'an unknown kind');
SELECT throws_ok($$SELECT gdpr.add_purpose('x', validity => '0')$$, '22023', NULL, 'a validity of nothing');
SELECT throws_ok($$SELECT gdpr.add_purpose('x', 'contract', validity => '1 year')$$, '22023', NULL, 'a validity where nothing lapses');
SELECT throws_ok($$SELECT gdpr.drop_purpose('administration')$$, '42809', NULL, 'administration cannot be dropped');
SELECT throws_ok($$SELECT gdpr.drop_purpose('nothing')$$, '42704', NULL, 'nor what does not exist');
SELECT throws_ok($$SELECT gdpr.grant_purpose('nothing', 'attack_op')$$, '42704', NULL, 'nor be granted');
SELECT throws_ok($$SELECT gdpr.grant_purpose('news', 'attack_nobody')$$, '42704', NULL, 'a role that does not exist');
SELECT throws_ok($$SELECT gdpr.grant_purpose('news', 'attack_op')$$, '42710', NULL, 'another grant than the one that is there');
SELECT lives_ok($$SELECT gdpr.grant_purpose('news', 'attack_op', true)$$, 'the same grant again is a notice');
SELECT lives_ok($$SELECT gdpr.revoke_purpose('news', 'attack_eve')$$, 'so is taking what is not there');
SELECT is((SELECT format('%s %s', roles, campaign_roles) FROM gdpr.purposes WHERE purpose = 'news'), '{attack_op} {attack_op}', 'gdpr.purposes shows who may');

-- Masks follow the purposes.
SELECT is(t.mask(1) & t.bit('news'), 0::bigint, 'what rests on consent is closed to who said nothing');
SELECT gdpr.add_purpose('billing', 'contract'), gdpr.record_consent('client', '1', 'accepted', 'news', 'click'),
  gdpr.record_consent('client', '2', 'rejected', 'news', 'click') \g /dev/null
SELECT ok(t.mask(n) & t.bit('billing') <> 0, format('a contract opens to everybody: %s', n)) FROM generate_series(1, 3) AS n;
SELECT ok(t.mask(1) & t.bit('news') <> 0 AND t.mask(2) & t.bit('news') = 0, 'consent to who gave it');
SELECT gdpr.record_objection('client', '3', 'news'), gdpr.opt_out('client', '3', 'email', 'news'), gdpr.add_basis('client', '4', 'news', 'contract') \g /dev/null
CREATE TABLE t.bit_before AS SELECT t.bit('news');
SELECT gdpr.drop_purpose('news') \g /dev/null
SELECT is((SELECT bit_or(n.allowed | n.changeable | c.default_allowed) & (SELECT bit FROM t.bit_before)
  FROM gdpr_internal.client_allowed AS n, gdpr_internal.consent_setting AS c), 0::bigint, 'nobody''s mask carries the bit of a purpose that was dropped');
SELECT is((SELECT string_agg(role, ' ') FROM gdpr_internal.purpose_grant), NULL, 'its grants are gone');
SELECT gdpr.add_purpose(format('p%s', i)) FROM generate_series(1, 61) AS i \g /dev/null
SELECT is((SELECT count(DISTINCT bit) FROM gdpr_internal.purpose), 63::bigint, '62 purposes beside administration have 62 bits');
SELECT throws_ok($$SELECT gdpr.add_purpose('one_too_many')$$, '54000', NULL, 'there is no 63rd');
SELECT ok(t.mask(n) & ~(1 | t.bit('billing')) = 0, format('a bit that is used again opens nothing to person %s', n)) FROM generate_series(1, 5) AS n;
SELECT gdpr.drop_purpose(format('p%s', i)) FROM generate_series(1, 61) AS i \g /dev/null
SELECT gdpr.add_purpose('news', 'legitimate_interests', marketing => true) \g /dev/null
SELECT results_eq($$SELECT n, t.mask(n) & t.bit('news') <> 0 FROM generate_series(1, 5) AS n$$, $$VALUES (1, true), (2, true), (3, false), (4, true), (5, true)$$,
  'a purpose of that name meets the objection again, and no acceptance');
SELECT is((SELECT count(*) FROM gdpr.opt_outs WHERE purpose = 'news'), 1::bigint, 'and the opt-out');
SELECT is((SELECT string_agg(subject_key || state, ' ') FROM gdpr_internal.consent_state), '2rejected', 'and the refusal');

-- In one statement: the general consent comes first, then the purpose is declared, which it does not cover.
SELECT gdpr.record_consent('client', '5', 'accepted', medium => 'click'), gdpr.add_purpose('later') \g /dev/null
SELECT is(t.mask(5) & t.bit('later'), 0::bigint, 'general consent does not cover what was declared after it');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT throws_ok($$SELECT gdpr.add_purpose('x')$$, '25001', NULL, 'settings that touch every mask need the newest snapshot');
ROLLBACK;

-- The pack declares them again.
CREATE TABLE t.pack AS SELECT line FROM gdpr.export_rules() AS line WHERE line LIKE '%purpose%';
SELECT ok((SELECT count(*) FROM t.pack) = 3, 'a pack has its purposes');
SELECT gdpr.drop_purpose(purpose) FROM gdpr.purposes WHERE purpose <> 'administration' \g /dev/null
DO $$ DECLARE l text; BEGIN FOR l IN SELECT line FROM t.pack LOOP EXECUTE l; EXECUTE l; END LOOP; END $$;
SELECT set_eq($$SELECT line FROM gdpr.export_rules() AS line WHERE line LIKE '%purpose%'$$, 'SELECT line FROM t.pack', 'load, export, load is a fixed point');
SELECT gdpr.revoke_bundle('dpo', 'attack_dpo'), gdpr.revoke_bundle('consent_editor', 'attack_editor') \g /dev/null
SELECT * FROM finish();
