-- SPDX-License-Identifier: PostgreSQL
-- Where people live and how old they are: who is in scope of the GDPR, and who is a child (Art. 8).

--| Countries in the words tables use for them: ISO codes, English names. Ages of consent as the member
--| states set them under Art. 8(1); territories with a code of their own follow their state.
CREATE OR REPLACE VIEW gdpr_internal.law_of_country AS
  SELECT v.country COLLATE "C" AS country, v.alpha3, v.name, v.consent_age
  FROM (VALUES
    ('AT', 'AUT', 'Austria', 14), ('AX', 'ALA', 'Aland Islands', 13), ('BE', 'BEL', 'Belgium', 13),
    ('BG', 'BGR', 'Bulgaria', 14), ('CY', 'CYP', 'Cyprus', 14), ('CZ', 'CZE', 'Czechia', 15),
    ('DE', 'DEU', 'Germany', 16), ('DK', 'DNK', 'Denmark', 15), ('EE', 'EST', 'Estonia', 13),
    ('ES', 'ESP', 'Spain', 14), ('FI', 'FIN', 'Finland', 13), ('FR', 'FRA', 'France', 15),
    ('GB', 'GBR', 'United Kingdom', 13), ('GF', 'GUF', 'French Guiana', 15), ('GI', 'GIB', 'Gibraltar', 13),
    ('GP', 'GLP', 'Guadeloupe', 15), ('GR', 'GRC', 'Greece', 15), ('HR', 'HRV', 'Croatia', 16),
    ('HU', 'HUN', 'Hungary', 16), ('IE', 'IRL', 'Ireland', 16), ('IS', 'ISL', 'Iceland', 13),
    ('IT', 'ITA', 'Italy', 14), ('LI', 'LIE', 'Liechtenstein', 16), ('LT', 'LTU', 'Lithuania', 14),
    ('LU', 'LUX', 'Luxembourg', 16), ('LV', 'LVA', 'Latvia', 13), ('MF', 'MAF', 'Saint Martin', 15),
    ('MQ', 'MTQ', 'Martinique', 15), ('MT', 'MLT', 'Malta', 13), ('NL', 'NLD', 'Netherlands', 16),
    ('NO', 'NOR', 'Norway', 13), ('PL', 'POL', 'Poland', 16), ('PT', 'PRT', 'Portugal', 13),
    ('RE', 'REU', 'Reunion', 15), ('RO', 'ROU', 'Romania', 16), ('SE', 'SWE', 'Sweden', 13),
    ('SI', 'SVN', 'Slovenia', 15), ('SK', 'SVK', 'Slovakia', 16), ('YT', 'MYT', 'Mayotte', 15)
  ) AS v(country, alpha3, name, consent_age);
COMMENT ON VIEW gdpr_internal.law_of_country IS
  'Countries where the GDPR or the UK GDPR applies, with their age of consent to information society services';

--| Countries with their age of consent and whether their residents are in scope; set here goes before the law.
CREATE OR REPLACE VIEW gdpr.countries AS
  SELECT COALESCE(l.country, c.country) AS country, l.name, COALESCE(c.consent_age, l.consent_age) AS consent_age,
    COALESCE(c.in_scope, true) AS in_scope, CASE WHEN c.country IS NULL THEN 'law' ELSE 'set' END AS source
  FROM gdpr_internal.law_of_country AS l
  FULL JOIN gdpr_internal.country AS c ON c.country OPERATOR(pg_catalog.=) l.country;
COMMENT ON VIEW gdpr.countries IS
  'Age of consent (Art. 8) and scope per country; for every other country 16 years and out of scope';

--| Decides on the age of consent and the scope of a country; both NULL: as the law has it again.
CREATE OR REPLACE FUNCTION gdpr.set_country(country text, consent_age int, in_scope boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wanted text := gdpr_internal.country_code(set_country.country);
BEGIN
  IF set_country.country IS NULL OR (set_country.consent_age IS NULL) <> (set_country.in_scope IS NULL) THEN
    RAISE EXCEPTION 'a country needs an age of consent and whether it is in scope' USING ERRCODE = '22004',
      HINT = 'Both NULL means: as the law has it.';
  ELSIF wanted IS NULL THEN
    RAISE EXCEPTION 'not a country' USING ERRCODE = '22023', HINT = 'Use the two letters of ISO 3166: DE, FR, GB.';
  ELSIF set_country.consent_age NOT BETWEEN 13 AND 18 THEN
    RAISE EXCEPTION 'the age of consent must be between 13 and 18' USING ERRCODE = '22023',
      HINT = 'Art. 8(1) lets member states lower it to 13, not further.';
  ELSIF set_country.consent_age IS NULL THEN
    DELETE FROM gdpr_internal.country AS c WHERE c.country = wanted;
  ELSE
    INSERT INTO gdpr_internal.country AS c (country, consent_age, in_scope)
    VALUES (wanted, set_country.consent_age, set_country.in_scope)
    ON CONFLICT ON CONSTRAINT country_pkey DO UPDATE SET consent_age = excluded.consent_age, in_scope = excluded.in_scope;
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr.set_country(text, int, boolean) IS
  'Sets a country''s age of consent and whether its residents are in scope; both NULL: as the law has it';

--| Two letters for what a table says about a country; NULL if that is not known.
CREATE OR REPLACE FUNCTION gdpr_internal.country_code(value text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  said text := upper(btrim(value));
BEGIN
  -- What the EU itself writes for Greece and the United Kingdom is no ISO code.
  RETURN CASE WHEN said IN ('EL', 'UK') THEN CASE said WHEN 'EL' THEN 'GR' ELSE 'GB' END
    WHEN said ~ '^[A-Z]{2}$' THEN said
    ELSE (SELECT l.country FROM gdpr_internal.law_of_country AS l WHERE said IN (l.alpha3, upper(l.name))) END;
END
$$;
COMMENT ON FUNCTION gdpr_internal.country_code(text) IS
  'ISO 3166 code of a country given by code or English name; NULL if unknown';

--| True if a column's type can say what is asked of it: a day for birth_date, words for country.
CREATE OR REPLACE FUNCTION gdpr_internal.can_be_kind(relation regclass, column_name name, kind text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  base oid := gdpr_internal.base_type(gdpr_internal.column_type(can_be_kind.relation, can_be_kind.column_name));
BEGIN
  RETURN CASE can_be_kind.kind
    WHEN 'birth_date' THEN base = ANY (ARRAY['date', 'timestamp', 'timestamptz']::regtype[])
    ELSE coalesce(gdpr_internal.compare_class(base) = 'text', false) END;
END
$$;
COMMENT ON FUNCTION gdpr_internal.can_be_kind(regclass, name, text) IS
  'True if a column''s type can be read as a birth date or a country';

--| The column of a kind that says something about people, if there is exactly one that can.
CREATE OR REPLACE FUNCTION gdpr_internal.column_of_kind(relation regclass, kind text) RETURNS name
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN (SELECT CASE WHEN count(*) = 1 THEN min(a.attname) END
    FROM pg_seclabel AS b JOIN pg_attribute AS a ON a.attrelid = b.objoid AND a.attnum = b.objsubid AND NOT a.attisdropped
    WHERE b.objoid = column_of_kind.relation AND b.classoid = 'pg_class'::regclass AND b.provider = 'gdpr'
      AND substring(b.label FROM '^\s*(\w+)') = column_of_kind.kind
      AND gdpr_internal.can_be_kind(column_of_kind.relation, a.attname, column_of_kind.kind));
END
$$;
COMMENT ON FUNCTION gdpr_internal.column_of_kind(regclass, text) IS
  'The only column of a table with a kind and a type that fits; NULL if there is none or more than one';

--| Which columns of the table of people hold country and birth date; NULL: found by their kinds.
CREATE OR REPLACE FUNCTION gdpr.set_person_columns(
  subject_type text, country_column name DEFAULT NULL, birth_date_column name DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(set_person_columns.subject_type);
  relation regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name);
  wanted record;
BEGIN
  FOR wanted IN
    SELECT w.name, w.kind, w.needs FROM (VALUES
      (set_person_columns.country_column, 'country', 'text'),
      (set_person_columns.birth_date_column, 'birth_date', 'date or timestamp')) AS w(name, kind, needs) WHERE w.name IS NOT NULL
  LOOP
    PERFORM gdpr_internal.column_numbers(relation, ARRAY[wanted.name]);
    IF NOT gdpr_internal.can_be_kind(relation, wanted.name, wanted.kind) THEN
      RAISE EXCEPTION 'column "%" of relation % cannot hold a %', wanted.name, gdpr_internal.sql_name(relation),
          replace(wanted.kind, '_', ' ')
        USING ERRCODE = '42804', HINT = format('Its type must be %s.', wanted.needs);
    END IF;
  END LOOP;
  UPDATE gdpr_internal.consent_setting AS c
  SET country_column = set_person_columns.country_column, birth_date_column = set_person_columns.birth_date_column
  WHERE c.subject_type = s.subject_type;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'subject type "%" has no settings of consent', s.subject_type
      USING ERRCODE = '55000', HINT = 'Register it again (the same call).';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr.set_person_columns(text, name, name) IS
  'Says which columns of the table of people hold country and birth date; NULL: the only one of that kind';

--| The columns with country and birth date now; a column that is gone counts as none.
CREATE OR REPLACE FUNCTION gdpr_internal.person_columns(
  s gdpr_internal.subject_type, relation regclass, OUT country name, OUT birth_date name)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  SELECT c.country_column, c.birth_date_column INTO country, birth_date
  FROM gdpr_internal.consent_setting AS c WHERE c.subject_type = (s).subject_type;
  IF country IS NULL OR gdpr_internal.can_be_kind(relation, country, 'country') IS NOT TRUE THEN
    country := gdpr_internal.column_of_kind(relation, 'country');
  END IF;
  IF birth_date IS NULL OR gdpr_internal.can_be_kind(relation, birth_date, 'birth_date') IS NOT TRUE THEN
    birth_date := gdpr_internal.column_of_kind(relation, 'birth_date');
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.person_columns(gdpr_internal.subject_type, regclass) IS
  'Columns of the table of people with country and birth date, as set or found by kind';

--| What the table says about people: all of them or those with these canonical keys, and of them, where that
--| is given, those born later. One read, as its owner.
CREATE OR REPLACE FUNCTION gdpr_internal.person_facts(
  subject_type text, keys text[] DEFAULT NULL, born_after date DEFAULT NULL)
RETURNS TABLE (subject_key text, country text, born date)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(person_facts.subject_type);
  relation regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name);
  c record := gdpr_internal.person_columns(s, relation);
  day text := CASE WHEN c.birth_date IS NULL THEN 'NULL::pg_catalog.date'
    ELSE format('CASE WHEN pg_catalog.isfinite(t.%1$I) THEN t.%1$I::pg_catalog.date END', c.birth_date) END;
  facts text := CASE WHEN c.country IS NULL THEN 'NULL::pg_catalog.text' ELSE format('t.%I::pg_catalog.text', c.country) END || ', ' || day;
  young text := CASE WHEN born_after IS NULL THEN ''
    ELSE format(' WHERE %s OPERATOR(pg_catalog.>) %L::pg_catalog.date', day, born_after) END;
BEGIN
  IF born_after IS NOT NULL AND c.birth_date IS NULL THEN
    RETURN;
  ELSIF keys IS NULL THEN
    RETURN QUERY SELECT r.key, r.country, r.born
    FROM gdpr_internal.query_as_owner(relation, format('SELECT %s, %s FROM %s AS t%s',
      gdpr_internal.text_of(s.key), facts, gdpr_internal.sql_name(relation), young)) AS r(key text, country text, born date);
  ELSE
    RETURN QUERY SELECT r.key, r.country, r.born
    FROM gdpr_internal.query_as_owner(relation, format('SELECT p.key, %s FROM %s%s',
      facts, gdpr_internal.people_join(s.subject_type), young), keys) AS r(key text, country text, born date);
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.person_facts(text, text[], date) IS
  'Country and birth date of people as the table has them, read as its owner';

--| Full years between two days.
CREATE OR REPLACE FUNCTION gdpr_internal.years_old(born date, on_day date) RETURNS int
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
  SELECT extract(year FROM age($2, $1))::int
$$;
COMMENT ON FUNCTION gdpr_internal.years_old(date, date) IS 'Age in full years on a day';

--| Who of these people was below the age of consent of their country at that time. Whose birth date is not
--| known is none; whose country is not known needs the GDPR's own 16 years.
CREATE OR REPLACE FUNCTION gdpr_internal.minors(subject_type text, keys text[], at timestamptz)
RETURNS TABLE (subject_key text, age int, consent_age int)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  today date := (minors.at AT TIME ZONE 'UTC')::date;
BEGIN
  RETURN QUERY
  SELECT f.subject_key, y.age, y.consent_age
  -- whoever is older is a child nowhere
  FROM gdpr_internal.person_facts(minors.subject_type, minors.keys, today - 19 * 366) AS f
  LEFT JOIN LATERAL (SELECT gdpr_internal.country_code(f.country) AS code) AS k ON true
  LEFT JOIN gdpr.countries AS c ON c.country = k.code
  CROSS JOIN LATERAL (SELECT gdpr_internal.years_old(f.born, today) AS age, coalesce(c.consent_age, 16) AS consent_age) AS y
  WHERE y.age < y.consent_age;
END
$$;
COMMENT ON FUNCTION gdpr_internal.minors(text, text[], timestamptz) IS
  'People below the age of consent of their country at a time; keys NULL asks for everybody';

--| Children: people below the age of consent of their country today.
CREATE OR REPLACE FUNCTION gdpr.children(subject_type text) RETURNS TABLE (subject_key text, age int, consent_age int)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT m.subject_key, m.age, m.consent_age FROM gdpr_internal.minors($1, NULL, statement_timestamp()) AS m
  WHERE NOT EXISTS (SELECT FROM gdpr_internal.frozen AS f WHERE f.subject_type = $1 AND f.subject_key = m.subject_key)
$$;
COMMENT ON FUNCTION gdpr.children(text) IS
  'People below the age of consent of their country today: their consent takes a guardian''s (Art. 8)';

--| People whose country is in scope, and those whose country is not known.
CREATE OR REPLACE FUNCTION gdpr.in_scope(subject_type text) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(in_scope.subject_type);
  relation regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name);
BEGIN
  IF (gdpr_internal.person_columns(s, relation)).country IS NULL THEN
    RAISE EXCEPTION 'it is not known which column of relation % holds the country', gdpr_internal.sql_name(relation)
      USING ERRCODE = '55000', HINT = 'Name it with gdpr.set_person_columns(), or classify one text column as country.';
  END IF;
  RETURN QUERY
  WITH person AS MATERIALIZED (SELECT f.subject_key, f.country FROM gdpr_internal.person_facts(s.subject_type) AS f),
  spelling AS MATERIALIZED (
    SELECT d.country, gdpr_internal.country_code(d.country) AS code FROM (SELECT DISTINCT p.country FROM person AS p) AS d)
  SELECT p.subject_key
  FROM person AS p
  JOIN spelling AS k ON k.country IS NOT DISTINCT FROM p.country
  LEFT JOIN gdpr.countries AS c ON c.country = k.code
  WHERE (k.code IS NULL OR c.in_scope)
    AND NOT EXISTS (SELECT FROM gdpr_internal.frozen AS f WHERE f.subject_type = s.subject_type AND f.subject_key = p.subject_key);
END
$$;
COMMENT ON FUNCTION gdpr.in_scope(text) IS
  'People whose country is in scope of the GDPR; an unknown country counts as in scope, so that nobody loses protection';
