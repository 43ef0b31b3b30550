-- SPDX-License-Identifier: PostgreSQL
-- What the attack tests share. Roles are the cluster's, so their names begin with attack_:
-- mallory plants code, vic owns honest tables, eve is anybody, op has the operator's bundle.
SET client_min_messages = error;
CREATE SCHEMA t;
GRANT USAGE ON SCHEMA t TO PUBLIC;

CREATE FUNCTION t.make_role(role name) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
    EXECUTE format('CREATE ROLE %I LOGIN', role);
  END IF;
  -- what an attack won in another test is not kept
  EXECUTE format('ALTER ROLE %I NOSUPERUSER NOCREATEROLE; ALTER ROLE %1$I RESET ALL; REVOKE gdpr_owner FROM %1$I', role);
END
$$;
DO $$
BEGIN
  PERFORM t.make_role(r) FROM unnest('{attack_mallory,attack_vic,attack_eve,attack_op}'::name[]) AS r;
END
$$;

-- Runs a statement in a session of that role. '' or the whole error, all its fields.
CREATE FUNCTION t.attempt(role name, statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  before name := session_user;
  path text := current_setting('search_path');
  message text; detail text; hint text; context text;
BEGIN
  PERFORM set_config('session_authorization', role, true);
  EXECUTE statement;
  PERFORM pg_catalog.set_config('session_authorization', before, true),
    pg_catalog.set_config('search_path', path, true);
  RETURN '';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
    hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT;
  RETURN concat_ws(E'\n', SQLSTATE || ': ' || message, nullif(detail, ''), nullif(hint, ''), context);
END
$$;

-- Planted code calls t.note(place). It counts in sequences, because a rolled back trial must not hide it:
-- ran_PLACE how often it ran, bad_PLACE how often as somebody else than its owner, won_PLACE what it gained.
CREATE TABLE t.place (place name PRIMARY KEY, owner name NOT NULL);
CREATE TABLE t.phase (phase text);
INSERT INTO t.phase VALUES ('setup');
GRANT SELECT ON t.place, t.phase TO PUBLIC;
CREATE FUNCTION t.plant(place name, owner name) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO t.place VALUES (place, owner);
  EXECUTE format('CREATE SEQUENCE t.ran_%1$s; CREATE SEQUENCE t.bad_%1$s; CREATE SEQUENCE t.won_%1$s;'
                 'GRANT USAGE, SELECT ON SEQUENCE t.ran_%1$s, t.bad_%1$s, t.won_%1$s TO PUBLIC', place);
END
$$;

-- What planted code would like to do, each by itself. A success is counted.
CREATE FUNCTION t.escalate(place name) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wish text;
BEGIN
  FOREACH wish IN ARRAY ARRAY[
    'ALTER ROLE attack_mallory SUPERUSER',
    'ALTER ROLE attack_mallory CREATEROLE',
    'GRANT gdpr_owner TO attack_mallory',
    'SET ROLE gdpr_owner',
    'SET SESSION AUTHORIZATION postgres',
    'RESET SESSION AUTHORIZATION',
    'CREATE TABLE gdpr_internal.planted (x int)',
    'CREATE TABLE gdpr.planted (x int)',
    'CREATE FUNCTION gdpr.planted() RETURNS int LANGUAGE sql AS ''SELECT 1''',
    'DELETE FROM gdpr_internal.frozen',
    'INSERT INTO gdpr_internal.frozen (subject_type, subject_key) VALUES (''mark'', ''4'')',
    'UPDATE gdpr_internal.erasure SET reason = ''planted''',
    'UPDATE gdpr.certificates SET reason = ''planted''',
    'SELECT 1 FROM gdpr_internal.subject_type',
    'SELECT gdpr_internal.execute_as_owner(''pg_catalog.pg_authid''::regclass, ''ALTER ROLE attack_mallory SUPERUSER'')',
    'SELECT 1 FROM pg_catalog.pg_authid',
    'ALTER FUNCTION gdpr.is_frozen(text, text) OWNER TO attack_mallory',
    'SELECT gdpr.grant_bundle(''operator'', ''attack_mallory'')'
  ] LOOP
    BEGIN
      EXECUTE wish;
      EXECUTE format('SELECT nextval(%L)', 't.won_' || place);
      RAISE LOG 'attack test: % as % won: %', place, current_user, wish;
    EXCEPTION WHEN OTHERS THEN
      NULL;
    END;
  END LOOP;
END
$$;

CREATE FUNCTION t.note(place name) RETURNS boolean LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  owner name := (SELECT p.owner FROM t.place AS p WHERE p.place = note.place);
BEGIN
  PERFORM nextval(('t.ran_' || place)::regclass);
  IF current_user <> owner AND (SELECT phase <> 'setup' FROM t.phase) THEN
    PERFORM nextval(('t.bad_' || place)::regclass);
    PERFORM t.escalate(place);
    RAISE LOG 'attack test: % of % ran as %, session %', place, owner, current_user, session_user;
  END IF;
  RETURN true;
END
$$;

CREATE FUNCTION t.count_of(what text, place name) RETURNS bigint LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  n bigint;
BEGIN
  EXECUTE format('SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM t.%I', what || '_' || place) INTO n;
  RETURN n;
END
$$;

-- Places where planted code ran as somebody else or gained something; '' is what the tests want.
CREATE FUNCTION t.broken() RETURNS text LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(string_agg(format('%s (ran as another %s times, gained %s things)', place,
    t.count_of('bad', place), t.count_of('won', place)), ', ' ORDER BY place), '')
  FROM t.place WHERE t.count_of('bad', place) > 0 OR t.count_of('won', place) > 0
$$;
CREATE FUNCTION t.never_ran() RETURNS text LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(string_agg(place, ', ' ORDER BY place), '') FROM t.place WHERE t.count_of('ran', place) = 0
$$;
-- Forgets what was counted; from here on planted code may only run as its owner.
CREATE FUNCTION t.start(phase text) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  p name;
BEGIN
  UPDATE t.phase SET phase = start.phase;
  FOR p IN SELECT place FROM t.place LOOP
    PERFORM setval(('t.' || k || '_' || p)::regclass, 1, false) FROM unnest('{ran,bad,won}'::text[]) AS k;
  END LOOP;
END
$$;
