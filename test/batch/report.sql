-- SPDX-License-Identifier: PostgreSQL
-- A fictitious company for the report: :people contacts and a year of decisions, campaigns, erasures and
-- reads, written as they would have been recorded then. The dates lie before today, so triggers are off.
SET client_min_messages = error;
SELECT setseed(0.42);
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'night') THEN CREATE ROLE night LOGIN; END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'crm_app') THEN CREATE ROLE crm_app NOLOGIN; END IF;
END $$;
CREATE SCHEMA crm;
CREATE TABLE crm.contact (id int PRIMARY KEY, name text, email text, phone text, country text, joined date, score numeric);
CREATE TABLE crm.ticket (id int PRIMARY KEY, contact_id int, title text, note text, opened date);
CREATE TABLE crm.invoice (id int PRIMARY KEY, contact_id int, amount numeric, paid boolean);
CREATE INDEX ON crm.ticket (contact_id);
CREATE INDEX ON crm.invoice (contact_id);
INSERT INTO crm.contact SELECT i, 'Name ' || i, 'person' || i || '@example.org', NULL, 'FR', current_date - (random() * 900)::int, 1
FROM generate_series(1, :people) AS i;
INSERT INTO crm.ticket SELECT i, i % :people + 1, 'Title', 'Note', current_date - (random() * 300)::int FROM generate_series(1, :people / 2) AS i;
INSERT INTO crm.invoice SELECT i, i % :people + 1, 10, i % 50 <> 0 FROM generate_series(1, :people / 2) AS i;
SELECT gdpr.classify('crm.contact', c, r) FROM unnest('{name,email,phone,country,joined}'::name[], '{full_name,email,phone,country,not_personal}'::text[]) AS x(c, r);
SELECT gdpr.classify('crm.ticket', c, r) FROM unnest('{title,opened}'::name[], '{free_text,not_personal}'::text[]) AS x(c, r);
SELECT gdpr.classify('crm.invoice', c, 'not_personal') FROM unnest('{amount,paid}'::name[]) AS c;
SELECT gdpr.register_subject('contact', 'crm.contact');
SELECT gdpr.add_link('contact', 'crm.ticket', '{contact_id}'), gdpr.add_link('contact', 'crm.invoice', '{contact_id}');
CREATE VIEW crm.open_invoice AS SELECT contact_id FROM crm.invoice WHERE NOT paid;
SELECT gdpr.add_blocker('contact', 'unpaid invoice', 'crm.open_invoice', 'contact_id');
SELECT gdpr.add_purpose('newsletter', description => 'News by e-mail', validity => '1 year');
SELECT gdpr.add_purpose('profiling', description => 'Offers that fit');
SELECT gdpr.add_purpose('support', lawful_basis => 'contract', description => 'Answering questions');
SELECT gdpr.grant_bundle('operator', 'night');

SET session_replication_role = replica;
-- Decisions: one each, and a second one of some.
CREATE TEMP TABLE decided AS
  SELECT i AS id, p.purpose, now() - interval '400 days' * random() ^ 1.6 AS at, random() AS first, random() AS second
  FROM generate_series(1, :people) AS i, (VALUES ('newsletter', 0.72), ('profiling', 0.41)) AS p(purpose, part) WHERE random() + 0 * i < p.part;
INSERT INTO gdpr_internal.consent_event (subject_type, subject_key, purpose, kind, state, prior_state, medium, owner, at, valid_until)
  SELECT 'contact', d.id::text, d.purpose, 'decision', CASE WHEN d.first < 0.74 THEN 'accepted' ELSE 'rejected' END, 'pending', 'web', 'night', d.at,
    CASE WHEN d.first < 0.74 AND d.purpose = 'newsletter' THEN d.at + interval '1 year' END
  FROM decided AS d ORDER BY d.at;
INSERT INTO gdpr_internal.consent_event (subject_type, subject_key, purpose, kind, state, prior_state, medium, owner, at)
  SELECT 'contact', d.id::text, d.purpose, 'decision', 'withdrawn', 'accepted', 'web', 'night', d.at + (now() - d.at) * (0.3 + 0.7 * d.second)
  FROM decided AS d WHERE d.first < 0.74 AND d.second < 0.16 ORDER BY d.at;
-- Everybody who accepted the old terms is asked again, a good month ago.
INSERT INTO gdpr_internal.consent_event (subject_type, subject_key, purpose, kind, state, prior_state, owner, at)
  SELECT 'contact', d.id::text, d.purpose, 'reconsent_required', 'pending', 'accepted', 'night', now() - interval '38 days'
  FROM decided AS d WHERE d.purpose = 'newsletter' AND d.first < 0.74 AND d.second > 0.55 AND d.at < now() - interval '60 days';
INSERT INTO gdpr_internal.consent_event (subject_type, subject_key, purpose, kind, state, prior_state, medium, owner, at, valid_until)
  SELECT 'contact', d.id::text, d.purpose, 'decision', CASE WHEN d.second < 0.9 THEN 'accepted' ELSE 'rejected' END, 'pending', 'web', 'night', x.at,
    CASE WHEN d.second < 0.9 THEN x.at + interval '1 year' END
  FROM decided AS d, LATERAL (SELECT now() - interval '37 days' * (1 - random() ^ 3) + d.id * interval '0' AS at) AS x
  WHERE d.purpose = 'newsletter' AND d.first < 0.74 AND d.second > 0.66 AND d.at < now() - interval '60 days' ORDER BY x.at;
INSERT INTO gdpr_internal.consent_state (subject_type, subject_key, purpose, state, updated_at, valid_until, medium, event)
  SELECT DISTINCT ON (e.subject_key, e.purpose) e.subject_type, e.subject_key, e.purpose, e.state,
    CASE WHEN e.kind = 'decision' THEN e.at END, e.valid_until, e.medium, e.event
  FROM gdpr_internal.consent_event AS e ORDER BY e.subject_key, e.purpose, e.event DESC;
-- People who left in the course of the year.
CREATE TEMP TABLE gone AS SELECT i AS id, now() - interval '330 days' * random() AS at FROM generate_series(1, :people) AS i WHERE random() < 0.045;
INSERT INTO gdpr_internal.erasure (subject_type, subject_key, key_digest, reason, erased_at, erased_by, rows_changed, plan, wal_lsn)
  SELECT 'contact', g.id::text, false, 'contract ended', g.at, 'night', 3, 1, '0/0' FROM gone AS g ORDER BY g.at;
INSERT INTO gdpr_internal.frozen (subject_type, subject_key, erasure)
  SELECT e.subject_type, e.subject_key, e.erasure FROM gdpr_internal.erasure AS e;
DELETE FROM gdpr_internal.consent_event AS e USING gone AS g WHERE e.subject_key = g.id::text AND e.at > g.at;
DELETE FROM gdpr_internal.consent_state AS c USING gone AS g
  WHERE c.subject_key = g.id::text AND NOT EXISTS (SELECT FROM gdpr_internal.consent_event AS e WHERE e.event = c.event);
INSERT INTO gdpr_internal.consent_state (subject_type, subject_key, purpose, state, updated_at, valid_until, medium, event)
  SELECT DISTINCT ON (e.subject_key, e.purpose) e.subject_type, e.subject_key, e.purpose, e.state, e.at, e.valid_until, e.medium, e.event
  FROM gdpr_internal.consent_event AS e JOIN gone AS g ON g.id::text = e.subject_key ORDER BY e.subject_key, e.purpose, e.event DESC
  ON CONFLICT DO NOTHING;
-- Opt-outs, a restriction, an objection.
INSERT INTO gdpr_internal.opt_out (subject_type, subject_key, purpose, channel, since, event)
  SELECT 'contact', i::text, CASE WHEN i % 3 = 0 THEN 'newsletter' ELSE '' END, CASE WHEN i % 4 = 0 THEN 'phone' ELSE 'email' END, now(), 1
  FROM generate_series(1, :people) AS i WHERE i % 29 = 0 AND i NOT IN (SELECT id FROM gone);
INSERT INTO gdpr_internal.restriction VALUES ('contact', '7', now(), 1);
INSERT INTO gdpr_internal.objection VALUES ('contact', '8', 'profiling', false, now(), 1), ('contact', '9', 'profiling', false, now(), 1);
-- Runs and the people whom they left.
INSERT INTO gdpr_internal.run (job, subject_type, reason, state, people, chunks, started_at, started_by, finished_at)
  SELECT CASE WHEN i % 4 = 3 THEN 'retention' ELSE 'anonymize' END, 'contact', 'contract ended', 'finished', 120 + i * 17, 1, t.at, 'night',
    t.at + interval '1 second' * (2 + i)
  FROM generate_series(0, 11) AS i, LATERAL (SELECT date_trunc('day', now()) - interval '7 days' * (12 - i) + interval '2 hours 1 minute' AS at) AS t;
INSERT INTO gdpr_internal.chunk (run, chunk, state, keys, people, changed, upto, begun_at, done_at)
  SELECT r.run, 1, 'done', '{}', r.people, r.people - 14, r.people, r.started_at, r.finished_at - interval '0.4 seconds' FROM gdpr_internal.run AS r;
INSERT INTO gdpr_internal.run_person (run, chunk, subject_key, state, blockers, noted_at)
  SELECT (SELECT max(run) FROM gdpr_internal.run WHERE job = 'anonymize'), 1, i::text, 'held', '{"unpaid invoice": 1}', now() - interval '6 days'
  FROM generate_series(50, 50 * (:people / 500), 50) AS i WHERE i NOT IN (SELECT id FROM gone);
INSERT INTO gdpr_internal.run_person (run, chunk, subject_key, state, sqlstate, reason, noted_at)
  SELECT (SELECT max(run) FROM gdpr_internal.run WHERE job = 'anonymize'), 1, i::text, 'failed', '55P03', 'lock_not_available', now() - interval '6 days'
  FROM generate_series(11, 15, 2) AS i;
INSERT INTO gdpr_internal.erasure_queue (subject_type, subject_key, reason, due_at, state, queued_by)
  SELECT 'contact', i::text, 'contract ended', now() - interval '5 days' * random(), 'due', 'night'
  FROM generate_series(60, :people, 97) AS i WHERE i NOT IN (SELECT id FROM gone)
  UNION ALL
  SELECT 'contact', i::text, 'contract ended', now() - interval '20 days' - interval '20 days' * random(), 'held', 'night'
  FROM generate_series(50, 50 * (:people / 500), 50) AS i WHERE i NOT IN (SELECT id FROM gone) AND i % 97 <> 60;
-- The campaign of a month ago, planned and approved by two roles, and what came of it.
SELECT gdpr.add_form('terms', 'Our news, once a month.');
INSERT INTO gdpr_internal.run (job, subject_type, reason, state, people, chunks, stage, started_at, started_by, finished_at)
  SELECT 'reconsent', 'contact', 'terms:1', 'finished', count(*), 1, 3, now() - interval '38 days', 'night', now() - interval '37 days 23 hours'
  FROM gdpr_internal.consent_event AS e WHERE e.kind = 'reconsent_required';
INSERT INTO gdpr_internal.chunk (run, chunk, state, keys, people, changed, upto, stage, begun_at, done_at)
  SELECT r.run, 1, 'done', '{}', r.people, r.people, r.people, 3, r.started_at, r.started_at + interval '3 seconds' FROM gdpr_internal.run AS r WHERE r.job = 'reconsent';
INSERT INTO gdpr_internal.campaign (run, subject_type, purpose, form, form_version, criteria, channel, valid_for, stages, people, eligible, excluded,
    audience_before, audience_after, estimate, planned_by, planned_session, planned_at, approved_by, approved_at, asked_from)
  SELECT r.run, 'contact', 'newsletter', 'terms', 1, '{}', 'email', '30 days', '{1,10,100}', :people, r.people, '{"withdrawn": 1}', 0, 0, '{}',
    'marketing', 'marketing', r.started_at - interval '2 days', 'dpo', r.started_at - interval '1 day', r.started_at
  FROM gdpr_internal.run AS r WHERE r.job = 'reconsent';
INSERT INTO gdpr_internal.message (message, run, taken_at, settled_at, valid_for, kind, channel, state)
  SELECT e.event, (SELECT max(run) FROM gdpr_internal.run WHERE job = 'reconsent'), e.at, e.at, '30 days', 'reconsent', 'email',
    CASE WHEN e.event % 41 = 0 THEN 'waiting' WHEN e.event % 19 = 0 THEN 'void' ELSE 'sent' END
  FROM gdpr_internal.consent_event AS e WHERE e.kind = 'reconsent_required';
INSERT INTO gdpr_internal.suppression (digest, at, turn, key_id, channel, kind, reason, owner)
  SELECT gen_random_uuid(), now(), 1, 1, 'email', CASE WHEN i % 5 = 0 THEN 'md5' WHEN i % 77 = 0 THEN 'domain' ELSE 'address' END, 'list', 'night'
  FROM generate_series(1, :people / 6) AS i;
-- Reads of four weeks, fewer at weekends.
SELECT gdpr_internal.make_access_partition(extract(epoch FROM d - timestamptz '2000-01-01 00:00:00+00')::bigint << 30)
FROM unnest(ARRAY[now() - interval '28 days', now()]) AS d;
INSERT INTO gdpr_internal.access_actor (actor, session_role, acting_role, purpose, last_used)
  VALUES (101, 'crm_app', 'crm_app', 'support', now()), (102, 'crm_app', 'crm_app', 'newsletter', now()), (103, 'analyst', 'analyst', 'administration', now());
INSERT INTO gdpr_internal.access_place (place, relation_schema, relation_name, columns, subject_type, native) VALUES (101, 'crm', 'contact', '{email}', 'contact', true);
INSERT INTO gdpr_internal.access_read (statement, at, frame, process, actor, rows, place, part, engine, status, scope)
  SELECT (extract(epoch FROM d.at - timestamptz '2000-01-01 00:00:00+00')::bigint << 30) + n, d.at, n, 1,
    CASE WHEN n % 23 = 0 THEN 103 WHEN n % 3 = 0 THEN 102 ELSE 101 END, CASE WHEN n % 23 = 0 THEN :people ELSE 1 + n % 4 END, 101, 'W', false, 'C',
    CASE WHEN n % 23 = 0 THEN 'A' ELSE 'P' END
  FROM generate_series(date_trunc('day', now()) - interval '26 days', now() - interval '1 hour', interval '1 day') AS day,
    LATERAL generate_series(1, (CASE WHEN extract(isodow FROM day) < 6 THEN 60 ELSE 9 END * (0.6 + 0.8 * random()))::int) AS n,
    LATERAL (SELECT least(day + interval '1 day' * random(), now() - interval '1 second' * n) AS at) AS d;
INSERT INTO gdpr_internal.night (program, started_at, started_by, finished_at, exit_code, steps, verified_at, verified_seal)
  SELECT 'gdpr-batch', t.at, 'night', t.at + interval '40 seconds', 0, '[{"step": "verify", "failed": 0}]', t.at + interval '31 seconds', 1
  FROM (SELECT date_trunc('day', now()) + interval '2 hours' AS at) AS t;
RESET session_replication_role;
SELECT gdpr.add_interaction('contact', 'crm.ticket', 'opened'), gdpr.add_interaction('contact', 'crm.contact', 'joined');
SELECT gdpr.set_retention('contact', '3 years', '60 days');
SELECT gdpr_internal.fill_allowed('contact');
-- Tables under audit and policies, but for one.
SELECT gdpr.grant_purpose('support', 'crm_app'), gdpr.grant_purpose('newsletter', 'crm_app', campaign => true);
SELECT gdpr.audit('crm.contact'), gdpr.audit('crm.ticket'), gdpr.audit('crm.invoice');
UPDATE crm.contact SET country = 'BE' WHERE id IN (SELECT i FROM generate_series(1, 40) AS i) AND id NOT IN (SELECT id FROM gone);
