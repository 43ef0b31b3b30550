-- SPDX-License-Identifier: PostgreSQL
-- What test/preload/orders runs under each order of libraries. Everything it prints must be the same each time;
-- nothing of it may be logged as an error, so refusals are caught.
\set ON_ERROR_STOP 1
CREATE TABLE contact (id int PRIMARY KEY, name text, email text UNIQUE);
CREATE TABLE note (id int PRIMARY KEY, contact_id int REFERENCES contact ON DELETE CASCADE, body text);
CREATE INDEX ON note (contact_id);
INSERT INTO contact SELECT i, 'Person ' || i, 'p' || i || '@example.org' FROM generate_series(1, 100) AS i;
INSERT INTO note SELECT i, i, 'Person ' || i || ' rang' FROM generate_series(1, 100) AS i;
GRANT SELECT, INSERT, UPDATE, DELETE ON contact, note TO preload_app;
\o /dev/null
SELECT gdpr.classify('contact', 'name', 'full_name'), gdpr.classify('contact', 'email', 'email'), gdpr.classify('note', 'body', 'free_text');
SELECT gdpr.register_subject('contact', 'contact'), gdpr.add_link('contact', 'note', '{contact_id}');
SELECT gdpr.add_purpose('marketing', 'consent'), gdpr.grant_purpose('marketing', 'preload_app'), gdpr.grant_purpose('administration', 'preload_app');
CALL gdpr.protect('contact');
SELECT gdpr.record_consent('contact', i::text, 'accepted', 'marketing', medium => 'telephone') FROM generate_series(1, 60) AS i;
SELECT gdpr.record_consent('contact', i::text, 'withdrawn', 'marketing', medium => 'telephone') FROM generate_series(1, 20) AS i;
\o

-- Policies, with and without a prepared plan; what is refused.
SET ROLE preload_app;
SET gdpr.purpose = 'marketing';
SELECT count(*), min(id), max(id) FROM contact;
SELECT count(*) FROM contact JOIN note ON contact_id = contact.id;
SET plan_cache_mode = force_generic_plan;
PREPARE one(int) AS SELECT name FROM contact WHERE id = $1;
EXECUTE one(21);
EXECUTE one(1);
SELECT count(*) FROM (SELECT * FROM contact LIMIT 5) AS x;
DO $$
BEGIN
  INSERT INTO note VALUES (1001, 1, 'no consent');
EXCEPTION WHEN sqlstate 'PD007' THEN
  RAISE NOTICE 'refused: not for this purpose';
END
$$;
SET gdpr.purpose = '';
DO $$
BEGIN
  PERFORM * FROM contact;
EXCEPTION WHEN sqlstate 'PD008' THEN
  RAISE NOTICE 'refused: no purpose';
END
$$;

-- Changes of every sort.
SET gdpr.purpose = 'administration';
SET gdpr.app_user = 'mary';
INSERT INTO contact VALUES (101, 'Person 101', 'p101@example.org');
UPDATE contact SET name = name || '!' WHERE id BETWEEN 30 AND 39;
INSERT INTO contact VALUES (101, 'Person 101a', 'p101@example.org') ON CONFLICT (id) DO UPDATE SET name = excluded.name;
MERGE INTO note USING (VALUES (50, 'merged'), (5000, 'merged, too')) AS v(id, body) ON note.id = v.id
  WHEN MATCHED THEN UPDATE SET body = v.body WHEN NOT MATCHED THEN INSERT VALUES (v.id, 50, v.body);
DELETE FROM contact WHERE id = 99;
BEGIN;
UPDATE contact SET name = 'nobody';
ROLLBACK;
DO $$
BEGIN
  FOR i IN 40..44 LOOP
    UPDATE contact SET email = 'new' || email WHERE id = i;
  END LOOP;
END
$$;
RESET gdpr.purpose;
RESET gdpr.app_user;
RESET ROLE;
COPY note FROM stdin;
5001	30	copied
5002	31	copied
\.

-- Erasure.
SELECT relation::text, rows FROM gdpr.anonymize_subjects('contact', '{30,31,101}', 'asked') ORDER BY 1;
SELECT gdpr.is_frozen('contact', '30'), gdpr.is_frozen('contact', '32');
SELECT id, name, email ~ '@anonymized.invalid$' AS surrogate FROM contact WHERE id IN (30, 31, 32, 101) ORDER BY id;
DO $$
BEGIN
  UPDATE contact SET name = 'again' WHERE id = 30;
EXCEPTION WHEN sqlstate 'PD001' THEN
  RAISE NOTICE 'refused: frozen';
END
$$;

-- The log, whole and sealed.
SELECT relation, operation, count(*), count(*) FILTER (WHERE erased) AS erased, count(app_user) AS claimed, min(role) AS role
FROM gdpr.audit_log GROUP BY relation, operation ORDER BY 1, 2;
SELECT relation, operation, changed, from_values, to_values FROM gdpr.subject_audit('contact', '40') ORDER BY at, event;
SELECT count(*), count(from_values), count(to_values) FROM gdpr.subject_audit('contact', '31');
SELECT count(*) FROM gdpr.audit_log AS l WHERE l::text ~ 'p(30|31|101)@example|Person (30|31|101)[^0-9]';
SELECT gdpr.seal_audit() >= 0 AS sealed;
SELECT count(*) > 0 AS seals, bool_and(status = 'ok') AS sound FROM gdpr.verify_audit();
SELECT unsealed FROM gdpr.audit_status;
SELECT severity, object, finding FROM gdpr.doctor() WHERE object !~ 'preload' AND severity = 'error' ORDER BY 1, 2, 3;
