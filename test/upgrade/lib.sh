# SPDX-License-Identifier: PostgreSQL
# shellcheck shell=bash
#
# What dump_restore and walk share: two pictures of a database to compare, and a PostgreSQL of our own.

# Everything pg_gdpr stores in database $1: its state tables (with -q their sequences), its labels, who may
# work with it. Oids and column numbers are left out: they only let renames be followed; so are unlogged tables,
# which hold what can be made again.
state_of() {
  local table columns rows
  for table in $(sql -d "$1" "SELECT c.oid::regclass FROM pg_class AS c
      WHERE c.relnamespace = 'gdpr_internal'::regnamespace AND c.relkind = 'r' AND c.relpersistence = 'p' ORDER BY c.oid::regclass::text"); do
    columns=$(sql -d "$1" "SELECT string_agg(quote_ident(attname), ', ' ORDER BY attname) FROM pg_attribute
      WHERE attrelid = '$table'::regclass AND attnum > 0 AND NOT attisdropped
        AND attname !~ '(_oid|attnum|attnums)\$'")
    # what an installation itself puts there is not dumped
    rows=$(sql -d "$1" "SELECT e.extcondition[array_position(e.extconfig, '$table'::regclass::oid)]
      FROM pg_extension AS e WHERE e.extname = 'pg_gdpr'")
    echo "-- $table"
    sql -d "$1" "SELECT ROW($columns)::text FROM $table $rows ORDER BY 1"
  done
  echo "-- sequences"
  sql -d "$1" "SELECT schemaname, sequencename, last_value FROM pg_sequences WHERE schemaname = 'gdpr_internal' ORDER BY 2"
  echo "-- labels"
  sql -d "$1" "SELECT objtype, objname, label FROM pg_seclabels WHERE provider = 'gdpr' ORDER BY 1, 2, 3"
  echo "-- rights"
  sql -d "$1" "SELECT x.object, x.grantor::regrole, x.grantee::regrole, x.privilege_type FROM (
      SELECT n.nspname::text AS object, n.nspowner AS owner, a.* FROM pg_namespace AS n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS a
      WHERE n.nspname IN ('gdpr', 'gdpr_internal')
      UNION ALL SELECT c.oid::regclass::text, c.relowner, a.* FROM pg_class AS c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) AS a
      WHERE c.relnamespace IN ('gdpr'::regnamespace, 'gdpr_internal'::regnamespace)
      UNION ALL SELECT p.oid::regprocedure::text, p.proowner, a.* FROM pg_proc AS p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
      WHERE p.pronamespace IN ('gdpr'::regnamespace, 'gdpr_internal'::regnamespace)) AS x
    WHERE x.grantee <> x.owner ORDER BY 1, 2, 3, 4"
  echo "-- guards"
  sql -d "$1" "SELECT tgrelid::regclass, tgname, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger
    WHERE tgname LIKE '%gdpr%' ORDER BY tgrelid::regclass::text, 2"
  echo "-- policies"
  sql -d "$1" "SELECT c.oid::regclass, c.relrowsecurity, c.relforcerowsecurity, p.polname, p.polpermissive, p.polcmd, p.polroles,
      pg_get_expr(p.polqual, c.oid), pg_get_expr(p.polwithcheck, c.oid)
    FROM pg_class AS c LEFT JOIN pg_policy AS p ON p.polrelid = c.oid
    WHERE c.relrowsecurity OR p.polname IS NOT NULL ORDER BY c.oid::regclass::text, 4"
  echo "-- views that are no members"
  sql -d "$1" "SELECT c.oid::regclass, c.relowner::regrole, c.reloptions, pg_get_viewdef(c.oid) FROM pg_class AS c
    WHERE c.relkind = 'v' AND (c.relowner = 'gdpr_owner'::regrole OR c.relnamespace = 'gdpr'::regnamespace) ORDER BY c.oid::regclass::text"
}

# Everything the extension consists of in database $1, one line each.
catalog_of() {
  sql -d "$1" "
    WITH member AS (
      SELECT d.classid, d.objid FROM pg_depend AS d JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass
        AND d.refobjid = e.oid AND e.extname = 'pg_gdpr' WHERE d.deptype = 'e'
    ), acl (class, object, item) AS (
      SELECT m.classid, m.objid, x FROM member AS m JOIN pg_proc AS p ON p.oid = m.objid AND m.classid = 'pg_proc'::regclass,
        unnest(coalesce(p.proacl, acldefault('f', p.proowner))) AS x
      UNION ALL SELECT m.classid, m.objid, x FROM member AS m JOIN pg_class AS c ON c.oid = m.objid AND m.classid = 'pg_class'::regclass,
        unnest(coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::\"char\", c.relowner))) AS x
      UNION ALL SELECT m.classid, m.objid, x FROM member AS m JOIN pg_namespace AS n ON n.oid = m.objid AND m.classid = 'pg_namespace'::regclass,
        unnest(coalesce(n.nspacl, acldefault('n', n.nspowner))) AS x)
    SELECT 'object ' || pg_describe_object(classid, objid, 0) || ' ' || coalesce(obj_description(objid, classid::regclass::name), '(no comment)')
    FROM member
    UNION ALL SELECT 'function ' || pg_get_functiondef(p.oid) || ' ' || p.proowner::regrole FROM member AS m
      JOIN pg_proc AS p ON p.oid = m.objid AND m.classid = 'pg_proc'::regclass WHERE p.prokind <> 'a'
    UNION ALL SELECT 'view ' || c.oid::regclass || ' ' || pg_get_viewdef(c.oid) || coalesce(c.reloptions::text, '') FROM member AS m
      JOIN pg_class AS c ON c.oid = m.objid AND m.classid = 'pg_class'::regclass WHERE c.relkind = 'v'
    UNION ALL SELECT 'relation ' || c.oid::regclass || ' ' || c.relkind::text || ' ' || c.relowner::regrole || ' ' || c.relrowsecurity FROM member AS m
      JOIN pg_class AS c ON c.oid = m.objid AND m.classid = 'pg_class'::regclass
    UNION ALL SELECT 'column ' || c.oid::regclass || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' ||
        a.attnotnull || a.attidentity::text || a.attgenerated::text || coalesce(pg_get_expr(d.adbin, d.adrelid), '') ||
        coalesce(col_description(c.oid, a.attnum), '')
      FROM member AS m JOIN pg_class AS c ON c.oid = m.objid AND m.classid = 'pg_class'::regclass
      JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
    UNION ALL SELECT 'constraint ' || x.conrelid::regclass || ' ' || x.conname || ' ' || pg_get_constraintdef(x.oid) FROM member AS m
      JOIN pg_constraint AS x ON x.conrelid = m.objid AND m.classid = 'pg_class'::regclass
    UNION ALL SELECT 'index ' || pg_get_indexdef(i.indexrelid) FROM member AS m
      JOIN pg_index AS i ON i.indrelid = m.objid AND m.classid = 'pg_class'::regclass
    UNION ALL SELECT 'trigger ' || pg_get_triggerdef(t.oid) FROM member AS m
      JOIN pg_trigger AS t ON t.tgrelid = m.objid AND m.classid = 'pg_class'::regclass WHERE NOT t.tgisinternal
    UNION ALL SELECT 'event trigger ' || e.evtname || ' ' || e.evtevent || ' ' || e.evtenabled::text || ' ' || e.evtfoid::regprocedure FROM member AS m
      JOIN pg_event_trigger AS e ON e.oid = m.objid AND m.classid = 'pg_event_trigger'::regclass
    UNION ALL SELECT 'grant ' || pg_describe_object(m.classid, m.objid, 0) || ' ' || a.item FROM member AS m JOIN acl AS a ON a.object = m.objid AND a.class = m.classid
    UNION ALL SELECT 'dumped ' || x::regclass FROM pg_extension AS e, unnest(e.extconfig) AS x WHERE e.extname = 'pg_gdpr'
    ORDER BY 1"
}

# same NAME FILE_A FILE_B: passes if both files are equal and not empty.
same() {
  local difference
  if [ ! -s "$2" ]; then fail "$1" "nothing to compare"; return; fi
  if difference=$(diff -u "$2" "$3"); then pass "$1"; else fail "$1" "$(head -n 60 <<<"$difference")"; fi
}

# own_postgres DIR: the installed PostgreSQL again, under DIR, with an extension directory we may write to.
# PostgreSQL finds its directories from where its program lies, so the programs are copied and the rest is linked.
# Prints the directory of the programs.
own_postgres() {
  local bin share library file
  bin=$("$PG_CONFIG" --bindir) share=$("$PG_CONFIG" --sharedir) library=$("$PG_CONFIG" --pkglibdir)
  mkdir -p "$1$bin" "$1$share/extension" "$1$(dirname "$library")" && cp "$bin"/* "$1$bin/" &&
    ln -sfn "$library" "$1$library" || return
  for file in "$share"/*; do [ "$(basename "$file")" = extension ] || ln -sfn "$file" "$1$share/"; done
  cp "$share"/extension/{pg_gdpr,plpgsql}* "$1$share/extension/" && chmod -R go+rX "$1" && echo "$1$bin"
}
