-- SPDX-License-Identifier: PostgreSQL
--
-- Fit, part two: treatments are tried on values, against the real checks, as the table's owner.
-- Only what a statement answers in booleans and counts about sample values comes back.

--| gdpr_internal.rule_parts: a rule taken apart into what is not a fact, and its facts
CREATE OR REPLACE FUNCTION gdpr_internal.rule_parts(
  rule text, OUT stem text, OUT kind text, OUT treatment text, OUT is_unique boolean,
  OUT not_null boolean, OUT length int)
LANGUAGE sql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
  WITH word AS (
    -- blanks inside quotes or parentheses do not separate words
    SELECT m.word[1] AS word, m.n
    FROM regexp_matches($1, '((?:[^\s''()]|''(?:[^'']|'''')*''|\((?:[^''()]|''(?:[^'']|'''')*'')*\))+)', 'g')
         WITH ORDINALITY AS m (word, n)
  )
  SELECT string_agg(word, ' ' ORDER BY n)
           FILTER (WHERE word NOT IN ('unique', 'not_null') AND word !~ '^length='),
         min(word) FILTER (WHERE n = 1),
         min(substr(word, 7)) FILTER (WHERE word ~ '^erase='),
         coalesce(bool_or(word = 'unique'), false),
         coalesce(bool_or(word = 'not_null'), false),
         min(substr(word, 8)::int) FILTER (WHERE word ~ '^length=\d{1,8}$')
  FROM word;
$$;
COMMENT ON FUNCTION gdpr_internal.rule_parts(text) IS
  'kind, erase override and facts of a rule; the stem is the rule without its facts';

--| gdpr_internal.add_facts: a rule with facts appended in canonical order
CREATE OR REPLACE FUNCTION gdpr_internal.add_facts(
  stem text, is_unique boolean, not_null boolean, length int)
RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT concat_ws(' ', $1, CASE WHEN $2 THEN 'unique' END, CASE WHEN $3 THEN 'not_null' END,
                   'length=' || $4);
$$;
COMMENT ON FUNCTION gdpr_internal.add_facts(text, boolean, boolean, int) IS
  'a rule with the facts unique, not_null and length appended';

--| gdpr_internal.sample_value: a literal that a type accepts, for trials
CREATE OR REPLACE FUNCTION gdpr_internal.sample_value(base_type oid, category "char", length int)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT CASE
    WHEN $1 = 18 THEN 'S'
    WHEN $2 = 'S' THEN left('Sample 1234567890', coalesce($3, 17))
    WHEN $2 = 'N' THEN '1'
    WHEN $2 = 'B' THEN 'true'
    WHEN $1 IN (1083, 1266) THEN '04:05:06'
    WHEN $2 = 'D' THEN '2001-02-03'
    WHEN $2 = 'T' THEN '1 day'
    WHEN $2 = 'I' THEN '192.0.2.0'
    WHEN $2 = 'A' THEN '{}'
    WHEN $2 = 'R' THEN 'empty'
    WHEN $2 = 'E' THEN (SELECT e.enumlabel FROM pg_enum AS e WHERE e.enumtypid = $1
                        ORDER BY e.enumsortorder LIMIT 1)
    WHEN $1 = 600 THEN '(1,1)'
    WHEN $1 = 17 THEN '\x01'
    WHEN $1 IN (114, 3802) THEN '{"sample": "Sample"}'
    WHEN $1 = 142 THEN '<sample>Sample</sample>'
    WHEN $1 = 829 THEN '08:00:2b:01:02:03'
    WHEN $1 = 774 THEN '08:00:2b:01:02:03:04:05'
    WHEN $1 = 2950 THEN '6f0a3c5e-0d5c-4d1e-9f57-1f0f5a2b7c11'
    WHEN $1 = 3614 THEN 'sample'
    WHEN $1 IN (1560, 1562) THEN '1'
  END;
$$;
COMMENT ON FUNCTION gdpr_internal.sample_value(oid, "char", int) IS
  'a sample literal of a type; NULL where none is known';

--| gdpr_internal.depends_on_value: whether a treatment's outcome has to be tried on real values
CREATE OR REPLACE FUNCTION gdpr_internal.depends_on_value(
  base_type oid, category "char", treatment text)
RETURNS boolean
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
  -- what becomes of a document or an array depends on what is in it, unless nothing is left
  SELECT coalesce($3 ~ '^(redact|leaves)', false)
      OR ($2 = 'A' OR $1 IN (114, 142, 3802)) AND coalesce($3 NOT IN ('null', 'empty'), true);
$$;
COMMENT ON FUNCTION gdpr_internal.depends_on_value(oid, "char", text) IS
  'whether what a treatment makes of a value depends on the value';

--| gdpr_internal.trial_query: the statement that tries one rule on one column
CREATE OR REPLACE FUNCTION gdpr_internal.trial_query(
  relation oid, attnum int2, column_name name, column_type text, sample_type text, sample text,
  rule text, real_values boolean, check_names text[], check_expressions text[])
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT format(
    'SELECT %s::pg_catalog.int2, pg_catalog.array_remove(ARRAY[%s]::pg_catalog.text[], NULL), '
    'pg_catalog.count(DISTINCT t."gdpr value"::pg_catalog.text)::pg_catalog.int4, '
    'coalesce(pg_catalog.max(pg_catalog.char_length(t."gdpr value"::pg_catalog.text)), 0), '
    'coalesce(pg_catalog.bool_or(t.%I IS NULL), false)%s, '  -- evaluates the cast to a domain too
    'CASE WHEN %s THEN NULL ELSE pg_catalog.min(t."gdpr value"::pg_catalog.text) END '
    'FROM (SELECT r.v AS "gdpr value", r.v::%s AS %I FROM (%s) AS r) AS t',
    $2,
    (SELECT string_agg(format('CASE WHEN pg_catalog.bool_or((%s) IS FALSE) THEN %L END',
                              c.expression, c.name), ', ')
     FROM unnest($9, $10) AS c (name, expression)),
    $3,
    -- a table without rows still has to say whether the type has a treatment
    CASE WHEN $8 THEN format(' OR gdpr.anonymize(%L::%s, %L) IS NULL', $6, $5, $7) ELSE '' END,
    $8::text, $4, $3,
    CASE WHEN $8
      -- what becomes of a document depends on the document: real ones are tried, none comes back
      THEN format('SELECT gdpr.anonymize(s.%1$I%2$s, %3$L) AS v FROM (SELECT %1$I FROM %4$s LIMIT 1000) AS s '
                  'WHERE s.%1$I IS NOT NULL LIMIT 50',
                  $3, CASE WHEN $5 = 'text' THEN '::pg_catalog.text' ELSE '::' || $5 END, $7,
                  $1::regclass)
      -- Surrogates are random: a check that refuses one in 32, a first character for example, is seen but
      -- once in ten million trials. Anything else is the same each time.
      ELSE format('SELECT gdpr.anonymize(%L::%s, %L) AS v FROM pg_catalog.generate_series(1, %s)',
                  $6, $5, $7, CASE WHEN $7 ~ '\m(unique|surrogate)\M' THEN 512 ELSE 4 END)
    END);
$$;
COMMENT ON FUNCTION gdpr_internal.trial_query(oid, int2, name, text, text, text, text, boolean, text[], text[]) IS
  'the statement that tries a rule against the CHECKs, domain and length of a column';

--| gdpr_internal.misfit: why the outcome of a trial does not fit a column
CREATE OR REPLACE FUNCTION gdpr_internal.misfit(
  relation oid, column_name name, failed text[], variants int, longest int, gives_null boolean,
  value text, must_differ boolean, not_null boolean, one_null boolean, length int,
  real_values boolean, refers boolean)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  reference record;
  found boolean;
BEGIN
  IF cardinality(failed) > 0 THEN
    RETURN CASE WHEN failed[1] ~ '^the (partitions|bounds) of ' THEN 'it lies outside ' || failed[1]
                ELSE format('it breaks the check constraint "%s"', failed[1]) END;
  ELSIF gives_null AND not_null THEN
    RETURN 'it is null, and the column is NOT NULL';
  ELSIF length IS NOT NULL AND longest > length THEN
    RETURN format('it is %s characters long, and the column takes %s', longest, length);
  ELSIF must_differ AND gives_null AND one_null THEN
    RETURN 'it is null, and the unique index takes one null only';
  ELSIF must_differ AND NOT gives_null AND NOT real_values AND variants < 2 THEN
    RETURN 'it repeats itself, and the column is unique';
  END IF;
  IF gives_null OR real_values OR NOT refers THEN
    RETURN NULL;
  END IF;
  FOR reference IN
    SELECT * FROM gdpr_internal.column_references(misfit.relation) AS r
    WHERE r.column_name = misfit.column_name
  LOOP
    found := false;
    IF reference.alone AND variants = 1 THEN
      SELECT t.present INTO found FROM gdpr_internal.query_as_owner(reference.referenced, format(
        'SELECT EXISTS (SELECT FROM %s AS r WHERE r.%I::pg_catalog.text = %L)',
        reference.referenced::regclass, reference.referenced_column, value)) AS t (present boolean);
    END IF;
    IF NOT found THEN
      RETURN format('it does not exist in %s, to which the foreign key "%s" refers',
                    reference.referenced::regclass, reference.constraint_name);
    END IF;
  END LOOP;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION gdpr_internal.misfit(oid, name, text[], int, int, boolean, text, boolean, boolean, boolean, int, boolean, boolean) IS
  'why the outcome of a trial does not fit a column; NULL if it fits';

--| gdpr_internal.try_rule: one rule on one column; every error becomes a reason
CREATE OR REPLACE FUNCTION gdpr_internal.try_rule(
  relation oid, facts record, rule text, must_differ boolean, real_values boolean,
  OUT reason text, OUT state text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  outcome record;
  constraint_name text;
  type_name text;
BEGIN
  SELECT t.* INTO outcome FROM gdpr_internal.query_as_owner(relation, gdpr_internal.trial_query(
      relation, facts.attnum, facts.column_name, facts.column_type, facts.sample_type,
      gdpr_internal.sample_value(facts.base_type, facts.category, facts.length), rule, real_values,
      facts.check_names, facts.check_expressions))
    AS t (attnum int2, failed text[], variants int, longest int, gives_null boolean, value text);
  reason := gdpr_internal.misfit(relation, facts.column_name, outcome.failed, outcome.variants,
    outcome.longest, outcome.gives_null, outcome.value, must_differ, facts.not_null,
    facts.one_null, CASE WHEN facts.category = 'S' THEN facts.length END, real_values, facts.refers);
  state := CASE WHEN reason IS NOT NULL THEN 'PD005' END;
EXCEPTION
  WHEN query_canceled OR admin_shutdown OR crash_shutdown THEN
    RAISE;
  WHEN check_violation OR not_null_violation THEN
    GET STACKED DIAGNOSTICS constraint_name = CONSTRAINT_NAME, type_name = PG_DATATYPE_NAME;
    state := 'PD005';
    reason := CASE WHEN coalesce(constraint_name, '') <> ''
      THEN format('it breaks the check constraint "%s" of the domain "%s"', constraint_name, type_name)
      ELSE format('it breaks the domain "%s"', type_name) END;
  WHEN OTHERS OR assert_failure THEN
    -- a message may quote the value that was tried, and a tried value may be a real one
    state := CASE WHEN SQLSTATE ~ '^(0A|42|PD)' THEN SQLSTATE ELSE 'PD005' END;
    reason := CASE WHEN SQLSTATE ~ '^(0A|42|PD)' THEN SQLERRM
      ELSE format('trying it ended with SQLSTATE %s', SQLSTATE) END;
END
$$;
COMMENT ON FUNCTION gdpr_internal.try_rule(oid, record, text, boolean, boolean) IS
  'tries one rule on one column as the owner of the table; NULL reason: it fits';
