-- SPDX-License-Identifier: PostgreSQL
-- Twenty people with an account each, and two functions that say what the log has of a session by its gdpr.app_user.
SET client_min_messages = warning;
CREATE SCHEMA p;
CREATE TABLE p.person (id int PRIMARY KEY, name text, boss int, score int);
CREATE TABLE p.account (id int PRIMARY KEY, person_id int REFERENCES p.person, balance int);
CREATE TABLE p.open_data (id int PRIMARY KEY, what text);
INSERT INTO p.person SELECT g, 'n' || g, NULLIF(g / 2, 0), g * 7 % 20 FROM generate_series(1, 20) AS g;
INSERT INTO p.account SELECT 100 + g, g, g * 10 FROM generate_series(1, 20) AS g;
INSERT INTO p.open_data SELECT g, 'w' || g FROM generate_series(1, 5) AS g;
SELECT gdpr.register_subject('person', 'p.person'), gdpr.add_link('person', 'p.account', '{person_id}'),
  gdpr.audit('p.person'), gdpr.audit('p.account') \g /dev/null
VACUUM ANALYZE;

CREATE SCHEMA t;
--| Whole numbers in order, runs as "1-20".
CREATE FUNCTION t.runs(numbers bigint[]) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(CASE WHEN low = high THEN low::text ELSE low || '-' || high END, ',' ORDER BY low)
  FROM (SELECT min(n) AS low, max(n) AS high FROM (SELECT n, n - row_number() OVER (ORDER BY n) AS g FROM (SELECT DISTINCT n FROM unnest(numbers) AS n) AS d) AS x GROUP BY g) AS r
$$;
--| What the log has of a session: relation, type of people unless it is "person", and people, or their scope where nobody is
--| named; "-" if it has nothing.
CREATE FUNCTION t.reached(tag text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN coalesce((
    SELECT string_agg(concat_ws(' ', d.relation, d.people), ' ' ORDER BY d.relation COLLATE "C", d.people)
    FROM (SELECT substr(l.relation, strpos(l.relation, '.') + 1) AS relation, CASE
            WHEN l.subject_type = 'person' THEN t.runs(array_agg(CASE WHEN l.subject_type = 'person' THEN l.subject_key::bigint END))
            ELSE l.subject_type || ':' || string_agg(DISTINCT l.subject_key, ',' ORDER BY l.subject_key) END AS people
          FROM gdpr.access_log AS l WHERE l.app_user = reached.tag AND l.subject_key IS NOT NULL GROUP BY l.relation, l.subject_type
          UNION SELECT substr(l.relation, strpos(l.relation, '.') + 1), l.scope FROM gdpr.access_log AS l
          WHERE l.app_user = reached.tag AND l.subject_key IS NULL) AS d), '-');
END
$$;
--| How many statements of a session the log has, and how they ended.
CREATE FUNCTION t.ended(tag text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN coalesce((SELECT string_agg(d.n || ' ' || d.status, ', ' ORDER BY d.status)
    FROM (SELECT status, count(DISTINCT statement) AS n FROM gdpr.access_statements WHERE app_user = ended.tag GROUP BY status) AS d), '-');
END
$$;
