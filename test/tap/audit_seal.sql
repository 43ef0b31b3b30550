-- SPDX-License-Identifier: PostgreSQL
-- Sealing, and the end of what is kept. A worker may seal at the same time: what is asked is what holds whoever
-- does it.
BEGIN;
SELECT plan(24);
COMMIT;
SET client_min_messages = warning;
SELECT gdpr.create_key();
CREATE TABLE public.person (id int PRIMARY KEY, name text);
SELECT gdpr.audit('public.person');

CREATE FUNCTION pg_temp.bad() RETURNS bigint LANGUAGE sql AS $$ SELECT count(*) FROM gdpr.verify_audit() WHERE status <> 'ok' $$;
CREATE FUNCTION pg_temp.sealed() RETURNS bigint LANGUAGE sql AS $$ SELECT coalesce(sum(events), 0)::bigint FROM gdpr.audit_seals $$;

INSERT INTO public.person SELECT g, 'n' || g FROM generate_series(1, 10) AS g;
SELECT gdpr.seal_audit();
SELECT is(unsealed, 0::bigint, 'seal_audit_leaves_nothing_committed_unsealed') FROM gdpr.audit_status;
SELECT is(pg_temp.sealed(), (SELECT count(*) FROM gdpr_internal.audit_change), 'every_event_is_sealed_once');
SELECT is(gdpr.seal_audit(), 0::bigint, 'sealed_twice_is_sealed_once');

BEGIN;
INSERT INTO public.person VALUES (11, 'mine');
SELECT is(gdpr.seal_audit(), 0::bigint, 'ones_own_changes_wait_for_their_commit');
ROLLBACK;
SELECT gdpr.seal_audit();
SELECT is(pg_temp.sealed(), 11::bigint, 'what_is_rolled_back_is_never_sealed');

-- savepoints: the transaction counts, not its parts
BEGIN; SAVEPOINT a; INSERT INTO public.person VALUES (12, 'sub'); RELEASE a; SAVEPOINT b; INSERT INTO public.person VALUES (13, 'gone'); ROLLBACK TO b; COMMIT;
SELECT gdpr.seal_audit();
SELECT is(pg_temp.sealed(), 12::bigint, 'a_savepoint_that_was_kept_is_sealed_one_that_was_not_is_not');

-- the configuration
SELECT count(*) AS before FROM gdpr.audit_seals \gset
SELECT gdpr.seal_audit();
SELECT is(count(*), :before::bigint, 'nothing_new_makes_no_seal') FROM gdpr.audit_seals;
CREATE TABLE public.other (id int PRIMARY KEY);
SELECT gdpr.audit('public.other');
SELECT gdpr.unaudit('public.other');
SELECT gdpr.seal_audit();
SELECT is(count(DISTINCT s.configuration) > 0 AND bool_and(c.body ~ 'audited public.person'), true, 'seals_say_what_was_audited')
  FROM gdpr_internal.audit_seal AS s JOIN gdpr_internal.audit_configuration AS c ON c.digest = s.configuration;
SELECT is(pg_temp.bad(), 0::bigint, 'the_chain_verifies');

-- what is refused
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT throws_ok('SELECT gdpr.seal_audit()', '25001', 'the audit log is sealed in isolation level READ COMMITTED', 'a_snapshot_older_than_the_lock_is_refused');
ROLLBACK;
SELECT throws_ok($$ SELECT gdpr.run_audit('all') $$, '22023', 'there is no step "all"', 'an_unknown_step_is_refused');
SELECT is(gdpr.run_audit('partitions'), 0::bigint, 'months_ahead_are_made_once');
SELECT is(gdpr.run_audit('anchor'), NULL, 'no_anchor_no_line');

-- the end of what is kept: events of early 2020
SET ROLE gdpr_owner;
SELECT gdpr_internal.make_audit_partition(p, m)
FROM (VALUES ('audit_change'::name), ('audit_subject'), ('audit_statement')) AS v(p),
  generate_series(timestamp '2020-01-01', '2020-02-01', '1 month') AS m;
RESET ROLE;
CREATE FUNCTION pg_temp.event(at timestamptz, n int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  s bigint := (extract(epoch FROM at - timestamptz '2000-01-01 00:00+00')::bigint << 30) | nextval('gdpr_internal.audit_statement_seq');
BEGIN
  INSERT INTO gdpr_internal.audit_statement (statement, at, system_id, xid, shape, operation, anonymized, changes, session_role, acting_role, seed)
  VALUES (s, at, gdpr_internal.system_id(), pg_current_xact_id(), (SELECT min(shape) FROM gdpr_internal.audit_shape), 'I', false, n,
    current_user, current_user, decode(md5(s::text), 'hex'));
  INSERT INTO gdpr_internal.audit_change (statement, n, subject_type, subject_key, seed, body)
  SELECT s, i, '', i::text, decode(md5(i::text), 'hex'), '\x0100' FROM generate_series(1, n) AS i;
END
$$;
SELECT pg_temp.event('2020-01-05 00:00+00', 3), pg_temp.event('2020-01-06 00:00+00', 2);
SELECT gdpr.seal_audit();
-- a seal that reaches over the end of what is dropped: a transaction of then and now
BEGIN;
SELECT pg_temp.event('2020-02-05 00:00+00', 3);
INSERT INTO public.person VALUES (20, 'now');
SELECT pg_temp.event('2020-02-06 00:00+00', 1);
COMMIT;
BEGIN;
SELECT pg_temp.event('2020-02-07 00:00+00', 1);
SELECT is(gdpr.expire_audit(), 5::bigint, 'a_month_that_is_not_wholly_sealed_stays');
COMMIT;
SELECT gdpr.seal_audit();
SELECT is(pg_temp.bad(), 0::bigint, 'old_events_verify');
SELECT is(gdpr.run_audit('expiring'), 1::bigint, 'months_that_expired_are_counted');
SELECT count(*) AS kept FROM gdpr_internal.audit_change WHERE statement >= gdpr_internal.first_statement('2021-01-01') \gset
SELECT is(gdpr.expire_audit(), 5::bigint, 'whole_months_go_at_the_end_of_their_retention');
SELECT is(count(*), :kept::bigint, 'nothing_else_goes') FROM gdpr_internal.audit_change;
SELECT is(count(*), 0::bigint, 'their_partitions_are_gone') FROM pg_class WHERE relname ~ '^audit_.*_2020';
SELECT is(string_agg(kind, ' '), 'dropped dropped', 'seals_say_that_ranges_were_dropped') FROM gdpr.audit_seals WHERE dropped_before IS NOT NULL;
SELECT is(dropped_before, '2020-03-01 00:00+00'::timestamptz, 'and_until_when') FROM gdpr.audit_status;
SELECT is(pg_temp.bad(), 0::bigint, 'what_is_kept_verifies_without_what_was_dropped');
SELECT is(gdpr.expire_audit(), 0::bigint, 'dropped_twice_is_dropped_once');

-- what was dropped without a seal is told
SET session_replication_role = replica;
UPDATE gdpr_internal.audit_leaves SET leaves = NULL WHERE seal = 1;
RESET session_replication_role;
SELECT ok(pg_temp.bad() > 0, 'a_drop_that_no_seal_vouches_for_is_found');
SELECT * FROM finish();
