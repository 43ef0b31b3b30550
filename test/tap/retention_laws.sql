-- SPDX-License-Identifier: PostgreSQL
-- Laws of retention: what counts as an interaction, who is warned, who waits, who is queued, who stays.
SET client_min_messages = error;
SELECT no_plan();
SELECT gdpr.create_key() \g /dev/null
\ir lib/retention.sql
CREATE SCHEMA k;
CREATE TABLE k.contact (id int PRIMARY KEY, email text UNIQUE, created date);
CREATE TABLE k.activity (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, contact_id int REFERENCES k.contact, at timestamptz,
  reply_to int REFERENCES k.activity, note text);
CREATE TABLE k.line (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, activity_id int REFERENCES k.activity, happened timestamp);
CREATE TABLE k.mail (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, address text, sent date);
CREATE TABLE k.job (contact_id int REFERENCES k.contact, open boolean);
CREATE TABLE k.household (id int PRIMARY KEY, since date);
ALTER TABLE k.contact ADD household_id int REFERENCES k.household;
SELECT gdpr.classify('k.contact', 'email', 'email'), gdpr.classify('k.contact', 'created', 'not_personal'), gdpr.classify('k.activity', 'at', 'not_personal'),
  gdpr.classify('k.activity', 'note', 'free_text'), gdpr.classify('k.line', 'happened', 'not_personal'), gdpr.classify('k.mail', 'address', 'email'),
  gdpr.classify('k.mail', 'sent', 'not_personal'), gdpr.classify('k.household', 'since', 'not_personal') \g /dev/null
SELECT gdpr.register_subject('contact', 'k.contact'), gdpr.add_link('contact', 'k.activity', '{contact_id}'),
  gdpr.add_link('contact', 'k.activity', '{reply_to}', 'k.activity', '{id}'), gdpr.add_link('contact', 'k.line', '{activity_id}', 'k.activity'),
  gdpr.add_link('contact', 'k.mail', '{address}', 'k.contact', '{email}'),
  gdpr.add_link('contact', 'k.household', '{id}', 'k.contact', '{household_id}', scope => 'shared') \g /dev/null
CREATE VIEW k.open_job AS SELECT contact_id FROM k.job WHERE open;
SELECT gdpr.add_blocker('contact', 'open job', 'k.open_job', 'contact_id') \g /dev/null

-- declaring
SELECT throws_ok($$SELECT gdpr.add_interaction('contact', 'k.contact', 'email')$$, '42804', NULL, 'only dates are interactions');
SELECT throws_ok($$SELECT gdpr.add_interaction('contact', 'k.contact', 'nothing')$$, '42703', NULL, 'only columns that exist');
SELECT throws_ok($$SELECT gdpr.add_interaction('contact', 'k.household', 'since')$$, '55000', NULL, 'a shared row says nothing about one person');
SELECT throws_ok($$SELECT * FROM gdpr.run_retention_page('contact', NULL, 10)$$, '55000', NULL, 'without a policy there is no walk');
SELECT gdpr.set_retention('contact', '3 years', warn => '60 days', grace => '30 days') \g /dev/null
SELECT throws_ok($$SELECT * FROM gdpr.run_retention_page('contact', NULL, 10)$$, '55000', 'no interaction is declared for subject type "contact"', 'a policy stops where no interaction is declared');
SELECT is((SELECT count(*) FROM gdpr.doctor() WHERE finding ~ 'no interaction'), 1::bigint, 'and the doctor says so');
SELECT throws_ok($$SELECT gdpr.set_retention('contact', '0 days')$$, '22023', NULL, 'people cannot be kept for no time');
SELECT throws_ok($$SELECT gdpr.set_retention('contact', '1 year', warn => '1 year')$$, '22023', NULL, 'the warning lies before the end');
SELECT throws_ok($$SELECT gdpr.set_retention('contact', '1 year', grace => '-1 day')$$, '22023', NULL, 'grace is not negative');
SELECT throws_ok($$SELECT gdpr.set_retention('contact', '1 year', action => 'burn')$$, '22023', NULL, 'an action is anonymize or delete');
SELECT throws_ok($$SELECT gdpr.set_retention('contact', '1 year', purpose => 'nothing')$$, '42704', NULL, 'a purpose exists');
SELECT gdpr.add_interaction('contact', 'k.contact', 'created'), gdpr.add_interaction('contact', 'k.activity', 'at'),
  gdpr.add_interaction('contact', 'k.line', 'happened'), gdpr.add_interaction('contact', 'k.mail', 'sent') \g /dev/null
SELECT lives_ok($$SELECT gdpr.add_interaction('contact', 'k.contact', 'created')$$, 'the same call again is a notice');
SELECT is((SELECT count(*) FROM gdpr.interactions), 4::bigint, 'and declares nothing twice');
SELECT is((SELECT array_agg(e ORDER BY n) FROM gdpr.export_rules() WITH ORDINALITY AS x(e, n) WHERE e ~ 'retention|interaction'), ARRAY[
  $$SELECT gdpr.add_interaction('contact', 'k.activity', 'at');$$, $$SELECT gdpr.add_interaction('contact', 'k.contact', 'created');$$,
  $$SELECT gdpr.add_interaction('contact', 'k.line', 'happened');$$, $$SELECT gdpr.add_interaction('contact', 'k.mail', 'sent');$$,
  $$SELECT gdpr.set_retention('contact', '3 years', '60 days', '30 days', 'anonymize', NULL, 'email');$$], 'what is declared is exported');

-- the newest date
INSERT INTO k.contact SELECT n, 'p' || n || '@x.example', '2010-01-01' FROM generate_series(1, 20) AS n;
INSERT INTO k.activity (contact_id, at) OVERRIDING SYSTEM VALUE SELECT n, now() - interval '2 years' FROM generate_series(1, 4) AS n;
INSERT INTO k.activity (reply_to, at) VALUES (1, now() - interval '1 year'), (5, now() - interval '300 days');
INSERT INTO k.line (activity_id, happened) VALUES (2, now() - interval '100 days'), (6, now() - interval '50 days');
INSERT INTO k.mail (address, sent) VALUES ('p3@x.example', current_date - 10), ('p3@x.example', current_date - 20);
SELECT is((SELECT array_agg(current_date - gdpr.last_interaction('contact', n::text)::date ORDER BY n) FROM generate_series(1, 5) AS n)::text,
  format('{50,100,9,%s,%s}', current_date - (now() - interval '2 years')::date, current_date - date '2010-01-02'),
  'the newest date counts, over links of every kind, and a date to its end');
SELECT is(gdpr.last_interaction('contact', '99'), NULL, 'of nobody no date is known');
SELECT gdpr.add_purpose('letters') \g /dev/null
SELECT gdpr.record_consent('contact', '5', 'accepted', 'letters', medium => 'email') \g /dev/null
SELECT ok(gdpr.last_interaction('contact', '5') > now() - interval '1 minute', 'an acceptance is an interaction');
SELECT gdpr.add_form('letters', 'We write once a month.') \g /dev/null
SELECT gdpr.require_reconsent('contact', 'letters:1', 'letters') \g /dev/null
SELECT ok(gdpr.last_interaction('contact', '5') > now() - interval '1 minute', 'also of a person who is asked again since');
SELECT gdpr.record_consent('contact', '5', 'accepted', 'letters', medium => 'email') \g /dev/null
SELECT gdpr.record_consent('contact', '5', 'withdrawn', 'letters', medium => 'email') \g /dev/null
SELECT ok(gdpr.last_interaction('contact', '5') < now() - interval '9 years', 'a withdrawal is none');

-- dates that cannot be
UPDATE k.contact SET created = NULL WHERE id IN (6, 7, 8, 9, 10, 11, 12);
INSERT INTO k.mail (address, sent) VALUES ('p6@x.example', '9999-12-31'), ('p7@x.example', 'infinity'), ('p8@x.example', '-infinity'),
  ('p9@x.example', '1970-01-01'), ('p10@x.example', current_date + 30), ('p11@x.example', current_date + 380);
INSERT INTO k.activity (contact_id, at) VALUES (8, 'infinity'), (12, now() - interval '4 years'), (12, '9999-12-31');
SELECT is((SELECT array_agg(gdpr.last_interaction('contact', n::text) ORDER BY n) FROM unnest('{6,7,8,9,11}'::int[]) AS n), array_fill(NULL::timestamptz, ARRAY[5]),
  'infinity, zero dates and what lies more than a year ahead are not believed');
SELECT ok(gdpr.last_interaction('contact', '10') BETWEEN now() - interval '1 minute' AND clock_timestamp(), 'an appointment within the year counts as now, not as later');
SELECT ok(gdpr.last_interaction('contact', '12') BETWEEN now() - interval '4 years 1 minute' AND now() - interval '4 years', 'a date that is not believed hides no other');
SELECT is((SELECT odd FROM gdpr.run_retention_page('contact', NULL, 100)), 6::bigint, 'people with such dates are counted');

-- outcomes
UPDATE k.contact SET created = current_date - interval '2 years 10 months 10 days' WHERE id = 13;
UPDATE k.contact SET created = current_date - interval '2 years 9 months' WHERE id = 14;
INSERT INTO k.job VALUES (15, true), (16, false);
SELECT gdpr.restrict('contact', '17') \g /dev/null
SELECT is(walk.would('contact'), 'held 2, no date 5, nothing 6, to warn 7', 'the dry run counts everybody once');
SELECT is((SELECT string_agg(band || ': ' || outcome || ' ' || people, ', ' ORDER BY band, outcome) FROM walk.preview('contact')),
  '10 years or more: held 2, 10 years or more: to warn 5, 2 to 3 years: nothing 2, 2 to 3 years: to warn 1, '
  '3 to 5 years: to warn 1, no date known: no date 5, under 6 months: nothing 4', 'by age');
SELECT is(walk.go('contact'), 'held 2, warned 7', 'the run does what the dry run said');
SELECT is((SELECT string_agg(subject_key || ' ' || reason, ', ' ORDER BY subject_key) FROM gdpr.run_people WHERE state = 'held'),
  '15 held back by open job, 17 held back by restriction', 'who is held is listed with the reason');
SELECT is((SELECT count(*) FROM gdpr.consent_history WHERE kind = 'retention_warned'), 7::bigint, 'who is warned has an event');
SELECT is((SELECT count(*) FROM gdpr_internal.message AS m JOIN gdpr.consent_history AS h ON h.event = m.message
  WHERE m.kind = 'retention_warning' AND m.state = 'waiting' AND h.kind = 'retention_warned'), 7::bigint, 'and a message waits');
SELECT is(walk.would('contact'), 'held 2, in grace 7, no date 5, nothing 6', 'then they have their grace');
SELECT is(walk.go('contact'), 'held 2', 'nobody is warned twice');
SELECT is((SELECT count(*) FROM gdpr.run_people WHERE NOT settled), 2::bigint, 'who is held stays listed once');
SELECT is((SELECT count(*) FROM gdpr.erasure_queue), 0::bigint, 'and nobody is queued');
-- days go by: the clock is the warning's
CREATE FUNCTION k.days_go_by(days int) RETURNS void LANGUAGE sql AS $$
  UPDATE gdpr_internal.retention_warning SET warned_at = warned_at - make_interval(days => $1);
  UPDATE k.contact SET created = created - $1;
  UPDATE k.activity SET at = at - make_interval(days => $1) WHERE isfinite(at);
  UPDATE k.line SET happened = happened - make_interval(days => $1);
  UPDATE k.mail SET sent = sent - $1 WHERE isfinite(sent) AND sent < '9999-01-01' AND sent > '1970-01-01';
$$;
SELECT k.days_go_by(29) \g /dev/null
SELECT is(walk.would('contact'), 'held 2, in grace 7, no date 4, nothing 7', 'a day before the grace is over nobody is due; who has an appointment closer than a year is not idle');
SELECT k.days_go_by(2) \g /dev/null
SELECT is(walk.would('contact'), 'due 6, held 2, in grace 1, no date 4, nothing 7', 'then they are, but nobody before the policy''s own day');
INSERT INTO k.activity (contact_id, at) VALUES (18, now());
INSERT INTO k.mail (address, sent) VALUES ('p19@x.example', current_date);
SELECT is(walk.would('contact'), 'due 4, held 2, in grace 1, no date 4, nothing 9, taken back 2', 'an interaction takes the warning back');
SELECT is(walk.go('contact'), 'held 2, queued 4, taken back 2', 'the run does what the dry run said');
SELECT is((SELECT string_agg(state || ' ' || n, ', ' ORDER BY state) FROM (SELECT state, count(*) AS n FROM gdpr_internal.message GROUP BY 1) AS s),
  'void 2, waiting 5', 'the message of a warning that is taken back does not go out');
SELECT is((SELECT string_agg(DISTINCT reason || ' ' || action || ' ' || (due_at <= now()), ', ') FROM gdpr.erasure_queue), 'retention anonymize true', 'who is queued is due now');
SELECT is(walk.would('contact'), 'held 2, in grace 1, no date 4, nothing 9, queued 4', 'who is queued waits');
SELECT is(walk.go('contact'), 'held 2', 'nobody is queued twice');
INSERT INTO k.activity (contact_id, at) SELECT subject_key::int, now() FROM gdpr.erasure_queue ORDER BY 1 LIMIT 1;
SELECT is(walk.go('contact'), 'held 2, taken back 1', 'an interaction takes people off the queue');
SELECT is((SELECT count(*) FROM gdpr.erasure_queue), 3::bigint, 'only those');
INSERT INTO k.activity (contact_id, at) SELECT subject_key::int, now() FROM gdpr.erasure_queue ORDER BY 1 LIMIT 1;
SELECT walk.erase('contact') AS run \gset
SELECT is((SELECT string_agg(state || ' ' || reason, ', ') FROM gdpr.run_people WHERE run = :run), 'skipped not idle any more', 'even between the queue and the erasure');
SELECT is((SELECT changed || ' ' || skipped FROM gdpr.runs WHERE run = :run), '2 1', 'the others are anonymized');
SELECT is((SELECT string_agg(state || ' ' || n, ', ' ORDER BY state) FROM (SELECT state, count(*) AS n FROM gdpr.erasure_queue GROUP BY 1) AS q), 'done 2', 'and the queue is settled');
SELECT is((SELECT count(*) FROM k.contact WHERE email LIKE '%@x.example'), 18::bigint, 'only they are');
SELECT is((SELECT count(*) FROM gdpr_internal.retention_warning AS w JOIN gdpr_internal.frozen AS f USING (subject_type, subject_key)), 0::bigint, 'a warning leaves with the person');
SELECT is((SELECT string_agg(reason, ', ') FROM gdpr.certificates), 'queued erasure was due, queued erasure was due', 'with certificates');

-- blockers and other reasons
DELETE FROM k.job;
SELECT gdpr.lift_restriction('contact', '17') \g /dev/null
SELECT is(walk.go('contact'), 'taken back 1, warned 2', 'without the blocker people are warned');
SELECT is((SELECT count(*) FROM gdpr.run_people WHERE NOT settled), 0::bigint, 'and not listed any more');

-- policies
SELECT gdpr.drop_retention('contact') \g /dev/null
SELECT is((SELECT count(*) FROM gdpr_internal.retention_warning), 0::bigint, 'without any policy warnings are taken back');
SELECT is((SELECT count(*) FROM gdpr.erasure_queue WHERE state <> 'done' AND reason = 'retention'), 0::bigint, 'and so are places in the queue');
SELECT throws_ok($$SELECT gdpr.drop_retention('contact')$$, '42704', NULL, 'what is not there cannot be given up');
UPDATE k.line SET happened = NULL;
UPDATE k.activity SET at = NULL WHERE contact_id IS NULL OR NOT gdpr.is_frozen('contact', contact_id::text);
UPDATE k.mail AS m SET sent = NULL FROM k.contact AS c WHERE c.email = m.address AND NOT gdpr.is_frozen('contact', c.id::text);
UPDATE k.contact SET created = current_date - interval '2 years' WHERE NOT gdpr.is_frozen('contact', id::text);
SELECT gdpr.add_purpose('service', 'legitimate_interests') \g /dev/null
SELECT gdpr.set_retention('contact', '1 year'), gdpr.set_retention('contact', '5 years', purpose => 'letters') \g /dev/null
SELECT gdpr.record_consent('contact', '1', 'accepted', 'letters', medium => 'email'), gdpr.record_consent('contact', '2', 'accepted', 'letters', medium => 'email') \g /dev/null
SELECT gdpr.record_consent('contact', '2', 'withdrawn', 'letters', medium => 'email') \g /dev/null
UPDATE gdpr_internal.consent_state SET updated_at = now() - interval '2 years' WHERE subject_key = '1';
SELECT is(walk.would('contact'), 'due 17, nothing 1', 'who may be processed for a purpose is kept by its policy, who withdrew is not');
SELECT gdpr.set_retention('contact', '3 years', purpose => 'service') \g /dev/null
SELECT is(walk.would('contact'), 'nothing 18', 'a purpose with another basis keeps everybody');
SELECT gdpr.record_objection('contact', '3', 'service') \g /dev/null
SELECT is(walk.would('contact'), 'due 1, nothing 17', 'but whom the purpose is closed for');
SELECT gdpr.drop_purpose('service') \g /dev/null
SELECT is((SELECT count(*) FROM gdpr.retention_policies), 2::bigint, 'a purpose takes its policy along');
SELECT gdpr.drop_retention('contact') \g /dev/null
SELECT is(walk.would('contact'), 'no policy 17, nothing 1', 'to whom no policy applies nothing happens');
SELECT gdpr.set_retention('contact', '1 year') \g /dev/null
SELECT gdpr.queue_erasure('contact', '14', 'request 7') \g /dev/null
SELECT is(walk.go('contact'), 'queued 16', 'without a warning people are queued at once');
SELECT gdpr.set_retention('contact', '1 year', action => 'delete') \g /dev/null
SELECT is(walk.go('contact'), 'queued 16', 'another action changes what the queue says');
SELECT is((SELECT string_agg(DISTINCT action, ', ') FROM gdpr.erasure_queue WHERE state = 'due' AND reason = 'retention'), 'delete', 'to what the policy says now');
SELECT gdpr.set_retention('contact', '3 years') \g /dev/null
SELECT is(walk.go('contact'), 'taken back 16', 'a longer policy takes people off the queue');
SELECT is((SELECT count(*) FROM gdpr.erasure_queue WHERE state = 'due'), 1::bigint, 'but not who asked');
SELECT gdpr.set_retention('contact', '1 year') \g /dev/null
SELECT walk.plan('contact') AS run \gset
UPDATE k.contact SET created = current_date WHERE id IN (1, 2, 3);
DELETE FROM k.contact WHERE id = 9;
SELECT walk.work(:run) \g /dev/null
SELECT is(walk.did(:run), 'queued 13, skipped 3', 'a slice judges people anew, and does nothing to whom it does not concern any more');

-- names
ALTER TABLE k.mail RENAME sent TO sent_on;
ALTER TABLE k.mail RENAME TO post;
SELECT is((SELECT relation || ' ' || column_name FROM gdpr.interactions WHERE relation ~ 'post'), 'k.post sent_on', 'renames are followed');
ALTER TABLE k.post ALTER sent_on TYPE text;
SELECT throws_ok($$SELECT * FROM gdpr.run_retention_page('contact', NULL, 10)$$, '42804', NULL, 'a column that holds no dates any more stops the walk');
ALTER TABLE k.post DROP sent_on;
SELECT throws_ok($$SELECT * FROM gdpr.run_retention_page('contact', NULL, 10)$$, '42703', NULL, 'so does one that is gone: nobody is judged by what is left');
SELECT is((SELECT severity FROM gdpr.doctor() WHERE finding ~ 'interaction in k.post'), 'error', 'the doctor says so');
SELECT is((SELECT severity FROM gdpr.preflight('contact') WHERE finding ~ 'interaction in k.post'), 'warning', 'and preflight');
SELECT walk.erase('contact') AS run \gset
SELECT is((SELECT string_agg(DISTINCT state || ' ' || reason, ', ') FROM gdpr.run_people WHERE run = :run), 'held the last interaction cannot be told', 'nobody is erased by dates that cannot be read');
SELECT is((SELECT count(*) FROM gdpr.erasure_queue WHERE state = 'held' AND reason = 'retention'), 13::bigint, 'and nobody leaves the queue by them');
SELECT is(gdpr.drop_missing('contact'), 1::bigint, 'an interaction that is gone can be given up');
SELECT lives_ok($$SELECT * FROM gdpr.run_retention_page('contact', NULL, 10)$$, 'then the walk goes on');
SELECT gdpr.drop_link('contact', 'k.line', '{activity_id}') \g /dev/null
SELECT throws_ok($$SELECT * FROM gdpr.run_retention_page('contact', NULL, 10)$$, '55000', NULL, 'dates that no link reaches any more stop it');
SELECT gdpr.drop_interaction('contact', 'k.line', 'happened') \g /dev/null
SELECT throws_ok($$SELECT gdpr.drop_interaction('contact', 'k.line', 'happened')$$, '42704', NULL, 'what is not there cannot be given up');

-- keys of other kinds
CREATE TABLE k.client (email text PRIMARY KEY, seen timestamptz);
CREATE TABLE k.seat (venue int, chair text, seen date, PRIMARY KEY (venue, chair));
CREATE TABLE k.visit (v int, c text, at date);
SELECT gdpr.classify('k.client', 'email', 'email'), gdpr.classify('k.client', 'seen', 'not_personal'), gdpr.classify('k.seat', 'seen', 'not_personal') \g /dev/null
INSERT INTO k.client SELECT 'canary' || n || '@x.example', now() - make_interval(days => 300 + n) FROM generate_series(1, 20) AS n;
INSERT INTO k.seat SELECT n % 3, '"' || n || ',', current_date - 500 FROM generate_series(1, 20) AS n;
INSERT INTO k.visit SELECT 1, '"4,', current_date - 2 UNION ALL SELECT 2, '"4,', current_date - 1;
SELECT gdpr.register_subject('client', 'k.client'), gdpr.register_subject('seat', 'k.seat'), gdpr.add_link('seat', 'k.visit', '{v,c}'),
  gdpr.add_interaction('client', 'k.client', 'seen'), gdpr.add_interaction('seat', 'k.seat', 'seen'), gdpr.add_interaction('seat', 'k.visit', 'at'),
  gdpr.set_retention('client', '310 days', warn => '5 days', grace => '1 second'), gdpr.set_retention('seat', '1 year') \g /dev/null
SELECT is(walk.would('seat'), 'due 19, nothing 1', 'keys of several columns');
SELECT is(walk.go('seat'), 'queued 19', 'are walked as well');
SELECT is(walk.go('client'), 'warned 16', 'keys that are personal');
SELECT pg_sleep(1.1) \g /dev/null
SELECT is(walk.go('client'), 'queued 11', 'are queued');
SELECT walk.erase('client') AS run \gset
SELECT is((SELECT changed FROM gdpr.runs WHERE run = :run), 11::bigint, 'and anonymized');
SELECT is((SELECT count(*) FROM gdpr_internal.retention_warning WHERE subject_key LIKE 'canary%'), 5::bigint, 'who left has no key in the warnings');
SELECT is((SELECT count(*) FROM gdpr_internal.erasure_queue WHERE subject_key LIKE 'canary%') + (SELECT count(*) FROM gdpr_internal.run_person WHERE subject_key LIKE 'canary%')
  + (SELECT count(*) FROM gdpr_internal.chunk WHERE keys::text LIKE '%canary%') + (SELECT count(*) FROM gdpr_internal.consent_event WHERE subject_key LIKE 'canary%'),
  5::bigint, 'nor in the queue, the ledger and the history (five are only warned)');

-- leaving
SELECT gdpr.unregister_subject('client', forget_frozen => true) \g /dev/null
SELECT is((SELECT count(*) FROM gdpr.retention_policies WHERE subject_type = 'client') + (SELECT count(*) FROM gdpr.interactions WHERE subject_type = 'client')
  + (SELECT count(*) FROM gdpr_internal.retention_warning WHERE subject_type = 'client'), 0::bigint, 'a subject type takes its policies along');
SELECT * FROM finish();
