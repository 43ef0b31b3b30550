-- The key: a file that is made once, never overwritten, and recognised.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = notice;
-- Beside the real one; nothing here touches that.
SELECT current_setting('gdpr.key_file') AS real_file, current_setting('gdpr.key_file') || '.test' AS file \gset

DELETE FROM gdpr_internal.key_fingerprint;

-- Places that do not do.
SET gdpr.key_file = '';
SELECT gdpr.create_key();
SET gdpr.key_file = 'relative';
SELECT gdpr.create_key();
SELECT set_config('gdpr.key_file', current_setting('data_directory') || '/key', false) IS NOT NULL AS set;
SELECT gdpr.create_key();
SET gdpr.key_file = '/nonexistent/gdpr/key';
SELECT gdpr.create_key();

SET gdpr.key_file = :'file';
-- Nothing is made up where a key is needed.
SELECT gdpr_internal.keyed_digest('domain', 'value');
-- What a failed transaction made is taken back.
BEGIN;
SELECT gdpr.create_key();
SELECT (pg_stat_file(:'file')).size;
ROLLBACK;
SELECT pg_stat_file(:'file', true) IS NULL AS gone;

SELECT gdpr.create_key();
SELECT (pg_stat_file(:'file')).modification AS made \gset
SELECT gdpr.create_key();
SELECT (pg_stat_file(:'file')).modification = :'made' AS untouched;
SELECT length(fingerprint) AS fingerprint, created_by = session_user AS by FROM gdpr_internal.key_fingerprint;
SELECT length(d) AS digits, d = gdpr_internal.keyed_digest('domain', 'value') AS same,
  d <> gdpr_internal.keyed_digest('domain', 'valuf') AS by_value,
  d <> gdpr_internal.keyed_digest('domai', 'nvalue') AS by_domain
FROM gdpr_internal.keyed_digest('domain', 'value') AS d;

-- A key that others may read (COPY makes files of mode 0644), and one that is another key.
SELECT set_config('gdpr.key_file', :'file' || '2', false) IS NOT NULL AS set;
DO $$ BEGIN EXECUTE format('COPY (SELECT repeat(''ab'', 32)) TO %L', current_setting('gdpr.key_file')); END $$;
SELECT gdpr_internal.keyed_digest('domain', 'value');
DO $$ BEGIN EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', 'chmod 600 ' || current_setting('gdpr.key_file')); END $$;
DO $$
BEGIN
  PERFORM gdpr_internal.keyed_digest('domain', 'value');
EXCEPTION WHEN object_not_in_prerequisite_state THEN
  RAISE NOTICE '%', sqlerrm;
END
$$;
-- Not a key at all.
DO $$ BEGIN EXECUTE format('COPY (SELECT ''short'') TO %L', current_setting('gdpr.key_file')); END $$;
SELECT gdpr_internal.keyed_digest('domain', 'value');
-- Missing: never a new one.
DO $$ BEGIN EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', 'rm ' || current_setting('gdpr.key_file')); END $$;
SELECT gdpr_internal.keyed_digest('domain', 'value');
DO $$
BEGIN
  PERFORM gdpr.create_key();
EXCEPTION WHEN object_not_in_prerequisite_state THEN
  RAISE NOTICE '%', sqlerrm;
END
$$;

-- A file that is there, in a database that knows no key yet: its key is used.
SET gdpr.key_file = :'file';
DELETE FROM gdpr_internal.key_fingerprint;
SELECT gdpr.create_key();
SELECT (pg_stat_file(:'file')).modification = :'made' AS untouched;

-- Only a superuser makes keys and sees where they are.
CREATE ROLE gdpr_key_nobody;
GRANT EXECUTE ON FUNCTION gdpr.create_key() TO gdpr_key_nobody;
SET ROLE gdpr_key_nobody;
SELECT gdpr.create_key();
SET gdpr.key_file = '/tmp/mine';
SHOW gdpr.key_file;
SELECT gdpr_internal.keyed_digest('domain', 'value');
SET gdpr.invented = 1;
RESET ROLE;

-- Back to the real key.
REVOKE ALL ON FUNCTION gdpr.create_key() FROM gdpr_key_nobody;
DROP ROLE gdpr_key_nobody;
DO $$ BEGIN EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', 'rm ' || current_setting('gdpr.key_file')); END $$;
DELETE FROM gdpr_internal.key_fingerprint;
RESET gdpr.key_file;
SELECT gdpr.create_key();

-- Until when backups may hold what was erased: an interval or nothing.
SET gdpr.backup_retention = 'a while';
SET gdpr.backup_retention = '5 weeks 1 day';
SHOW gdpr.backup_retention;
SET gdpr.backup_retention = '';
