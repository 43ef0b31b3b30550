-- SPDX-License-Identifier: PostgreSQL
-- More tables beside those of people.sql: partitions, children, keys of every form, links of every kind, views, functions.
SET client_min_messages = warning;
CREATE TABLE p.visit (id int, person_id int, day int, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
CREATE TABLE p.visit_1 PARTITION OF p.visit FOR VALUES FROM (0) TO (10);
CREATE TABLE p.visit_2 PARTITION OF p.visit FOR VALUES FROM (10) TO (20) PARTITION BY LIST (day);
CREATE TABLE p.visit_2a PARTITION OF p.visit_2 FOR VALUES IN (10, 11, 12, 13, 14);
CREATE TABLE p.visit_2b (extra text, day int NOT NULL, person_id int, id int NOT NULL);
ALTER TABLE p.visit_2b DROP COLUMN extra;
ALTER TABLE p.visit_2 ATTACH PARTITION p.visit_2b DEFAULT;
INSERT INTO p.visit SELECT g, 1 + g, g FROM generate_series(0, 19) AS g;
CREATE TABLE p.base (id int PRIMARY KEY, person_id int, what text);
CREATE TABLE p.child (more text) INHERITS (p.base);
INSERT INTO p.base VALUES (1, 1, 'b'), (2, 2, 'b'), (3, NULL, 'b');
INSERT INTO p.child VALUES (11, 11, 'c', 'm'), (12, 12, 'c', 'm');

CREATE TABLE p.member (club text, no bigint, mail text UNIQUE, PRIMARY KEY (club, no));
INSERT INTO p.member VALUES ('chess', 1, 'c1@x.example'), ('a "b", c', 2, 'c2@x.example');
CREATE TABLE p.guest (id uuid PRIMARY KEY, name text);
INSERT INTO p.guest SELECT ('00000000-0000-0000-0000-00000000000' || g)::uuid, 'g' || g FROM generate_series(1, 3) AS g;
CREATE TABLE p.stay (id int PRIMARY KEY, guest uuid, club text, no int, person_id bigint);
INSERT INTO p.stay VALUES (1, '00000000-0000-0000-0000-000000000001', 'chess', 1, 7), (2, NULL, 'a "b", c', 2, NULL), (3, NULL, NULL, NULL, NULL);
CREATE TABLE p.letter (id int PRIMARY KEY, sender text, body text);
INSERT INTO p.letter VALUES (1, 'c1@x.example', 'x'), (2, 'nobody@x.example', 'y');
CREATE TABLE p.note (id int PRIMARY KEY, of_type text, of_id text, body text);
INSERT INTO p.note VALUES (1, 'Person', '8', 'x'), (2, 'Guest', '00000000-0000-0000-0000-000000000002', 'y'), (3, 'Car', '8', 'z');
CREATE TABLE p.item (id int PRIMARY KEY, account_id int, what text);
INSERT INTO p.item VALUES (1, 105, 'x'), (2, 106, 'y'), (3, NULL, 'z');
CREATE TABLE p.stock (id int PRIMARY KEY, what text);
INSERT INTO p.stock VALUES (1, 'x'), (2, 'y');
CREATE TABLE p.event (id int PRIMARY KEY, account_id int REFERENCES p.account ON DELETE CASCADE ON UPDATE CASCADE, person_id int);
INSERT INTO p.event SELECT g, 100 + g, g FROM generate_series(1, 20) AS g;
CREATE TABLE p.common (id int PRIMARY KEY, what text);
INSERT INTO p.common VALUES (1, 'x');
CREATE TABLE p.crowd (id int PRIMARY KEY, n int);
CREATE TABLE p.named (id text PRIMARY KEY, n int);
CREATE TABLE p.pair (n int, number int, name text);
-- No neighbours, and no order
INSERT INTO p.crowd SELECT (g * 7919) % 100003, g FROM generate_series(1, 4200) AS g;
INSERT INTO p.named SELECT md5(g::text), g FROM generate_series(1, 4200) AS g;
INSERT INTO p.pair SELECT g, (g * 7919) % 100003, md5(g::text) FROM generate_series(1, 4200) AS g;
CREATE INDEX ON p.person (score);
CREATE INDEX ON p.person (name, id);

SELECT gdpr.register_subject('crowd', 'p.crowd'), gdpr.register_subject('named', 'p.named'),
  gdpr.add_link('crowd', 'p.pair', '{number}'), gdpr.add_link('named', 'p.pair', '{name}') \g /dev/null
SELECT gdpr.register_subject('member', 'p.member'), gdpr.register_subject('guest', 'p.guest') \g /dev/null
SELECT gdpr.add_link('person', 'p.visit', '{person_id}'), gdpr.add_link('person', 'p.base', '{person_id}'), gdpr.add_link('guest', 'p.stay', '{guest}'),
  gdpr.add_link('member', 'p.stay', '{club,no}'), gdpr.add_link('person', 'p.stay', '{person_id}'), gdpr.add_link('member', 'p.letter', '{sender}', 'p.member', '{mail}'),
  gdpr.add_link('person', 'p.note', '{of_id}', discriminator => 'of_type', discriminator_value => 'Person'),
  gdpr.add_link('guest', 'p.note', '{of_id}', discriminator => 'of_type', discriminator_value => 'Guest'),
  gdpr.add_link('person', 'p.item', '{account_id}', 'p.account', '{id}'), gdpr.add_link('person', 'p.event', '{person_id}'),
  gdpr.add_link('person', 'p.common', '{id}', scope => 'shared') \g /dev/null
SELECT gdpr.audit(r) FROM unnest('{p.visit,p.base,p.member,p.guest,p.stay,p.letter,p.note,p.item,p.stock,p.event,p.common,p.crowd,p.named,p.pair}'::regclass[]) AS r \g /dev/null
VACUUM ANALYZE;

CREATE VIEW p.names AS SELECT id, name FROM p.person;
CREATE VIEW p.few AS SELECT n.id, a.balance FROM p.names AS n JOIN p.account AS a ON a.person_id = n.id WHERE n.id < 4;
CREATE VIEW p.as_caller WITH (security_invoker = true) AS SELECT id, name FROM p.person;
CREATE FUNCTION p.inlined(low int) RETURNS SETOF int LANGUAGE sql STABLE AS 'SELECT id FROM p.person WHERE id > low';
CREATE FUNCTION p.by_into(key int) RETURNS text LANGUAGE plpgsql AS $$ DECLARE n text; BEGIN SELECT name INTO n FROM p.person WHERE id = key; RETURN n; END $$;
CREATE FUNCTION p.by_perform() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM id FROM p.person WHERE id BETWEEN 2 AND 3; END $$;
CREATE FUNCTION p.by_loop() RETURNS int LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM p.person LOOP IF r.id = 4 THEN RETURN r.id; END IF; END LOOP; END $$;
CREATE FUNCTION p.by_execute() RETURNS SETOF int LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'SELECT id FROM p.person WHERE id = $1' USING 6; END $$;
CREATE FUNCTION p.by_cursor() RETURNS refcursor LANGUAGE plpgsql AS $$ DECLARE c refcursor; BEGIN OPEN c FOR SELECT id FROM p.person WHERE id > 17; RETURN c; END $$;
CREATE FUNCTION p.forgiving() RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM 1 / (id - 5) FROM p.person; RETURN 'no'; EXCEPTION WHEN division_by_zero THEN RETURN 'forgiven'; END $$;
CREATE FUNCTION p.on_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM name FROM p.person WHERE id = 13; RETURN NEW; END $$;
CREATE TRIGGER reads BEFORE INSERT ON p.open_data FOR EACH ROW EXECUTE FUNCTION p.on_insert();
CREATE ROLE access_clerk;
CREATE ROLE access_boss;
GRANT USAGE ON SCHEMA p TO access_clerk, access_boss;
GRANT SELECT ON p.person TO access_boss;
GRANT SELECT ON p.names TO access_clerk;
CREATE FUNCTION p.as_boss() RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$ BEGIN RETURN (SELECT count(*) FROM p.person WHERE id < 3); END $$;
ALTER FUNCTION p.as_boss() OWNER TO access_boss;
CREATE TABLE p.own (id int PRIMARY KEY, person_id int);
INSERT INTO p.own SELECT g, g FROM generate_series(1, 9) AS g;
SELECT gdpr.add_link('person', 'p.own', '{person_id}'), gdpr.audit('p.own') \g /dev/null
ALTER TABLE p.own ENABLE ROW LEVEL SECURITY;
CREATE POLICY odd ON p.own USING (id % 2 = 1);
GRANT SELECT ON p.own TO access_clerk;
CREATE MATERIALIZED VIEW p.copied AS SELECT id, name FROM p.person WHERE id > 18;
