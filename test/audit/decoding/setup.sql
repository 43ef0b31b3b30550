-- SPDX-License-Identifier: PostgreSQL
-- Tables of every shape that changes can take, audited and decodable, and a random workload over them.
-- Variable: directory, where COPY may write.
\set ON_ERROR_STOP 1
SET client_min_messages = error;
CREATE SCHEMA d;
CREATE SEQUENCE d.seq;

CREATE TABLE d.person (
  id int PRIMARY KEY, name text NOT NULL, email varchar(200) UNIQUE, big text, doc jsonb, amount numeric, at timestamptz, gone date
);
ALTER TABLE d.person ALTER COLUMN big SET STORAGE EXTERNAL;
ALTER TABLE d.person ADD COLUMN dropped int DEFAULT 3;
ALTER TABLE d.person DROP COLUMN gone;
ALTER TABLE d.person ADD COLUMN late text DEFAULT 'from before';
CREATE TABLE d.orders (
  id int PRIMARY KEY, person int REFERENCES d.person ON UPDATE CASCADE ON DELETE CASCADE, note text,
  length int GENERATED ALWAYS AS (length(note)) STORED
);
CREATE TABLE d.item (
  orders int REFERENCES d.orders ON UPDATE CASCADE ON DELETE CASCADE, line int,
  keeper int REFERENCES d.person ON UPDATE CASCADE ON DELETE SET NULL, what text, PRIMARY KEY (orders, line)
);
CREATE INDEX ON d.orders (person);
CREATE INDEX ON d.item (keeper);
-- What a trigger writes is audited as well.
CREATE TABLE d.history (n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, person int, was text);

-- rowno is a row's identity; op says which statement wrote it last, so that the two halves of a moved row are known.
CREATE TABLE d.parted (region text, id int, rowno bigint NOT NULL, op text NOT NULL, v text, PRIMARY KEY (region, id)) PARTITION BY LIST (region);
CREATE TABLE d.parted_a PARTITION OF d.parted FOR VALUES IN ('a');
CREATE TABLE d.parted_b PARTITION OF d.parted FOR VALUES IN ('b');
CREATE TABLE d.parted_c PARTITION OF d.parted FOR VALUES IN ('c') PARTITION BY RANGE (id);
CREATE TABLE d.parted_c1 PARTITION OF d.parted_c FOR VALUES FROM (MINVALUE) TO (500);
-- Columns in another order, and one that is gone
CREATE TABLE d.parted_c2 (v text, junk int, op text NOT NULL, id int NOT NULL, rowno bigint NOT NULL, region text NOT NULL, PRIMARY KEY (region, id));
ALTER TABLE d.parted_c2 DROP COLUMN junk;
ALTER TABLE d.parted_c ATTACH PARTITION d.parted_c2 FOR VALUES FROM (500) TO (MAXVALUE);
CREATE FUNCTION d.drop_some() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF new.op LIKE 'u%' AND new.rowno % 40 = 0 THEN RETURN NULL; END IF;
  RETURN new;
END $$;
CREATE TRIGGER drop_some BEFORE INSERT ON d.parted_b FOR EACH ROW EXECUTE FUNCTION d.drop_some();

CREATE TABLE d.base (id int PRIMARY KEY, v text);
CREATE TABLE d.child (extra text, PRIMARY KEY (id)) INHERITS (d.base);
CREATE TABLE d.loner (a int, b text);
CREATE TABLE d.emptied (id int PRIMARY KEY, v text);
CREATE TYPE d.mood AS ENUM ('glad', 'sad, or so', 'it''s');
CREATE DOMAIN d.short AS text CHECK (length(value) < 50);
CREATE TYPE d.pair AS (a int, b text);
CREATE TABLE d.kind (
  id uuid PRIMARY KEY, i2 int2, i8 int8, f4 float4, f8 float8, b bool, c char(5), n name, t timestamp, tz timestamptz, dt date,
  tm time, iv interval, by bytea, js json, ip inet, cd cidr, mac macaddr, bits varbit, m d.mood, s d.short, p d.pair, r int4range,
  tr tstzrange, ia int[], ta text[], tza timestamptz[], pt point, x xml, o oid, fa float8[], tv tsvector
);

CREATE FUNCTION d.shout() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  new.name := left(upper(new.name), 40);
  RETURN new;
END $$;
CREATE TRIGGER shout BEFORE UPDATE ON d.person FOR EACH ROW WHEN (new.id % 3 = 0) EXECUTE FUNCTION d.shout();
CREATE FUNCTION d.remember() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO d.history (person, was) VALUES (old.id, old.name);
  RETURN NULL;
END $$;
CREATE TRIGGER remember AFTER DELETE ON d.person FOR EACH ROW WHEN (old.id % 7 = 0) EXECUTE FUNCTION d.remember();
CREATE FUNCTION d.rename(wanted int[]) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE n bigint;
BEGIN
  UPDATE d.person SET name = 'definer ' || id WHERE id = ANY (wanted);
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;

DO $$
DECLARE
  t regclass;
BEGIN
  FOR t IN SELECT c.oid FROM pg_class AS c WHERE c.relnamespace = 'd'::regnamespace AND c.relkind IN ('r', 'p') LOOP
    EXECUTE format('ALTER TABLE %s REPLICA IDENTITY FULL', t);
    IF NOT EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhrelid = t) THEN
      PERFORM gdpr.audit(t);
    END IF;
  END LOOP;
END $$;

-- What was tried, and how often it went through.
CREATE TABLE d_done (step int, outcome text, rows bigint);
CREATE FUNCTION d_any(top int) RETURNS int LANGUAGE sql VOLATILE AS 'SELECT floor(random() * $1)::int';
CREATE FUNCTION d_text() RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT CASE WHEN random() < 0.15 THEN (SELECT string_agg(md5(random()::text), '') FROM generate_series(1, 40 + d_any(200)))
    WHEN random() < 0.1 THEN NULL WHEN random() < 0.1 THEN repeat('squeezed ', 500) WHEN random() < 0.2 THEN 'it''s "so",' || E' \\ \t \n é' ELSE md5(random()::text) END
$$;

CREATE FUNCTION d_step(step int, directory text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
  many int := CASE WHEN random() < 0.4 THEN 1 ELSE 1 + d_any(120) END;
  ids int[] := ARRAY(SELECT d_any(2000) FROM generate_series(1, many));
  mark text := 'u' || d_any(1000000);
  file text := directory || '/copy.' || pg_backend_pid();
BEGIN
  CASE step
    WHEN 0, 1 THEN
      INSERT INTO d.person (id, name, email, big, doc, amount, at)
      SELECT DISTINCT ON (i) i, coalesce(left(d_text(), 50), 'nobody'), CASE WHEN random() < 0.9 THEN 'p' || i || '.' || nextval('d.seq') END, d_text(),
        jsonb_build_object('a', d_any(9), 'b', d_text()), random() * 1000, now() FROM unnest(ids) AS i ON CONFLICT DO NOTHING;
    WHEN 2 THEN UPDATE d.person SET name = coalesce(left(d_text(), 50), 'x') WHERE id = ANY (ids);
    WHEN 3 THEN UPDATE d.person SET big = CASE d_any(4) WHEN 0 THEN big || '' WHEN 1 THEN big || 'x' WHEN 2 THEN d_text() ELSE big END, amount = amount + 0.10 WHERE id = ANY (ids);
    WHEN 4 THEN
      INSERT INTO d.person (id, name, big) SELECT DISTINCT i, 'upserted ' || i, d_text() FROM unnest(ids) AS i
      ON CONFLICT (id) DO UPDATE SET name = excluded.name, doc = NULL;
    WHEN 5 THEN
      MERGE INTO d.person AS p USING (SELECT DISTINCT i FROM unnest(ids) AS i) AS s ON s.i = p.id
      WHEN MATCHED AND s.i % 3 = 0 THEN DELETE
      WHEN MATCHED AND s.i % 3 = 1 THEN UPDATE SET name = 'merged', late = NULL
      WHEN NOT MATCHED THEN INSERT (id, name, doc) VALUES (s.i, 'merged in', '[1, 2]');
    WHEN 6 THEN DELETE FROM d.person WHERE id = ANY (ids[1:20]);
    WHEN 7 THEN UPDATE d.person SET id = id + 10000 * (1 + d_any(50)) WHERE id = ANY (ids[1:20]);
    WHEN 8, 9 THEN
      INSERT INTO d.orders (id, person, note) SELECT nextval('d.seq'), p.id, d_text() FROM d.person AS p WHERE p.id = ANY (ids);
      INSERT INTO d.item SELECT o.id, l, (SELECT max(p.id) FROM d.person AS p WHERE p.id < d_any(2000)), d_text()
      FROM (SELECT id FROM d.orders ORDER BY id DESC LIMIT 20) AS o, generate_series(1, 1 + d_any(3)) AS l ON CONFLICT DO NOTHING;
    WHEN 10 THEN UPDATE d.orders SET note = d_text(), id = CASE WHEN random() < 0.2 THEN -nextval('d.seq') ELSE id END WHERE person = ANY (ids);
    WHEN 11 THEN
      INSERT INTO d.parted SELECT (ARRAY['a', 'b', 'c'])[1 + d_any(3)], i * 37, nextval('d.seq'), 'i', d_text() FROM unnest(ids) AS i ON CONFLICT DO NOTHING;
    -- One statement's rows move to many partitions, some are dropped there, some change their key as well
    WHEN 12 THEN UPDATE d.parted SET op = mark, region = (ARRAY['a', 'b', 'c'])[1 + (rowno + step + d_any(3)) % 3], v = d_text(),
      id = CASE WHEN random() < 0.03 THEN d_any(1000000) ELSE id END WHERE rowno IN (SELECT rowno FROM d.parted ORDER BY random() LIMIT many);
    WHEN 13 THEN UPDATE d.parted SET op = mark, v = v || '' WHERE rowno IN (SELECT rowno FROM d.parted ORDER BY random() LIMIT many);
    WHEN 14 THEN DELETE FROM d.parted WHERE rowno IN (SELECT rowno FROM d.parted ORDER BY random() LIMIT 20);
    WHEN 15 THEN
      INSERT INTO d.parted_c2 (region, id, rowno, op) SELECT 'c', 500 + i % 500, nextval('d.seq'), 'i' FROM unnest(ids) AS i ON CONFLICT DO NOTHING;
      UPDATE d.parted_c SET op = mark, id = (id + 250) % 1000 WHERE rowno IN (SELECT rowno FROM d.parted_c ORDER BY random() LIMIT 5);
      DELETE FROM d.parted_b WHERE id % 50 = d_any(50);
    WHEN 16 THEN
      INSERT INTO d.base SELECT nextval('d.seq'), d_text() FROM unnest(ids);
      INSERT INTO d.child SELECT nextval('d.seq'), d_text(), d_text() FROM unnest(ids);
      UPDATE d.base SET v = d_text() WHERE id % 20 = d_any(20) AND id > (SELECT max(id) - 500 FROM d.base);
      UPDATE d.child SET extra = d_text() WHERE id > (SELECT max(id) - 100 FROM d.child);
      DELETE FROM d.base WHERE id % 30 = d_any(30) AND id > (SELECT max(id) - 500 FROM d.base);
    WHEN 17 THEN
      EXECUTE format('COPY (SELECT nextval(''d.seq'') + 1000000, d_text() || ''x'', d_text() FROM generate_series(1, %s)) TO %L', many, file);
      EXECUTE format('COPY d.person (id, name, big) FROM %L', file);
      EXECUTE format('COPY (SELECT (ARRAY[''a'', ''b'', ''c''])[1 + g %% 3], 100000 + g, g, ''i'', d_text() FROM (SELECT nextval(''d.seq'') AS g FROM generate_series(1, %s)) AS x) TO %L', many, file);
      EXECUTE format('COPY d.parted FROM %L', file);
    WHEN 18 THEN RETURN d.rename(ids);
    WHEN 19 THEN
      INSERT INTO d.kind SELECT gen_random_uuid(), d_any(100), d_any(9) * 1e12, random(), random() * 10 ^ d_any(300), random() < 0.5, 'ab', 'n', now(), now() - interval '3 days',
        current_date, '12:00', '1 year 2 days -3:00', decode(md5(random()::text), 'hex'), '{"a": [1, 2 ]}', '10.0.0.1/8', '10.0.0.0/8', '08:00:2b:01:02:03', B'10110',
        (ARRAY['glad', 'sad, or so', 'it''s'])[1 + d_any(3)]::d.mood, 'short', ROW(1, 'a "b"')::d.pair, '[1,5)', tstzrange(now(), NULL), ARRAY[1, NULL, 3], ARRAY['a', 'b"c', NULL],
        ARRAY[now()], '(1.5,0.1)', '<a>b</a>', 17, ARRAY[0.1, 1e300, 'NaN'], 'a:1 b:2' FROM unnest(ids);
      UPDATE d.kind SET f8 = 'NaN', f4 = '-Infinity', tz = 'infinity', dt = '-infinity', t = '0044-03-15 BC', p = ROW(NULL, '')::d.pair, iv = '-1 mon', b = NOT b, c = c || ''
      WHERE i2 = d_any(100);
      DELETE FROM d.kind WHERE i2 = d_any(100);
    WHEN 20 THEN
      INSERT INTO d.loner SELECT i, d_text() FROM unnest(ids) AS i;
      UPDATE d.loner SET b = d_text() WHERE a = ANY (ids[1:20]);
      DELETE FROM d.loner WHERE a = ANY (ids[1:10]);
    WHEN 21 THEN
      INSERT INTO d.emptied SELECT nextval('d.seq'), d_text() FROM unnest(ids);
      IF random() < 0.3 THEN TRUNCATE d.emptied; END IF;
    WHEN 22 THEN
      WITH gone AS (DELETE FROM d.orders WHERE person = ANY (ids[1:10]) RETURNING *), noted AS (INSERT INTO d.loner SELECT id, 'gone' FROM gone)
      UPDATE d.person SET late = 'no orders' WHERE id IN (SELECT person FROM gone);
    WHEN 23 THEN UPDATE d.person SET name = name WHERE id = ANY (ids[1:20]);
    ELSE
      SET LOCAL datestyle = 'German, DMY'; SET LOCAL timezone = 'Asia/Kathmandu'; SET LOCAL bytea_output = 'escape';
      SET LOCAL intervalstyle = 'iso_8601'; SET LOCAL extra_float_digits = -5;
      UPDATE d.kind SET tz = now(), t = now(), dt = current_date, iv = iv * 2, by = by || '\x00', f8 = random(), tza = tza || now(), tr = tstzrange(now(), now() + interval '1 day'), fa = fa || random() WHERE i2 = d_any(100);
      UPDATE d.person SET at = now(), amount = 1e-20 WHERE id = ANY (ids);
      RESET datestyle; RESET timezone; RESET bytea_output; RESET intervalstyle; RESET extra_float_digits;
  END CASE;
  GET DIAGNOSTICS n = ROW_COUNT;
  RETURN n;
END $$;

-- Works until the log holds that many changes. Some steps fail, some are rolled back.
CREATE PROCEDURE d_work(wanted bigint, seed float8, directory text) LANGUAGE plpgsql AS $$
DECLARE
  had bigint := 0;
  step int;
  n bigint;
  outcome text;
BEGIN
  PERFORM setseed(seed);
  WHILE had < wanted LOOP
    FOR i IN 1 .. 20 LOOP
      FOR j IN 1 .. 1 + d_any(4) LOOP
        step := CASE WHEN random() < 0.1 THEN 12 ELSE d_any(25) END;
        outcome := 'done';
        BEGIN
          n := d_step(step, directory);
          IF random() < 0.08 THEN RAISE EXCEPTION 'taken back' USING ERRCODE = 'XX999'; END IF;
        EXCEPTION WHEN OTHERS THEN
          outcome := sqlstate;
        END;
        INSERT INTO d_done VALUES (step, outcome, n);
      END LOOP;
      IF random() < 0.95 THEN COMMIT; ELSE ROLLBACK; END IF;
    END LOOP;
    SELECT sum(changes) INTO had FROM gdpr_internal.audit_statement;
  END LOOP;
END $$;
