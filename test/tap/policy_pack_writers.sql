-- SPDX-License-Identifier: PostgreSQL
-- Every road by which rows of a protected table are changed. Law: what the session does not see it cannot
-- name, what it names without seeing is refused with PD007, and nothing is skipped in silence except what
-- doc/policies.md says.
\ir lib/policy.sql
SELECT no_plan();
\o /dev/null
CALL gdpr.protect('contact');
\o

-- 1 may be processed for the newsletter, 2 and 3 may not, 6 is restricted.
SELECT is(t.change(role, purpose, command), wanted, format('%s, %s: %s', role, coalesce(nullif(purpose, ''), 'no purpose'), command))
FROM (VALUES
  -- INSERT
  ('policy_app', 'newsletter', $$INSERT INTO crm.note VALUES (200, 1, 'x')$$, '1'),
  ('policy_app', 'newsletter', $$INSERT INTO crm.note VALUES (200, 2, 'x')$$, 'PD007'),
  ('policy_app', 'newsletter', $$INSERT INTO crm.note VALUES (200, NULL, 'x')$$, '1'),
  ('policy_app', 'newsletter', $$INSERT INTO crm.note SELECT 200 + i, i, 'x' FROM generate_series(1, 2) AS i$$, 'PD007'),
  ('policy_app', 'billing', $$INSERT INTO crm.note SELECT 200 + i, i, 'x' FROM generate_series(1, 5) AS i$$, '5'),
  ('policy_app', 'billing', $$INSERT INTO crm.note VALUES (200, 6, 'x')$$, 'PD007'),
  ('policy_app', 'administration', $$INSERT INTO crm.note VALUES (200, 6, 'x')$$, '1'),
  ('policy_app', '', $$INSERT INTO crm.note VALUES (200, 1, 'x')$$, 'PD008'),
  ('policy_app', 'unknown', $$INSERT INTO crm.note VALUES (200, 1, 'x')$$, '42704'),
  ('policy_mail', 'billing', $$INSERT INTO crm.note VALUES (200, 1, 'x')$$, '42501'),
  ('policy_nobody', 'newsletter', $$INSERT INTO crm.note VALUES (200, 1, 'x')$$, '42501'),
  ('policy_owner', '', $$INSERT INTO crm.note VALUES (200, 1, 'x')$$, 'PD008'),
  ('policy_bypass', '', $$INSERT INTO crm.note VALUES (200, 2, 'x')$$, '1'),
  ('postgres', '', $$INSERT INTO crm.note VALUES (200, 2, 'x')$$, '1'),
  -- through a parent, partitions, children
  ('policy_app', 'newsletter', $$INSERT INTO crm.file VALUES (200, 10, 'x')$$, '1'),
  ('policy_app', 'newsletter', $$INSERT INTO crm.file VALUES (200, 20, 'x')$$, 'PD007'),
  ('policy_app', 'newsletter', $$INSERT INTO crm.file VALUES (200, 100, 'x')$$, '1'),
  ('policy_app', 'newsletter', $$INSERT INTO crm.event VALUES (5, 1, 'x')$$, '1'),
  ('policy_app', 'newsletter', $$INSERT INTO crm.event VALUES (5, 2, 'x')$$, 'PD007'),
  ('policy_app', 'newsletter', $$INSERT INTO crm.event_1 VALUES (5, 2, 'x')$$, 'PD007'),
  ('policy_app', 'newsletter', $$INSERT INTO crm.urgent_task VALUES (5, 2, 'x', NULL)$$, 'PD007'),
  ('policy_app', 'newsletter', $$INSERT INTO crm.urgent_task VALUES (5, 1, 'x', NULL)$$, '1'),
  -- a new person: nobody consented yet, so only administration brings one in
  ('policy_app', 'newsletter', $$INSERT INTO crm.contact VALUES (50, 'New', 'new@example.org')$$, 'PD007'),
  ('policy_app', 'billing', $$INSERT INTO crm.contact VALUES (50, 'New', 'new@example.org')$$, '1'),
  ('policy_app', 'administration', $$INSERT INTO crm.contact VALUES (50, 'New', 'new@example.org')$$, '1'),
  -- UPDATE
  ('policy_app', 'newsletter', $$UPDATE crm.contact SET region = 'x' WHERE id = 1$$, '1'),
  ('policy_app', 'newsletter', $$UPDATE crm.contact SET region = 'x' WHERE id = 2$$, '0'),
  ('policy_app', 'newsletter', $$UPDATE crm.contact SET region = 'x'$$, 'PD007'),
  ('policy_app', 'newsletter', $$UPDATE crm.contact SET region = region || 'x'$$, '3'),
  ('policy_app', 'administration', $$UPDATE crm.contact SET region = 'x'$$, '8'),
  ('policy_app', 'newsletter', $$UPDATE crm.note SET contact_id = 2 WHERE id = 10$$, '42501'),
  ('policy_app', 'newsletter', $$UPDATE crm.note SET contact_id = 1 WHERE id = 20$$, '0'),
  ('policy_app', 'newsletter', $$UPDATE crm.note SET contact_id = 1$$, 'PD007'),
  ('policy_app', 'newsletter', $$UPDATE crm.note SET contact_id = 7 WHERE id = 10$$, '1'),
  ('policy_app', 'newsletter', $$UPDATE crm.event SET id = 65 WHERE id = 10$$, '1'),
  ('policy_app', 'newsletter', $$UPDATE crm.event SET id = id + 500$$, '7'),
  ('policy_app', 'newsletter', $$UPDATE crm.contact SET id = 200 WHERE id = 8$$, '55000'),
  ('policy_app', '', $$UPDATE crm.contact SET region = 'x'$$, 'PD008'),
  ('policy_app', 'newsletter', $$UPDATE crm.note AS n SET body = 'x' FROM crm.contact AS c WHERE c.id = n.contact_id$$, '6'),
  -- DELETE
  ('policy_app', 'newsletter', $$DELETE FROM crm.task WHERE contact_id = 1$$, '2'),
  ('policy_app', 'newsletter', $$DELETE FROM crm.task WHERE contact_id = 2$$, '0'),
  ('policy_app', 'newsletter', $$DELETE FROM crm.task$$, 'PD007'),
  ('policy_app', 'newsletter', $$DELETE FROM crm.event$$, 'PD007'),
  ('policy_app', 'newsletter', $$DELETE FROM crm.event_1$$, 'PD007'),
  ('policy_app', '', $$DELETE FROM crm.task$$, 'PD008'),
  -- RETURNING: what is returned must be visible
  ('policy_app', 'newsletter', $$INSERT INTO crm.note VALUES (200, 1, 'x') RETURNING body$$, '1'),
  ('policy_app', 'newsletter', $$INSERT INTO crm.note VALUES (200, 2, 'x') RETURNING body$$, '42501'),
  ('policy_app', 'newsletter', $$INSERT INTO crm.contact VALUES (50, 'New') RETURNING id$$, '42501'),
  ('policy_app', 'newsletter', $$UPDATE crm.contact SET region = 'x' RETURNING id$$, '3'),
  ('policy_app', 'newsletter', $$DELETE FROM crm.task RETURNING id$$, '7'),
  -- ON CONFLICT
  ('policy_app', 'newsletter', $$INSERT INTO crm.contact (id) VALUES (1) ON CONFLICT DO NOTHING$$, '0'),
  ('policy_app', 'newsletter', $$INSERT INTO crm.contact (id) VALUES (2) ON CONFLICT DO NOTHING$$, '0'),
  ('policy_app', 'newsletter', $$INSERT INTO crm.contact (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET region = 'x'$$, '1'),
  ('policy_app', 'newsletter', $$INSERT INTO crm.contact (id) VALUES (2) ON CONFLICT (id) DO UPDATE SET region = 'x'$$, '42501'),
  ('policy_app', 'newsletter', $$INSERT INTO crm.note VALUES (10, 1, 'x') ON CONFLICT (id) DO UPDATE SET contact_id = 2$$, '42501'),
  ('policy_app', '', $$INSERT INTO crm.contact (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET region = 'x'$$, 'PD008'),
  -- MERGE: a row that is not seen is no match
  ('policy_app', 'newsletter', $$MERGE INTO crm.contact AS c USING (VALUES (1)) AS v(id) ON c.id = v.id
      WHEN MATCHED THEN UPDATE SET region = 'x' WHEN NOT MATCHED THEN INSERT (id) VALUES (v.id)$$, '1'),
  ('policy_app', 'newsletter', $$MERGE INTO crm.contact AS c USING (VALUES (2)) AS v(id) ON c.id = v.id
      WHEN MATCHED THEN UPDATE SET region = 'x' WHEN NOT MATCHED THEN INSERT (id) VALUES (v.id)$$, '23505'),
  ('policy_app', 'newsletter', $$MERGE INTO crm.contact AS c USING (VALUES (2)) AS v(id) ON c.id = v.id
      WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN DO NOTHING$$, '0'),
  ('policy_app', 'newsletter', $$MERGE INTO crm.note AS n USING (VALUES (200)) AS v(id) ON n.id = v.id
      WHEN NOT MATCHED THEN INSERT VALUES (v.id, 2, 'x')$$, 'PD007'),
  ('policy_app', 'newsletter', $$MERGE INTO crm.note AS n USING crm.contact AS c ON c.id = n.contact_id
      WHEN MATCHED THEN UPDATE SET body = 'x'$$, '6'),
  ('policy_app', '', $$MERGE INTO crm.contact AS c USING (VALUES (1)) AS v(id) ON c.id = v.id WHEN MATCHED THEN DO NOTHING$$, 'PD008'),
  -- CTEs and functions
  ('policy_app', 'newsletter', $$WITH gone AS (DELETE FROM crm.task RETURNING id) SELECT * FROM gone$$, '7'),
  ('policy_app', 'newsletter', $$WITH n AS (INSERT INTO crm.note VALUES (200, 2, 'x')) SELECT 1$$, 'PD007'),
  ('policy_app', 'newsletter', $$DO 'BEGIN INSERT INTO crm.note VALUES (200, 2, ''x''); EXCEPTION WHEN OTHERS THEN NULL; END'$$, '0'),
  -- SELECT FOR UPDATE and LOCK
  ('policy_app', 'newsletter', $$SELECT 1 FROM crm.contact WHERE id = 2 FOR UPDATE$$, '0'),
  -- TRUNCATE asks no policy: it needs the right TRUNCATE, which is the owner's
  ('policy_app', 'newsletter', $$TRUNCATE crm.task$$, '42501')
) AS v(role, purpose, command, wanted);

GRANT TRUNCATE ON crm.file TO policy_app;
SELECT is(t.change('policy_app', 'newsletter', 'TRUNCATE crm.file'), '0', 'who has TRUNCATE empties a table, whatever the purpose (documented)');
REVOKE TRUNCATE ON crm.file FROM policy_app;

-- The error of the guard names relation and purpose, never the person.
SELECT matches(t.error('policy_app', 'newsletter', $$UPDATE crm.contact SET region = 'x'$$), 'newsletter', 'PD007 names the purpose');
SELECT doesnt_match(t.error('policy_app', 'newsletter', c), 'Name-2|p2@example|\m(id|key|contact_id)[^a-z]{1,4}2\M', 'PD007 says nothing of the person: ' || c)
FROM unnest(ARRAY[$$UPDATE crm.contact SET region = 'x'$$, $$INSERT INTO crm.note VALUES (200, 2, 'x')$$, $$DELETE FROM crm.event$$]) AS c;

-- A withdrawal is a change that the application makes: it works whatever the session may process.
SELECT gdpr.grant_bundle('consent_editor', 'policy_mail') \g /dev/null
SELECT is(t.change('policy_mail', 'newsletter', $$SELECT gdpr.record_consent('contact', '1', 'withdrawn', 'newsletter', medium => 'click')$$), '1',
  'withdrawing under the purpose that is withdrawn');
SELECT is(t.change('policy_mail', '', $$SELECT gdpr.record_consent('contact', '1', 'withdrawn', 'newsletter', medium => 'click')$$), '1',
  'withdrawing without a purpose');
SELECT is(t.change('policy_mail', 'newsletter', $$SELECT gdpr.record_consent('contact', '2', 'accepted', 'newsletter', medium => 'email')$$), '1',
  'accepting for somebody who is not visible');
SELECT is(t.change('policy_mail', '', $$SELECT gdpr.record_consent('contact', '6', 'withdrawn', 'newsletter', medium => 'email')$$), '1',
  'withdrawing for somebody restricted');
SELECT gdpr.revoke_bundle('consent_editor', 'policy_mail') \g /dev/null

-- Cascades and the owner's own triggers are bound as whoever runs them.
SET SESSION AUTHORIZATION policy_owner;
CREATE TABLE crm.badge (id int PRIMARY KEY, contact_id int REFERENCES crm.contact ON UPDATE CASCADE ON DELETE CASCADE, body text);
INSERT INTO crm.badge VALUES (1, 1, 'x'), (2, 2, 'x');
CREATE TABLE crm.log (contact_id int, body text);
CREATE FUNCTION crm.log() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO crm.log SELECT c.id, c.name FROM crm.contact AS c; RETURN NULL; END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON crm.badge, crm.log TO policy_app;
RESET SESSION AUTHORIZATION;
SELECT gdpr.add_link('contact', 'crm.badge', '{contact_id}') \g /dev/null
CALL gdpr.protect('contact');
SELECT is(t.see('policy_app', 'newsletter', 'SELECT id FROM crm.badge'), '1', 'protect again: a link declared later is bound');
CREATE TRIGGER log AFTER UPDATE ON crm.contact FOR EACH STATEMENT EXECUTE FUNCTION crm.log();
SELECT is(t.change('policy_app', 'newsletter', $$WITH u AS (UPDATE crm.contact SET region = 'x' WHERE id = 1) SELECT 1$$), '1', 'a trigger reads under the session''s purpose');
DO $$ BEGIN PERFORM set_config('gdpr.purpose', 'newsletter', true), set_config('session_authorization', 'policy_app', true);
  UPDATE crm.contact SET region = 'z' WHERE id = 1; END $$;
SELECT results_eq('SELECT contact_id FROM crm.log ORDER BY 1', '{1,7,8}'::int[], 'and writes down three people only');
DROP TRIGGER log ON crm.contact;
DELETE FROM crm.file; DELETE FROM crm.note;
SELECT is(t.change('policy_app', 'newsletter', 'DELETE FROM crm.contact WHERE id = 1'), '1', 'deleting a person, and a badge by cascade');
SELECT is(t.change('policy_app', 'newsletter', 'DELETE FROM crm.contact WHERE id = 2'), '0', 'a person who is not visible cannot be deleted');
SELECT is(t.change('policy_app', 'administration', 'DELETE FROM crm.contact WHERE id = 2'), '1', 'administration can');

SELECT * FROM finish();
