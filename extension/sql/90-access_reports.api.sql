-- SPDX-License-Identifier: PostgreSQL
-- Who read this person?

--| The numbers under which sets know a person: the key itself where it is a whole number (and native places hold those), and
--| those of access_person. Two of these where the person had another key that was personal.
CREATE OR REPLACE FUNCTION gdpr_internal.access_numbers(
  subject_type text, subject_key text, OUT own bigint, OUT given bigint[])
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF access_numbers.subject_key ~ '^(0|-?[1-9][0-9]{0,18})$' AND access_numbers.subject_key::numeric BETWEEN -9223372036854775808 AND 9223372036854775807 THEN
    own := access_numbers.subject_key::bigint;
  END IF;
  given := ARRAY(SELECT k.person FROM gdpr_internal.access_person AS k
                 WHERE k.subject_type = access_numbers.subject_type AND k.subject_key = access_numbers.subject_key);
END
$$;
COMMENT ON FUNCTION gdpr_internal.access_numbers(text, text) IS 'The numbers under which the log of reads knows a person';

--| Where the sets of reads hold a person: statements and places, by index.
CREATE OR REPLACE FUNCTION gdpr_internal.reads_of(subject_type text, subject_key text)
RETURNS TABLE(statement bigint, place int)
LANGUAGE plpgsql STABLE ROWS 100 SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET plan_cache_mode = force_custom_plan SET jit = off AS $$
DECLARE
  numbers record := gdpr_internal.access_numbers(reads_of.subject_type, reads_of.subject_key);
  native int[] := ARRAY(SELECT p.place FROM gdpr_internal.access_place AS p WHERE p.subject_type = reads_of.subject_type AND p.native);
  others int[] := ARRAY(SELECT p.place FROM gdpr_internal.access_place AS p WHERE p.subject_type = reads_of.subject_type AND NOT p.native);
BEGIN
  RETURN QUERY
  SELECT r.statement, r.place FROM gdpr_internal.access_read AS r
  WHERE r.people OPERATOR(gdpr_internal.@>) numbers.own AND r.place = ANY (native)
  UNION
  SELECT f.statement, f.place FROM unnest(numbers.given) AS g(number) CROSS JOIN LATERAL (
    SELECT r.statement, r.place FROM gdpr_internal.access_read AS r
    WHERE r.people OPERATOR(gdpr_internal.@>) g.number AND r.place = ANY (others) OFFSET 0) AS f;
END
$$;
COMMENT ON FUNCTION gdpr_internal.reads_of(text, text) IS 'Statements and places whose sets hold a person';

--| The keys that a person has and had, each until the statement that changed it; of a type that is gone, the one given.
CREATE OR REPLACE FUNCTION gdpr_internal.read_keys(subject_type text, subject_key text)
RETURNS TABLE(key text, upto bigint)
LANGUAGE plpgsql STABLE ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM gdpr_internal.subject_type AS t WHERE t.subject_type = read_keys.subject_type) THEN
    RETURN QUERY SELECT h.key, h.upto FROM gdpr_internal.keys_held(read_keys.subject_type, '{1}', ARRAY[read_keys.subject_key]) AS h;
  ELSE
    RETURN QUERY SELECT read_keys.subject_key, 9223372036854775807;
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.read_keys(text, text) IS 'Keys under which the log of reads may know a person, each until which statement';

--| When the person's row came into being, as far as the log of changes knows: nobody can have read it before. Only
--| where nothing is known of an earlier time.
CREATE OR REPLACE FUNCTION gdpr_internal.known_since(
  subject_type text, subject_key text, OUT at timestamptz, OUT xid xid8, OUT session_role name)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_custom_plan SET jit = off AS $$
DECLARE
  first record;
BEGIN
  SELECT s.operation, s.at, s.xid, s.session_role, h.relation_schema, h.relation_name INTO first FROM (
    -- OFFSET 0: or the planner looks for the smallest by going through all
    SELECT min(c.statement) AS statement FROM (
      SELECT x.statement FROM gdpr_internal.audit_change AS x
      WHERE x.subject_key = known_since.subject_key AND x.subject_type = known_since.subject_type OFFSET 0) AS c) AS e
  JOIN gdpr_internal.audit_statement AS s ON s.statement = e.statement
  JOIN gdpr_internal.audit_shape AS h ON h.shape = s.shape;
  IF first.operation = 'I' AND EXISTS (
      SELECT FROM gdpr_internal.subject_type AS t WHERE t.subject_type = known_since.subject_type
        AND gdpr_internal.resolve(t.relation_schema, t.relation_name)::oid IN (
          SELECT gdpr_internal.self_and_ancestors(gdpr_internal.resolve(first.relation_schema, first.relation_name)))) THEN
    at := first.at;
    xid := first.xid;
    session_role := first.session_role;
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.known_since(text, text) IS
  'The change that made a person''s row, where the log of changes begins with it; else NULL';

--| Who read this person: reads that reached the person's rows, and reads of whole relations since there is the person. By
--| index whatever the planner believes: the log keeps no statistics on people.
CREATE OR REPLACE FUNCTION gdpr.subject_access(subject_type text, subject_key text) RETURNS SETOF gdpr.access_log
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100 SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_custom_plan SET jit = off AS $$
DECLARE
  person text := gdpr_internal.audited_key(subject_access.subject_type, subject_access.subject_key);
  born record := gdpr_internal.known_since(subject_access.subject_type, person);
BEGIN
  RETURN QUERY
  SELECT r.statement, r.at, a.session_role, a.acting_role, a.app_user, a.purpose, a.client_address, a.application,
    lpad(to_hex(r.query), 16, '0'), c.word, p.relation, p.columns, s.word, p.subject_type,
    CASE WHEN f.scope = 'P' THEN person END, r.row_count, r.status, r.engine
  FROM (
    SELECT x.statement, x.place, 'P'::"char" AS scope
    FROM gdpr_internal.read_keys(subject_access.subject_type, person) AS h, gdpr_internal.reads_of(subject_access.subject_type, h.key) AS x
    -- numbers of statements are seconds: the one in which the key changed is somebody's, rather than nobody's
    WHERE x.statement - 1073741824 < h.upto
    UNION
    SELECT x.statement, x.place, x.scope
    FROM gdpr_internal.access_place AS o CROSS JOIN LATERAL (
      SELECT y.statement, y.place, y.scope FROM gdpr_internal.access_read AS y WHERE y.place = o.place AND y.scope IN ('A', 'U') OFFSET 0) AS x
    WHERE o.subject_type = subject_access.subject_type
  ) AS f
  CROSS JOIN LATERAL (
    SELECT y.*, sum(y.rows) OVER ()::bigint AS row_count FROM gdpr_internal.access_part AS y
    WHERE y.statement = f.statement AND y.place = f.place AND y.scope = f.scope ORDER BY y.whole DESC LIMIT 1) AS r
  LEFT JOIN gdpr_internal.access_actor AS a ON a.actor = r.actor
  JOIN gdpr_internal.access_where AS p ON p.place = f.place
  JOIN gdpr_internal.access_word AS s ON s.kind = 'scope' AND s.code = f.scope
  LEFT JOIN gdpr_internal.access_word AS c ON c.kind = 'command' AND c.code = r.command
  -- A snapshot that is older than the transaction which made the person cannot have shown the person, but to that
  -- transaction itself.
  WHERE f.scope = 'P' OR born.at IS NULL OR NOT coalesce(r.at < born.at AND r.snapshot <= born.xid
    AND (a.session_role <> born.session_role OR r.at < born.at - interval '1 day'), false)
  ORDER BY f.statement, p.relation, f.scope;
  IF NOT FOUND THEN
    PERFORM gdpr_internal.subject(subject_access.subject_type);
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr.subject_access(text, text) IS
  'Who read a person, when, for which purpose, with which query; with reads of whole relations since the person is there, oldest first';
