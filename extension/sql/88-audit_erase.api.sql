-- SPDX-License-Identifier: PostgreSQL
-- A person leaves: values in the audit log become their salted digests, under which the seals stay valid, and a
-- tombstone says so.

--| The body that takes the place of a change's body once its values are erased.
CREATE OR REPLACE FUNCTION gdpr_internal.erased_body(
  subject_key text, row_key text, seed bytea, body bytea, readable int2[], hide_subject_key boolean, hide_row_key boolean)
RETURNS bytea
LANGUAGE c IMMUTABLE AS 'MODULE_PATHNAME', 'gdpr_erased_body';
COMMENT ON FUNCTION gdpr_internal.erased_body(text, text, bytea, bytea, int2[], boolean, boolean) IS
  'A change''s body with digests in place of values; readable columns and keys that are not hidden stay, with their salts';

--| Salted digests in place of a statement's application user and address.
CREATE OR REPLACE FUNCTION gdpr_internal.actor_digests(seed bytea, app_user text, client_address inet) RETURNS bytea
LANGUAGE c IMMUTABLE AS 'MODULE_PATHNAME', 'gdpr_actor_digests';
COMMENT ON FUNCTION gdpr_internal.actor_digests(bytea, text, inet) IS
  'Salted digests of an application user and an address';

--| Salted digest in place of the key of a further person to whom a change belongs.
CREATE OR REPLACE FUNCTION gdpr_internal.subject_digest(salt bytea, subject_key text) RETURNS bytea
LANGUAGE c IMMUTABLE STRICT AS 'MODULE_PATHNAME', 'gdpr_subject_digest';
COMMENT ON FUNCTION gdpr_internal.subject_digest(bytea, text) IS 'Salted digest of a subject key';

--| What stays readable in erased events of a shape, and whether the key of its rows is personal. By the classification
--| of today, of the relation that has the name today; what is not known is taken as personal.
CREATE OR REPLACE FUNCTION gdpr_internal.audit_shape_facts(
  shape int, subject_type text, key_is_personal boolean, OUT readable int2[], OUT row_key_is_personal boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.audit_shape;
  place oid;
  kinds jsonb;
BEGIN
  SELECT a.* INTO s FROM gdpr_internal.audit_shape AS a WHERE a.shape = audit_shape_facts.shape;
  place := gdpr_internal.resolve(s.relation_schema, s.relation_name);
  IF place IS NULL THEN
    readable := '{}';
    row_key_is_personal := true;
    RETURN;
  END IF;
  SELECT coalesce(jsonb_object_agg(k.column_name, k.personal), '{}') INTO kinds FROM (
    SELECT c.column_name, bool_or(c.kind <> 'not_personal') AS personal FROM gdpr.classification AS c
    WHERE c.relation::oid IN (SELECT gdpr_internal.self_and_ancestors(place)) GROUP BY c.column_name) AS k;
  readable := ARRAY(SELECT u.number FROM unnest(s.numbers, s.names) AS u(number, name)
                    WHERE kinds->(u.name::text) = 'false' ORDER BY u.number);
  row_key_is_personal := EXISTS (
    SELECT FROM unnest(s.numbers, s.names) AS u(number, name)
    WHERE u.number = ANY (s.key_columns) AND (kinds->(u.name::text) = 'true' OR key_is_personal AND EXISTS (
      -- it repeats a personal key
      SELECT FROM gdpr_internal.link AS l
      WHERE l.subject_type = audit_shape_facts.subject_type AND u.name = ANY (l.columns)
        AND gdpr_internal.resolve(l.relation_schema, l.relation_name)::oid IN (SELECT gdpr_internal.self_and_ancestors(place)))));
END
$$;
COMMENT ON FUNCTION gdpr_internal.audit_shape_facts(int, text, boolean) IS
  'Which columns of a shape stay readable in erased events, and whether the key of its rows is personal';

--| Keys of the found rows, as they are before an erasure changes them: events of the time before their links were
--| declared are nobody's and known by the row's key only, with its times in UTC. [[table, key, person], …]
CREATE OR REPLACE FUNCTION gdpr_internal.audited_row_keys(plan jsonb, hits gdpr_internal.found_rows[]) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  leaf record;
  found_keys jsonb;
  result jsonb := '[]';
BEGIN
  FOR leaf IN
    SELECT x.relid, array_agg(x.tid) AS tids, array_agg(x.person) AS people, key.columns
    FROM jsonb_array_elements(plan->'steps') AS s,
      unnest((hits[(s->>'step')::integer]).relids, (hits[(s->>'step')::integer]).tids, (hits[(s->>'step')::integer]).people)
        AS x(relid, tid, person),
      LATERAL (SELECT array_agg(a.attname ORDER BY k.n) FROM pg_index AS i, unnest(i.indkey::int2[]) WITH ORDINALITY AS k(number, n)
               JOIN pg_attribute AS a ON a.attrelid = x.relid AND a.attnum = k.number
               WHERE i.indrelid = x.relid AND i.indisprimary) AS key(columns)
    WHERE key.columns IS NOT NULL AND gdpr_internal.has_shape(x.relid)
    GROUP BY x.relid, key.columns
  LOOP
    SELECT jsonb_agg(jsonb_build_array(leaf.relid, v.value, x.person)) INTO found_keys
    FROM unnest(leaf.tids, leaf.people) AS x(tid, person)
    JOIN gdpr_internal.values_of(ARRAY(SELECT leaf.relid FROM unnest(leaf.tids)), leaf.tids, leaf.columns) AS v ON v.tid = x.tid;
    result := result || coalesce(found_keys, '[]');
  END LOOP;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.audited_row_keys(jsonb, gdpr_internal.found_rows[]) IS
  'Keys of the rows that an erasure found, of tables that were ever audited';

--| Was the relation, or one that it is part of, ever audited?
CREATE OR REPLACE FUNCTION gdpr_internal.has_shape(relation oid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (
    SELECT FROM gdpr_internal.self_and_ancestors($1) AS r JOIN pg_class AS c ON c.oid = r
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN gdpr_internal.audit_shape AS s ON s.relation_schema = n.nspname AND s.relation_name = c.relname)
$$;
COMMENT ON FUNCTION gdpr_internal.has_shape(oid) IS 'True if events of a relation, or of one that it is part of, were ever written';

--| Values by which the people may have claimed to be the application's user, in lower case. [[value, person], …]
CREATE OR REPLACE FUNCTION gdpr_internal.actor_values(plan jsonb, hits gdpr_internal.found_rows[], keys text[]) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  step jsonb;
  name text;
  f gdpr_internal.found_rows;
  pairs jsonb;
BEGIN
  SELECT coalesce(jsonb_agg(jsonb_build_array(lower(keys[p]), p)), '[]') INTO pairs FROM unnest((hits[1]).people) AS p;
  FOR step, name IN
    SELECT s, c->>'column' FROM jsonb_array_elements(plan->'steps') AS s, jsonb_array_elements(s->'columns') AS c
    WHERE s->>'scope' = 'owned' AND c->>'rule' ~ '^(email|username|phone|full_name|external_id)\M'
  LOOP
    f := hits[(step->>'step')::integer];
    CONTINUE WHEN f.tids IS NULL;
    SELECT pairs || coalesce(jsonb_agg(jsonb_build_array(lower(v.value), x.person)), '[]') INTO pairs
    FROM unnest(f.relids, f.tids, f.people) AS x(relid, tid, person)
    JOIN gdpr_internal.values_of(f.relids, f.tids, ARRAY[name]::name[]) AS v ON v.relid = x.relid AND v.tid = x.tid
    WHERE v.value <> '';
  END LOOP;
  RETURN pairs;
END
$$;
COMMENT ON FUNCTION gdpr_internal.actor_values(jsonb, gdpr_internal.found_rows[], text[]) IS
  'Keys, addresses and names of people, by which an application may have named its user';

--| What must be known before an erasure changes the first row; NULL where nothing was ever audited.
CREATE OR REPLACE FUNCTION gdpr_internal.audit_before(plan jsonb, hits gdpr_internal.found_rows[], keys text[]) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM gdpr_internal.audit_shape) THEN
    RETURN NULL;  -- nor any read: gdpr.audit() is an event
  END IF;
  RETURN jsonb_build_object('rows', gdpr_internal.audited_row_keys(plan, hits),
    'actors', CASE WHEN current_setting('gdpr.app_user', true) <> '' OR EXISTS (
        SELECT FROM gdpr_internal.audit_statement AS s WHERE s.app_user IS NOT NULL)
        OR EXISTS (SELECT FROM gdpr_internal.access_actor AS a WHERE a.app_user IS NOT NULL)
      THEN gdpr_internal.actor_values(plan, hits, keys) ELSE '[]' END);
END
$$;
COMMENT ON FUNCTION gdpr_internal.audit_before(jsonb, gdpr_internal.found_rows[], text[]) IS
  'What the erasure of audit values must know before the first row is changed';

--| Shapes under which events of a row may stand: of its table, of what that is part of, and of other parts.
CREATE OR REPLACE FUNCTION gdpr_internal.shapes_of(relation oid) RETURNS SETOF int
LANGUAGE sql STABLE ROWS 3 SET search_path = pg_catalog, pg_temp AS $$
  SELECT DISTINCT s.shape
  FROM gdpr_internal.self_and_ancestors($1) AS r, gdpr_internal.family(r::regclass) AS f
  JOIN pg_class AS c ON c.oid = f JOIN pg_namespace AS n ON n.oid = c.relnamespace
  JOIN gdpr_internal.audit_shape AS s ON s.relation_schema = n.nspname AND s.relation_name = c.relname
$$;
COMMENT ON FUNCTION gdpr_internal.shapes_of(oid) IS
  'Shapes of a table, of what it is part of, and of the other parts';

--| Keys that people have, and those that they had before, each with the statement that changed it: somebody else may have
--| the key since, even by that very statement. A change of the key is an event of both.
CREATE OR REPLACE FUNCTION gdpr_internal.keys_held(subject_type text, people int[], keys text[])
RETURNS TABLE(person int, key text, upto bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(keys_held.subject_type);
  shapes int[] := ARRAY(SELECT gdpr_internal.shapes_of(gdpr_internal.resolve(s.relation_schema, s.relation_name)));
BEGIN
  RETURN QUERY
  WITH RECURSIVE held(person, key, upto) AS (
    SELECT p.person, p.key COLLATE "C", 9223372036854775807 FROM unnest(keys_held.people, keys_held.keys) AS p(person, key)
    UNION
    SELECT h.person, c.subject_key, c.statement
    FROM held AS h CROSS JOIN LATERAL (
      SELECT x.statement, x.n FROM gdpr_internal.audit_subject AS x
      WHERE x.subject_key = h.key AND x.subject_type = s.subject_type AND x.place = 2 AND x.statement < h.upto OFFSET 0) AS p
    CROSS JOIN LATERAL (
      SELECT x.statement, x.subject_type, x.subject_key, x.body FROM gdpr_internal.audit_change AS x
      WHERE x.statement = p.statement AND x.n = p.n OFFSET 0) AS c
    CROSS JOIN LATERAL (
      SELECT x.shape, x.operation FROM gdpr_internal.audit_statement AS x WHERE x.statement = p.statement OFFSET 0) AS t
    JOIN gdpr_internal.audit_shape AS a ON a.shape = t.shape
    WHERE t.operation = 'U' AND t.shape = ANY (shapes) AND c.subject_type = s.subject_type AND c.subject_key <> h.key
      AND gdpr_internal.audit_columns(c.body, a.numbers, a.names) && s.key
  )
  SELECT h.person, h.key, h.upto FROM held AS h;
END
$$;
COMMENT ON FUNCTION gdpr_internal.keys_held(text, int[], text[]) IS
  'Keys that people have and had before, each with the statement that changed it';

--| Events that belong to people: theirs, those of others to whom they belong as well, and nobody's by the rows' keys.
--| Each once, with the person it is counted for. What is in lateral subqueries goes by index, key for key (OFFSET 0).
CREATE OR REPLACE FUNCTION gdpr_internal.events_of_people(subject_type text, people int[], keys text[], upto bigint[], rows jsonb)
RETURNS TABLE(statement bigint, n int, person int)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
BEGIN
  RETURN QUERY
  WITH r AS MATERIALIZED (
    SELECT (j->>0)::oid AS relid, j->>1 AS key, (j->>2)::int AS person FROM jsonb_array_elements(events_of_people.rows) AS j
  ), pair AS MATERIALIZED (
    SELECT d.relid, s.shape FROM (SELECT DISTINCT r.relid FROM r) AS d, gdpr_internal.shapes_of(d.relid) AS s(shape)
  )
  SELECT DISTINCT ON (e.statement, e.n) e.statement, e.n, e.person FROM (
    SELECT c.statement, c.n, p.person
    FROM unnest(events_of_people.people, events_of_people.keys, events_of_people.upto) AS p(person, key, upto) CROSS JOIN LATERAL (
      SELECT x.statement, x.n FROM gdpr_internal.audit_change AS x
      WHERE x.subject_key = p.key AND x.subject_type = events_of_people.subject_type AND x.statement < p.upto OFFSET 0) AS c
    UNION ALL
    SELECT c.statement, c.n, p.person
    FROM unnest(events_of_people.people, events_of_people.keys, events_of_people.upto) AS p(person, key, upto) CROSS JOIN LATERAL (
      SELECT x.statement, x.n FROM gdpr_internal.audit_subject AS x
      WHERE x.subject_key = p.key AND x.subject_type = events_of_people.subject_type AND x.statement < p.upto OFFSET 0) AS c
    UNION ALL
    SELECT c.statement, c.n, r.person
    FROM r CROSS JOIN LATERAL (
      SELECT x.statement, x.n FROM gdpr_internal.audit_change AS x WHERE x.subject_key = r.key AND x.subject_type = '' OFFSET 0) AS c
    CROSS JOIN LATERAL (
      SELECT x.shape FROM gdpr_internal.audit_statement AS x WHERE x.statement = c.statement OFFSET 0) AS s
    JOIN pair AS p ON p.relid = r.relid AND p.shape = s.shape
  ) AS e ORDER BY e.statement, e.n, e.person;
END
$$;
COMMENT ON FUNCTION gdpr_internal.events_of_people(text, int[], text[], bigint[], jsonb) IS
  'Events that belong to people, each once with the person it is counted for';

--| What the erasure of these people has to change in the audit log, as parallel arrays; NULL: nothing.
CREATE OR REPLACE FUNCTION gdpr_internal.events_to_erase(
  subject_type text, people int[], old_keys text[], upto bigint[], new_keys text[], key_is_personal boolean, rows jsonb,
  OUT statements bigint[], OUT numbers int[], OUT counted int[], OUT hide_subject boolean[], OUT renamed text[],
  OUT hide_row boolean[], OUT readable text[])
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
BEGIN
  WITH e AS MATERIALIZED (
    SELECT x.statement, x.n, x.person, c.tombstone, c.subject_type, c.subject_key, c.row_key, s.shape, s.anonymized
    FROM gdpr_internal.events_of_people(events_to_erase.subject_type, events_to_erase.people, old_keys, events_to_erase.upto, events_to_erase.rows) AS x
    CROSS JOIN LATERAL (SELECT y.* FROM gdpr_internal.audit_change AS y WHERE y.statement = x.statement AND y.n = x.n OFFSET 0) AS c
    CROSS JOIN LATERAL (SELECT y.shape, y.anonymized, y.operation FROM gdpr_internal.audit_statement AS y
                        WHERE y.statement = x.statement OFFSET 0) AS s
    WHERE s.operation IN ('I', 'U', 'D')
  ), f AS MATERIALIZED (
    SELECT d.shape, a.* FROM (SELECT DISTINCT e.shape FROM e) AS d,
      gdpr_internal.audit_shape_facts(d.shape, events_to_erase.subject_type, key_is_personal) AS a
  ), k AS MATERIALIZED (
    SELECT u.* FROM unnest(events_to_erase.people, old_keys, new_keys, events_to_erase.upto) AS u(person, old, new, upto) WHERE key_is_personal
  ), g AS (
    SELECT DISTINCT ON (e.statement, e.n) e.statement, e.n, e.person, e.tombstone, e.anonymized, f.readable::text, k.new,
      k.old IS NOT NULL OR e.subject_type = '' AND f.row_key_is_personal AS hides_subject,
      e.row_key IS NOT NULL AND f.row_key_is_personal AS hides_row
    FROM e JOIN f ON f.shape = e.shape
    LEFT JOIN k ON k.old = e.subject_key AND e.subject_type = events_to_erase.subject_type AND e.statement <= k.upto
      AND (k.person = e.person OR e.statement < k.upto)
    ORDER BY e.statement, e.n, k.upto
  )
  SELECT array_agg(g.statement), array_agg(g.n), array_agg(g.person) FILTER (WHERE g.tombstone IS NULL), array_agg(g.hides_subject),
    array_agg(g.new), array_agg(g.hides_row), array_agg(g.readable)
  INTO statements, numbers, counted, hide_subject, renamed, hide_row, readable
  -- an erasure's own events name columns and hold no values; an event that was erased with somebody else keeps that
  -- tombstone, and only loses keys
  FROM g WHERE g.hides_subject OR g.hides_row OR g.tombstone IS NULL AND NOT g.anonymized;
END
$$;
COMMENT ON FUNCTION gdpr_internal.events_to_erase(text, int[], text[], bigint[], text[], boolean, jsonb) IS
  'What the erasure of people has to change in the audit log, as parallel arrays';

--| Statements whose application user was one of the people, with the person.
CREATE OR REPLACE FUNCTION gdpr_internal.actors_to_erase(actor_values jsonb, OUT statements bigint[], OUT counted int[])
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
BEGIN
  SELECT array_agg(s.statement), array_agg(s.person) INTO statements, counted FROM (
    SELECT DISTINCT ON (x.statement) x.statement, a.person
    FROM (SELECT j->>0 AS value, (j->>1)::int AS person FROM jsonb_array_elements(actors_to_erase.actor_values) AS j) AS a
    CROSS JOIN LATERAL (SELECT y.statement FROM gdpr_internal.audit_statement AS y
      WHERE lower(y.app_user) = a.value AND y.app_user IS NOT NULL AND y.seed IS NOT NULL OFFSET 0) AS x
    ORDER BY x.statement, a.person) AS s;
END
$$;
COMMENT ON FUNCTION gdpr_internal.actors_to_erase(jsonb) IS
  'Statements whose application user was one of the people who leave';

--| Erases what the audit log holds of people who leave, in the transaction of their erasure. keys: as they were, by
--| number of the person; known: what audit_before() said.
CREATE OR REPLACE FUNCTION gdpr_internal.erase_audit(
  subject_type text, people int[], keys text[], key_is_personal boolean, known jsonb)
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
-- the changes themselves go by key, one for one
SET jit = off SET enable_seqscan = off SET enable_mergejoin = off AS $$
DECLARE
  leaving text[] := ARRAY(SELECT erase_audit.keys[p] FROM unnest(erase_audit.people) WITH ORDINALITY AS u(p, n) ORDER BY n);
  recorded text[];
  old_keys text[];
  upto bigint[];
  new_keys text[];
  holders int[];
  events record;
  actors record;
  own_actor int;
  tombstone bigint;
BEGIN
  IF known IS NULL THEN
    RETURN NULL;
  END IF;
  recorded := CASE WHEN NOT key_is_personal THEN leaving
    ELSE ARRAY(SELECT gdpr_internal.keyed_digest('subject key', k) FROM unnest(leaving) WITH ORDINALITY AS u(k, n) ORDER BY n) END;
  SELECT array_agg(h.person), array_agg(h.key), array_agg(h.upto), array_agg(r.key) INTO holders, old_keys, upto, new_keys
  FROM gdpr_internal.keys_held(erase_audit.subject_type, erase_audit.people, leaving) AS h
  JOIN unnest(erase_audit.people, recorded) AS r(person, key) ON r.person = h.person;
  events := gdpr_internal.events_to_erase(erase_audit.subject_type, holders, old_keys, upto, new_keys, key_is_personal, known->'rows');
  actors := gdpr_internal.actors_to_erase(known->'actors');
  -- whoever leaves may do so by a session of their own: then the tombstone names them, too
  SELECT min((j->>1)::int) INTO own_actor FROM jsonb_array_elements(known->'actors') AS j
  WHERE j->>0 = lower(current_setting('gdpr.app_user', true));
  IF events.statements IS NOT NULL OR actors.statements IS NOT NULL THEN
    -- none where events only lose the key of one more person
    tombstone := gdpr_internal.write_tombstone(erase_audit.subject_type, erase_audit.people, recorded, events.counted,
      actors.counted || own_actor);
    PERFORM gdpr_internal.require_erased(coalesce(cardinality(events.statements), 0), gdpr_internal.rewrite_history('audit changes',
      tombstone, events.statements, events.numbers, events.hide_subject, events.renamed, events.hide_row, events.readable));
    PERFORM gdpr_internal.require_erased(coalesce(cardinality(actors.statements), 0) + (own_actor IS NOT NULL)::int,
      gdpr_internal.rewrite_history('audit actors', tombstone, actors.statements || tombstone,
        ARRAY(SELECT DISTINCT j->>0 FROM jsonb_array_elements(known->'actors') AS j)));
  END IF;
  IF key_is_personal THEN
    PERFORM gdpr_internal.rewrite_history('audit people', erase_audit.subject_type, old_keys, new_keys, upto);
  END IF;
  PERFORM gdpr_internal.erase_access(erase_audit.subject_type, old_keys, new_keys, upto, key_is_personal, known->'actors');
  RETURN tombstone;
END
$$;
COMMENT ON FUNCTION gdpr_internal.erase_audit(text, int[], text[], boolean, jsonb) IS
  'Replaces the values that the audit log holds of people by salted digests; returns the statement of the tombstone, NULL where there was nothing';

--| The tombstone: one row for each person of whom something was erased, with how many events, and how many statements
--| lost their actor.
CREATE OR REPLACE FUNCTION gdpr_internal.write_tombstone(
  subject_type text, people int[], new_keys text[], event_people int[], actor_people int[])
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET enable_hashjoin = on AS $$
DECLARE
  keys text[];
  counts text[];
BEGIN
  SELECT array_agg(p.key ORDER BY p.n), array_agg(format('%s %s', p.events, p.actors) ORDER BY p.n)
  INTO keys, counts FROM (
    SELECT u.n, u.key, coalesce(e.count, 0) AS events, coalesce(a.count, 0) AS actors
    FROM unnest(write_tombstone.people, write_tombstone.new_keys) WITH ORDINALITY AS u(person, key, n)
    LEFT JOIN (SELECT x AS person, count(*) FROM unnest(event_people) AS x GROUP BY 1) AS e ON e.person = u.person
    LEFT JOIN (SELECT x AS person, count(*) FROM unnest(actor_people) AS x GROUP BY 1) AS a ON a.person = u.person
  ) AS p WHERE p.events + p.actors > 0;
  IF keys IS NULL THEN
    RETURN NULL;
  END IF;
  RETURN gdpr_internal.write_audit_note('E', 0, array_fill(write_tombstone.subject_type, ARRAY[cardinality(keys)]), keys, counts);
END
$$;
COMMENT ON FUNCTION gdpr_internal.write_tombstone(text, int[], text[], int[], int[]) IS
  'Writes to the audit log of how many events the values of each person were erased; returns the statement';

--| Stops where more or fewer rows were changed than found.
CREATE OR REPLACE FUNCTION gdpr_internal.require_erased(wanted bigint, changed bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF wanted <> changed THEN
    RAISE EXCEPTION 'events erased from the audit log differ from the events found' USING ERRCODE = 'PD004',
      DETAIL = format('%s were found and %s erased.', wanted, changed),
      HINT = 'gdpr.verify_audit() tells whether the log was changed; nothing was erased.';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.require_erased(bigint, bigint) IS 'Stops where more or fewer events were erased than found';

--| The audit log of people whose rows an application deleted: nobody is left to be anonymized, their values are.
CREATE OR REPLACE FUNCTION gdpr.erase_audit(subject_type text, subject_keys text[], reason text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  plan gdpr_internal.erasure_plan;
  gone text[];
  proof bigint;
BEGIN
  PERFORM gdpr_internal.check_erasable(erase_audit.subject_type, erase_audit.reason, 'keep');
  gone := ARRAY(SELECT DISTINCT k FROM unnest(gdpr_internal.canonical_keys(erase_audit.subject_type, erase_audit.subject_keys)) AS k ORDER BY k);
  plan := gdpr_internal.current_plan(erase_audit.subject_type);
  IF (gdpr_internal.collect((plan.body->'steps'->0->>'relation')::oid, plan.body->'steps'->0->>'find', gone)).tids IS NOT NULL THEN
    RAISE EXCEPTION 'people of subject type "%" are still there', erase_audit.subject_type USING ERRCODE = '55000',
      HINT = 'gdpr.anonymize_subjects() erases them from their tables and from the audit log.';
  END IF;
  proof := gdpr_internal.erase_audit(erase_audit.subject_type, ARRAY(SELECT generate_series(1, cardinality(gone))), gone,
    (plan.body->>'key_is_personal')::boolean, jsonb_build_object(
      'rows', (SELECT coalesce(jsonb_agg(jsonb_build_array(plan.body->'steps'->0->>'relation', k, n)), '[]') FROM unnest(gone) WITH ORDINALITY AS u(k, n)),
      'actors', (SELECT coalesce(jsonb_agg(jsonb_build_array(lower(k), n)), '[]') FROM unnest(gone) WITH ORDINALITY AS u(k, n))));
  IF proof IS NULL THEN
    RETURN 0;
  END IF;
  INSERT INTO gdpr_internal.erasure AS e (erasure, subject_type, subject_key, key_digest, reason, erased_by, rows_changed, plan, wal_lsn)
  OVERRIDING SYSTEM VALUE
  SELECT nextval('gdpr_internal.erasure_erasure_seq'), c.subject_type, c.subject_key, (plan.body->>'key_is_personal')::boolean,
    erase_audit.reason, gdpr_internal.caller()::text, 0, plan.plan, pg_current_wal_insert_lsn()
  FROM gdpr_internal.audit_change AS c WHERE c.statement = proof;
  RETURN (SELECT sum(split_part(c.row_key, ' ', 1)::bigint) FROM gdpr_internal.audit_change AS c WHERE c.statement = proof);
END
$$;
COMMENT ON FUNCTION gdpr.erase_audit(text, text[], text) IS
  'Erases the values that the audit log holds of people whose rows were deleted; returns of how many events, 0 if there was nothing';
