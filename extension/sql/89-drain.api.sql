-- SPDX-License-Identifier: PostgreSQL
-- From the spool into the tables of reads, and the end of what is kept there.

--| Drains a part of what this database's processes spooled: rows and how far the files were read are committed together,
--| files go with a later call. One at a time. As gdpr_owner.
CREATE OR REPLACE FUNCTION gdpr_internal.drain_batch(OUT frames bigint, OUT statements bigint)
LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'gdpr_drain_batch';
COMMENT ON FUNCTION gdpr_internal.drain_batch() IS
  'Takes frames of the spool into the tables of reads; how many, and how many statements began in them; 0: nothing was left';

--| Did people of the type leave whose keys were personal?
CREATE OR REPLACE FUNCTION gdpr_internal.access_digests(subject_type text) RETURNS boolean
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (SELECT FROM gdpr_internal.erasure AS e WHERE e.subject_type = $1 AND e.key_digest)
$$;
COMMENT ON FUNCTION gdpr_internal.access_digests(text) IS 'Whether people of a type have left whose keys were personal';

--| The key under which a read knows a person: a personal key is not written down any more once its person has left. Of
--| somebody who has the key again since, only later reads can be.
CREATE OR REPLACE FUNCTION gdpr_internal.access_key(subject_type text, subject_key text, at timestamptz, engine boolean) RETURNS text
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp SET lock_timeout = '100ms' AS $$
DECLARE
  digest CONSTANT text := gdpr_internal.keyed_digest('subject key', access_key.subject_key);
  left_at CONSTANT timestamptz := (SELECT max(e.erased_at) FROM gdpr_internal.erasure AS e
    WHERE e.subject_type = access_key.subject_type AND e.subject_key = digest AND e.key_digest);
  people CONSTANT oid := (SELECT gdpr_internal.resolve(t.relation_schema, t.relation_name) FROM gdpr_internal.subject_type AS t
    WHERE t.subject_type = access_key.subject_type);
  plan gdpr_internal.erasure_plan;
BEGIN
  IF left_at IS NULL THEN
    RETURN access_key.subject_key;
  ELSIF access_key.engine OR access_key.at <= left_at THEN
    RETURN digest;
  END IF;
  IF people IS NULL OR gdpr_internal.tables_run_code(ARRAY[people]) THEN
    RETURN digest;
  END IF;
  BEGIN
    plan := gdpr_internal.current_plan(access_key.subject_type);
    IF (gdpr_internal.collect((plan.body->'steps'->0->>'relation')::oid, plan.body->'steps'->0->>'find',
        ARRAY[access_key.subject_key])).tids IS NOT NULL THEN
      RETURN access_key.subject_key;
    END IF;
  EXCEPTION WHEN OTHERS THEN
    NULL;  -- not knowing is no reason to write it down
  END;
  RETURN digest;
END
$$;
COMMENT ON FUNCTION gdpr_internal.access_key(text, text, timestamptz, boolean) IS
  'The key under which a read knows a person: the certificate''s digest where a personal key was erased';

--| Could users' code run where tables are asked for a key, even while that is planned? The drain works for everybody: it asks
--| no view or foreign table, nor tables whose indexes, checks, statistics or partition keys call functions that are not
--| written in C, or whose columns have casts that do.
CREATE OR REPLACE FUNCTION gdpr_internal.tables_run_code(relations oid[]) RETURNS boolean
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
  WITH parent(relid) AS MATERIALIZED (
    SELECT DISTINCT f.relid::oid FROM unnest($1) AS u(relid) CROSS JOIN LATERAL gdpr_internal.family(u.relid::regclass) AS f(relid)
  ), expression(classid, objid) AS (
    SELECT 'pg_class'::regclass::oid, i.indexrelid FROM parent AS p JOIN pg_index AS i ON i.indrelid = p.relid
    WHERE i.indexprs IS NOT NULL OR i.indpred IS NOT NULL
    UNION ALL
    SELECT 'pg_constraint'::regclass, c.oid FROM parent AS p JOIN pg_constraint AS c ON c.conrelid = p.relid AND c.contype = 'c'
    UNION ALL
    SELECT 'pg_class'::regclass, k.partrelid FROM parent AS p JOIN pg_partitioned_table AS k ON k.partrelid = p.relid
    UNION ALL
    SELECT 'pg_statistic_ext'::regclass, s.oid FROM parent AS p JOIN pg_statistic_ext AS s ON s.stxrelid = p.relid
  ), called(function) AS (
    SELECT CASE d.refclassid WHEN 'pg_operator'::regclass THEN o.oprcode::oid ELSE d.refobjid END
    FROM expression AS e JOIN pg_depend AS d ON d.classid = e.classid AND d.objid = e.objid
    LEFT JOIN pg_operator AS o ON d.refclassid = 'pg_operator'::regclass AND o.oid = d.refobjid
    WHERE d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass)
    UNION ALL
    SELECT k.castfunc FROM parent AS p JOIN pg_attribute AS a ON a.attrelid = p.relid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_cast AS k ON k.castsource = a.atttypid
  )
  SELECT EXISTS (SELECT FROM parent AS p JOIN pg_class AS c ON c.oid = p.relid WHERE c.relkind NOT IN ('r', 'p'))
    OR EXISTS (SELECT FROM called AS x JOIN pg_proc AS f ON f.oid = x.function JOIN pg_language AS l ON l.oid = f.prolang
               WHERE l.lanname NOT IN ('internal', 'c') AND f.oid >= 16384)
    OR EXISTS (SELECT FROM expression AS e JOIN pg_depend AS d ON d.classid = e.classid AND d.objid = e.objid AND d.refclassid = 'pg_type'::regclass
               JOIN pg_type AS t ON t.oid = d.refobjid AND t.typtype = 'd'
               WHERE e.objid NOT IN (SELECT k.partrelid FROM pg_partitioned_table AS k))
$$;
COMMENT ON FUNCTION gdpr_internal.tables_run_code(oid[]) IS
  'True where code that users wrote could run while tables are asked for a key';

--| The same for the tables that a link leads to.
CREATE OR REPLACE FUNCTION gdpr_internal.runs_users_code(link int) RETURNS boolean
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE way(link) AS (
    SELECT $1
    UNION
    SELECT u.link FROM way AS w CROSS JOIN LATERAL gdpr_internal.link_hop(w.link) AS h CROSS JOIN LATERAL unnest(h.up) AS u(link)
  )
  SELECT gdpr_internal.tables_run_code(ARRAY(
    SELECT h.parent FROM way AS w CROSS JOIN LATERAL gdpr_internal.link_hop(w.link) AS h WHERE h.parent IS NOT NULL))
$$;
COMMENT ON FUNCTION gdpr_internal.runs_users_code(int) IS
  'True where code that users wrote could run while a link is followed: the drain says then that people are unknown';

--| All that is in the spool now, in this transaction.
CREATE OR REPLACE FUNCTION gdpr.drain_access() RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  result bigint := 0;
  batch record;
BEGIN
  LOOP
    SELECT b.frames, b.statements INTO batch FROM gdpr_internal.drain_batch() AS b;
    EXIT WHEN batch.frames = 0;
    result := result + batch.statements;
  END LOOP;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr.drain_access() IS
  'Takes all recorded reads from the spool into gdpr.access_log now; returns how many statements';

--| Months of reads that are older than gdpr.access_retention.
CREATE OR REPLACE FUNCTION gdpr_internal.expired_reads() RETURNS SETOF regclass
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
  SELECT i.inhrelid::regclass FROM pg_inherits AS i
  WHERE i.inhparent = 'gdpr_internal.access_read'::regclass AND gdpr_internal.partition_bound(i.inhrelid)
    <= gdpr_internal.first_statement(now() - current_setting('gdpr.access_retention')::interval)
  ORDER BY gdpr_internal.partition_bound(i.inhrelid)
$$;
COMMENT ON FUNCTION gdpr_internal.expired_reads() IS 'Months of reads that are older than gdpr.access_retention';

--| Drops them, with the processes, actors and people's keys that no other month knows. Waits for nobody: 55P03 where somebody is in the way.
CREATE OR REPLACE FUNCTION gdpr_internal.drop_expired_reads() RETURNS bigint
LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '500ms' AS $$
DECLARE
  kept_from CONSTANT timestamptz := date_trunc('month', now() - current_setting('gdpr.access_retention')::interval);
  part regclass;
  result bigint := 0;
BEGIN
  PERFORM gdpr_internal.lock_drain();
  FOR part IN SELECT gdpr_internal.expired_reads() LOOP
    LOCK TABLE ONLY gdpr_internal.access_read IN ACCESS EXCLUSIVE MODE;
    EXECUTE format('DROP TABLE %s', part);
    result := result + 1;
  END LOOP;
  DELETE FROM gdpr_internal.access_process AS p WHERE p.ended IS NOT NULL AND p.drained_at < kept_from;
  DELETE FROM gdpr_internal.access_actor AS a WHERE a.last_used < kept_from;
  IF result > 0 THEN
    DELETE FROM gdpr_internal.access_person AS k WHERE NOT EXISTS (
      SELECT FROM gdpr_internal.access_read AS r JOIN gdpr_internal.access_place AS p ON p.place = r.place AND NOT p.native
      CROSS JOIN LATERAL gdpr_internal.set_members(r.people) AS m(number) WHERE m.number = k.person);
  END IF;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.drop_expired_reads() IS 'Drops expired months of reads; 55P03 where somebody is in the way';

--| The same, for those who may.
CREATE OR REPLACE FUNCTION gdpr.expire_access() RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT gdpr_internal.drop_expired_reads()
$$;
COMMENT ON FUNCTION gdpr.expire_access() IS
  'Drops months of reads that are older than gdpr.access_retention; returns how many months';

--| Until the end of the transaction nobody drains. Erasures do not wait for each other.
CREATE OR REPLACE FUNCTION gdpr_internal.lock_drain(shared boolean DEFAULT false) RETURNS void
LANGUAGE c VOLATILE PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp AS 'MODULE_PATHNAME', 'gdpr_lock_drain';
COMMENT ON FUNCTION gdpr_internal.lock_drain(boolean) IS 'Keeps others from draining the spool until the end of the transaction';
