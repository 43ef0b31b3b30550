-- What would stop or spoil an erasure is found before it, each with a hint.
\set VERBOSITY default
\set SHOW_CONTEXT never
SET client_min_messages = error;
SELECT 'CREATE ROLE regress_preflight_' || r FROM unnest(ARRAY['owner', 'viewer', 'night']) AS r \gexec
CREATE SCHEMA preflight;
GRANT ALL ON SCHEMA preflight TO regress_preflight_owner, regress_preflight_viewer;
SET search_path = preflight;

-- Nothing to find --------------------------------------------------------------------------------
CREATE TABLE person (id int PRIMARY KEY, name text, mail varchar(60) UNIQUE);
CREATE TABLE call (id int PRIMARY KEY, person_id int REFERENCES person, note text);
CREATE INDEX ON call (person_id);
INSERT INTO person SELECT i, 'Person ' || i, 'p' || i || '@example.org' FROM generate_series(1, 50) AS i;
INSERT INTO call SELECT i, i, 'called' FROM generate_series(1, 50) AS i;
ANALYZE person, call;
SELECT gdpr.classify(r::regclass, c, k) FROM (VALUES ('person', 'name', 'full_name'), ('person', 'mail', 'email'),
  ('call', 'note', 'free_text')) AS v (r, c, k);
SELECT gdpr.register_subject('person', 'person');
SELECT gdpr.add_link('person', 'call', '{person_id}');
SELECT severity, relation, column_name, finding, hint FROM gdpr.preflight('person');
-- the trial left nothing behind
SELECT count(*) FILTER (WHERE name ~ 'Person'), gdpr.is_frozen('person', '1') FROM person;
SELECT * FROM gdpr.preflight('nobody');
SELECT * FROM gdpr.preflight(NULL);

-- Columns ----------------------------------------------------------------------------------------
ALTER TABLE person ADD note text, ADD code text NOT NULL DEFAULT 'A' CHECK (code IN ('A', 'B')),
  ADD number int GENERATED ALWAYS AS IDENTITY, ADD name_upper text GENERATED ALWAYS AS (upper(name)) STORED,
  ADD code_lower text GENERATED ALWAYS AS (lower(code)) STORED, ADD scan oid, ADD short smallint UNIQUE;
SELECT gdpr.classify('person', c, k) FROM (VALUES ('code', 'title'), ('number', 'account_number'),
  ('name_upper', 'search_copy'), ('scan', 'attachment'), ('short', 'external_id')) AS v (c, k);
SELECT severity, relation, column_name, finding, hint FROM gdpr.preflight('person') WHERE relation = 'person'::regclass;
SELECT gdpr.classify('person', 'code', 'not_personal');
SELECT gdpr.classify('person', 'code_lower', 'search_copy');
SELECT severity, relation, column_name, finding FROM gdpr.preflight('person') WHERE column_name = 'code_lower';
ALTER TABLE person DROP note, DROP code CASCADE, DROP number, DROP name_upper, DROP scan, DROP short;
-- a column that only a child has
CREATE TABLE vip (badge text) INHERITS (person);
SELECT severity, relation, column_name, finding, hint FROM gdpr.preflight('person') WHERE severity = 'error';
SELECT gdpr.classify('vip', 'badge', 'external_id');
SELECT severity, relation, column_name, finding, hint FROM gdpr.preflight('person') WHERE severity = 'error';
DROP TABLE vip;
-- a random surrogate in a narrow column: the bound is printed
CREATE TABLE wide AS SELECT i AS id, -i AS number FROM generate_series(1, 60000) AS i;
ALTER TABLE wide ADD PRIMARY KEY (id), ADD UNIQUE (number);
ANALYZE wide;
SELECT gdpr.classify('wide', 'number', 'external_id');
SELECT gdpr.register_subject('wide', 'wide');
SELECT severity, column_name, finding, hint FROM gdpr.preflight('wide');
SELECT gdpr.unregister_subject('wide');

-- Keys -------------------------------------------------------------------------------------------
CREATE TABLE mailbox (id int PRIMARY KEY, mail varchar(60) REFERENCES person (mail), size int);
CREATE TABLE newsletter (id int PRIMARY KEY, mail varchar(60) REFERENCES person (mail) ON UPDATE CASCADE);
CREATE TABLE draft (id int PRIMARY KEY, call_id int NOT NULL REFERENCES call DEFERRABLE INITIALLY DEFERRED);
CREATE TABLE visit (id int, person_id int REFERENCES person, city text) PARTITION BY LIST (city);
CREATE TABLE visit_here PARTITION OF visit FOR VALUES IN ('here');
CREATE TABLE visit_there PARTITION OF visit DEFAULT;
CREATE TABLE copy (person_mail text, kind text, note text);
SELECT gdpr.classify(r::regclass, c, k) FROM (VALUES ('visit', 'city', 'city'), ('visit', 'id', 'not_personal'),
  ('copy', 'note', 'free_text')) AS v (r, c, k);
SELECT gdpr.add_link('person', 'visit', '{person_id}');
SELECT gdpr.add_link('person', 'copy', '{person_mail}', parent_columns => '{mail}', discriminator => 'kind', discriminator_value => 'p');
SELECT severity, relation, column_name, finding, hint FROM gdpr.preflight('person');
SELECT gdpr.drop_link('person', 'call', '{person_id}');
SELECT gdpr.add_link('person', 'call', '{person_id}', on_erase => 'delete');
SELECT severity, column_name, finding, hint FROM gdpr.preflight('person') WHERE relation IN ('call'::regclass, 'draft'::regclass);
-- the hints are what they say
ALTER TABLE mailbox DROP CONSTRAINT mailbox_mail_fkey, ADD CONSTRAINT mailbox_mail_fkey FOREIGN KEY (mail) REFERENCES person(mail) ON UPDATE CASCADE;
SELECT gdpr.add_link('person', 'draft', '{call_id}', parent => 'call', parent_columns => '{id}', on_erase => 'delete');
SELECT gdpr.classify('copy', 'person_mail', 'email');
CREATE INDEX ON visit (person_id);
CREATE INDEX ON copy (person_mail, kind) WHERE kind = 'p';
CREATE INDEX ON draft (call_id);
SELECT severity, relation, column_name, finding FROM gdpr.preflight('person') WHERE severity <> 'info';
DROP TABLE mailbox, newsletter;

-- Other people's code ----------------------------------------------------------------------------
CREATE TABLE history (person_id int, old_name text);
CREATE FUNCTION keep_history() RETURNS trigger LANGUAGE plpgsql AS
  $$BEGIN INSERT INTO preflight.history VALUES (OLD.id, OLD.name); RETURN NULL; END$$;
CREATE FUNCTION keep_all() RETURNS trigger LANGUAGE plpgsql AS
  $$BEGIN EXECUTE format('INSERT INTO %I SELECT ($1).*', TG_ARGV[0]) USING OLD; RETURN NULL; END$$;
CREATE FUNCTION use_temporary() RETURNS trigger LANGUAGE plpgsql AS
  $$BEGIN CREATE TEMP TABLE seen (); DROP TABLE seen; RETURN NULL; END$$;
CREATE FUNCTION change_role() RETURNS trigger LANGUAGE plpgsql AS
  $$BEGIN SET LOCAL ROLE regress_preflight_owner; RETURN NULL; END$$;
CREATE FUNCTION harmless() RETURNS trigger LANGUAGE plpgsql AS
  $$BEGIN -- no SET ROLE and no CREATE TEMP TABLE here, nothing of OLD into history
    RETURN NEW; END$$;
CREATE TRIGGER history AFTER UPDATE ON person FOR EACH ROW EXECUTE FUNCTION keep_history();
CREATE TRIGGER history_all AFTER UPDATE ON person FOR EACH ROW WHEN (false) EXECUTE FUNCTION keep_all('history');
CREATE TRIGGER seen AFTER UPDATE ON person FOR EACH STATEMENT EXECUTE FUNCTION use_temporary();
CREATE TRIGGER role AFTER UPDATE OF name ON person FOR EACH STATEMENT EXECUTE FUNCTION change_role();
CREATE TRIGGER harmless BEFORE UPDATE ON person FOR EACH ROW EXECUTE FUNCTION harmless();
CREATE CONSTRAINT TRIGGER late AFTER UPDATE ON person DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION harmless();
CREATE TRIGGER other_column BEFORE UPDATE OF id ON person FOR EACH ROW EXECUTE FUNCTION change_role();
CREATE TRIGGER on_insert BEFORE INSERT ON person FOR EACH ROW EXECUTE FUNCTION change_role();
CREATE TRIGGER switched_off BEFORE UPDATE ON person FOR EACH ROW EXECUTE FUNCTION change_role();
ALTER TABLE person DISABLE TRIGGER switched_off;
CREATE RULE nothing AS ON UPDATE TO visit_here DO INSTEAD NOTHING;
CREATE VIEW names AS SELECT id, name FROM person;
CREATE VIEW shouted AS SELECT upper(name) AS name FROM names;
CREATE MATERIALIZED VIEW name_counts AS SELECT name, count(*) FROM shouted GROUP BY name;
CREATE VIEW counted AS SELECT id FROM person;
SELECT severity, relation, column_name, finding, hint FROM gdpr.preflight('person')
  WHERE finding ~ 'trigger|rule|view' ORDER BY severity, relation::text, finding;
DROP TRIGGER history_all ON person; DROP TRIGGER seen ON person; DROP TRIGGER role ON person; DROP RULE nothing ON visit_here;
SELECT gdpr.classify('history', 'old_name', 'full_name');
CREATE INDEX ON history (person_id);
SELECT gdpr.add_link('person', 'history', '{person_id}');
SELECT severity, relation, column_name, finding FROM gdpr.preflight('person') WHERE severity <> 'info';

-- Rights, publications, the server ---------------------------------------------------------------
CREATE VIEW open_calls AS SELECT person_id FROM call;
ALTER VIEW open_calls OWNER TO regress_preflight_viewer;
SELECT gdpr.add_blocker('person', 'open calls', 'open_calls', 'person_id');
ALTER TABLE visit_there OWNER TO regress_preflight_owner;
REVOKE UPDATE ON visit_there FROM regress_preflight_owner;
ALTER TABLE visit ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE PUBLICATION regress_preflight FOR TABLE visit, person WITH (publish = 'update');
CREATE PUBLICATION regress_preflight_inserts FOR TABLE call WITH (publish = 'insert');
SELECT severity, relation, finding, hint FROM gdpr.preflight('person')
  WHERE finding ~ 'owner|published|security|role' ORDER BY severity, relation::text, finding;
SELECT gdpr.grant_bundle('dpo', 'regress_preflight_night');
SET ROLE regress_preflight_night;
SELECT severity, finding, hint FROM gdpr.preflight('person') WHERE finding ~ '"regress_preflight_night"';
RESET ROLE;
DROP PUBLICATION regress_preflight, regress_preflight_inserts;
GRANT UPDATE ON visit_there TO regress_preflight_owner;
GRANT SELECT ON call TO regress_preflight_viewer;
SELECT severity, relation, column_name, finding FROM gdpr.preflight('person') WHERE severity <> 'info';

-- Only the trial can see what a trigger does to a constraint over several columns ------------------
ALTER TABLE person ADD CONSTRAINT pair CHECK (mail <> name OR length(mail) > 1000);
ALTER TABLE person ADD CONSTRAINT odd CHECK (name ~ 'Person' OR mail ~ 'example');
SELECT severity, relation, column_name, finding, hint FROM gdpr.preflight('person') WHERE severity = 'error';
ALTER TABLE person DROP CONSTRAINT odd;
CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS
  $$BEGIN RAISE EXCEPTION 'do not erase %', OLD.name; END$$;
CREATE TRIGGER tell BEFORE UPDATE ON call FOR EACH ROW EXECUTE FUNCTION tell();
CREATE TRIGGER tell BEFORE UPDATE ON person FOR EACH ROW EXECUTE FUNCTION tell();
SELECT severity, relation, column_name, finding FROM gdpr.preflight('person') WHERE severity = 'error';
DROP TRIGGER tell ON person;

-- What was declared and is gone ------------------------------------------------------------------
ALTER TABLE copy DROP kind;
DROP TABLE visit;
SELECT severity, relation, column_name, finding, hint FROM gdpr.preflight('person') WHERE severity = 'error';
SELECT gdpr.drop_missing('person') > 0 AS dropped;
SELECT severity, relation, column_name, finding FROM gdpr.preflight('person') WHERE severity = 'error';

SELECT gdpr.unregister_subject('person');
SELECT gdpr.revoke_bundle('dpo', 'regress_preflight_night');
DROP SCHEMA preflight CASCADE;
SELECT 'DROP ROLE regress_preflight_' || r FROM unnest(ARRAY['owner', 'viewer', 'night']) AS r \gexec
