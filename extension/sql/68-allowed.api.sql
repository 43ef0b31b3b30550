-- SPDX-License-Identifier: PostgreSQL
-- What people may be processed for, one row per person about whom anything is recorded: the masks
-- that policies read. Computed here and nowhere else, from states, objections, restrictions and bases.

--| The table with the masks of a subject type, quoted.
CREATE OR REPLACE FUNCTION gdpr_internal.allowed_table(subject_type text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
  SELECT format('gdpr_internal.%I', $1 || '_allowed')
$$;
COMMENT ON FUNCTION gdpr_internal.allowed_table(text) IS 'The table with the masks of a subject type, quoted';

--| SQL: the key columns of row n, and the same as values made from a canonical key given as an expression.
CREATE OR REPLACE FUNCTION gdpr_internal.native_key(
  subject_type text, key_sql text, OUT columns text, OUT vals text, OUT literal text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(native_key.subject_type);
  native regclass := gdpr_internal.allowed_table(s.subject_type)::regclass;
BEGIN
  SELECT string_agg(format('n.%I', k.name), ', ' ORDER BY k.n),
    string_agg(format(CASE WHEN cardinality(s.key) = 1 THEN '(%s)::%s' ELSE '(gdpr_internal.row_fields(%s))[' || k.n || ']::%s' END,
      key_sql, gdpr_internal.type_name(gdpr_internal.column_type(native, k.name))), ', ' ORDER BY k.n),
    CASE WHEN cardinality(s.key) = 1 THEN format('n.%I::text', s.key[1])
         ELSE format('ROW(%s)::text', string_agg(format('n.%I', k.name), ', ' ORDER BY k.n)) END
  INTO columns, vals, literal
  FROM unnest(s.key) WITH ORDINALITY AS k(name, n);
END
$$;
COMMENT ON FUNCTION gdpr_internal.native_key(text, text) IS
  'SQL: the key columns of row n, their values made from a canonical key, and the canonical key of row n';

--| The action on people in a state of a purpose.
CREATE OR REPLACE FUNCTION gdpr_internal.consent_action_of(subject_type text, state text, purpose text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(
    (SELECT a.action FROM gdpr_internal.consent_action AS a
     WHERE a.subject_type = $1 AND a.state = $2 AND a.purpose IN ($3, '') ORDER BY a.purpose DESC LIMIT 1),
    'full')
$$;
COMMENT ON FUNCTION gdpr_internal.consent_action_of(text, text, text) IS
  'full, none or anonymize: what was set for the purpose, else for the subject type';

--| What a row of consent_state does to the mask, by purpose and state; a general row ('') has one cell for
--| each purpose that rests on consent. In strict mode bits are opened, in crmcom mode they are closed.
CREATE OR REPLACE FUNCTION gdpr_internal.consent_cells(subject_type text)
RETURNS TABLE(purpose text, state text, own bigint, own_bits bigint, general_bits bigint, stops boolean,
              after timestamptz, validity interval)
LANGUAGE sql STABLE ROWS 40 SET search_path = pg_catalog, pg_temp AS $$
  WITH setting AS (
    SELECT c.mode = 'strict' AS strict FROM gdpr_internal.consent_setting AS c WHERE c.subject_type = $1
  ), cell AS (
    SELECT p.purpose, w.state, 1::bigint << p.bit AS bit, p.declared_at, p.validity, c.strict,
      gdpr_internal.consent_action_of($1, w.state, p.purpose) <> 'full' AS stopped
    FROM setting AS c, gdpr_internal.purpose AS p, (VALUES ('pending'), ('accepted'), ('rejected'), ('withdrawn')) AS w(state)
    WHERE p.lawful_basis = 'consent'
  ), marked AS (
    SELECT c.*, CASE WHEN c.strict THEN c.state = 'accepted' ELSE c.stopped END AS marks FROM cell AS c
  )
  SELECT m.purpose, m.state, m.bit, CASE WHEN m.marks THEN m.bit ELSE 0 END, 0::bigint, NOT m.strict AND m.stopped,
    NULL::timestamptz, NULL::interval
  FROM marked AS m
  UNION ALL
  SELECT '', m.state, 0, 0, m.bit, false,
    CASE WHEN m.strict THEN m.declared_at END, CASE WHEN m.strict THEN m.validity END
  FROM marked AS m WHERE m.marks
  UNION ALL
  SELECT '', w.state, 0, 0, 0, true, NULL, NULL
  FROM setting AS c, (VALUES ('rejected'), ('withdrawn')) AS w(state)
  WHERE NOT c.strict AND gdpr_internal.consent_action_of($1, w.state, '') <> 'full'
$$;
COMMENT ON FUNCTION gdpr_internal.consent_cells(text) IS
  'What a row of consent_state does to the mask of its person, by purpose and state';

--| Bits by lawful basis and nature: bit 0, administration, rests on a legal obligation.
CREATE OR REPLACE FUNCTION gdpr_internal.purpose_bits(OUT consent bigint, OUT other bigint, OUT legal bigint, OUT marketing bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(bit_or(1::bigint << p.bit) FILTER (WHERE p.lawful_basis = 'consent'), 0),
    coalesce(bit_or(1::bigint << p.bit) FILTER (WHERE p.lawful_basis <> 'consent'), 1),
    coalesce(bit_or(1::bigint << p.bit) FILTER (WHERE p.lawful_basis = 'legal_obligation'), 1),
    coalesce(bit_or(1::bigint << p.bit) FILTER (WHERE p.marketing), 0)
  FROM gdpr_internal.purpose AS p
$$;
COMMENT ON FUNCTION gdpr_internal.purpose_bits() IS 'Masks of the purposes: resting on consent, on another basis, on a legal obligation; marketing';

--| Everything recorded about people, as bits with a period: $1 text[] canonical keys (if chosen), $2 now.
--| What nobody of the type has is left out, so that a single decision is planned quickly.
CREATE OR REPLACE FUNCTION gdpr_internal.facts_sql(subject_type text, chosen boolean) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  only_these text := CASE WHEN chosen THEN 'JOIN unnest($1) AS k(key) ON k.key COLLATE "C" = c.subject_key' ELSE '' END;
  result text;
BEGIN
  result := format(
    'SELECT k.key COLLATE "C" AS subject_key, 0::bigint AS own, 0::bigint AS own_bits, 0::bigint AS general_bits, false AS stops,
       0::bigint AS objected, 0::bigint AS strong, 0::bigint AS weak, false AS restricted,
       ''-infinity''::timestamptz AS since, ''infinity''::timestamptz AS until FROM %s AS k(key)
     UNION ALL
     SELECT c.subject_key, x.own, x.own_bits, x.general_bits, x.stops, 0, 0, 0, false, ''-infinity'',
       coalesce(least(c.valid_until, c.updated_at + x.validity), ''infinity'')
     FROM gdpr_internal.consent_cells(%L) AS x
     JOIN gdpr_internal.consent_state AS c ON c.purpose = x.purpose AND c.state = x.state AND (x.after IS NULL OR c.updated_at > x.after) %s
     WHERE c.subject_type = %2$L',
    CASE WHEN chosen THEN 'unnest($1)' ELSE format('(SELECT %s FROM %s AS n)',
      (gdpr_internal.native_key(facts_sql.subject_type, '')).literal, gdpr_internal.allowed_table(facts_sql.subject_type)) END,
    facts_sql.subject_type, only_these);
  IF EXISTS (SELECT FROM gdpr_internal.objection AS o WHERE o.subject_type = facts_sql.subject_type) THEN
    result := result || format(
      ' UNION ALL SELECT c.subject_key, 0, 0, 0, false, 1::bigint << p.bit, 0, 0, false, ''-infinity'', ''infinity''
        FROM gdpr_internal.objection AS c JOIN gdpr_internal.purpose AS p ON p.purpose = c.purpose %s
        WHERE c.subject_type = %L AND NOT c.overruled', only_these, facts_sql.subject_type);
  END IF;
  IF EXISTS (SELECT FROM gdpr_internal.restriction AS r WHERE r.subject_type = facts_sql.subject_type) THEN
    result := result || format(
      ' UNION ALL SELECT c.subject_key, 0, 0, 0, false, 0, 0, 0, true, ''-infinity'', ''infinity''
        FROM gdpr_internal.restriction AS c %s WHERE c.subject_type = %L', only_these, facts_sql.subject_type);
  END IF;
  IF EXISTS (SELECT FROM gdpr_internal.basis AS b WHERE b.subject_type = facts_sql.subject_type) THEN
    result := result || format(
      ' UNION ALL SELECT c.subject_key, 0, 0, 0, false, 0,
          CASE WHEN c.lawful_basis IN (''legitimate_interests'', ''public_task'') THEN 0 ELSE 1::bigint << p.bit END,
          CASE WHEN c.lawful_basis IN (''legitimate_interests'', ''public_task'') THEN 1::bigint << p.bit ELSE 0 END,
          false, c.valid_from, c.valid_until
        FROM gdpr_internal.basis AS c JOIN gdpr_internal.purpose AS p ON p.purpose = c.purpose %s
        WHERE c.subject_type = %L AND c.valid_until > $2', only_these, facts_sql.subject_type);
  END IF;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.facts_sql(text, boolean) IS
  'SQL: everything recorded about people ($1 text[] of canonical keys, or all), as bits with a period; $2 is now';

--| The same for somebody about whom nothing is recorded but one decision: $1 when it was made, $2 now, $3 until when.
CREATE OR REPLACE FUNCTION gdpr_internal.first_fact_sql(subject_type text, state text, purpose text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format(
    'SELECT ''''::text COLLATE "C" AS subject_key, x.own, x.own_bits, x.general_bits, x.stops, 0::bigint AS objected,
            0::bigint AS strong, 0::bigint AS weak, false AS restricted, ''-infinity''::timestamptz AS since,
            coalesce(least($3, $1 + x.validity), ''infinity'') AS until
     FROM gdpr_internal.consent_cells(%L) AS x
     WHERE x.state = %L AND x.purpose = %L AND (x.after IS NULL OR $1 > x.after)
     UNION ALL SELECT '''', 0, 0, 0, false, 0, 0, 0, false, ''-infinity'', ''infinity''', $1, $2, $3)
$$;
COMMENT ON FUNCTION gdpr_internal.first_fact_sql(text, text, text) IS
  'SQL: a person''s first decision as bits with a period, for the masks of everybody who makes it';

--| SQL that makes masks of facts: %s is the moment. The rules, in the order in which they decide.
CREATE OR REPLACE FUNCTION gdpr_internal.decide_sql(subject_type text, at_sql text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format(
    'SELECT d.subject_key, d.at, d.allowed, d.allowed & CASE WHEN d.stops THEN %5$s ELSE -1 END AS changeable, d.timed FROM (
       SELECT a.subject_key, a.at, a.stops, a.timed, CASE WHEN a.restricted THEN 1 ELSE
         1 | ((%2$s | %3$s | a.weak) & ~a.objected) | (a.strong & ~(a.objected & %4$s)) END AS allowed
       FROM (
         SELECT f.subject_key, %1$s AS at, bit_or(f.own) AS own, bool_or(f.stops) AS stops,
           bool_or(f.since > $2 AND f.since < ''infinity'' OR f.until > $2 AND f.until < ''infinity'') AS timed,
           bit_or(f.objected) AS objected, bool_or(f.restricted) AS restricted,
           bit_or(CASE WHEN f.since <= %1$s AND %1$s < f.until THEN f.own_bits ELSE 0 END) AS own_bits,
           bit_or(CASE WHEN f.since <= %1$s AND %1$s < f.until THEN f.general_bits ELSE 0 END) AS general_bits,
           bit_or(CASE WHEN f.since <= %1$s AND %1$s < f.until THEN f.strong ELSE 0 END) AS strong,
           bit_or(CASE WHEN f.since <= %1$s AND %1$s < f.until THEN f.weak ELSE 0 END) AS weak',
    $2, b.other,
    CASE WHEN (SELECT c.mode FROM gdpr_internal.consent_setting AS c WHERE c.subject_type = $1) = 'crmcom'
      THEN format('CASE WHEN a.stops THEN 0 ELSE %s & ~(a.own_bits | (a.general_bits & ~a.own)) END', b.consent)
      ELSE '(a.own_bits | (a.general_bits & ~a.own))' END,
    b.marketing, b.legal)
  FROM gdpr_internal.purpose_bits() AS b
$$;
COMMENT ON FUNCTION gdpr_internal.decide_sql(text, text) IS
  'SQL: head of the query that makes masks of facts at a moment; restriction, objection, bases and consent decide';

--| The masks of people: now, until when, and what comes later.
CREATE OR REPLACE FUNCTION gdpr_internal.masks_sql(subject_type text, facts_sql text) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format(
    'WITH fact AS MATERIALIZED (%1$s
     ), moment AS MATERIALIZED (
       SELECT DISTINCT f.subject_key, m.at FROM fact AS f, LATERAL (VALUES (f.since), (f.until)) AS m(at)
       WHERE m.at > $2 AND m.at < ''infinity''
     ), present AS MATERIALIZED (
       %2$s FROM fact AS f GROUP BY f.subject_key) AS a) AS d
     ), later AS (
       %3$s FROM moment AS m JOIN fact AS f ON f.subject_key = m.subject_key GROUP BY f.subject_key, m.at) AS a) AS d
     ), step AS (
       SELECT r.subject_key, r.at, r.allowed, r.changeable,
         lag(r.allowed) OVER w AS allowed_before, lag(r.changeable) OVER w AS changeable_before
       FROM (SELECT p.* FROM present AS p WHERE p.subject_key IN (SELECT m.subject_key FROM moment AS m)
             UNION ALL SELECT l.* FROM later AS l) AS r
       WINDOW w AS (PARTITION BY r.subject_key ORDER BY r.at)
     ), tail AS (
       SELECT s.subject_key, min(s.at) AS valid_until, array_agg(v.v ORDER BY s.at, v.n) AS later
       FROM step AS s, LATERAL (VALUES
         (1, ((extract(epoch FROM s.at) - 946684800) * 1000000)::bigint), (2, s.allowed), (3, s.changeable)) AS v(n, v)
       WHERE s.at > $2 AND (s.allowed <> s.allowed_before OR s.changeable <> s.changeable_before)
       GROUP BY s.subject_key
     )
     SELECT p.subject_key COLLATE "default" AS subject_key, p.allowed, p.changeable, coalesce(t.valid_until, ''infinity'') AS valid_until, t.later
     FROM present AS p LEFT JOIN tail AS t ON t.subject_key = p.subject_key',
    $2, gdpr_internal.decide_sql($1, '$2'), gdpr_internal.decide_sql($1, 'm.at'))
$$;
COMMENT ON FUNCTION gdpr_internal.masks_sql(text, text) IS
  'SQL: masks of people now ($2), until when, and what follows (microseconds since 2000-01-01, allowed, changeable, …)';

--| Writes the masks of people down. NULL keys: everybody about whom anything is recorded, and the default of the others.
CREATE OR REPLACE FUNCTION gdpr_internal.refresh_allowed(subject_type text, keys text[]) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  native text := gdpr_internal.allowed_table(refresh_allowed.subject_type);
  k record := gdpr_internal.native_key(refresh_allowed.subject_type, 'm.subject_key');
  this_moment CONSTANT timestamptz := clock_timestamp();
  timed text[];
  result bigint;
  more bigint;
BEGIN
  IF keys IS NULL THEN
    PERFORM gdpr_internal.refresh_defaults(refresh_allowed.subject_type);
  END IF;
  -- Most masks hold until somebody decides; the others are worked out with what follows.
  -- COLLATE "default" gives way to the collation of the key column: keys are looked up in its index.
  EXECUTE format(
    'WITH fact AS (%s
     ), present AS MATERIALIZED (
       %s FROM fact AS f GROUP BY f.subject_key) AS a) AS d
     ), done AS (
       UPDATE %s AS n SET allowed = m.allowed, changeable = m.changeable, valid_until = ''infinity'', later = NULL
       FROM (SELECT p.subject_key COLLATE "default" AS subject_key, p.allowed, p.changeable FROM present AS p WHERE NOT p.timed) AS m
       WHERE (%s) = (%s)
         AND (n.allowed, n.changeable, n.valid_until, n.later) IS DISTINCT FROM (m.allowed, m.changeable, ''infinity''::timestamptz, NULL::bigint[])
       RETURNING 1
     )
     SELECT (SELECT count(*) FROM done), (SELECT array_agg(m.subject_key) FROM present AS m WHERE m.timed)',
    gdpr_internal.facts_sql(refresh_allowed.subject_type, keys IS NOT NULL),
    gdpr_internal.decide_sql(refresh_allowed.subject_type, '$2'), native, k.columns, k.vals)
  INTO result, timed USING keys, this_moment;
  IF timed IS NOT NULL THEN
    EXECUTE format(
      'UPDATE %s AS n SET allowed = m.allowed, changeable = m.changeable, valid_until = m.valid_until, later = m.later
       FROM (%s) AS m WHERE (%s) = (%s)
         AND (n.allowed, n.changeable, n.valid_until, n.later) IS DISTINCT FROM (m.allowed, m.changeable, m.valid_until, m.later)',
      native, gdpr_internal.masks_sql(refresh_allowed.subject_type, gdpr_internal.facts_sql(refresh_allowed.subject_type, true)),
      k.columns, k.vals)
    USING timed, this_moment;
    GET DIAGNOSTICS more = ROW_COUNT;
    result := result + more;
  END IF;
  PERFORM gdpr_internal.write_inline(refresh_allowed.subject_type, keys);
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.refresh_allowed(text, text[]) IS
  'Computes the masks of people anew (NULL: of everybody, and the default); returns how many rows changed';

--| The mask of people about whom nothing is recorded: pending.
CREATE OR REPLACE FUNCTION gdpr_internal.refresh_defaults(subject_type text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  UPDATE gdpr_internal.consent_setting AS c SET default_allowed = d.bits, default_changeable = d.bits
  FROM (SELECT x.subject_type, b.other | CASE x.mode WHEN 'crmcom' THEN b.consent ELSE 0 END | 1 AS bits
        FROM gdpr_internal.consent_setting AS x, gdpr_internal.purpose_bits() AS b WHERE x.subject_type = $1) AS d
  WHERE c.subject_type = d.subject_type AND (c.default_allowed, c.default_changeable) IS DISTINCT FROM (d.bits, d.bits)
$$;
COMMENT ON FUNCTION gdpr_internal.refresh_defaults(text) IS 'The mask of people about whom nothing is recorded';

--| Takes the people's rows against deletion and anonymization; stops at a missing or frozen person.
CREATE OR REPLACE FUNCTION gdpr_internal.require_people(subject_type text, keys text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(require_people.subject_type);
  relation regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name, VARIADIC s.key);
  there bigint;
  frozen bigint;
BEGIN
  PERFORM gdpr_internal.require_same_owner(s.subject_type, relation, s.relation_oid, s.relation_owner);
  SELECT r.n INTO there FROM gdpr_internal.query_as_owner(relation, 'SELECT pg_catalog.count(*) FROM (SELECT 1 FROM '
    || gdpr_internal.people_join(s.subject_type) || ' FOR KEY SHARE OF t) AS x', keys) AS r(n bigint);
  -- a new statement: who was anonymized while we waited is frozen now
  IF EXISTS (SELECT FROM gdpr_internal.frozen AS f WHERE f.subject_type = s.subject_type) THEN
    -- planned for these keys: a few are looked up, a million are joined
    EXECUTE 'SELECT count(*) FROM unnest($1) AS k(key) JOIN gdpr_internal.frozen AS f ON f.subject_key = k.key WHERE f.subject_type = $2'
    INTO frozen USING keys, s.subject_type;
  END IF;
  IF frozen > 0 THEN
    RAISE EXCEPTION 'person of subject type "%" is frozen', s.subject_type
      USING ERRCODE = 'PD001', DETAIL = format('%s of %s people are anonymized: nothing more may happen to them.', frozen, cardinality(keys)),
            HINT = format('Leave them out; gdpr.%I lists them.', s.subject_type || '_frozen');
  ELSIF there < cardinality(keys) THEN
    RAISE EXCEPTION 'no person of subject type "%" has this key', s.subject_type
      USING ERRCODE = 'P0002', DETAIL = format('%s of %s people are missing.', cardinality(keys) - there, cardinality(keys)),
            HINT = 'Check the key; nothing was changed.';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.require_people(text, text[]) IS
  'Locks people''s rows against deletion and anonymization; stops at a missing (P0002) or frozen (PD001) person. Keys are canonical and distinct';

--| Locks the rows of masks that people have, in key order; returns whose.
CREATE OR REPLACE FUNCTION gdpr_internal.hold_masks(subject_type text, keys text[]) RETURNS text[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  native text := gdpr_internal.allowed_table(hold_masks.subject_type);
  k record := gdpr_internal.native_key(hold_masks.subject_type, 'k.key');
  held text[];
BEGIN
  EXECUTE format('SELECT array_agg(x."the key") FROM (SELECT k."the key" FROM %1$s AS n
                    JOIN (SELECT k.key, %2$s FROM unnest($1) AS k(key)) AS k("the key", %3$s) ON (%4$s) = (%5$s)
                  ORDER BY %4$s FOR UPDATE OF n) AS x',
    native, k.vals, replace(k.columns, 'n.', ''), k.columns, replace(k.columns, 'n.', 'k.')) INTO held USING keys;
  RETURN held;
END
$$;
COMMENT ON FUNCTION gdpr_internal.hold_masks(text, text[]) IS 'Locks the rows of masks that people have, in key order; the keys of these people';

--| Makes sure that people have a row of masks, and locks it: everything written about a person waits here.
CREATE OR REPLACE FUNCTION gdpr_internal.lock_masks(subject_type text, keys text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  native text := gdpr_internal.allowed_table(lock_masks.subject_type);
  k record := gdpr_internal.native_key(lock_masks.subject_type, 'k.key');
BEGIN
  EXECUTE format(
    'INSERT INTO %s AS n (%s, allowed, changeable)
     SELECT x.*, c.default_allowed, c.default_changeable
     FROM (SELECT %s FROM unnest($1) AS k(key) ORDER BY %s) AS x, gdpr_internal.consent_setting AS c
     WHERE c.subject_type = %L ON CONFLICT DO NOTHING',
    native, replace(k.columns, 'n.', ''), k.vals, k.vals, lock_masks.subject_type) USING keys;
  PERFORM gdpr_internal.hold_masks(lock_masks.subject_type, keys);
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    -- 40001 where purposes or settings are newer than this transaction's snapshot: it would write old masks
    PERFORM FROM gdpr_internal.consent_setting AS c WHERE c.subject_type = lock_masks.subject_type FOR SHARE;
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.lock_masks(text, text[]) IS
  'Makes sure that people have a row of masks and locks it, in key order; ask anything about them in the next statement';
