-- SPDX-License-Identifier: PostgreSQL
-- What a role reached: for the breach report (Art. 33, within 72 hours), and for purposes after their consent was withdrawn.

--| Rows of reads by some actors in a time; what began before and may still have reached everybody is in it.
CREATE OR REPLACE FUNCTION gdpr_internal.reads_by(actors int[], from_time timestamptz, to_time timestamptz)
RETURNS SETOF gdpr_internal.access_part
LANGUAGE plpgsql STABLE ROWS 100000 SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
BEGIN
  RETURN QUERY
  SELECT r.* FROM gdpr_internal.access_part AS r
  WHERE r.actor = ANY (reads_by.actors) AND r.noted < coalesce(reads_by.to_time, 'infinity')
    AND (r.noted >= coalesce(reads_by.from_time, '-infinity') OR NOT r.whole AND r.scope = 'A' AND r.status IN ('running', 'unclosed'));
END
$$;
COMMENT ON FUNCTION gdpr_internal.reads_by(int[], timestamptz, timestamptz) IS 'Rows of reads by some actors in a time';

--| Kinds of data in the columns that were read, by today's classification of the relation that has the name today.
CREATE OR REPLACE FUNCTION gdpr_internal.kinds_read(places int[]) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
  SELECT array_agg(DISTINCT k.kind ORDER BY k.kind) FROM (
    SELECT c.kind
    FROM gdpr_internal.access_place AS p, gdpr_internal.self_and_ancestors(gdpr_internal.resolve(p.relation_schema, p.relation_name)) AS r,
      gdpr.classification AS c
    WHERE p.place = ANY ($1) AND c.relation::oid = r AND c.column_name = ANY (p.columns) AND c.kind <> 'not_personal'
    UNION ALL
    -- what nobody classified may be anything; keys and links need no kind
    SELECT 'unclassified'
    FROM gdpr_internal.access_place AS p JOIN gdpr_internal.subject_type AS t ON t.subject_type = p.subject_type, unnest(p.columns) AS n(name)
    WHERE p.place = ANY ($1) AND gdpr_internal.resolve(p.relation_schema, p.relation_name) IS NOT NULL
      AND NOT EXISTS (
        SELECT FROM gdpr_internal.self_and_ancestors(gdpr_internal.resolve(p.relation_schema, p.relation_name)) AS r
        JOIN gdpr.classification AS c ON c.relation::oid = r AND c.column_name = n.name)
      AND NOT EXISTS (
        SELECT FROM gdpr_internal.self_and_ancestors(gdpr_internal.resolve(p.relation_schema, p.relation_name)) AS r
        JOIN gdpr_internal.link AS l ON gdpr_internal.resolve(l.relation_schema, l.relation_name)::oid = r
        WHERE n.name = ANY (l.columns) OR n.name = l.discriminator)
      AND NOT EXISTS (
        SELECT FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
        WHERE i.indrelid = gdpr_internal.resolve(p.relation_schema, p.relation_name) AND i.indisprimary AND a.attname = n.name)
  ) AS k
$$;
COMMENT ON FUNCTION gdpr_internal.kinds_read(int[]) IS
  'Kinds of data in the columns that were read; unclassified: of some nobody has said what they are';

--| In which countries people live, as {"DE": 12, "unknown": 1}; NULL where no column says it. everybody: also all who are in
--| the table of people now.
CREATE OR REPLACE FUNCTION gdpr_internal.people_by_country(
  subject_type text, keys text[], everybody boolean, OUT people bigint, OUT countries jsonb)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  s gdpr_internal.subject_type;
  relation regclass;
BEGIN
  people := cardinality(people_by_country.keys);
  SELECT t.* INTO s FROM gdpr_internal.subject_type AS t WHERE t.subject_type = people_by_country.subject_type;
  IF NOT FOUND OR gdpr_internal.is_missing(s.relation_schema, s.relation_name, VARIADIC s.key) THEN
    RETURN;
  END IF;
  relation := gdpr_internal.resolve(s.relation_schema, s.relation_name);
  -- one read of the table; by key where few are asked for
  SELECT sum(g.n), jsonb_object_agg(g.country, g.n) INTO people, countries FROM (
    SELECT coalesce(CASE WHEN f.country IS NOT NULL THEN gdpr_internal.country_code(f.country) END, 'unknown') AS country, sum(f.n) AS n FROM (
      SELECT f.country, count(*) AS n
      FROM unnest(people_by_country.keys) AS k(key)
      FULL JOIN gdpr_internal.person_facts(s.subject_type, CASE WHEN NOT everybody THEN people_by_country.keys END) AS f
        ON f.subject_key = k.key COLLATE "C"
      GROUP BY f.country) AS f
    GROUP BY 1) AS g;
  people := coalesce(people, 0);
  IF (gdpr_internal.person_columns(s, relation)).country IS NULL THEN
    countries := NULL;
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.people_by_country(text, text[], boolean) IS
  'How many people these are, and in which countries; read as the owner of the table of people';

--| What an account reached: for the breach report.
CREATE OR REPLACE FUNCTION gdpr.blast_radius(
  role name, from_time timestamptz DEFAULT NULL, to_time timestamptz DEFAULT NULL, app_user text DEFAULT NULL)
RETURNS TABLE(subject_type text, people bigint, whole_relations text[], kinds text[], countries jsonb, statements bigint,
  first_read timestamptz, last_read timestamptz, unknown_relations text[])
LANGUAGE plpgsql SECURITY DEFINER ROWS 5 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  actors int[] := ARRAY(
    SELECT a.actor FROM gdpr_internal.access_actor AS a
    WHERE (blast_radius.role IS NULL OR blast_radius.role IN (a.session_role, a.acting_role))
      AND (blast_radius.app_user IS NULL OR lower(a.app_user) = lower(blast_radius.app_user)));
  t record;
  keys text[];
BEGIN
  FOR t IN
    SELECT p.subject_type, array_agg(DISTINCT p.relation) FILTER (WHERE r.scope = 'A') AS whole,
      array_agg(DISTINCT coalesce(p.relation, 'unknown')) FILTER (WHERE r.scope = 'U') AS unknown, array_agg(DISTINCT r.place) AS places,
      count(DISTINCT r.statement) AS statements, min(r.at) AS first_read, max(r.noted) AS last_read
    FROM gdpr_internal.reads_by(actors, from_time, to_time) AS r LEFT JOIN gdpr_internal.access_where AS p ON p.place = r.place
    GROUP BY p.subject_type ORDER BY p.subject_type
  LOOP
    subject_type := t.subject_type;
    whole_relations := t.whole;
    unknown_relations := t.unknown;
    statements := t.statements;
    first_read := t.first_read;
    last_read := t.last_read;
    kinds := gdpr_internal.kinds_read(t.places);
    people := NULL;
    countries := NULL;
    IF t.subject_type IS NOT NULL THEN
      -- people, not the sum over reads
      SELECT array_agg(DISTINCT CASE WHEN d.native THEN d.number::text ELSE k.subject_key END) INTO keys FROM (
        SELECT DISTINCT p.native, m.number
        FROM gdpr_internal.reads_by(actors, from_time, to_time) AS r JOIN gdpr_internal.access_where AS p ON p.place = r.place,
          gdpr_internal.set_members(r.people) AS m(number)
        WHERE p.subject_type = t.subject_type) AS d
      LEFT JOIN gdpr_internal.access_person AS k ON NOT d.native AND k.person = d.number;
      SELECT c.people, c.countries INTO people, countries
      FROM gdpr_internal.people_by_country(t.subject_type, coalesce(keys, '{}'), t.whole IS NOT NULL) AS c;
    END IF;
    RETURN NEXT;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr.blast_radius(name, timestamptz, timestamptz, text) IS
  'What a role (logged in or in force) reached: distinct people, kinds of data and countries; of relations that it read as a whole everybody who is there now';

--| Times in which a purpose was closed for a person by a withdrawal. Of the general consent: for every purpose with that
--| basis for which the person has decided nothing by itself.
CREATE OR REPLACE FUNCTION gdpr_internal.withdrawn_times(subject_type text, purposes text[])
RETURNS TABLE(subject_key text, purpose text, withdrawn_at timestamptz, until timestamptz)
LANGUAGE sql STABLE ROWS 100 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
  SELECT w.subject_key, p.purpose, w.at, (
    SELECT min(n.at) FROM gdpr_internal.consent_event AS n
    WHERE n.subject_type = w.subject_type AND n.subject_key = w.subject_key AND n.purpose = w.purpose AND n.event > w.event
      AND n.kind = 'decision' AND n.state = 'accepted')
  FROM gdpr_internal.consent_event AS w
  JOIN gdpr_internal.purpose AS p ON p.lawful_basis = 'consent' AND p.purpose = ANY ($2)
    AND (p.purpose = w.purpose OR w.purpose = '' AND NOT EXISTS (
      SELECT FROM gdpr_internal.consent_state AS c
      WHERE c.subject_type = w.subject_type AND c.subject_key = w.subject_key AND c.purpose = p.purpose))
  WHERE w.subject_type = $1 AND w.kind = 'decision' AND w.state = 'withdrawn'
$$;
COMMENT ON FUNCTION gdpr_internal.withdrawn_times(text, text[]) IS
  'From when to when purposes were closed for people who withdrew their consent';

--| Reads for a purpose after its consent was withdrawn.
CREATE OR REPLACE FUNCTION gdpr.access_after_withdrawal(subject_type text, purpose text DEFAULT NULL)
RETURNS TABLE(subject_key text, claimed_purpose text, withdrawn_at timestamptz, at timestamptz, session_role name, role name, app_user text,
  statement bigint, relation text, columns name[], scope text, query text, engine boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100 SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan SET jit = off AS $$
DECLARE
  -- what no session ever named needs no look
  named text[] := ARRAY(
    SELECT DISTINCT a.purpose FROM gdpr_internal.access_actor AS a
    WHERE a.purpose IS NOT NULL AND (access_after_withdrawal.purpose IS NULL OR a.purpose = access_after_withdrawal.purpose));
BEGIN
  PERFORM gdpr_internal.subject(access_after_withdrawal.subject_type);
  RETURN QUERY
  WITH w AS MATERIALIZED (
    SELECT t.* FROM gdpr_internal.withdrawn_times(access_after_withdrawal.subject_type, named) AS t
  ), hit AS (
    SELECT w.subject_key, w.purpose, w.withdrawn_at, r.statement, r.place, 'P'::"char" AS scope, w.until
    FROM w CROSS JOIN LATERAL gdpr_internal.reads_of(access_after_withdrawal.subject_type, w.subject_key) AS r
    UNION ALL
    -- once for all whom it may have reached
    SELECT NULL, f.purpose, f.withdrawn_at, r.statement, r.place, r.scope, NULL
    FROM (SELECT w.purpose, min(w.withdrawn_at) AS withdrawn_at FROM w WHERE w.until IS NULL GROUP BY w.purpose) AS f
    CROSS JOIN gdpr_internal.access_place AS p JOIN gdpr_internal.access_read AS r ON r.place = p.place AND r.scope = 'A'
    WHERE p.subject_type = access_after_withdrawal.subject_type
  )
  SELECT h.subject_key, h.purpose, h.withdrawn_at, r.at, a.session_role, a.acting_role, a.app_user, h.statement, o.relation, o.columns,
    s.word, lpad(to_hex(r.query), 16, '0'), r.engine
  FROM hit AS h CROSS JOIN LATERAL (
    SELECT y.at, y.actor, y.query, y.engine FROM gdpr_internal.access_part AS y
    WHERE y.statement = h.statement AND y.place = h.place AND y.scope = h.scope
      AND y.noted > h.withdrawn_at AND (h.until IS NULL OR y.at < h.until)
    ORDER BY y.noted LIMIT 1) AS r
  JOIN gdpr_internal.access_actor AS a ON a.actor = r.actor AND a.purpose = h.purpose
  JOIN gdpr_internal.access_where AS o ON o.place = h.place
  JOIN gdpr_internal.access_word AS s ON s.kind = 'scope' AND s.code = h.scope
  ORDER BY h.withdrawn_at, h.statement;
END
$$;
COMMENT ON FUNCTION gdpr.access_after_withdrawal(text, text) IS
  'Reads for a purpose that reached people after they had withdrawn their consent to it; a whole relation once, without a key';
