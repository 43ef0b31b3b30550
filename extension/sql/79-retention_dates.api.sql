-- SPDX-License-Identifier: PostgreSQL
-- When was there last something to do with these people? One statement for each table and link, as the table's
-- owner, for all people of a page.

--| What is believed of a date: nothing before 1970-01-02 (zero, and what stands for "unknown"), nothing that lies
--| more than a year ahead or in infinity. A date ahead within the year, an appointment, counts as now.
CREATE OR REPLACE FUNCTION gdpr_internal.believed_dates(at timestamptz, OUT since timestamptz, OUT until timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT timestamptz '1970-01-02 00:00:00+00', $1 + interval '1 year'
$$;
COMMENT ON FUNCTION gdpr_internal.believed_dates(timestamptz) IS
  'Dates outside of these are no interactions: zero dates, infinity, and what lies more than a year ahead';

--| Select list of the statements that read dates of row t: newest date that is believed, whether there is one that is
--| not. $2 and $3 are the bounds. A date counts to its end.
CREATE OR REPLACE FUNCTION gdpr_internal.dates_sql(relation regclass, columns name[]) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (
    SELECT format('GREATEST(%s), coalesce(pg_catalog.bool_or(%s), false)',
      string_agg(format('(pg_catalog.max(t.%1$I::%2$s) FILTER (WHERE t.%1$I::%2$s OPERATOR(pg_catalog.>) $2::%2$s'
        ' AND t.%1$I::%2$s OPERATOR(pg_catalog.<) $3::%2$s)%3$s)::pg_catalog.timestamptz', c, y.name,
        CASE y.name WHEN 'pg_catalog.date' THEN ' OPERATOR(pg_catalog.+) 1' ELSE '' END), ', ' ORDER BY n),
      string_agg(format('t.%1$I::%2$s OPERATOR(pg_catalog.<=) $2::%2$s OR t.%1$I::%2$s OPERATOR(pg_catalog.>=) $3::%2$s', c, y.name),
        ' OR ' ORDER BY n))
    FROM unnest(dates_sql.columns) WITH ORDINALITY AS u(c, n),
      LATERAL (SELECT gdpr_internal.type_name(gdpr_internal.base_type(gdpr_internal.column_type(dates_sql.relation, c)))) AS y(name));
END
$$;
COMMENT ON FUNCTION gdpr_internal.dates_sql(regclass, name[]) IS
  'Select list of the statements that read the newest date of people in columns of row t';

--| The same for all keys in a range, without naming them: what a page of everybody needs costs one pass over a part of
--| the table then, instead of a look into its index for each person. Whole numbers only; %1$L and %2$L are the ends.
CREATE OR REPLACE FUNCTION gdpr_internal.range_sql(relation regclass, columns name[], key name, discriminator name, discriminator_value text)
RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  other oid := gdpr_internal.column_type(range_sql.relation, range_sql.discriminator);
BEGIN
  IF gdpr_internal.compare_class(gdpr_internal.column_type(range_sql.relation, range_sql.key)) IS DISTINCT FROM 'int' THEN
    RETURN NULL;
  END IF;
  RETURN format('SELECT t.%1$I::pg_catalog.int8, ', range_sql.key)
    || replace(gdpr_internal.dates_sql(range_sql.relation, range_sql.columns) || format(' FROM %s AS t', gdpr_internal.sql_name(range_sql.relation)), '%', '%%')
    || format(E'\nWHERE t.%1$I OPERATOR(pg_catalog.>=) %%1$L::pg_catalog.int8 AND t.%1$I OPERATOR(pg_catalog.<=) %%2$L::pg_catalog.int8', range_sql.key)
    || replace(CASE WHEN range_sql.discriminator IS NULL THEN '' ELSE ' AND ' || gdpr_internal.match_sql(
         format('t.%I', range_sql.discriminator), other, quote_literal(range_sql.discriminator_value) || '::pg_catalog.text', other) END, '%', '%%')
    || format(E'\nGROUP BY t.%I', range_sql.key);
END
$$;
COMMENT ON FUNCTION gdpr_internal.range_sql(regclass, name[], name, name, text) IS
  'Statement that reads the newest date of each key in a range; NULL where keys are no whole numbers';

--| True if a link hangs on the one column of the subject's key: its rows are found by the keys alone.
CREATE OR REPLACE FUNCTION gdpr_internal.hangs_on_key(s gdpr_internal.subject_type, l gdpr_internal.link) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT cardinality(($1).key) = 1 AND ($2).parent_columns = ($1).key
    AND gdpr_internal.resolve(($2).parent_schema, ($2).parent_name) = gdpr_internal.resolve(($1).relation_schema, ($1).relation_name)
$$;
COMMENT ON FUNCTION gdpr_internal.hangs_on_key(gdpr_internal.subject_type, gdpr_internal.link) IS
  'True if a link hangs on the one column of the subject''s key';

--| How dates are read for a subject type: the tables on the way to interactions, in link order, each with the
--| statements that read its dates (dates) and, where links go on from it, its rows (find).
CREATE OR REPLACE FUNCTION gdpr_internal.interaction_plan(subject_type text) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(interaction_plan.subject_type);
  i gdpr_internal.interaction;
  relation regclass;
  dated jsonb := '{}';
  wanted oid[] := '{}';
  step record;
  plan jsonb := '[]';
  links jsonb;
  whole_numbers boolean := cardinality(s.key) = 1 AND gdpr_internal.compare_class(gdpr_internal.column_type(
    gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name, VARIADIC s.key), s.key[1])) IS NOT DISTINCT FROM 'int';
BEGIN
  FOR i IN SELECT x.* FROM gdpr_internal.interaction AS x WHERE x.subject_type = s.subject_type ORDER BY x.column_name LOOP
    relation := gdpr_internal.existing(s.subject_type, i.relation_schema, i.relation_name, i.column_name);
    PERFORM gdpr_internal.require_same_owner(s.subject_type, relation, i.relation_oid, i.relation_owner),
            gdpr_internal.require_interaction(s, relation, i.column_name);
    dated := jsonb_set(dated, ARRAY[relation::oid::text], coalesce(dated->(relation::oid::text), '[]') || to_jsonb(i.column_name));
  END LOOP;
  IF dated = '{}' THEN
    RAISE EXCEPTION 'no interaction is declared for subject type "%"', s.subject_type
      USING ERRCODE = '55000', DETAIL = 'Without a date everybody would look idle.',
            HINT = format('SELECT gdpr.add_interaction(%L, table, column); for each date that says when there was something to do with a person.',
                          s.subject_type);
  END IF;
  FOR step IN
    SELECT t.relation, t.links,
      ARRAY(SELECT jsonb_array_elements_text(dated->(t.relation::oid::text)))::name[] AS columns
    FROM gdpr_internal.steps(s.subject_type) AS t ORDER BY t.step DESC
  LOOP
    CONTINUE WHEN step.columns = '{}' AND step.relation::oid <> ALL (wanted);
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'parent', gdpr_internal.resolve(l.parent_schema, l.parent_name)::oid, 'by_key', gdpr_internal.hangs_on_key(s, l),
        'find', gdpr_internal.find_link_sql(l.link),
        'dates', CASE WHEN step.columns <> '{}' THEN 'SELECT p.person, ' || gdpr_internal.dates_sql(step.relation, step.columns)
          || ' FROM ' || gdpr_internal.link_join(l.link, gdpr_internal.hangs_on_key(s, l)) || E'\nGROUP BY p.person' END,
        'range', CASE WHEN step.columns <> '{}' AND whole_numbers AND gdpr_internal.hangs_on_key(s, l)
          THEN gdpr_internal.range_sql(step.relation, step.columns, l.columns[1], l.discriminator, l.discriminator_value) END)
      ORDER BY array_position(step.links, l.link)), '[]')
    INTO links FROM gdpr_internal.link AS l WHERE l.link = ANY (step.links);
    IF links @> jsonb_build_array(jsonb_build_object('parent', step.relation::oid)) THEN
      wanted := wanted || step.relation::oid;  -- its own link goes on from it
    END IF;
    wanted := wanted || ARRAY(SELECT (l->>'parent')::oid FROM jsonb_array_elements(links) AS l
      WHERE NOT (l->>'by_key')::boolean OR step.relation::oid = ANY (wanted));
    plan := jsonb_build_array(jsonb_build_object('relation', step.relation::oid, 'links', links,
      'find', CASE WHEN links = '[]' THEN gdpr_internal.find_subject_sql(s.subject_type) END,
      'dates', CASE WHEN links = '[]' AND step.columns <> '{}' THEN 'SELECT p.person, ' || gdpr_internal.dates_sql(step.relation, step.columns)
        || ' FROM ' || gdpr_internal.people_join(s.subject_type) || E'\nGROUP BY p.person' END,
      'range', CASE WHEN links = '[]' AND step.columns <> '{}' AND whole_numbers
        THEN gdpr_internal.range_sql(step.relation, step.columns, s.key[1], NULL, NULL) END,
      'goes_on', step.relation::oid = ANY (wanted))) || plan;
  END LOOP;
  RETURN plan;
END
$$;
COMMENT ON FUNCTION gdpr_internal.interaction_plan(text) IS
  'The tables on the way to a subject type''s interactions, with the statements that read rows and dates; stops where there is none';

--| The rows of one table of the plan that links go on from.
CREATE OR REPLACE FUNCTION gdpr_internal.interaction_rows(step jsonb, keys text[], hits jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  relation oid := (step->>'relation')::oid;
  link jsonb;
  before int := -1;
  result jsonb := '[]';
BEGIN
  IF step->>'find' IS NOT NULL THEN
    RETURN coalesce((gdpr_internal.collect(relation, step->>'find', keys)).vals, '[]');
  END IF;
  -- a link of the table to itself is followed until nothing new comes
  WHILE jsonb_array_length(result) > before LOOP
    before := jsonb_array_length(result);
    FOR link IN SELECT l FROM jsonb_array_elements(step->'links') AS l LOOP
      SELECT coalesce(jsonb_agg(DISTINCT v), '[]') INTO result FROM (
        SELECT jsonb_array_elements(result)
        UNION ALL
        SELECT jsonb_array_elements((gdpr_internal.collect(relation, link->>'find',
          CASE WHEN (link->>'parent')::oid = relation THEN result ELSE coalesce(hits->(link->>'parent'), '[]') END)).vals)) AS u(v);
    END LOOP;
    EXIT WHEN NOT EXISTS (SELECT FROM jsonb_array_elements(step->'links') AS l WHERE (l->>'parent')::oid = relation);
  END LOOP;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.interaction_rows(jsonb, text[], jsonb) IS
  'What further links need of the rows that one table of the plan holds: [[person, values…], …]';

--| Dates of one statement of the plan: of the keys in a range where that is asked for and can be, else of these keys.
CREATE OR REPLACE FUNCTION gdpr_internal.dates_of(relation oid, part jsonb, keys text[], rows jsonb, at timestamptz, in_range boolean)
RETURNS TABLE(person int, newest timestamptz, odd boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  bounds record := gdpr_internal.believed_dates(dates_of.at);
BEGIN
  IF in_range AND part->>'range' IS NOT NULL AND cardinality(keys) > 0 THEN
    RETURN QUERY
    SELECT k.n::int, d.newest, d.odd
    FROM gdpr_internal.query_as_owner(relation, (SELECT format(part->>'range', min(k::int8), max(k::int8)) FROM unnest(keys) AS k),
      NULL::text, bounds.since, bounds.until) AS d(key int8, newest timestamptz, odd boolean)
    JOIN unnest(keys) WITH ORDINALITY AS k(key, n) ON k.key::int8 = d.key;
  ELSIF rows IS NULL THEN
    RETURN QUERY SELECT d.* FROM gdpr_internal.query_as_owner(relation, part->>'dates', keys, bounds.since, bounds.until)
      AS d(person int, newest timestamptz, odd boolean);
  ELSE
    RETURN QUERY SELECT d.* FROM gdpr_internal.query_as_owner(relation, part->>'dates', rows, bounds.since, bounds.until)
      AS d(person int, newest timestamptz, odd boolean);
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.dates_of(oid, jsonb, text[], jsonb, timestamptz, boolean) IS
  'Newest dates of people by one statement of the plan: by a range of keys, by keys, or by rows that were found';

--| Newest dates of people, table by table: a person may come more than once. person is the place in keys; in_range: the
--| keys are everybody between the first and the last of them.
CREATE OR REPLACE FUNCTION gdpr_internal.interaction_dates(plan jsonb, keys text[], at timestamptz, in_range boolean)
RETURNS TABLE(person int, newest timestamptz, odd boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  step jsonb;
  link jsonb;
  hits jsonb := '{}';
BEGIN
  FOR step IN SELECT s FROM jsonb_array_elements(plan) AS s LOOP
    IF (step->>'goes_on')::boolean THEN
      hits := hits || jsonb_build_object(step->>'relation', gdpr_internal.interaction_rows(step, keys, hits));
    END IF;
    IF step->>'dates' IS NOT NULL THEN
      RETURN QUERY SELECT d.* FROM gdpr_internal.dates_of((step->>'relation')::oid, step, keys, NULL, interaction_dates.at, in_range) AS d;
    END IF;
    FOR link IN SELECT l FROM jsonb_array_elements(step->'links') AS l WHERE l->>'dates' IS NOT NULL LOOP
      RETURN QUERY SELECT d.* FROM gdpr_internal.dates_of((step->>'relation')::oid, link, keys,
        CASE WHEN NOT (link->>'by_key')::boolean THEN coalesce(hits->(link->>'parent'), '[]') END, interaction_dates.at, in_range) AS d;
    END LOOP;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.interaction_dates(jsonb, text[], timestamptz, boolean) IS
  'Newest dates of people by canonical keys, one row for each table and link that has any';

--| Last interactions of people: their newest date, never later than now; an acceptance is one, too.
CREATE OR REPLACE FUNCTION gdpr_internal.last_interactions(
  subject_type text, plan jsonb, keys text[], at timestamptz, in_range boolean DEFAULT false)
RETURNS TABLE(person int, last timestamptz, odd boolean)
LANGUAGE plpgsql ROWS 10000 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
BEGIN
  RETURN QUERY
  SELECT d.person, CASE WHEN max(d.newest) > last_interactions.at THEN last_interactions.at ELSE max(d.newest) END, bool_or(d.odd) FROM (
    SELECT i.person, i.newest, i.odd FROM gdpr_internal.interaction_dates(plan, keys, last_interactions.at, in_range) AS i
    UNION ALL
    -- From the history: whoever is asked again is pending since, and was in touch all the same. What was withdrawn counts no more.
    SELECT k.n::int, a.at, false FROM unnest(keys) WITH ORDINALITY AS k(key, n)
    CROSS JOIN LATERAL (SELECT max(e.at) AS at FROM gdpr_internal.consent_event AS e
      WHERE e.subject_type = last_interactions.subject_type AND e.subject_key = k.key AND e.kind = 'decision' AND e.state = 'accepted'
        AND NOT EXISTS (SELECT FROM gdpr_internal.consent_state AS x
          WHERE x.subject_type = e.subject_type AND x.subject_key = e.subject_key AND x.purpose = e.purpose AND x.state = 'withdrawn') OFFSET 0) AS a
    WHERE EXISTS (SELECT FROM gdpr_internal.consent_event AS e WHERE e.subject_type = last_interactions.subject_type)) AS d
  GROUP BY d.person;
END
$$;
COMMENT ON FUNCTION gdpr_internal.last_interactions(text, jsonb, text[], timestamptz, boolean) IS
  'Last interaction of people by canonical keys, NULL where no date is known, and whether they have dates that are not believed';

--| When there last was something to do with a person.
CREATE OR REPLACE FUNCTION gdpr.last_interaction(subject_type text, subject_key text) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  keys text[] := gdpr_internal.canonical_keys(last_interaction.subject_type, ARRAY[last_interaction.subject_key]);
BEGIN
  RETURN (SELECT l.last FROM gdpr_internal.last_interactions(last_interaction.subject_type,
    gdpr_internal.interaction_plan(last_interaction.subject_type), keys, clock_timestamp()) AS l);
END
$$;
COMMENT ON FUNCTION gdpr.last_interaction(text, text) IS
  'The newest date over a person''s interactions, never later than now; NULL: no date is known';
