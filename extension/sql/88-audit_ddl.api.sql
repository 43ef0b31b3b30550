-- SPDX-License-Identifier: PostgreSQL
-- The audit follows its tables: renames, new partitions and children. What switches it off shows in it.

--| A restore brings triggers and their states itself. Anybody can say that they restore: it is believed of superusers
--| and of the database's owner, by who logged in, since a dump sets the sessions' roles.
CREATE OR REPLACE FUNCTION gdpr_internal.is_restoring() RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT (current_setting('application_name') = 'pg_restore' OR current_setting('check_function_bodies') = 'off')
    AND EXISTS (SELECT FROM pg_stat_get_activity(pg_backend_pid()) AS s JOIN pg_database AS d ON d.datname = current_database()
      WHERE pg_has_role(s.usesysid, d.datdba, 'USAGE'))
$$;
COMMENT ON FUNCTION gdpr_internal.is_restoring() IS 'True in a session of a superuser or the database''s owner that loads a dump';

--| Makes backends look again at everything that is audited: links, or tables on their way, have changed.
CREATE OR REPLACE FUNCTION gdpr_internal.audits_changed() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  SELECT gdpr_internal.guard_changed(r.relation)
  FROM gdpr_internal.audited AS a, LATERAL (SELECT gdpr_internal.resolve(a.relation_schema, a.relation_name)) AS r(relation)
  WHERE r.relation IS NOT NULL
$$;
COMMENT ON FUNCTION gdpr_internal.audits_changed() IS 'Makes backends look again at all that is audited';

--| Writes new names of audited relations down. After a restore the OIDs mean nothing until they are taken from what
--| bears our triggers.
CREATE OR REPLACE FUNCTION gdpr_internal.follow_audited(objects oid[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  f record;
BEGIN
  -- Whoever declares holds a lock until the end of the transaction: nobody waits for it who has nothing to write
  FOR f IN
    SELECT a.relation_schema AS old_schema, a.relation_name AS old_name, n.nspname, c.relname
    FROM gdpr_internal.audited AS a JOIN pg_class AS c ON c.oid = a.relation_oid JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE (c.oid = ANY (objects) OR n.oid = ANY (objects)) AND (a.relation_schema, a.relation_name) <> (n.nspname, c.relname)
      AND gdpr_internal.resolve(a.relation_schema, a.relation_name) IS NULL
  LOOP
    UPDATE gdpr_internal.audited AS a SET relation_schema = f.nspname, relation_name = f.relname
    WHERE (a.relation_schema, a.relation_name) = (f.old_schema, f.old_name);
  END LOOP;
  FOR f IN
    SELECT a.relation_schema, a.relation_name, r.relation
    FROM gdpr_internal.audited AS a, LATERAL (SELECT gdpr_internal.resolve(a.relation_schema, a.relation_name)) AS r(relation)
    WHERE r.relation::oid = ANY (objects) AND a.relation_oid IS DISTINCT FROM r.relation::oid
      AND EXISTS (SELECT FROM gdpr_internal.audit_triggers_on(r.relation))
  LOOP
    UPDATE gdpr_internal.audited AS a SET relation_oid = f.relation
    WHERE (a.relation_schema, a.relation_name) = (f.relation_schema, f.relation_name);
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.follow_audited(oid[]) IS 'Writes new names of audited relations down';

--| Our triggers are ours: nobody replaces or renames them, or puts another one in their place.
CREATE OR REPLACE FUNCTION gdpr_internal.require_own_triggers(triggers oid[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  t record;
BEGIN
  FOR t IN
    SELECT g.tgrelid::regclass AS relation, g.tgname, pg_get_triggerdef(g.oid) AS definition
    FROM pg_trigger AS g
    -- on tables that are not audited, too: they would bear our triggers without a declaration
    WHERE g.oid = ANY (triggers) AND (g.tgname ~ '^zzz_gdpr_audit_' OR g.tgfoid IN ('gdpr.audit_changes()'::regprocedure, 'gdpr.audit_row()'::regprocedure))
      AND NOT gdpr_internal.engine_at_work(g.tgrelid)
  LOOP
    IF NOT EXISTS (SELECT FROM gdpr_internal.audit_triggers(t.relation) AS w WHERE w.name = t.tgname AND w.definition = t.definition) THEN
      PERFORM gdpr_internal.refuse_trigger_change(t.relation, t.tgname);
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.require_own_triggers(oid[]) IS 'Stops where a trigger of the audit was replaced or renamed';

--| Says how the audit is ended instead.
CREATE OR REPLACE FUNCTION gdpr_internal.refuse_trigger_change(relation regclass, trigger_name name) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'trigger "%" on relation % is the audit''s', trigger_name, gdpr_internal.sql_name(refuse_trigger_change.relation)
    USING ERRCODE = '42501', DETAIL = 'Taken away or changed by hand, the audit would end without a trace.',
          HINT = format('SELECT gdpr.unaudit(%L) ends it.', gdpr_internal.sql_name(refuse_trigger_change.relation));
END
$$;
COMMENT ON FUNCTION gdpr_internal.refuse_trigger_change(regclass, name) IS 'Refuses a change of a trigger of the audit';

--| Triggers for new partitions and children, others where a table became plain inheritance's, and audit of its own for
--| a partition or child that was taken off an audited table. filled: a new member may bring rows along that no event has.
CREATE OR REPLACE FUNCTION gdpr_internal.follow_members(objects oid[], filled boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  member regclass;
  arrives boolean;
  a gdpr_internal.audited;
BEGIN
  FOR member IN
    SELECT DISTINCT f.relation
    FROM (SELECT x.relation FROM pg_class AS c, gdpr_internal.family(c.oid) AS x(relation) WHERE c.oid = ANY (objects)
          -- INHERIT names the child
          UNION SELECT i.inhparent::regclass FROM pg_inherits AS i WHERE i.inhrelid = ANY (objects)) AS f
    JOIN pg_class AS k ON k.oid = f.relation AND k.relkind IN ('r', 'p')
    WHERE NOT gdpr_internal.engine_at_work(f.relation) AND EXISTS (SELECT FROM gdpr_internal.audits_wrong(f.relation))
    ORDER BY f.relation
  LOOP
    arrives := filled AND NOT EXISTS (SELECT FROM gdpr_internal.audit_triggers_on(member));
    PERFORM gdpr_internal.install_audit(member), gdpr_internal.guard_changed(member);
    IF arrives THEN
      PERFORM gdpr_internal.write_audit_note('S', member, '{""}', '{NULL}', '{NULL}');
    END IF;
  END LOOP;
  -- DETACH PARTITION and NO INHERIT do not say whom they sent away. Nobody's DDL waits for other people's tables, or
  -- fails because of them
  FOR member IN
    SELECT DISTINCT g.tgrelid::regclass FROM pg_trigger AS g JOIN pg_class AS c ON c.oid = g.tgrelid
    WHERE g.tgfoid IN ('gdpr.audit_changes()'::regprocedure, 'gdpr.audit_row()'::regprocedure)
      AND c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
      AND c.relowner IN (SELECT o.relowner FROM pg_class AS o WHERE o.oid = ANY (objects))
      AND NOT gdpr_internal.engine_at_work(g.tgrelid) AND (gdpr_internal.audited_of(g.tgrelid)).relation_name IS NULL
  LOOP
    SELECT x.* INTO a FROM unnest(objects) AS o, gdpr_internal.audited_of(o) AS x WHERE x.relation_name IS NOT NULL LIMIT 1;
    PERFORM gdpr_internal.start_audit(member, coalesce(a.classified, 'values'), coalesce(a.replicated, false),
      coalesce(a.reads, true), coalesce(a.protected, false));
    UPDATE gdpr_internal.audited AS d SET detached = true
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.oid = member AND (d.relation_schema, d.relation_name) = (n.nspname, c.relname);
    PERFORM gdpr_internal.guard_changed(member);
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.follow_members(oid[], boolean) IS
  'Gives new partitions and children their audit triggers, and audit of their own to those that leave';

--| Triggers of ours that a relation must not have, and those it lacks if it has none at all. Some of them: a restore is
--| bringing them, or somebody's transaction is not finished.
CREATE OR REPLACE FUNCTION gdpr_internal.audits_wrong(relation regclass) RETURNS SETOF name
LANGUAGE sql STABLE ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
  SELECT o.name FROM gdpr_internal.audit_triggers_on($1) AS o
  WHERE (gdpr_internal.audited_of($1)).relation_name IS NOT NULL
    AND NOT EXISTS (SELECT FROM gdpr_internal.audit_triggers($1) AS w WHERE w.name = o.name)
  UNION ALL
  SELECT w.name FROM gdpr_internal.audit_triggers($1) AS w
  WHERE NOT EXISTS (SELECT FROM gdpr_internal.audit_triggers_on($1))
$$;
COMMENT ON FUNCTION gdpr_internal.audits_wrong(regclass) IS
  'Triggers of the audit that a relation must not have, or all of them where it has none';

--| DISABLE TRIGGER is written down as the end of the audit, ENABLE TRIGGER as its beginning.
CREATE OR REPLACE FUNCTION gdpr_internal.follow_states(objects oid[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  r record;
  mark text;
  off_now text[];
  off_before text[];
BEGIN
  FOR r IN
    SELECT c.oid::regclass AS relation, a.relation_schema, a.relation_name, a.off
    FROM pg_class AS c, gdpr_internal.audited_of(c.oid) AS a
    WHERE c.oid = ANY (objects) AND c.relkind IN ('r', 'p') AND NOT gdpr_internal.engine_at_work(c.oid) AND a.relation_name IS NOT NULL
  LOOP
    mark := gdpr_internal.sql_name(r.relation) || ' ';
    -- enabled by hand, they would not fire in sessions that replicate
    IF EXISTS (SELECT FROM gdpr_internal.audit_triggers_on(r.relation) AS o JOIN gdpr_internal.audit_triggers(r.relation) AS w USING (name)
               WHERE o.state = 'O') AND NOT gdpr_internal.is_restoring() THEN
      PERFORM gdpr_internal.install_audit(r.relation);
    END IF;
    off_now := ARRAY(SELECT mark || o.name FROM gdpr_internal.audit_triggers_on(r.relation) AS o
      JOIN gdpr_internal.audit_triggers(r.relation) AS w USING (name)
      WHERE o.state = 'D' OR o.state = 'R' AND w.state = 'A' ORDER BY 1);
    off_before := ARRAY(SELECT x FROM unnest(r.off) AS x WHERE starts_with(x, mark) ORDER BY 1);
    CONTINUE WHEN off_now = off_before;
    UPDATE gdpr_internal.audited AS a SET off = ARRAY(SELECT x FROM unnest(a.off) AS x WHERE NOT starts_with(x, mark)) || off_now
    WHERE (a.relation_schema, a.relation_name) = (r.relation_schema, r.relation_name);
    PERFORM gdpr_internal.write_audit_note(CASE WHEN off_before @> off_now THEN 'S' ELSE 'X' END::"char", r.relation, '{""}', '{NULL}', '{NULL}');
  END LOOP;
  -- left behind on a table that is not audited any more, they stop its writers: whoever switches them off is noted, too
  PERFORM gdpr_internal.write_audit_note('X', c.oid, '{""}', '{NULL}', '{NULL}')
  FROM pg_class AS c
  WHERE c.oid = ANY (objects) AND c.relkind IN ('r', 'p') AND NOT gdpr_internal.engine_at_work(c.oid)
    AND (gdpr_internal.audited_of(c.oid)).relation_name IS NULL
    AND EXISTS (SELECT FROM gdpr_internal.audit_triggers_on(c.oid) AS o WHERE o.state = 'D' OR o.state = 'R' AND o.name <> 'zzz_gdpr_audit_replicated');
END
$$;
COMMENT ON FUNCTION gdpr_internal.follow_states(oid[]) IS
  'Writes to the audit log that its triggers were switched off or on by hand';

--| Event trigger: does nothing while nothing is audited.
CREATE OR REPLACE FUNCTION gdpr_internal.follow_audit() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  objects oid[];
  triggers oid[];
BEGIN
  IF NOT EXISTS (SELECT FROM gdpr_internal.audited) THEN
    RETURN;
  END IF;
  SELECT array_agg(DISTINCT c.objid) FILTER (WHERE c.classid IN ('pg_class'::regclass, 'pg_namespace'::regclass)),
    array_agg(DISTINCT c.objid) FILTER (WHERE c.classid = 'pg_trigger'::regclass)
  INTO objects, triggers FROM pg_event_trigger_ddl_commands() AS c
  WHERE coalesce(c.schema_name, '') NOT IN ('pg_temp', 'gdpr', 'gdpr_internal');
  IF triggers IS NOT NULL THEN
    PERFORM gdpr_internal.require_own_triggers(triggers);
  END IF;
  IF objects IS NULL THEN
    RETURN;
  END IF;
  PERFORM gdpr_internal.follow_audited(objects);
  IF EXISTS (SELECT FROM gdpr_internal.link AS l WHERE l.relation_oid = ANY (objects) OR l.parent_oid = ANY (objects)
             OR (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname = l.parent_schema) = ANY (objects)
             UNION ALL SELECT FROM gdpr_internal.subject_type AS s WHERE s.relation_oid = ANY (objects)) THEN
    PERFORM gdpr_internal.audits_changed();
  END IF;
  IF TG_TAG = 'CREATE TABLE' OR NOT gdpr_internal.is_restoring() THEN
    PERFORM gdpr_internal.follow_members(objects, TG_TAG = 'ALTER TABLE');
  END IF;
  PERFORM gdpr_internal.follow_states(objects);
END
$$;
COMMENT ON FUNCTION gdpr_internal.follow_audit() IS
  'Event trigger gdpr_follow_audit: keeps the audit''s triggers on audited tables and notes what is switched off';

--| Event trigger: the audit's triggers are not dropped by hand, and a dropped table is noted.
CREATE OR REPLACE FUNCTION gdpr_internal.keep_audit() RETURNS event_trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  d record;
BEGIN
  FOR d IN
    SELECT o.schema_name, o.address_names[2] AS table_name, min(o.address_names[3]) AS trigger_name, r.relation
    FROM pg_event_trigger_dropped_objects() AS o, LATERAL (SELECT gdpr_internal.resolve(o.schema_name, o.address_names[2])) AS r(relation)
    WHERE o.object_type = 'trigger' AND o.address_names[3] ~ '^zzz_gdpr_audit_' AND NOT o.is_temporary
    GROUP BY 1, 2, r.relation
  LOOP
    IF d.relation IS NULL THEN
      PERFORM gdpr_internal.write_audit_note('X', 0, '{""}', '{NULL}', ARRAY[format('%I.%I', d.schema_name, d.table_name)]);
      DELETE FROM gdpr_internal.audited AS a WHERE a.relation_schema = d.schema_name AND a.relation_name = d.table_name;
    ELSIF gdpr_internal.engine_at_work(d.relation) THEN
      CONTINUE;
    ELSIF (gdpr_internal.audited_of(d.relation)).relation_name IS NULL OR gdpr_internal.is_restoring() THEN
      -- pg_restore --clean; or a table on which they were left behind
      PERFORM gdpr_internal.write_audit_note('X', d.relation, '{""}', '{NULL}', '{NULL}');
    ELSE
      PERFORM gdpr_internal.refuse_trigger_change(d.relation, d.trigger_name);
    END IF;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.keep_audit() IS
  'Event trigger gdpr_keep_audit: refuses to drop the audit''s triggers, notes tables that are dropped';

--| The event triggers themselves. ALWAYS: a session that replicates is no way around them.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_event_trigger AS e WHERE e.evtname OPERATOR(pg_catalog.=) 'gdpr_follow_audit') THEN
    CREATE EVENT TRIGGER gdpr_follow_audit ON ddl_command_end
      -- ALTER INDEX renames tables as well, CREATE SCHEMA makes some
      WHEN TAG IN ('ALTER TABLE', 'ALTER INDEX', 'ALTER SCHEMA', 'ALTER TRIGGER', 'CREATE TRIGGER', 'CREATE TABLE', 'CREATE SCHEMA')
      EXECUTE FUNCTION gdpr_internal.follow_audit();
    ALTER EVENT TRIGGER gdpr_follow_audit ENABLE ALWAYS;
    COMMENT ON EVENT TRIGGER gdpr_follow_audit IS 'Keeps the audit on audited tables, notes what is switched off';
  END IF;
  IF NOT EXISTS (SELECT FROM pg_catalog.pg_event_trigger AS e WHERE e.evtname OPERATOR(pg_catalog.=) 'gdpr_keep_audit') THEN
    CREATE EVENT TRIGGER gdpr_keep_audit ON sql_drop
      -- typed tables go with DROP TYPE
      WHEN TAG IN ('DROP TRIGGER', 'DROP TABLE', 'DROP SCHEMA', 'DROP OWNED', 'DROP EXTENSION', 'DROP TYPE')
      EXECUTE FUNCTION gdpr_internal.keep_audit();
    ALTER EVENT TRIGGER gdpr_keep_audit ENABLE ALWAYS;
    COMMENT ON EVENT TRIGGER gdpr_keep_audit IS 'Refuses to drop the audit''s triggers, notes tables that are dropped';
  END IF;
END
$$;
