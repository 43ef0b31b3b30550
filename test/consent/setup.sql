-- SPDX-License-Identifier: PostgreSQL
-- Three subject types whose people decide all the time: by_number (integer keys; its mode changes, too),
-- by_uuid (uuid keys) and inside (inline masks). :people is how many each has.
SET client_min_messages = warning;
CREATE EXTENSION dblink;
CREATE SCHEMA t;
CREATE TABLE t.setting AS SELECT :people AS people;

CREATE TABLE t.by_number (id int PRIMARY KEY, name text);
INSERT INTO t.by_number SELECT i, 'number ' || i FROM generate_series(1, :people) AS i;
CREATE TABLE t.note (id int PRIMARY KEY, person int REFERENCES t.by_number, body text);
INSERT INTO t.note SELECT i, i, 'note' FROM generate_series(1, :people) AS i;
CREATE TABLE t.file (id int PRIMARY KEY, note int REFERENCES t.note, body text);
INSERT INTO t.file SELECT i, i, 'file' FROM generate_series(1, :people) AS i;
CREATE INDEX ON t.note (person);
CREATE INDEX ON t.file (note);
CREATE TABLE t.by_uuid (id uuid PRIMARY KEY, name text);
INSERT INTO t.by_uuid SELECT md5('person ' || i)::uuid, 'uuid ' || i FROM generate_series(1, :people) AS i;
CREATE TABLE t.inside (id bigint PRIMARY KEY, name text);
INSERT INTO t.inside SELECT 10000000000 + i, 'inside ' || i FROM generate_series(1, :people) AS i;
ANALYZE t.by_number; ANALYZE t.note; ANALYZE t.file; ANALYZE t.by_uuid; ANALYZE t.inside;

-- Every person by number, so that writers can pick one.
CREATE TABLE t.person AS
  SELECT 'by_number' AS subject_type, row_number() OVER (ORDER BY id)::int AS n, id::text AS key FROM t.by_number
  UNION ALL SELECT 'by_uuid', row_number() OVER (ORDER BY id), id::text FROM t.by_uuid
  UNION ALL SELECT 'inside', row_number() OVER (ORDER BY id), id::text FROM t.inside;
ALTER TABLE t.person ADD PRIMARY KEY (subject_type, n);
ANALYZE t.person;

\o /dev/null
SELECT gdpr.register_subject(s, ('t.' || s)::regclass) FROM unnest('{by_number,by_uuid,inside}'::text[]) AS s;
SELECT gdpr.add_link('by_number', 't.note', '{person}');
SELECT gdpr.add_link('by_number', 't.file', '{note}', 't.note', '{id}');
SELECT gdpr.add_purpose('letter', marketing => true);
SELECT gdpr.add_purpose('analysis', profiling => true);
SELECT gdpr.add_purpose('brief', validity => '700 milliseconds');
SELECT gdpr.add_purpose('billing', 'contract');
SELECT gdpr.add_purpose('safety', 'legitimate_interests');
SELECT gdpr.add_purpose('books', 'legal_obligation');
SELECT gdpr.add_purpose('fleeting');
SELECT gdpr.add_form('terms', 'version 1');
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'consent_reader') THEN CREATE ROLE consent_reader LOGIN; END IF;
END $$;
GRANT USAGE ON SCHEMA t TO consent_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA t TO consent_reader;
GRANT UPDATE ON t.by_number, t.by_uuid, t.inside TO consent_reader;
SELECT gdpr.grant_purpose(p, 'consent_reader')
FROM unnest('{letter,analysis,brief,billing,safety,books,administration}'::text[]) AS p;

-- Selections for bulk changes.
SELECT format('CREATE VIEW t.some_%s AS SELECT id FROM t.%1$s WHERE hashtext(id::text) %% 40 = 7', s)
FROM unnest('{by_number,by_uuid,inside}'::text[]) AS s \gexec
\o
CALL gdpr.protect('by_number');
CALL gdpr.protect('by_uuid');
CALL gdpr.protect('inside', inline => true);

-- What was done, how it ended, and when it was committed.
CREATE TABLE t.done (xid xid8 DEFAULT pg_current_xact_id(), what text NOT NULL, outcome text NOT NULL);
CREATE INDEX ON t.done (xid);

CREATE FUNCTION t.any(choices text[]) RETURNS text LANGUAGE sql VOLATILE AS 'SELECT choices[1 + floor(random() * cardinality(choices))::int]';

-- One thing that an application does, chosen at random; errors that it must expect are outcomes.
CREATE FUNCTION t.write() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  -- few people are hot, so that writers meet
  who int := 1 + floor(CASE WHEN random() < 0.4 THEN 3 ELSE (SELECT people FROM t.setting) END * random())::int;
  what text := t.any('{decide,decide,decide,decide,decide,decide,general,general,objection,objection,restrict,restrict,basis,basis,bulk,settings}');
  kind text := t.any('{by_number,by_number,by_uuid,inside}');
  purpose text := t.any('{letter,analysis,brief,fleeting,letter,analysis}');
  person text := (SELECT key FROM t.person WHERE subject_type = kind AND n = who);
  ending bigint;
BEGIN
  BEGIN
    CASE what
    WHEN 'decide' THEN
      PERFORM gdpr.record_consent(kind, person, t.any('{accepted,accepted,accepted,rejected,withdrawn,withdrawn}'), purpose, 'api', 'a comment');
    WHEN 'general' THEN
      PERFORM gdpr.record_consent(kind, person, t.any('{accepted,accepted,rejected,withdrawn}'), medium => 'api');
    WHEN 'objection' THEN
      purpose := t.any('{letter,analysis,safety}');
      IF random() < 0.5 THEN PERFORM gdpr.record_objection(kind, person, purpose, 'no');
      ELSIF random() < 0.5 THEN PERFORM gdpr.overrule_objection(kind, person, purpose, 'compelling');
      ELSE PERFORM gdpr.withdraw_objection(kind, person, purpose); END IF;
    WHEN 'restrict' THEN
      IF random() < 0.4 THEN PERFORM gdpr.restrict(kind, person, 'dispute'); ELSE PERFORM gdpr.lift_restriction(kind, person); END IF;
    WHEN 'basis' THEN
      SELECT b.basis INTO ending FROM gdpr_internal.basis AS b WHERE b.subject_type = kind AND b.valid_until > now() OFFSET floor(random() * 50) LIMIT 1;
      IF random() < 0.3 AND ending IS NOT NULL THEN PERFORM gdpr.end_basis(ending);
      ELSE PERFORM gdpr.add_basis(kind, person, purpose, t.any('{contract,legitimate_interests,vital_interests,public_task}'),
        now() + (random() - 0.5) * interval '2 seconds', now() + (1 + random() * 3) * interval '1 second'); END IF;
    WHEN 'bulk' THEN
      PERFORM gdpr.mark_all(kind, ('t.some_' || kind)::regclass, 'accepted', purpose, 'import');
    WHEN 'settings' THEN
      what := t.any('{action,action,mode,fleeting,again,decide,decide,decide,decide,decide}');
      IF what = 'action' THEN
        PERFORM gdpr.set_consent_action(kind, t.any('{rejected,withdrawn}'), t.any('{full,none,full}'),
          CASE WHEN random() < 0.5 THEN t.any('{letter,analysis}') END);
      ELSIF what = 'mode' THEN PERFORM gdpr.set_consent_mode('by_number', t.any('{strict,crmcom,crmcom}'));
      ELSIF what = 'again' THEN PERFORM gdpr.require_reconsent(kind, 'terms:1', CASE WHEN random() < 0.8 THEN 'analysis' END);
      ELSIF what = 'fleeting' THEN
        PERFORM gdpr.drop_purpose('fleeting');
        PERFORM gdpr.add_purpose('fleeting', t.any('{consent,contract}'));
      END IF;
    END CASE;
    INSERT INTO t.done (what, outcome) VALUES (what, 'done');
    -- what is not committed yet meets others
    IF random() < 0.3 THEN PERFORM pg_sleep(0.005 * random()); END IF;
  EXCEPTION WHEN SQLSTATE 'PD006' OR SQLSTATE '42704' OR SQLSTATE 'P0002' OR SQLSTATE '22023' OR SQLSTATE '42710' OR SQLSTATE '55000' OR SQLSTATE '40P01' THEN
    INSERT INTO t.done (what, outcome) VALUES (what, SQLSTATE);
  END;
END
$$;
