-- SPDX-License-Identifier: PostgreSQL
-- Readers. Each comparison: a snapshot is exported, an ordinary role reads under it through the policy in a
-- session of its own, the oracle answers from the recorded tables under the same snapshot and for the same
-- time, and the two sets must be one.
CREATE TABLE t.compared (
  reader int, kind text, purpose text, road text, people int, seen int, differences int, commits bigint);
CREATE TABLE t.difference (reader int, kind text, purpose text, road text, key text, by text, at timestamptz, seen int, snapshot text, facts text);
-- All that is known about a person, to understand a difference.
CREATE FUNCTION t.facts(kind text, person text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  mask text;
BEGIN
  EXECUTE format('SELECT string_agg(m::text, '' '') FROM gdpr_internal.%I AS m WHERE id::text = $1', kind || '_allowed') INTO mask USING person;
  RETURN concat_ws(E'\n', mask, (SELECT string_agg(s::text, E'\n') FROM gdpr_internal.consent_state AS s WHERE subject_type = kind AND subject_key = person),
    (SELECT string_agg(s::text, E'\n') FROM gdpr_internal.basis AS s WHERE subject_type = kind AND subject_key = person),
    (SELECT string_agg(s::text, E'\n') FROM gdpr_internal.objection AS s WHERE subject_type = kind AND subject_key = person),
    (SELECT string_agg(s::text, E'\n') FROM gdpr_internal.restriction AS s WHERE subject_type = kind AND subject_key = person),
    (SELECT string_agg(s::text, E'\n') FROM gdpr_internal.purpose AS s));
END
$$;

CREATE FUNCTION t.road(kind text, road text) RETURNS text LANGUAGE sql AS $$
  SELECT CASE road
    WHEN 'scan' THEN format('SELECT id::text, statement_timestamp() FROM t.%I', kind)
    WHEN 'probes' THEN format('SELECT id::text, statement_timestamp() FROM t.%I', kind)
    WHEN 'parallel' THEN format('SELECT id::text, statement_timestamp() FROM t.%I', kind)
    WHEN 'probe' THEN format('SELECT p.id::text, statement_timestamp() FROM t.wanted(%L) AS w, LATERAL (SELECT p.id FROM t.%1$I AS p '
      'WHERE p.id = w::%s OFFSET 0) AS p', kind, CASE kind WHEN 'by_uuid' THEN 'uuid' ELSE 'bigint' END)
    WHEN 'note' THEN 'SELECT person::text, statement_timestamp() FROM t.note'
    WHEN 'file' THEN 'SELECT id::text, statement_timestamp() FROM t.file'
    WHEN 'join' THEN 'SELECT n.person::text, statement_timestamp() FROM t.note AS n JOIN t.by_number AS p ON p.id = n.person'
    WHEN 'cursor' THEN format('SELECT * FROM t.by_cursor(%L)', kind)
  END
$$;
-- A hundred people, for the road of single probes.
CREATE FUNCTION t.wanted(kind text) RETURNS SETOF text LANGUAGE sql STABLE AS
$$ SELECT key FROM t.person WHERE subject_type = kind AND n BETWEEN 1 AND 100 $$;
CREATE FUNCTION t.by_cursor(kind text) RETURNS TABLE (key text, at timestamptz) LANGUAGE plpgsql AS $$
DECLARE
  c refcursor;
BEGIN
  OPEN c FOR EXECUTE format('SELECT id::text, statement_timestamp() FROM t.%I', kind);
  LOOP
    FETCH c INTO key, at;
    EXIT WHEN NOT FOUND;
    RETURN NEXT;
  END LOOP;
  CLOSE c;
END
$$;
-- The app opens cursors as itself.
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA t TO consent_reader;

CREATE PROCEDURE t.read(reader int, seconds int) LANGUAGE plpgsql AS $$
DECLARE
  ends timestamptz := clock_timestamp() + seconds * interval '1 second';
  kind text; purpose text; road text; snapshot text; shot pg_snapshot; before timestamptz; moment timestamptz;
  people int; seen int; bad int; commits bigint;
  socket text := split_part(current_setting('unix_socket_directories'), ',', 1);
BEGIN
  PERFORM dblink_connect('app_' || reader, format('host=%s port=%s dbname=%s user=consent_reader', socket, current_setting('port'), current_database()));
  PERFORM dblink_connect('clock_' || reader, format('host=%s port=%s dbname=%s user=postgres', socket, current_setting('port'), current_database()));
  CREATE TEMP TABLE answer (key text, at timestamptz);
  WHILE clock_timestamp() < ends LOOP
    kind := t.any('{by_number,by_number,by_uuid,inside}');
    purpose := t.any('{letter,letter,analysis,analysis,brief,brief,billing,safety,books,administration}');
    road := t.any(CASE kind WHEN 'by_number' THEN '{scan,probes,parallel,probe,note,file,join,cursor}' ELSE '{scan,probes,parallel,probe,cursor}' END::text[]);
    COMMIT;
    SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;
    snapshot := pg_export_snapshot();
    shot := pg_current_snapshot();
    PERFORM dblink_exec('app_' || reader, 'BEGIN ISOLATION LEVEL REPEATABLE READ'),
      dblink_exec('app_' || reader, format('SET TRANSACTION SNAPSHOT %L', snapshot)),
      dblink_exec('app_' || reader, format('SET LOCAL gdpr.purpose = %L', purpose));
    IF road = 'parallel' THEN
      PERFORM dblink_exec('app_' || reader, 'SET LOCAL parallel_setup_cost = 0; SET LOCAL parallel_tuple_cost = 0; SET LOCAL min_parallel_table_scan_size = 0');
    END IF;
    IF road = 'probes' THEN  -- no memory for a set
      PERFORM dblink_exec('app_' || reader, 'SET LOCAL gdpr.policy_memory = 0');
    END IF;
    DELETE FROM answer;
    before := clock_timestamp();
    INSERT INTO answer SELECT * FROM dblink('app_' || reader, t.road(kind, road)) AS a(key text, at timestamptz);
    -- commits of writers since the snapshot: the database was another one when the policy answered
    SELECT c INTO commits FROM dblink('clock_' || reader, format(
      'SELECT count(*) FROM t.done WHERE xid >= pg_snapshot_xmin(%L) AND NOT pg_visible_in_snapshot(xid, %1$L)', shot)) AS c(c bigint);
    PERFORM dblink_exec('app_' || reader, 'COMMIT');
    -- Where nobody is seen, the policy's moment is not told: the oracle must show nobody before and after.
    SELECT max(a.at), count(*) INTO moment, seen FROM answer AS a;
    moment := coalesce(moment, clock_timestamp());
    people := CASE road WHEN 'probe' THEN 100 ELSE (SELECT s.people FROM t.setting AS s) END;
    WITH oracle AS (
      SELECT o.key FROM t.allowed(kind, purpose, moment, false) AS o(key)
      WHERE (road <> 'probe' OR o.key IN (SELECT * FROM t.wanted(kind)))
        AND (seen > 0 OR o.key IN (SELECT t.allowed(kind, purpose, before, false)))), different AS (
      INSERT INTO t.difference
      SELECT reader, kind, purpose, road, coalesce(o.key, a.key), CASE WHEN o.key IS NULL THEN 'policy' ELSE 'oracle' END, moment, seen, snapshot,
        t.facts(kind, coalesce(o.key, a.key))
      FROM oracle AS o FULL JOIN answer AS a USING (key) WHERE o.key IS NULL OR a.key IS NULL RETURNING 1)
    SELECT count(*) INTO bad FROM different;
    INSERT INTO t.compared VALUES (reader, kind, purpose, road, people, seen, bad, commits);
  END LOOP;
  PERFORM dblink_disconnect('app_' || reader), dblink_disconnect('clock_' || reader);
END
$$;

-- What a row of masks says at a time: flat triples (microseconds since 2000, allowed, changeable) follow valid_until.
CREATE FUNCTION t.mask_at(now_mask bigint, valid_until timestamptz, later bigint[], nr int, at timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN at < valid_until THEN now_mask ELSE
    (SELECT later[i + nr] FROM generate_series(1, cardinality(later), 3) AS i
     WHERE later[i] <= (extract(epoch FROM at) - 946684800) * 1000000 ORDER BY i DESC LIMIT 1) END
$$;
-- After the storm: both masks of every person and purpose, now and at moments to come.
CREATE PROCEDURE t.settle() LANGUAGE plpgsql AS $$
DECLARE
  kind text; purpose text; moment timestamptz := statement_timestamp(); at timestamptz;
BEGIN
  CREATE TABLE t.settled (kind text, purpose text, what text, seconds real, people int, lapsing int, differences int);
  FOREACH kind IN ARRAY '{by_number,by_uuid,inside}'::text[] LOOP
    FOR purpose IN SELECT p.purpose FROM gdpr_internal.purpose AS p LOOP
      FOREACH at IN ARRAY ARRAY[moment, moment + interval '0.3 s', moment + interval '1.1 s', moment + interval '2.5 s', moment + interval '1 hour'] LOOP
        EXECUTE format($q$
          WITH mask AS MATERIALIZED (
            SELECT x.id::text AS key, m.valid_until < 'infinity' AS lapsing,
              coalesce(t.mask_at(m.allowed, m.valid_until, m.later, 1, $1), s.default_allowed) AS allowed,
              coalesce(t.mask_at(m.changeable, m.valid_until, m.later, 2, $1), s.default_changeable) AS changeable
            FROM t.%1$I AS x JOIN gdpr_internal.consent_setting AS s ON s.subject_type = %1$L LEFT JOIN gdpr_internal.%2$I AS m USING (id)),
          bit AS (SELECT 1::bigint << p.bit AS bit FROM gdpr_internal.purpose AS p WHERE p.purpose = %3$L),
          may AS MATERIALIZED (SELECT t.allowed(%1$L, %3$L, $1, false) AS key), change AS MATERIALIZED (SELECT t.allowed(%1$L, %3$L, $1, true) AS key),
          asked AS (
            SELECT 'allowed' AS what, lapsing, (allowed & bit <> 0) <> (key IN (SELECT key FROM may)) AS differs FROM mask, bit
            UNION ALL SELECT 'changeable', lapsing, (changeable & bit <> 0) <> (key IN (SELECT key FROM change)) FROM mask, bit)
          INSERT INTO t.settled SELECT %1$L, %3$L, what, extract(epoch FROM $1 - $2), count(*), count(*) FILTER (WHERE lapsing), count(*) FILTER (WHERE differs)
          FROM asked GROUP BY what$q$, kind, kind || '_allowed', purpose) USING at, moment;
      END LOOP;
    END LOOP;
  END LOOP;
END
$$;
