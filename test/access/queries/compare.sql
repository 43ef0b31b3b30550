-- SPDX-License-Identifier: PostgreSQL
-- What the log says of generate.pl's queries beside what they must have read. Read with audit off.
INSERT INTO o.accessed
  SELECT left(l.app_user, 1)::"char", substring(l.app_user, '^[sp]([0-9]+)$')::int, substr(l.relation, 3), l.scope, l.subject_type || ':' || l.subject_key
  FROM gdpr.access_log AS l WHERE l.app_user ~ '^[sp][0-9]+$' AND l.relation LIKE 'q.%';
CREATE TABLE o.reached AS
  SELECT a.pass, a.query, regexp_replace(a.relation, '^visit_.*', 'visit') || ':' || a.person AS it FROM o.accessed AS a WHERE a.person IS NOT NULL
  UNION
  SELECT a.pass, a.query, w.it
  FROM o.accessed AS a JOIN (
    SELECT substr(v.leaf, 3) AS relation, v.prov AS it FROM o.visit AS v WHERE v.prov <> ''
    UNION SELECT split_part(p, ':', 1), p FROM (
      SELECT prov FROM o.person UNION ALL SELECT prov FROM o.agent UNION ALL SELECT prov FROM o.account UNION ALL SELECT prov FROM o.purchase
      UNION ALL SELECT prov FROM o.ticket UNION ALL SELECT prov FROM o.address UNION ALL SELECT prov FROM o.guest) AS r, string_to_table(r.prov, ' ') AS p WHERE p <> '') AS w USING (relation)
  WHERE a.scope = 'all';
CREATE INDEX ON o.reached (query, pass, it);
ANALYZE o.reached, o.expected;
--| Who was read and is not in the log.
CREATE TABLE o.missing AS
  SELECT e.pass, e.query, e.clause FROM o.expected AS e CROSS JOIN string_to_table(e.clause, '/') AS c
  LEFT JOIN o.reached AS r ON (r.query, r.pass, r.it) = (e.query, e.pass, c)
  GROUP BY e.pass, e.query, e.clause HAVING count(r.it) = 0 AND bool_and(c <> '');
--| Who is in the log of a query that reads one table, and passed no condition.
CREATE TABLE o.excess AS
  SELECT r.* FROM o.reached AS r JOIN o.query AS q USING (query)
  WHERE q.law = 'equal' AND NOT EXISTS (SELECT FROM o.expected AS e WHERE (e.query, e.pass, e.clause) = (r.query, r.pass, r.it));
--| Queries of which one process and several say something else.
CREATE TABLE o.unlike AS
  SELECT DISTINCT q.query FROM o.query AS q
  JOIN (SELECT query, it FROM o.reached WHERE pass IN ('s', 'p') GROUP BY query, it HAVING count(*) <> 2) AS d USING (query)
  WHERE q.law = 'equal' AND NOT q.kind ~ '^some' OR q.law = 'alike' AND EXISTS (SELECT FROM o.expected AS e WHERE e.query = q.query);
