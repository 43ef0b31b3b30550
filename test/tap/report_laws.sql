-- SPDX-License-Identifier: PostgreSQL
-- The report counts what there is: after random histories its sums agree with the states, the certificates and
-- the masks; it says no key, and whoever has no bundle reads nothing. And what gdpr-batch sees of a busy server.
SET client_min_messages = error;
\if :{?seed}
\else
SELECT (random() * 100000)::int AS seed \gset
\endif
\echo '#' seed :seed, repeat with: psql -v seed=:seed
SELECT setseed(:seed / 100000.0);
SELECT plan(24);
CREATE SCHEMA t;
CREATE TABLE t.person (id int PRIMARY KEY, name text);
INSERT INTO t.person SELECT i, 'Person ' || i FROM generate_series(1, 60) AS i;
SELECT gdpr.classify('t.person', 'name', 'full_name'), gdpr.register_subject('person', 't.person') \g /dev/null
SELECT gdpr.add_purpose('news'), gdpr.add_purpose('survey', validity => '40 milliseconds'), gdpr.add_purpose('billing', 'contract'),
  gdpr.add_form('terms', 'Text') \g /dev/null

-- Decisions for one purpose or in general, renewals, people who leave, restrictions.
CREATE PROCEDURE t.live(steps int) LANGUAGE plpgsql AS $$
DECLARE
  what float;
  who text;
BEGIN
  FOR i IN 1 .. steps LOOP
    what := random();
    who := (1 + floor(random() * 60))::int::text;
    BEGIN
      IF what < 0.86 THEN
        PERFORM gdpr.record_consent('person', who, (ARRAY['accepted', 'accepted', 'rejected', 'withdrawn'])[1 + floor(random() * 4)::int],
          (ARRAY['news', 'survey', NULL])[1 + floor(random() * 3)::int], medium => 'email');
      ELSIF what < 0.9 THEN
        PERFORM gdpr.require_reconsent('person', 'terms:1', (ARRAY['news', 'survey', NULL])[1 + floor(random() * 3)::int]);
      ELSIF what < 0.95 THEN
        PERFORM gdpr.anonymize_subject('person', who, 'left');
      ELSE
        PERFORM gdpr.restrict('person', who);
      END IF;
    EXCEPTION WHEN SQLSTATE 'PD006' OR SQLSTATE 'PD001' OR SQLSTATE 'PD002' OR object_not_in_prerequisite_state THEN
      NULL;
    END;
    IF i % 25 = 0 THEN
      COMMIT;
      PERFORM pg_sleep(0.01);
    END IF;
  END LOOP;
END
$$;
CALL t.live(320);
SELECT pg_sleep(0.06) \g /dev/null
SELECT cmp_ok((SELECT count(*) FROM gdpr_internal.consent_event), '>', 150::bigint, 'there is a history');
SELECT cmp_ok((SELECT count(*) FROM gdpr_internal.frozen), '>', 0::bigint, 'of people who left, too');

CREATE VIEW t.living AS SELECT p.id FROM t.person AS p WHERE NOT EXISTS (SELECT FROM gdpr_internal.frozen AS f WHERE f.subject_key = p.id::text);
SELECT is((SELECT people FROM gdpr.report_people()), (SELECT count(*) FROM t.living), 'people are those who have not left');
SELECT is((SELECT anonymized FROM gdpr.report_people('person')), (SELECT count(*) FROM gdpr.certificates), 'as many certificates as people who left');
SELECT is((SELECT sum(people) FROM gdpr.report_erasures()), (SELECT count(*)::numeric FROM gdpr.certificates), 'and as many in the months');
SELECT is((SELECT restricted FROM gdpr.report_people()), (SELECT count(*) FROM gdpr_internal.restriction), 'restricted people are counted');
SELECT is_empty($$SELECT * FROM gdpr.report_consent()
  WHERE accepted + lapsed + rejected + withdrawn + pending + undecided <> people$$, 'everybody is in one state for each purpose');
SELECT results_eq($$SELECT purpose, accepted, rejected, withdrawn, pending + lapsed FROM gdpr.report_consent() WHERE purpose <> 'billing' ORDER BY purpose$$,
  $$SELECT nullif(r.purpose, '') COLLATE "default", count(*) FILTER (WHERE r.state = 'accepted'), count(*) FILTER (WHERE r.state = 'rejected'),
      count(*) FILTER (WHERE r.state = 'withdrawn'), count(*) FILTER (WHERE r.state = 'pending')
    FROM gdpr_internal.recorded AS r JOIN t.living AS l ON l.id::text = r.subject_key WHERE r.purpose <> '' GROUP BY r.purpose ORDER BY 1$$,
  'states are those on record, lapsed acceptances are pending');
SELECT is_empty($$SELECT c.purpose, c.may_be_processed FROM gdpr.report_consent() AS c JOIN gdpr_internal.purpose AS p USING (purpose)
  WHERE c.may_be_processed <> (
    SELECT count(*) FROM t.living AS l CROSS JOIN gdpr_internal.consent_setting AS s LEFT JOIN gdpr_internal.person_allowed AS a ON a.id = l.id
    WHERE coalesce(gdpr_internal.allowed_now(a.allowed, a.valid_until, a.later), s.default_allowed) >> p.bit & 1 = 1)$$,
  'who may be processed is who the policies let through');
-- The history ends with today, however far back it begins, and nothing is counted twice on the way.
CREATE VIEW t.today AS
  SELECT n.days, h.purpose, h.accepted, h.rejected, h.withdrawn, h.pending
  FROM unnest('{1,90,400,3000}'::int[]) AS n(days) CROSS JOIN LATERAL (
    SELECT DISTINCT ON (x.purpose) x.* FROM gdpr.report_consent_history('person', n.days) AS x
    WHERE x.purpose IS NOT NULL ORDER BY x.purpose, x.until DESC NULLS LAST) AS h;
SELECT is_empty($$SELECT h.*, c.* FROM t.today AS h JOIN gdpr.report_consent() AS c USING (purpose)
  WHERE (coalesce(h.accepted, 0), coalesce(h.rejected, 0), coalesce(h.withdrawn, 0), coalesce(h.pending, 0))
    <> (c.accepted, c.rejected, c.withdrawn, c.pending + c.lapsed)$$, 'the history ends where we are, over days, weeks and months');
SELECT is((SELECT count(*) FROM t.today), 8::bigint, 'and there were some to compare');
SELECT is_empty($$SELECT * FROM gdpr.report_consent_history('person', 30) WHERE least(accepted, rejected, withdrawn, pending) < 0$$, 'there are never fewer than none');
SELECT is((SELECT coalesce(sum(accepted), 0) FROM gdpr.report_consent_history('person', 30) WHERE until < date_trunc('day', now())), 0::numeric,
  'before today nothing was recorded');
SELECT throws_ok($$SELECT * FROM gdpr.report_consent('nobody')$$, '42704', NULL, 'an unknown subject type is an error');

-- Counts only, for those who may.
SELECT is_empty($$SELECT p.proname, a FROM pg_proc AS p, unnest(p.proargnames) AS a WHERE p.pronamespace = 'gdpr'::regnamespace AND p.proname ~ '^report_' AND a ~ 'key'
    AND NOT (p.proname = 'report_audit' AND a = 'key')$$, 'no column for a key');
SELECT is_empty($$SELECT p.oid::regprocedure FROM pg_proc AS p WHERE p.pronamespace = 'gdpr'::regnamespace AND p.proname ~ '^(report_|run_pressure|run_waiting)'
    AND has_function_privilege('public', p.oid, 'EXECUTE')$$, 'PUBLIC reads nothing of it');
DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'report_night') THEN CREATE ROLE report_night; END IF; END $$;
SET ROLE report_night;
SELECT throws_ok($$SELECT * FROM gdpr.run_pressure()$$, '42501', NULL, 'nor how busy the server is');
RESET ROLE;
SELECT gdpr.grant_bundle('operator', 'report_night') \g /dev/null
SET ROLE report_night;
SELECT lives_ok($$SELECT * FROM gdpr.run_pressure()$$, 'the operator sees that');
SELECT throws_ok($$SELECT * FROM gdpr_internal.query_statistics('SELECT 1') AS x(n int)$$, '42501', NULL, 'by that one question only');
RESET ROLE;
-- The role is taken back, whatever happens in it.
SELECT throws_ok($$SELECT * FROM gdpr_internal.query_statistics('SELECT 1 / 0') AS x(n int)$$, '22012', NULL, 'an error in it');
SELECT is(current_user::text, session_user::text, 'leaves nobody as pg_read_all_stats');
SELECT throws_ok($$SELECT * FROM gdpr_internal.query_statistics('SELECT id FROM t.person') AS x(n int)$$, '42501', NULL, 'that role may read nothing but statistics');

-- gdpr.doctor() says when it cannot see.
CREATE FUNCTION t.blind() RETURNS text LANGUAGE sql AS $$ SELECT string_agg(object, ' ') FROM gdpr.doctor() WHERE object IN ('pg_read_all_stats', 'track_activities') $$;
REVOKE SELECT ON pg_catalog.pg_stat_activity FROM PUBLIC;
SELECT is(t.blind(), 'pg_read_all_stats', 'a server that hides its sessions is a finding');
GRANT SELECT ON pg_catalog.pg_stat_activity, pg_catalog.pg_stat_replication TO pg_read_all_stats;
SELECT is(t.blind(), NULL, 'and its hint helps');
