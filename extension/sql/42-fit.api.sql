-- SPDX-License-Identifier: PostgreSQL
--
-- Fit, part three: each classified column of a relation with the rule that an erasure will use.

--| gdpr_internal.column_needs: facts joined with the label, and what has to be tried
CREATE OR REPLACE FUNCTION gdpr_internal.column_needs(relation oid, only_column name DEFAULT NULL)
RETURNS TABLE (
  attnum int2, column_name name, column_type text, base_type oid, base_typmod int,
  sample_type text, sample text, category "char", length int, not_null boolean,
  is_unique boolean, alone boolean, one_null boolean, index_name name, generated boolean,
  identity_always boolean, refers boolean, check_names text[], check_expressions text[], kind text, stem text,
  treatment text, keeps boolean, real_values boolean, follows boolean, rule text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT f.attnum, f.column_name, f.column_type, f.base_type, f.base_typmod, f.sample_type,
         gdpr_internal.sample_value(f.base_type, f.category, n.length), f.category, n.length,
         n.not_null, n.is_unique, f.alone OR NOT f.is_unique, f.one_null, f.index_name,
         f.generated, f.identity_always, f.refers, f.check_names, f.check_expressions, p.kind, p.stem,
         p.treatment, p.kind = 'not_personal' OR coalesce(p.treatment = 'keep', false),
         gdpr_internal.depends_on_value(f.base_type, f.category, p.treatment),
         f.follows AND p.treatment IS NULL,
         gdpr_internal.add_facts(p.stem, n.is_unique, n.not_null, n.length)
  FROM gdpr_internal.column_facts($1) AS f
  CROSS JOIN LATERAL gdpr_internal.rule_parts(f.label) AS p
  CROSS JOIN LATERAL (
    SELECT f.is_unique OR p.is_unique, f.not_null OR p.not_null, least(f.length, p.length)
  ) AS n (is_unique, not_null, length)
  WHERE f.column_name = $2 OR $2 IS NULL
  ORDER BY f.attnum;
END
$$;
COMMENT ON FUNCTION gdpr_internal.column_needs(oid, name) IS
  'each classified column with its facts, its rule with the facts compiled in, and how to try it';

--| gdpr_internal.try_plain: the plain rules of all columns in one statement
CREATE OR REPLACE FUNCTION gdpr_internal.try_plain(relation oid, only_column name DEFAULT NULL)
RETURNS jsonb
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  statement text;
  outcomes jsonb;
BEGIN
  SELECT string_agg(gdpr_internal.trial_query(try_plain.relation, n.attnum, n.column_name,
           n.column_type, n.sample_type, n.sample, n.rule, n.real_values, n.check_names,
           n.check_expressions), ' UNION ALL ')
  INTO statement
  FROM gdpr_internal.column_needs(try_plain.relation, only_column) AS n
  WHERE n.sample IS NOT NULL AND NOT (n.keeps OR n.follows OR n.generated OR n.identity_always);
  IF statement IS NOT NULL THEN
    SELECT jsonb_object_agg(t.attnum, to_jsonb(t)) INTO outcomes
    FROM gdpr_internal.query_as_owner(try_plain.relation, statement)
      AS t (attnum int2, failed text[], variants int, longest int, gives_null boolean, value text);
  END IF;
  RETURN coalesce(outcomes, '{}');
EXCEPTION
  WHEN query_canceled OR admin_shutdown OR crash_shutdown THEN
    RAISE;
  WHEN OTHERS OR assert_failure THEN
    -- one column raised: the caller asks column by column which it was
    RETURN '{}';
END
$$;
COMMENT ON FUNCTION gdpr_internal.try_plain(oid, name) IS
  'outcomes of the plain rules of all columns, tried together; none if one of them raises';

--| gdpr_internal.first_candidate: the first treatment that a column takes
CREATE OR REPLACE FUNCTION gdpr_internal.first_candidate(
  relation oid, needs record, OUT rule text, OUT reason text, OUT state text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  candidate text;
  tried record;
  relaxed text := gdpr_internal.add_facts(needs.stem, false, needs.not_null, needs.length);
  stem text;
BEGIN
  IF needs.sample IS NULL AND needs.treatment IS DISTINCT FROM 'null' THEN
    reason := format('there is no treatment for the type %s', needs.column_type);
    state := '0A000';
    IF needs.treatment IS NULL AND NOT needs.not_null THEN
      rule := gdpr_internal.add_facts(needs.stem || ' erase=null', needs.is_unique, false, NULL);
      reason := NULL;
    END IF;
    RETURN;
  END IF;
  -- the plain rule first: its misfit is the one worth telling
  SELECT t.* INTO tried FROM gdpr_internal.try_rule(
    relation, needs, needs.rule, needs.is_unique, needs.real_values) AS t;
  IF tried.reason IS NULL THEN
    rule := needs.rule;
    RETURN;
  END IF;
  reason := tried.reason;
  state := tried.state;
  -- an owner's own treatment is honoured and never replaced
  IF needs.treatment IS NULL THEN
    FOREACH stem IN ARRAY ARRAY[needs.rule] || CASE WHEN needs.alone THEN '{}' ELSE ARRAY[relaxed] END
    LOOP
      FOR candidate IN
        SELECT c FROM gdpr_internal.candidates(stem, needs.base_type::regtype, needs.base_typmod)
               WITH ORDINALITY AS t (c, n) ORDER BY n
      LOOP
        SELECT t.* INTO tried FROM gdpr_internal.try_rule(relation, needs, candidate,
          needs.is_unique AND stem = needs.rule,
          gdpr_internal.depends_on_value(needs.base_type, needs.category,
            gdpr_internal.rule_treatment(candidate))) AS t;
        IF tried.reason IS NULL THEN
          rule := candidate;
          reason := NULL;
          state := NULL;
          RETURN;
        END IF;
      END LOOP;
    END LOOP;
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.first_candidate(oid, record) IS
  'the first treatment that a column takes, or why its plain one does not fit';

--| gdpr_internal.rule_treatment: the erase override of a rule
CREATE OR REPLACE FUNCTION gdpr_internal.rule_treatment(rule text)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT treatment FROM gdpr_internal.rule_parts($1);
$$;
COMMENT ON FUNCTION gdpr_internal.rule_treatment(text) IS
  'the erase override of a rule; NULL without one';

--| gdpr_internal.fit_hint: what to do about a column that takes no treatment
CREATE OR REPLACE FUNCTION gdpr_internal.fit_hint(
  relation oid, column_name name, stem text, not_null boolean)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT concat_ws(' ',
    'Name a treatment that fits:',
    format('SELECT gdpr.classify(%L, %L, %L);', $1::regclass, $2,
           regexp_replace($3, '\s+erase=.*$', '') || ' erase=constant(''…'')'),
    CASE WHEN $4 THEN 'Or allow nulls:' END,
    CASE WHEN $4 THEN format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL;', $1::regclass, $2) END);
$$;
COMMENT ON FUNCTION gdpr_internal.fit_hint(oid, name, text, boolean) IS
  'what to do about a column that takes no treatment';

--| gdpr_internal.plain_fits: whether the common trial already showed that the plain rule fits
CREATE OR REPLACE FUNCTION gdpr_internal.plain_fits(relation oid, needs record, outcome jsonb)
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN outcome IS NOT NULL AND gdpr_internal.misfit(relation, needs.column_name,
    ARRAY(SELECT jsonb_array_elements_text(outcome -> 'failed')), (outcome ->> 'variants')::int,
    (outcome ->> 'longest')::int, (outcome ->> 'gives_null')::boolean, outcome ->> 'value',
    needs.is_unique, needs.not_null, needs.one_null,
    CASE WHEN needs.category = 'S' THEN needs.length END, needs.real_values, needs.refers) IS NULL;
END
$$;
COMMENT ON FUNCTION gdpr_internal.plain_fits(oid, record, jsonb) IS
  'whether the outcome of the common trial fits the column; false without an outcome';

--| gdpr_internal.fit: the effective rules of all classified columns of a relation
CREATE OR REPLACE FUNCTION gdpr_internal.fit(relation regclass, only_column name DEFAULT NULL)
RETURNS TABLE (column_name name, data_type text, rule text, writable boolean, problem text,
               hint text, sqlstate text)
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  needs record;
  chosen record;
  outcomes jsonb := gdpr_internal.try_plain(relation, only_column);
BEGIN
  FOR needs IN SELECT * FROM gdpr_internal.column_needs(fit.relation, only_column) LOOP
    column_name := needs.column_name;
    data_type := needs.column_type;
    writable := NOT (needs.generated OR needs.identity_always);
    rule := NULL;
    problem := NULL;
    hint := NULL;
    sqlstate := NULL;
    IF NOT writable THEN
      NULL;  -- nothing to assign; preflight says what that means
    ELSIF needs.follows AND NOT needs.keeps THEN
      rule := gdpr_internal.add_facts(needs.stem || ' erase=keep', needs.is_unique, needs.not_null,
                                      needs.length);
    ELSIF needs.keeps OR gdpr_internal.plain_fits(fit.relation, needs,
            outcomes -> needs.attnum::text) THEN
      rule := needs.rule;
    ELSE
      SELECT c.* INTO chosen FROM gdpr_internal.first_candidate(fit.relation, needs) AS c;
      rule := chosen.rule;
      IF rule IS NULL THEN
        problem := format('The treatment "%s" does not fit: %s.', needs.rule, chosen.reason);
        hint := gdpr_internal.fit_hint(fit.relation, needs.column_name, needs.stem, needs.not_null);
        sqlstate := chosen.state;
      END IF;
    END IF;
    RETURN NEXT;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.fit(regclass, name) IS
  'the effective rule of each classified column of a relation, or what is in its way';

--| gdpr_internal.effective_rule: the rule of a column with everything the column demands compiled in.
--| Finding it runs the checks of the table's owner as her, and says what they let through.
CREATE OR REPLACE FUNCTION gdpr_internal.effective_rule(relation regclass, column_name name)
RETURNS text
LANGUAGE plpgsql STRICT SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  caller oid := gdpr_internal.caller();
  chosen record;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = effective_rule.relation) THEN
    RAISE EXCEPTION 'relation with OID % does not exist', effective_rule.relation::oid
      USING ERRCODE = 'undefined_table', HINT = 'Name an existing table.';
  END IF;
  IF NOT EXISTS (SELECT FROM gdpr_internal.bundle_grant AS b JOIN pg_roles AS r ON r.rolname = b.role
                 WHERE b.bundle IN ('operator', 'dpo') AND pg_has_role(caller, r.oid, 'USAGE')) THEN
    PERFORM gdpr_internal.require_owner(effective_rule.relation);
  END IF;
  IF NOT EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = effective_rule.relation
                 AND a.attname = effective_rule.column_name AND a.attnum > 0 AND NOT a.attisdropped) THEN
    RAISE EXCEPTION 'column "%" of relation % does not exist', effective_rule.column_name,
      effective_rule.relation
      USING ERRCODE = 'undefined_column',
            HINT = format('The columns: SELECT attname FROM pg_catalog.pg_attribute WHERE attrelid = %L::regclass AND attnum > 0 AND NOT attisdropped;',
                          effective_rule.relation);
  END IF;
  SELECT f.* INTO chosen FROM gdpr_internal.fit(effective_rule.relation, effective_rule.column_name) AS f;
  IF chosen.problem IS NOT NULL THEN
    RAISE EXCEPTION 'column "%" of table % cannot take its treatment', effective_rule.column_name,
      effective_rule.relation
      USING ERRCODE = coalesce(chosen.sqlstate, 'PD005'), DETAIL = chosen.problem, HINT = chosen.hint;
  END IF;
  RETURN chosen.rule;
END
$$;
COMMENT ON FUNCTION gdpr_internal.effective_rule(regclass, name) IS
  'the rule that an erasure uses for a column; for the owner of the table, operators and the DPO';

--| The door of gdpr_internal.effective_rule().
CREATE OR REPLACE FUNCTION gdpr.effective_rule(relation regclass, column_name name)
RETURNS text
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.effective_rule(regclass, name) IS
  'the rule of a column with unique, not null, length and, where needed, the first treatment its checks let through; NULL without a label or for columns that cannot be written';
