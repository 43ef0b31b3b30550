-- SPDX-License-Identifier: PostgreSQL
-- Which relations are audited: declarations, and the triggers that they stand for.

--| Audits a table, its partitions and children: changes, and where the library is preloaded also reads.
CREATE OR REPLACE FUNCTION gdpr.audit(
  relation regclass, classified text DEFAULT 'values', replicated boolean DEFAULT false, reads boolean DEFAULT true)
RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.audit(regclass, text, boolean, boolean) IS
  'Audits the changes of a table, and who reads it; of classified columns that change it keeps values, keyed digests or names only';

--| Ends it; what was written stays.
CREATE OR REPLACE FUNCTION gdpr.unaudit(relation regclass)
RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.unaudit(regclass) IS 'Ends the audit of a table; what was written stays';

--| Stops unless changes of the relation can be audited.
CREATE OR REPLACE FUNCTION gdpr_internal.require_auditable(relation regclass) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  c record;
  problem text;
BEGIN
  IF require_auditable.relation IS NULL THEN
    RAISE EXCEPTION 'the relation must not be null' USING ERRCODE = '22004';
  END IF;
  SELECT k.relkind, k.relpersistence, n.nspname INTO c
  FROM pg_class AS k JOIN pg_namespace AS n ON n.oid = k.relnamespace WHERE k.oid = require_auditable.relation;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'relation with OID % does not exist', require_auditable.relation::oid USING ERRCODE = '42P01';
  END IF;
  problem := CASE
    WHEN c.relpersistence = 't' THEN 'It is temporary.'
    WHEN c.nspname ~ '^pg_' OR c.nspname IN ('information_schema', 'gdpr', 'gdpr_internal') THEN 'It belongs to the system or to pg_gdpr.'
    WHEN c.relkind = 'v' THEN 'It is a view.'
    WHEN c.relkind = 'm' THEN 'It is a materialized view.'
    WHEN c.relkind = 'f' THEN 'It is a foreign table.'
    WHEN c.relkind NOT IN ('r', 'p') THEN 'It is an index, a sequence or a composite type.' END;
  IF problem IS NOT NULL THEN
    RAISE EXCEPTION 'relation % cannot be audited', gdpr_internal.sql_name(require_auditable.relation)
      USING ERRCODE = '42809', DETAIL = problem, HINT = 'Audit the table whose rows change.';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.require_auditable(regclass) IS 'Stops unless the relation is a table or partition of users';

--| What is declared for a relation: by itself, or by the nearest table that it is a partition or child of.
CREATE OR REPLACE FUNCTION gdpr_internal.audited_of(relation oid) RETURNS gdpr_internal.audited
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  result gdpr_internal.audited;
BEGIN
  WITH RECURSIVE up(relid, depth) AS (
    SELECT audited_of.relation, 0
    UNION
    SELECT i.inhparent, u.depth + 1 FROM up AS u JOIN pg_inherits AS i ON i.inhrelid = u.relid
  )
  SELECT a.* INTO result
  FROM up AS u JOIN pg_class AS c ON c.oid = u.relid JOIN pg_namespace AS n ON n.oid = c.relnamespace
  JOIN gdpr_internal.audited AS a ON a.relation_schema = n.nspname AND a.relation_name = c.relname
  ORDER BY u.depth, a.relation_schema, a.relation_name LIMIT 1;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.audited_of(oid) IS
  'What is declared on the audit of a relation, by itself or by what it is a partition or child of';

--| The triggers by which a relation is audited. Statement triggers on roots and on leaves, since a statement fires
--| those of the table that it names; on plain inheritance row triggers, or columns of children would be lost.
CREATE OR REPLACE FUNCTION gdpr_internal.audit_triggers(relation regclass)
RETURNS TABLE(name name, state "char", definition text)
LANGUAGE plpgsql STABLE ROWS 5 SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off AS $$
DECLARE
  a gdpr_internal.audited := gdpr_internal.audited_of(audit_triggers.relation);
  place text := ' ON ' || gdpr_internal.sql_name(audit_triggers.relation);
  partitioned boolean := (SELECT c.relkind = 'p' FROM pg_class AS c WHERE c.oid = audit_triggers.relation);
  inherited boolean := NOT partitioned AND NOT (SELECT c.relispartition FROM pg_class AS c WHERE c.oid = audit_triggers.relation)
    AND EXISTS (SELECT FROM pg_inherits AS i WHERE audit_triggers.relation IN (i.inhparent, i.inhrelid));
BEGIN
  IF a.relation_name IS NULL THEN
    RETURN;
  END IF;
  IF inherited THEN
    RETURN QUERY SELECT 'zzz_gdpr_audit_row'::name, 'A'::"char",
      'CREATE TRIGGER zzz_gdpr_audit_row AFTER INSERT OR DELETE OR UPDATE' || place
      || ' FOR EACH ROW EXECUTE FUNCTION gdpr.audit_row()';
  ELSE
    RETURN QUERY SELECT v.name::name, 'A'::"char", format('CREATE TRIGGER %s AFTER %s%s REFERENCING %s'
      ' FOR EACH STATEMENT EXECUTE FUNCTION gdpr.audit_changes()', v.name, v.event, place, v.tables)
    FROM (VALUES ('zzz_gdpr_audit_insert', 'INSERT', 'NEW TABLE AS gdpr_new'),
                 ('zzz_gdpr_audit_update', 'UPDATE', 'OLD TABLE AS gdpr_old NEW TABLE AS gdpr_new'),
                 ('zzz_gdpr_audit_delete', 'DELETE', 'OLD TABLE AS gdpr_old')) AS v(name, event, tables);
  END IF;
  RETURN QUERY SELECT 'zzz_gdpr_audit_truncate'::name, 'A'::"char", 'CREATE TRIGGER zzz_gdpr_audit_truncate AFTER TRUNCATE' || place
    || ' FOR EACH STATEMENT EXECUTE FUNCTION gdpr.audit_changes()';
  IF a.replicated AND NOT inherited AND NOT partitioned THEN
    RETURN QUERY SELECT 'zzz_gdpr_audit_replicated'::name, 'R'::"char",
      'CREATE TRIGGER zzz_gdpr_audit_replicated AFTER INSERT OR DELETE OR UPDATE' || place
      || ' FOR EACH ROW EXECUTE FUNCTION gdpr.audit_row()';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.audit_triggers(regclass) IS
  'The triggers by which a relation is audited, with the state each must be in; none if it is not audited';

--| Our triggers that are on a relation, by the function they call.
CREATE OR REPLACE FUNCTION gdpr_internal.audit_triggers_on(relation regclass)
RETURNS TABLE(name name, state "char", definition text)
LANGUAGE plpgsql STABLE ROWS 5 SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off AS $$
BEGIN
  RETURN QUERY SELECT g.tgname, g.tgenabled, pg_get_triggerdef(g.oid)
  FROM pg_trigger AS g
  WHERE g.tgrelid = audit_triggers_on.relation AND NOT g.tgisinternal
    AND (g.tgname ~ '^zzz_gdpr_audit_' OR g.tgfoid IN ('gdpr.audit_changes()'::regprocedure, 'gdpr.audit_row()'::regprocedure));
END
$$;
COMMENT ON FUNCTION gdpr_internal.audit_triggers_on(regclass) IS 'Triggers of the audit that are on a relation';

--| Brings the triggers of one relation in line with what is declared, as its owner.
CREATE OR REPLACE FUNCTION gdpr_internal.install_audit(relation regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  owner oid := (SELECT c.relowner FROM pg_class AS c WHERE c.oid = install_audit.relation);
  place text := gdpr_internal.sql_name(install_audit.relation);
  step text;
BEGIN
  IF NOT (has_function_privilege(owner, 'gdpr.audit_changes()', 'EXECUTE') AND has_function_privilege(owner, 'gdpr.audit_row()', 'EXECUTE')) THEN
    EXECUTE format('GRANT EXECUTE ON FUNCTION gdpr.audit_changes(), gdpr.audit_row() TO %I', pg_get_userbyid(owner));
  END IF;
  FOR step IN
    SELECT format('DROP TRIGGER %I ON %s', o.name, place) FROM gdpr_internal.audit_triggers_on(install_audit.relation) AS o
    WHERE NOT EXISTS (SELECT FROM gdpr_internal.audit_triggers(install_audit.relation) AS w
                      WHERE w.name = o.name AND w.definition = o.definition)
  LOOP
    PERFORM gdpr_internal.execute_as_owner(install_audit.relation, step);
  END LOOP;
  FOR step IN
    SELECT s FROM gdpr_internal.audit_triggers(install_audit.relation) AS w
    LEFT JOIN gdpr_internal.audit_triggers_on(install_audit.relation) AS o ON o.name = w.name,
      unnest(ARRAY[CASE WHEN o.name IS NULL THEN w.definition END,
        CASE WHEN o.state IS DISTINCT FROM w.state THEN format('ALTER TABLE %s%s ENABLE %s TRIGGER %I',
          -- ONLY: a partition has its own, with its own state
          'ONLY ', place, CASE w.state WHEN 'A' THEN 'ALWAYS' ELSE 'REPLICA' END, w.name) END]) WITH ORDINALITY AS u(s, n)
    WHERE s IS NOT NULL ORDER BY w.name, n
  LOOP
    PERFORM gdpr_internal.execute_as_owner(install_audit.relation, step);
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.install_audit(regclass) IS
  'Brings the audit triggers of one relation in line with what is declared, as its owner';

--| The same for a table with its partitions and children.
CREATE OR REPLACE FUNCTION gdpr_internal.refresh_audit(relation regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM gdpr_internal.install_audit(f.relation)
  FROM gdpr_internal.family(refresh_audit.relation) AS f(relation) JOIN pg_class AS c ON c.oid = f.relation
  WHERE c.relkind IN ('r', 'p');
END
$$;
COMMENT ON FUNCTION gdpr_internal.refresh_audit(regclass) IS
  'Brings the audit triggers of a table, its partitions and children in line with what is declared';

--| Writes down that a relation is audited from now on, or differently, and does it.
CREATE OR REPLACE FUNCTION gdpr_internal.start_audit(
  relation regclass, classified text, replicated boolean, reads boolean, protected boolean)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- partitions and children as well, and the tables' locks before ours: everybody in that order
  PERFORM gdpr_internal.execute_as_owner(start_audit.relation,
    format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', gdpr_internal.sql_name(start_audit.relation)));
  LOCK TABLE gdpr_internal.audited IN SHARE ROW EXCLUSIVE MODE;
  IF NOT start_audit.reads AND (gdpr_internal.audited_of(start_audit.relation)).reads THEN
    PERFORM gdpr_internal.record_reads(start_audit.relation);  -- as in end_audit()
  END IF;
  PERFORM gdpr_internal.make_audit_partitions();
  INSERT INTO gdpr_internal.audited AS a
    (relation_schema, relation_name, relation_oid, classified, replicated, reads, protected, switched_on_by)
  SELECT n.nspname, c.relname, c.oid, start_audit.classified, start_audit.replicated, start_audit.reads, start_audit.protected,
    gdpr_internal.caller()::text
  FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = start_audit.relation
  ON CONFLICT (relation_schema, relation_name) DO UPDATE SET
    relation_oid = excluded.relation_oid, classified = excluded.classified, replicated = excluded.replicated,
    reads = excluded.reads, protected = excluded.protected;
  PERFORM gdpr_internal.refresh_audit(start_audit.relation);
  PERFORM gdpr_internal.guard_changed(start_audit.relation);
  PERFORM gdpr_internal.write_audit_note('S', start_audit.relation, '{""}', '{NULL}', '{NULL}');
END
$$;
COMMENT ON FUNCTION gdpr_internal.start_audit(regclass, text, boolean, boolean, boolean) IS
  'Declares that a relation is audited, creates the triggers and writes the event';

--| The part of gdpr.protect() for one table: partitions and children are steps of their own.
CREATE OR REPLACE FUNCTION gdpr_internal.audit_protected(relation regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF gdpr_internal.is_audited(audit_protected.relation) THEN
    RETURN;
  END IF;
  LOCK TABLE gdpr_internal.audited IN SHARE ROW EXCLUSIVE MODE;
  IF (gdpr_internal.audited_of(audit_protected.relation)).relation_name IS NULL THEN
    PERFORM gdpr_internal.make_audit_partitions();
    INSERT INTO gdpr_internal.audited AS a (relation_schema, relation_name, relation_oid, protected, switched_on_by)
    SELECT n.nspname, c.relname, c.oid, true, gdpr_internal.caller()::text
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = audit_protected.relation;
    PERFORM gdpr_internal.write_audit_note('S', audit_protected.relation, '{""}', '{NULL}', '{NULL}');
  END IF;
  PERFORM gdpr_internal.install_audit(audit_protected.relation), gdpr_internal.guard_changed(audit_protected.relation);
END
$$;
COMMENT ON FUNCTION gdpr_internal.audit_protected(regclass) IS 'Audits one table that is being protected';

--| Is the relation audited, with all triggers that it needs?
CREATE OR REPLACE FUNCTION gdpr_internal.is_audited(relation regclass) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT (gdpr_internal.audited_of($1)).relation_name IS NOT NULL AND NOT EXISTS (
    SELECT FROM gdpr_internal.audit_triggers($1) AS w
    WHERE NOT EXISTS (SELECT FROM gdpr_internal.audit_triggers_on($1) AS o
                      WHERE o.name = w.name AND o.definition = w.definition AND o.state = w.state))
$$;
COMMENT ON FUNCTION gdpr_internal.is_audited(regclass) IS 'True if a relation is audited and has all triggers for it';

--| Behind gdpr.audit().
CREATE OR REPLACE FUNCTION gdpr_internal.audit(
  relation regclass, classified text DEFAULT 'values', replicated boolean DEFAULT false, reads boolean DEFAULT true)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known gdpr_internal.audited;
BEGIN
  PERFORM gdpr_internal.require_auditable(audit.relation), gdpr_internal.require_owner(audit.relation);
  IF audit.classified IS NULL OR audit.replicated IS NULL OR audit.reads IS NULL OR audit.classified NOT IN ('values', 'digests', 'names') THEN
    RAISE EXCEPTION 'unknown way to audit classified columns' USING ERRCODE = '22023',
      HINT = 'Use classified => ''values'', ''digests'' or ''names'', replicated and reads => true or false.';
  END IF;
  IF audit.classified = 'digests' THEN
    PERFORM gdpr_internal.keyed_digest('audit', '');  -- stops without a key
  END IF;
  known := gdpr_internal.audited_of(audit.relation);
  IF (known.classified, known.replicated, known.reads) = (audit.classified, audit.replicated, audit.reads)
     AND (NOT known.protected OR gdpr_internal.resolve(known.relation_schema, known.relation_name) <> audit.relation)
     AND NOT EXISTS (SELECT FROM gdpr_internal.audits_missing(audit.relation)) THEN
    RAISE NOTICE 'relation % is already audited', gdpr_internal.sql_name(audit.relation);
    RETURN;
  END IF;
  PERFORM gdpr_internal.start_audit(audit.relation, audit.classified, audit.replicated, audit.reads, false);
  PERFORM gdpr_internal.warn_of_no_seals();
END
$$;
COMMENT ON FUNCTION gdpr_internal.audit(regclass, text, boolean, boolean) IS
  'Behind gdpr.audit(): checks, declares, creates the triggers';

--| Triggers that should be on a table, its partitions and children and are not, or not in their state.
CREATE OR REPLACE FUNCTION gdpr_internal.audits_missing(relation regclass)
RETURNS TABLE(missing_on regclass, name name)
LANGUAGE sql STABLE ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
  SELECT f.relation, w.name
  FROM gdpr_internal.family($1) AS f(relation) JOIN pg_class AS c ON c.oid = f.relation AND c.relkind IN ('r', 'p'),
    gdpr_internal.audit_triggers(f.relation) AS w
  WHERE NOT EXISTS (SELECT FROM gdpr_internal.audit_triggers_on(f.relation) AS o
                    WHERE o.name = w.name AND o.definition = w.definition AND o.state = w.state)
$$;
COMMENT ON FUNCTION gdpr_internal.audits_missing(regclass) IS
  'Triggers of the audit that are missing on a table or its children, or switched off';

--| Seals need the key: without it changes are written, and nothing shows whether they were edited.
CREATE OR REPLACE FUNCTION gdpr_internal.warn_of_no_seals() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM gdpr_internal.keyed_digest('audit', '');
EXCEPTION WHEN object_not_in_prerequisite_state THEN
  RAISE WARNING 'changes are audited, but not sealed: there is no key'
    USING HINT = 'Set gdpr.key_file and SELECT gdpr.create_key(); what was written until then is sealed then.';
END
$$;
COMMENT ON FUNCTION gdpr_internal.warn_of_no_seals() IS 'Warns where seals cannot be signed, for want of a key';

--| Behind gdpr.unaudit().
CREATE OR REPLACE FUNCTION gdpr_internal.unaudit(relation regclass) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known gdpr_internal.audited;
BEGIN
  PERFORM gdpr_internal.require_auditable(unaudit.relation), gdpr_internal.require_owner(unaudit.relation);
  known := gdpr_internal.audited_of(unaudit.relation);
  IF known.relation_name IS NULL THEN
    RAISE NOTICE 'relation % is not audited', gdpr_internal.sql_name(unaudit.relation);
  ELSIF gdpr_internal.resolve(known.relation_schema, known.relation_name) <> unaudit.relation THEN
    RAISE EXCEPTION 'relation % is audited as part of another one', gdpr_internal.sql_name(unaudit.relation)
      USING ERRCODE = '55000', HINT = format('SELECT gdpr.unaudit(%L) ends the audit of all of it.',
        format('%I.%I', known.relation_schema, known.relation_name));
  ELSE
    PERFORM gdpr_internal.end_audit(unaudit.relation);
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.unaudit(regclass) IS 'Behind gdpr.unaudit(): checks, then ends the audit';

--| Ends the audit of a relation that is declared itself. A partition or child goes on as its parent's.
CREATE OR REPLACE FUNCTION gdpr_internal.end_audit(relation regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM gdpr_internal.execute_as_owner(end_audit.relation,
    format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', gdpr_internal.sql_name(end_audit.relation)));
  LOCK TABLE gdpr_internal.audited IN SHARE ROW EXCLUSIVE MODE;
  -- Whatever is read from now on, also where all of this is rolled back
  IF (gdpr_internal.audited_of(end_audit.relation)).reads THEN
    PERFORM gdpr_internal.record_reads(end_audit.relation);
  END IF;
  PERFORM gdpr_internal.write_audit_note('X', end_audit.relation, '{""}', '{NULL}', '{NULL}');
  DELETE FROM gdpr_internal.audited AS a USING pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
  WHERE c.oid = end_audit.relation AND a.relation_schema = n.nspname AND a.relation_name = c.relname;
  PERFORM gdpr_internal.refresh_audit(end_audit.relation);
  PERFORM gdpr_internal.guard_changed(end_audit.relation);
END
$$;
COMMENT ON FUNCTION gdpr_internal.end_audit(regclass) IS
  'Ends the audit of a relation: writes the event, takes the declaration and the triggers';
