-- SPDX-License-Identifier: PostgreSQL
-- The addresses of people, by channel, wherever they stand.

--| An address as it is compared: e-mail in lower case, phones by their digits (00 is +), post by letters and
--| digits. No locale has a say in it: the digests must be the same after a restore into another one.
CREATE OR REPLACE FUNCTION gdpr_internal.plain_address(channel text, address text) RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'gdpr_plain_address';
COMMENT ON FUNCTION gdpr_internal.plain_address(text, text) IS
  'An address in the form in which addresses of its channel are compared; NULL if nothing is left';

--| SQL: the addresses of row t of a table, as a(channel, address); NULL if it has none.
CREATE OR REPLACE FUNCTION gdpr_internal.address_sql(relation regclass, only_channel text DEFAULT NULL) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  WITH holder AS (
    SELECT a.attname AS name, min(a.attnum) AS n, min(substring(b.label FROM '^\s*(\w+)')) AS kind,
      bool_or(t.typcategory = 'A') AS many
    FROM gdpr_internal.family($1) AS f
    JOIN pg_seclabel AS b ON b.objoid = f AND b.classoid = 'pg_class'::regclass AND b.provider = 'gdpr'
    JOIN pg_attribute AS a ON a.attrelid = b.objoid AND a.attnum = b.objsubid AND NOT a.attisdropped
    JOIN pg_type AS t ON t.oid = gdpr_internal.base_type(a.atttypid)
    GROUP BY a.attname
  ), part AS (
    SELECT c.channel, h.n, format(CASE WHEN h.many
        THEN 'SELECT %L AS channel, u.v::pg_catalog.text AS address FROM pg_catalog.unnest(t.%I) AS u(v)'
        ELSE 'SELECT %L AS channel, t.%I::pg_catalog.text AS address' END, c.channel, h.name) AS command
    FROM holder AS h JOIN (VALUES ('email', 'email'), ('phone', 'telephone'), ('phone', 'sms')) AS c(kind, channel) ON c.kind = h.kind
    UNION ALL
    -- what one writes on an envelope, in that order
    SELECT 'post', NULL, format('SELECT ''post'' AS channel, pg_catalog.concat_ws('' '', %s) AS address',
      string_agg(format('t.%I::pg_catalog.text', h.name), ', ' ORDER BY o.place, h.n))
    FROM holder AS h
    JOIN unnest('{po_box,street,street_number,address_line,postal_code,city}'::text[]) WITH ORDINALITY AS o(kind, place) ON o.kind = h.kind
    HAVING bool_or(h.kind IN ('street', 'address_line', 'po_box'))
  )
  SELECT '(' || string_agg(p.command, ' UNION ALL ' ORDER BY p.channel, p.n) || ')'
  FROM part AS p WHERE p.channel = $2 OR $2 IS NULL
$$;
COMMENT ON FUNCTION gdpr_internal.address_sql(regclass, text) IS
  'SQL: subquery with the addresses in row t of a table by channel, as kinds say; NULL if it holds none';

--| Addresses of people in the tables they own beside the table of people, read as each table's owner.
CREATE OR REPLACE FUNCTION gdpr_internal.linked_addresses(subject_type text, keys text[], only_channel text)
RETURNS TABLE (subject_key text, channel text, address text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  steps jsonb := (SELECT jsonb_agg(to_jsonb(s) || jsonb_build_object('oid', s.relation::oid,
      'addresses', CASE WHEN s.step > 1 AND s.scope = 'owned' THEN gdpr_internal.address_sql(s.relation, only_channel) END) ORDER BY s.step)
    FROM gdpr_internal.steps(linked_addresses.subject_type) AS s);
  last int := (SELECT max((s->>'step')::int) FROM jsonb_array_elements(steps) AS s WHERE s->>'addresses' IS NOT NULL);
  hits gdpr_internal.found_rows[];
  step jsonb;
  link gdpr_internal.link;
  leaf record;
  n int;
BEGIN
  IF last IS NULL THEN
    RETURN;
  END IF;
  hits[1] := gdpr_internal.collect((steps->0->>'oid')::oid, gdpr_internal.find_subject_sql(linked_addresses.subject_type), keys);
  FOR step IN SELECT s FROM jsonb_array_elements(steps) AS s WHERE (s->>'step')::int BETWEEN 2 AND last LOOP
    n := (step->>'step')::int;
    FOR link IN SELECT l.* FROM gdpr_internal.link AS l WHERE l.link IN (SELECT jsonb_array_elements_text(step->'links')::int) ORDER BY l.link LOOP
      hits[n] := gdpr_internal.merge_rows(hits[n], gdpr_internal.find_link(link.link, (step->>'oid')::oid::regclass, (
        SELECT CASE WHEN gdpr_internal.resolve(link.parent_schema, link.parent_name)::oid = (step->>'oid')::oid THEN hits[n]
          ELSE hits[(SELECT (p->>'step')::int FROM jsonb_array_elements(steps) AS p
                     WHERE (p->>'oid')::oid = gdpr_internal.resolve(link.parent_schema, link.parent_name)::oid)] END),
        gdpr_internal.resolve(link.parent_schema, link.parent_name)::oid = (step->>'oid')::oid));
    END LOOP;
    CONTINUE WHEN step->>'addresses' IS NULL OR (hits[n]).tids IS NULL;
    FOR leaf IN SELECT x.relid, array_agg(x.tid) AS tids, array_agg(x.person) AS people
      FROM unnest((hits[n]).relids, (hits[n]).tids, (hits[n]).people) AS x(relid, tid, person) GROUP BY x.relid
    LOOP
      RETURN QUERY SELECT k.key, r.channel, r.address
      FROM gdpr_internal.query_as_owner(leaf.relid, format(
        'SELECT x.person, a.channel, a.address FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2)) AS x(tid, person)
         JOIN ONLY %s AS t ON t.ctid OPERATOR(pg_catalog.=) x.tid CROSS JOIN LATERAL %s AS a WHERE a.address IS NOT NULL',
        gdpr_internal.sql_name(leaf.relid), step->>'addresses'), leaf.tids, leaf.people) AS r(person int, channel text, address text)
      JOIN unnest(linked_addresses.keys) WITH ORDINALITY AS k(key, n) ON k.n = r.person;
    END LOOP;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.linked_addresses(text, text[], text) IS
  'Addresses of people in the tables that hang on them, read as each table''s owner';

--| Every address of people, by channel, in plain form.
CREATE OR REPLACE FUNCTION gdpr_internal.addresses(subject_type text, keys text[], only_channel text DEFAULT NULL)
RETURNS TABLE (subject_key text, channel text, plain text)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(addresses.subject_type);
  relation regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name);
  own text := gdpr_internal.address_sql(relation, only_channel);
BEGIN
  IF own IS NOT NULL THEN
    RETURN QUERY
    SELECT DISTINCT r.key, r.channel, gdpr_internal.plain_address(r.channel, r.address)
    FROM gdpr_internal.query_as_owner(relation, format(
      'SELECT p.key, a.channel, a.address FROM %s CROSS JOIN LATERAL %s AS a WHERE a.address IS NOT NULL',
      gdpr_internal.people_join(s.subject_type), own), keys) AS r(key text, channel text, address text);
  END IF;
  FOR n IN 0 .. (cardinality(keys) - 1) / 10000 LOOP
    RETURN QUERY
    SELECT DISTINCT a.subject_key, a.channel, gdpr_internal.plain_address(a.channel, a.address)
    FROM gdpr_internal.linked_addresses(s.subject_type, keys[n * 10000 + 1 : (n + 1) * 10000], only_channel) AS a;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.addresses(text, text[], text) IS
  'Addresses of people by channel, in the form in which they are compared, from every table they own';
