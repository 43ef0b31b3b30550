-- SPDX-License-Identifier: PostgreSQL
-- Eight related tables of three kinds of people, all audited, and beside each a copy (schema o, not audited) that says in
-- column prov whose each row is: "relation:type:key", separated by blanks; empty: nobody's.
SET client_min_messages = warning;
CREATE SCHEMA q;
CREATE SCHEMA o;
CREATE TABLE q.address (id int PRIMARY KEY, city text, zip int);
CREATE TABLE q.person (id int PRIMARY KEY, name text, born date, boss int REFERENCES q.person, address_id int REFERENCES q.address, score int);
CREATE TABLE q.agent (code text PRIMARY KEY, name text, team int);
CREATE TABLE q.guest (id int PRIMARY KEY, name text, rank int);
CREATE TABLE q.account (id bigint PRIMARY KEY, person_id int REFERENCES q.person, kind text, balance int);
CREATE TABLE q.purchase (id bigint PRIMARY KEY, account_id bigint REFERENCES q.account, amount int, at date);
CREATE TABLE q.ticket (id int PRIMARY KEY, person_id smallint, agent_code text REFERENCES q.agent, state text, weight int);
CREATE TABLE q.visit (id int, person_id int, day date, page text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE q.visit_old PARTITION OF q.visit FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE q.visit_mid PARTITION OF q.visit FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
CREATE TABLE q.visit_rest PARTITION OF q.visit DEFAULT;

-- Whose keys are even, odd, missing or shared differs from table to table, so that no list of people fits by chance.
INSERT INTO q.address SELECT g, 'c' || g % 9, g % 40 FROM generate_series(1, 120) AS g;
INSERT INTO q.person SELECT g, 'n' || g % 37, date '1950-01-01' + (g * 97) % 20000, NULLIF(g / 3, 0),
  CASE WHEN g % 11 <> 0 THEN 1 + (g * 7) % 110 END, (g * 53) % 200 FROM generate_series(1, 300) AS g;
INSERT INTO q.agent SELECT 'A' || g, 'a' || g, g % 5 FROM generate_series(1, 25) AS g;
-- More than the 4,096 people of which a scan of a whole table is noted one by one
INSERT INTO q.guest SELECT g, 'g' || g % 100, g * 7 % 5000 FROM generate_series(1, 5000) AS g;
INSERT INTO q.account SELECT g, CASE WHEN g % 13 <> 0 THEN 1 + (g * 17) % 280 END, (ARRAY['gold', 'silver', 'tin'])[1 + g % 3], (g * 31) % 500
  FROM generate_series(1, 450) AS g;
INSERT INTO q.purchase SELECT g, CASE WHEN g % 19 <> 0 THEN 1 + (g * 29) % 430 END, (g * 41) % 1000, date '2020-01-01' + g % 900 FROM generate_series(1, 900) AS g;
INSERT INTO q.ticket SELECT g, CASE WHEN g % 5 <> 0 THEN 1 + (g * 23) % 290 END, CASE WHEN g % 7 <> 0 THEN 'A' || (1 + g % 24) END,
  (ARRAY['open', 'won', 'lost', 'held'])[1 + g % 4], (g * 37) % 100 FROM generate_series(1, 400) AS g;
INSERT INTO q.visit SELECT g, CASE WHEN g % 17 <> 0 THEN 1 + (g * 13) % 270 END,
  CASE WHEN g <= 400 THEN date '2020-01-01' + g % 366 WHEN g <= 700 THEN date '2021-01-01' + g % 365 ELSE date '2022-01-01' + g % 300 END, 'p' || g % 29
  FROM generate_series(1, 5300) AS g;
CREATE INDEX ON q.person (score);
CREATE INDEX ON q.person (address_id, id);
CREATE INDEX ON q.account (person_id);
CREATE INDEX ON q.account (balance);
CREATE INDEX ON q.account (kind, balance) INCLUDE (person_id);
CREATE INDEX ON q.purchase (account_id);
CREATE INDEX ON q.purchase (amount);
CREATE INDEX ON q.visit (person_id);
CREATE INDEX ON q.visit (page);
CREATE INDEX ON q.ticket (weight);
CREATE INDEX ON q.ticket (person_id, agent_code);
CREATE INDEX ON q.address (city);
CREATE INDEX ON q.guest (rank);
-- What is rolled back must not set off an ANALYZE between two passes.
DO $$ BEGIN EXECUTE (SELECT string_agg(format('ALTER TABLE %s SET (autovacuum_enabled = off)', c.oid::regclass), '; ')
  FROM pg_class AS c WHERE c.relnamespace = 'q'::regnamespace AND c.relkind = 'r'); END $$;

CREATE TABLE o.person AS SELECT t.ctid AS q_ctid, t.*, 'person:person:' || t.id AS prov FROM q.person AS t;
CREATE TABLE o.agent AS SELECT t.ctid AS q_ctid, t.*, 'agent:agent:' || t.code AS prov FROM q.agent AS t;
CREATE TABLE o.guest AS SELECT t.ctid AS q_ctid, t.*, 'guest:guest:' || t.id AS prov FROM q.guest AS t;
CREATE TABLE o.account AS SELECT t.ctid AS q_ctid, t.*, coalesce('account:person:' || t.person_id, '') AS prov FROM q.account AS t;
CREATE TABLE o.purchase AS SELECT t.ctid AS q_ctid, t.*, coalesce('purchase:person:' || a.person_id, '') AS prov
  FROM q.purchase AS t LEFT JOIN q.account AS a ON a.id = t.account_id;
CREATE TABLE o.visit AS SELECT t.ctid AS q_ctid, t.tableoid::regclass::text AS leaf, t.*, coalesce('visit:person:' || t.person_id, '') AS prov FROM q.visit AS t;
CREATE TABLE o.ticket AS SELECT t.ctid AS q_ctid, t.*, concat_ws(' ', 'ticket:person:' || t.person_id, 'ticket:agent:' || t.agent_code) AS prov FROM q.ticket AS t;
CREATE TABLE o.address AS SELECT t.ctid AS q_ctid, t.*,
  coalesce((SELECT string_agg('address:person:' || p.id, ' ') FROM q.person AS p WHERE p.address_id = t.id), '') AS prov FROM q.address AS t;
CREATE INDEX ON o.person (id); CREATE INDEX ON o.agent (code); CREATE INDEX ON o.account (id); CREATE INDEX ON o.account (person_id);
CREATE INDEX ON o.purchase (id); CREATE INDEX ON o.purchase (account_id); CREATE INDEX ON o.visit (id); CREATE INDEX ON o.visit (person_id);
CREATE INDEX ON o.ticket (id); CREATE INDEX ON o.ticket (person_id); CREATE INDEX ON o.address (id); CREATE INDEX ON o.guest (id);

--| A query inside a function: its rows as text.
CREATE FUNCTION o.run(query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
  r record;
BEGIN
  FOR r IN EXECUTE run.query LOOP
    RETURN NEXT r::text;
  END LOOP;
END
$$;

SELECT gdpr.register_subject('person', 'q.person'), gdpr.register_subject('agent', 'q.agent'), gdpr.register_subject('guest', 'q.guest') \g /dev/null
SELECT gdpr.add_link('person', 'q.account', '{person_id}'), gdpr.add_link('person', 'q.purchase', '{account_id}', 'q.account', '{id}'),
  gdpr.add_link('person', 'q.visit', '{person_id}'), gdpr.add_link('person', 'q.ticket', '{person_id}'),
  gdpr.add_link('person', 'q.address', '{id}', 'q.person', '{address_id}'),
  gdpr.add_link('agent', 'q.ticket', '{agent_code}') \g /dev/null
SELECT gdpr.audit(r) FROM unnest('{q.address,q.person,q.agent,q.account,q.purchase,q.ticket,q.visit,q.guest}'::regclass[]) AS r \g /dev/null

-- kind: the shape of query; law: equal, alike or superset; pass: s one process, p parallel workers
CREATE TABLE o.query (query int PRIMARY KEY, law text NOT NULL, kind text NOT NULL, mode text NOT NULL);
CREATE TABLE o.expected (pass "char" NOT NULL, query int NOT NULL, clause text NOT NULL);
CREATE TABLE o.accessed (pass "char" NOT NULL, query int NOT NULL, relation text NOT NULL, scope text, person text);
