-- SPDX-License-Identifier: PostgreSQL
-- Who is asked in a re-consent campaign, and who is not and why. One statement answers it for everybody
-- (the plan) and for a few people under their locks (the work and the outbox): the same words, once.

--| SQL: left join of people k with what a table of ours says about them, at most one row each. For a few people
--| by index, key for key: a hash of the whole table for ten thousand people costs more.
CREATE OR REPLACE FUNCTION gdpr_internal.person_join_sql(
  alias text, columns text, source text, condition text, chosen boolean) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT format(CASE WHEN $5
    THEN E'\n LEFT JOIN LATERAL (SELECT %2$s FROM %3$s AS x WHERE %4$s AND x.subject_key = k.key COLLATE "C" LIMIT 1) AS %1$s ON true'
    ELSE E'\n LEFT JOIN (SELECT x.subject_key, %2$s FROM %3$s AS x WHERE %4$s) AS %1$s ON %1$s.subject_key = k.key COLLATE "C"' END,
    $1, $2, $3, $4)
$$;
COMMENT ON FUNCTION gdpr_internal.person_join_sql(text, text, text, text, boolean) IS
  'SQL: a left join of people with what a table says about them; chosen: looked up key for key';

--| SQL: joins that say where people k stand: o the own row, g the general one as it covers the purpose, s what counts.
--| Who withdrew in general is not asked about a purpose that was declared later, either.
CREATE OR REPLACE FUNCTION gdpr_internal.campaign_standing_sql(c gdpr_internal.campaign, chosen boolean) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  columns CONSTANT text := 'x.state, x.updated_at, x.medium, x.channel, x.form, x.form_version, ';
  p gdpr_internal.purpose;
  is_strict boolean := (SELECT s.mode = 'strict' FROM gdpr_internal.consent_setting AS s WHERE s.subject_type = (c).subject_type);
BEGIN
  SELECT x.* INTO p FROM gdpr_internal.purpose AS x WHERE x.purpose = (c).purpose;
  RETURN gdpr_internal.person_join_sql('o', columns || 'x.valid_until, x.event, x.ctid AS place', 'gdpr_internal.consent_state',
      format('x.subject_type = %L AND x.purpose = %L', (c).subject_type, (c).purpose), chosen)
    || gdpr_internal.person_join_sql('g', format('%sleast(x.valid_until, x.updated_at + %L::interval) AS valid_until', columns, p.validity),
      'gdpr_internal.consent_state', format('x.subject_type = %L AND x.purpose = ''''', (c).subject_type)
        || CASE WHEN is_strict THEN format(' AND (x.state = ''withdrawn'' OR x.updated_at > %L)', p.declared_at) ELSE '' END, chosen)
    || E'\n CROSS JOIN LATERAL (SELECT CASE WHEN o.state IS NULL THEN coalesce(g.state, ''pending'') ELSE o.state END AS state, '
    || (SELECT string_agg(format('CASE WHEN o.state IS NULL THEN g.%1$I ELSE o.%1$I END AS %1$I', w), ', ')
        FROM unnest('{updated_at,valid_until,medium,channel,form,form_version}'::text[]) AS w) || ') AS s';
END
$$;
COMMENT ON FUNCTION gdpr_internal.campaign_standing_sql(gdpr_internal.campaign, boolean) IS
  'SQL: joins that say where people stand on the purpose of a campaign';

--| SQL: the branches of CASE for who was not meant, and who has this text already.
CREATE OR REPLACE FUNCTION gdpr_internal.campaign_choice_sql(c gdpr_internal.campaign) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE
    WHEN (c).criteria ? 'accepted_before' THEN
      format(' WHEN s.state <> ''accepted'' OR NOT s.updated_at < %L THEN ''not_selected''', ((c).criteria->>'accepted_before')::timestamptz)
    WHEN (c).criteria ? 'form_older_than' THEN
      format(' WHEN s.state <> ''accepted'' OR coalesce(s.form = %L AND s.form_version >= %s, false) THEN ''not_selected''',
        (c).form, ((c).criteria->>'form_older_than')::int)
    WHEN (c).criteria ? 'no_proof' THEN
      ' WHEN s.state <> ''accepted'' OR (s.form IS NOT NULL AND s.medium IS NOT NULL) THEN ''not_selected'''
    -- Whose acceptance has lapsed is asked again with the same text.
    ELSE format(' WHEN s.form = %L AND s.form_version = %s AND NOT (s.state = ''accepted'' AND coalesce(s.valid_until <= $2, false)) THEN ''asked''',
        (c).form, (c).form_version) END
$$;
COMMENT ON FUNCTION gdpr_internal.campaign_choice_sql(gdpr_internal.campaign) IS
  'SQL: branches of CASE that leave out who was not meant, and who was asked with this text or has decided on it';

--| SQL: people with the first reason not to ask them, and where they stand. $1 keys (chosen), $2 now, $3 children alone,
--| $4 the table of people, $5 how it is read. scope: plan (every reason), message (whether what was asked may be sent),
--| notice (whether somebody can be told something). What nobody of the type has is left out of the statement.
CREATE OR REPLACE FUNCTION gdpr_internal.campaign_sql(c gdpr_internal.campaign, scope text, chosen boolean) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  of_type text := format('x.subject_type = %L', (c).subject_type);
  opt_outs text := format('%s AND x.purpose IN (%L, '''') AND x.channel IN (%L, '''')', of_type, (c).purpose, (c).channel);
  waits CONSTANT text := ' AND x.state IN (''due'', ''held'', ''failed'') AND x.reason <> ''consent rejected''';
  asking boolean := campaign_sql.scope <> 'notice';
  joins text := gdpr_internal.person_join_sql('z', 'true AS yes', 'gdpr_internal.frozen', of_type, chosen);
  reasons text := 'WHEN z.yes THEN ''frozen'' WHEN NOT k.there THEN ''missing''';
BEGIN
  IF asking THEN
    joins := joins || gdpr_internal.campaign_standing_sql(c, chosen);
    reasons := reasons || ' WHEN s.state = ''withdrawn'' THEN ''withdrawn''';
    IF EXISTS (SELECT FROM gdpr_internal.objection AS x WHERE x.subject_type = (c).subject_type) THEN
      joins := joins || gdpr_internal.person_join_sql('j', 'true AS yes', 'gdpr_internal.objection',
        format('%s AND x.purpose = %L AND NOT x.overruled', of_type, (c).purpose), chosen);
      reasons := reasons || ' WHEN j.yes THEN ''objected''';
    END IF;
  END IF;
  IF EXISTS (SELECT FROM gdpr_internal.restriction AS x WHERE x.subject_type = (c).subject_type) THEN
    joins := joins || gdpr_internal.person_join_sql('r', 'true AS yes', 'gdpr_internal.restriction', of_type, chosen);
    reasons := reasons || ' WHEN r.yes THEN ''restricted''';
  END IF;
  IF asking AND EXISTS (SELECT FROM gdpr_internal.opt_out AS x WHERE x.subject_type = (c).subject_type) THEN
    joins := joins || gdpr_internal.person_join_sql('u', 'true AS yes', CASE WHEN chosen THEN 'gdpr_internal.opt_out'
        ELSE format('(SELECT DISTINCT x.subject_type, x.subject_key FROM gdpr_internal.opt_out AS x WHERE %s)', opt_outs) END,
      CASE WHEN chosen THEN opt_outs ELSE of_type END, chosen);
    reasons := reasons || ' WHEN u.yes THEN ''opted_out''';
  END IF;
  -- Who is queued for a rejection only stays with us once asked again.
  IF asking AND EXISTS (SELECT FROM gdpr_internal.erasure_queue AS x WHERE x.subject_type = (c).subject_type) THEN
    joins := joins || gdpr_internal.person_join_sql('l', 'true AS yes', 'gdpr_internal.erasure_queue', of_type || waits, chosen);
    reasons := reasons || ' WHEN l.yes THEN ''leaving''';
  END IF;
  IF campaign_sql.scope = 'plan' THEN
    joins := joins || E'\n LEFT JOIN (SELECT DISTINCT u.key, true AS yes FROM unnest($3) AS u(key)) AS y ON y.key = k.key';
    reasons := reasons || ' WHEN y.yes THEN ''child''' || gdpr_internal.campaign_choice_sql(c);
  END IF;
  RETURN format(E'SELECT k.key, CASE %s END, coalesce(k.addressed, false), %s FROM %s %s', reasons,
    CASE WHEN asking THEN 's.state, s.updated_at, s.medium, s.channel, o.event, o.place'
         ELSE 'NULL::text, NULL::timestamptz, NULL::text, NULL::text, NULL::bigint, NULL::tid' END,
    CASE WHEN chosen THEN '(SELECT u.key, t.key IS NOT NULL AS there, t.addressed FROM unnest($1) AS u(key)
        LEFT JOIN gdpr_internal.query_as_owner($4, $5, $1) AS t(key text, addressed boolean) ON t.key = u.key) AS k'
      ELSE '(SELECT t.key, true AS there, t.addressed FROM gdpr_internal.query_as_owner($4, $5) AS t(key text, addressed boolean)) AS k' END,
    joins);
END
$$;
COMMENT ON FUNCTION gdpr_internal.campaign_sql(gdpr_internal.campaign, text, boolean) IS
  'SQL: people with the first reason not to ask them, whether their own row has an address, and where they stand';

--| People of a campaign (keys NULL: everybody) with the first reason not to ask them, NULL for who is asked.
CREATE OR REPLACE FUNCTION gdpr_internal.campaign_people(
  c gdpr_internal.campaign, scope text DEFAULT 'plan', keys text[] DEFAULT NULL)
RETURNS TABLE (subject_key text, reason text, state text, updated_at timestamptz, medium text, channel text, event bigint, place tid)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET enable_hashjoin = on AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject((c).subject_type);
  relation regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name, VARIADIC s.key);
  own text := gdpr_internal.address_sql(relation, (c).channel);
  addressed text := coalesce('EXISTS (SELECT FROM ' || own || ' AS a WHERE pg_catalog.btrim(a.address) OPERATOR(pg_catalog.<>) '''')', 'false');
  source text := CASE WHEN keys IS NULL
    THEN format('SELECT %s, %s FROM %s AS t', gdpr_internal.text_of(s.key), addressed, gdpr_internal.sql_name(relation))
    ELSE format('SELECT p.key, %s FROM %s', addressed, gdpr_internal.people_join(s.subject_type)) END;
  alone text[];
BEGIN
  PERFORM gdpr_internal.require_same_owner(s.subject_type, relation, s.relation_oid, s.relation_owner);
  IF campaign_people.scope = 'plan' AND (gdpr_internal.person_columns(s, relation)).birth_date IS NOT NULL THEN
    alone := ARRAY(SELECT a FROM gdpr_internal.children_alone(s.subject_type, (c).purpose, campaign_people.keys) AS a);
  END IF;
  -- Addresses in other tables, and the suppression list, only for those whom nothing else keeps out.
  RETURN QUERY EXECUTE format(
    'WITH k(key, reason, addressed, state, updated_at, medium, channel, event, place) AS MATERIALIZED (%s
     ), likely AS MATERIALIZED (
       SELECT coalesce(array_agg(k.key), ''{}'') AS keys, coalesce(array_agg(k.key) FILTER (WHERE NOT k.addressed), ''{}'') AS doubtful
       FROM k WHERE k.reason IS NULL
     ), elsewhere AS MATERIALIZED (
       SELECT DISTINCT a.subject_key AS key FROM likely AS y, generate_series(0, (cardinality(y.doubtful) - 1) / 10000) AS n,
         gdpr_internal.linked_addresses($6, y.doubtful[n * 10000 + 1 : (n + 1) * 10000], $7) AS a
       WHERE cardinality(y.doubtful) > 0 AND btrim(a.address) <> ''''
     ), unwanted AS MATERIALIZED (%s)
     SELECT k.key, CASE WHEN k.reason IS NOT NULL THEN k.reason WHEN NOT k.addressed AND e.key IS NULL THEN ''no_address''
         WHEN w.key IS NOT NULL THEN ''suppressed'' END,
       k.state, k.updated_at, k.medium, k.channel, k.event, k.place
     FROM k LEFT JOIN elsewhere AS e ON e.key = k.key LEFT JOIN unwanted AS w ON w.key = k.key',
    gdpr_internal.campaign_sql(c, campaign_people.scope, campaign_people.keys IS NOT NULL),
    CASE WHEN EXISTS (SELECT FROM gdpr_internal.suppression)
      THEN 'SELECT DISTINCT w.key FROM likely AS y, gdpr_internal.suppressed_people($6, y.keys, $7) AS w(key) WHERE cardinality(y.keys) > 0'
      ELSE 'SELECT NULL::text AS key WHERE false' END)
  USING campaign_people.keys, clock_timestamp(), alone, relation::oid, source, s.subject_type, (c).channel;
END
$$;
COMMENT ON FUNCTION gdpr_internal.campaign_people(gdpr_internal.campaign, text, text[]) IS
  'People of a campaign (NULL: everybody) with the first reason not to ask them, NULL for who is asked, and where they stand';
