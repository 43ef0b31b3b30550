-- Work as the owner of a relation: no more rights than the owner's, and no values in errors.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = notice;
CREATE ROLE gdpr_own_alice;
CREATE SCHEMA own AUTHORIZATION gdpr_own_alice;
ALTER ROLE gdpr_own_alice SET search_path = own;
-- What the owner's trigger is told when it asks for whom it works.
CREATE FUNCTION own.caller() RETURNS text LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS 'BEGIN RETURN gdpr_internal.caller(); END';
SET ROLE gdpr_own_alice;
CREATE TABLE own.seen (t text);
CREATE TABLE own.person (id int PRIMARY KEY, email text UNIQUE, n int CHECK (n < 10), short varchar(5));
ALTER TABLE own.person ENABLE ROW LEVEL SECURITY;
ALTER TABLE own.person FORCE ROW LEVEL SECURITY;
CREATE FUNCTION own.look() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO seen VALUES (concat_ws(' ', current_user, current_setting('search_path')));
  IF NEW.email = 'boom' THEN
    RAISE EXCEPTION 'secret: %', OLD.email USING DETAIL = OLD.email, HINT = OLD.email, ERRCODE = 'AB123';
  ELSIF NEW.email = 'cast' THEN
    PERFORM OLD.email::regclass;
  ELSIF NEW.email = 'dynamic' THEN
    EXECUTE 'SELECT ' || quote_ident(OLD.email);
  ELSIF NEW.email = 'assert' THEN
    ASSERT false, OLD.email;
  ELSIF NEW.email = 'number' THEN
    NEW.n := OLD.email;
  END IF;
  RETURN NEW;
END
$$;
CREATE FUNCTION own.superuser_only() RETURNS text LANGUAGE sql AS 'SELECT rolname::text FROM pg_authid LIMIT 1';
RESET ROLE;
CREATE TRIGGER look BEFORE UPDATE ON own.person FOR EACH ROW EXECUTE FUNCTION own.look();
INSERT INTO own.person VALUES (1, 'one@example.org', 1), (2, 'two@example.org', 2);
SELECT 'own.person'::regclass::oid AS person \gset

-- FORCE ROW LEVEL SECURITY hides nothing from us; the trigger runs as its table's owner, under the
-- owner's search_path, and cannot speak for whoever called us.
SELECT gdpr_internal.execute_as_owner(:person, 'UPDATE person SET n = n + $1 WHERE id = ANY ($2)', 1, ARRAY[1, 2]);
SELECT gdpr_internal.execute_as_owner(:person, 'UPDATE person SET n = n');
SELECT DISTINCT t FROM own.seen;
SELECT * FROM gdpr_internal.query_as_owner(:person, 'SELECT own.caller()') AS t(name text);
SELECT * FROM gdpr_internal.query_as_owner(:person, 'SELECT id, email FROM person WHERE id = $1', 2) AS t(id int, email text);
SELECT * FROM gdpr_internal.query_as_owner(:person, 'SELECT id, email FROM person ORDER BY id') AS t(id int, email text);
SELECT * FROM gdpr_internal.query_as_owner(:person, 'SELECT current_setting(''row_security''), current_user::text') AS t(rls text, who text);
SELECT current_user = session_user AS same_user, current_setting('search_path') AS path, current_setting('row_security') AS rls;
-- The caller's temporary table does not stand in for the owner's.
CREATE TEMP TABLE seen (t text);
SELECT gdpr_internal.execute_as_owner(:person, 'UPDATE person SET n = n WHERE id = 1');
SELECT count(*) FROM pg_temp.seen;
-- What user code SETs goes back, and it cannot leave the owner.
SELECT gdpr_internal.execute_as_owner(:person, 'SET application_name = ''planted''');
SELECT current_setting('application_name') = 'planted' AS planted;
SELECT gdpr_internal.execute_as_owner(:person, 'RESET ROLE');
SELECT gdpr_internal.execute_as_owner(:person, 'CREATE TEMP TABLE t ()');
SELECT * FROM gdpr_internal.query_as_owner(:person, 'SELECT own.superuser_only()') AS t(name text);

-- Errors keep their SQLSTATE, constraint and column, and lose what may quote a value ---------------
CREATE FUNCTION own.outcome(statement text, VARIADIC args text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  m text; d text; h text; c text; k text;
BEGIN
  PERFORM gdpr_internal.execute_as_owner('own.person'::regclass, statement, args[1]);
  RETURN 'done';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT, k = CONSTRAINT_NAME;
  RETURN concat_ws(' | ', sqlstate, m, nullif(d, ''), nullif(h, ''), nullif(k, ''));
END
$$;
\set VERBOSITY default
SELECT own.outcome('UPDATE person SET email = $1 WHERE id = 1', 'boom');
SELECT own.outcome('UPDATE person SET email = $1 WHERE id = 1', 'cast');
SELECT own.outcome('UPDATE person SET email = $1 WHERE id = 1', 'dynamic');
-- WHEN OTHERS would not see assert_failure: it arrives as raise_exception.
SELECT own.outcome('UPDATE person SET email = $1 WHERE id = 1', 'assert');
SELECT own.outcome('UPDATE person SET email = $1 WHERE id = 1', 'number');
SELECT own.outcome('UPDATE person SET email = $1 WHERE id = 1', 'two@example.org');
SELECT own.outcome('UPDATE person SET n = length($1) WHERE id = 1', 'much longer than nine');
SELECT own.outcome('UPDATE person SET n = $1::int WHERE id = 1', 'secret');
SELECT own.outcome('UPDATE person SET short = $1 WHERE id = 1', 'secret');
SELECT own.outcome('UPDATE person SET id = nullif($1, $1)::int WHERE id = 1', 'secret');
SELECT own.outcome('UPDATE nowhere SET id = $1', 'secret');
SELECT own.outcome('SELECT FROM ', 'secret');
-- After an error that was caught everything is as before.
SELECT gdpr_internal.caller() = session_user::regrole AS caller, current_user = session_user AS same_user,
  current_setting('search_path') AS path;
SELECT gdpr_internal.execute_as_owner(0::oid, 'SELECT 1');
SELECT gdpr_internal.execute_as_owner(NULL, 'SELECT 1');
SELECT * FROM gdpr_internal.query_as_owner(:person, 'SELECT id FROM person') AS t(id text);
SELECT * FROM gdpr_internal.query_as_owner(:person, 'UPDATE person SET n = n') AS t(id int);

-- Where rows are now ------------------------------------------------------------------------------
CREATE TEMP TABLE moving AS SELECT i AS id FROM generate_series(1, 3) AS i;
UPDATE moving SET id = id;
UPDATE moving SET id = id WHERE id = 2;
SELECT gdpr_internal.latest_tids('moving'::regclass, ARRAY['(0,1)', NULL, '(0,2)', '(0,6)']::tid[]);
SELECT gdpr_internal.latest_tids('moving'::regclass, '{}');
CREATE VIEW pg_temp.watching AS SELECT * FROM moving;
SELECT gdpr_internal.latest_tids('pg_temp.watching'::regclass, '{}');

SET client_min_messages = warning;
DROP TABLE pg_temp.seen, moving CASCADE;
DROP SCHEMA own CASCADE;
DROP ROLE gdpr_own_alice;
