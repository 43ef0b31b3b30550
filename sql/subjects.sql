-- Subject types, links, blockers, redirects: what is declared, and every way in which it is refused.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS citext;
CREATE ROLE regress_subjects_owner;
CREATE ROLE regress_subjects_other;
CREATE SCHEMA subj;
GRANT ALL ON SCHEMA subj TO regress_subjects_owner, regress_subjects_other;
SET search_path = subj, public;
CREATE FUNCTION refused(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE m text; d text; h text;
BEGIN
  EXECUTE statement;
  RETURN 'not refused: ' || statement;
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS m = MESSAGE_TEXT, d = PG_EXCEPTION_DETAIL, h = PG_EXCEPTION_HINT;
  RETURN concat_ws(E'\n  ', SQLSTATE || ' ' || m, nullif(d, ''), nullif(h, ''));
END $$;
SET ROLE regress_subjects_owner;
CREATE TABLE contact (id int PRIMARY KEY, email text, code varchar(20) UNIQUE, parent int, address int, extra jsonb);
CREATE TABLE account (id bigint PRIMARY KEY, contact_id text, owner int NOT NULL, made date);
CREATE TABLE entry (id bigint, account_id bigint, account_ref uuid, day date NOT NULL) PARTITION BY RANGE (day);
CREATE TABLE entry_2020 PARTITION OF entry FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE comment (id int PRIMARY KEY, owner_type text, owner_id bigint, thread int, flag bool);
CREATE TABLE address (address int PRIMARY KEY, street text);
CREATE TABLE part (contact_id int NOT NULL, x text) PARTITION BY LIST (contact_id);
CREATE TABLE made_up (id int, contact_id int GENERATED ALWAYS AS (id) STORED);
CREATE TABLE job (contact_id int);
CREATE VIEW open_job AS SELECT contact_id, contact_id::text AS contact_text FROM job;
CREATE TABLE nokey (id int UNIQUE, a int NOT NULL, b int, UNIQUE (a, b));
CREATE UNIQUE INDEX nokey_partial ON nokey (a) WHERE b IS NULL;
CREATE TABLE pair (a int, b text, PRIMARY KEY (a, b));
CREATE TABLE of_pair (b text, a int, both_text text);
CREATE TABLE odd_key (id numeric PRIMARY KEY, at timestamptz UNIQUE NOT NULL);
CREATE TEMP TABLE temporary (id int PRIMARY KEY);
RESET ROLE;
CREATE TABLE others (id int PRIMARY KEY, contact_id int);
ALTER TABLE others OWNER TO regress_subjects_other;

-- a_table_of_people_has_a_key
SELECT refused(s) FROM unnest(ARRAY[
  $$SELECT gdpr.register_subject('contact', 'open_job')$$,
  $$SELECT gdpr.register_subject('contact', 'temporary')$$,
  $$SELECT gdpr.register_subject('contact', 'pg_catalog.pg_class')$$,
  $$SELECT gdpr.register_subject('contact', 'entry_2020')$$,
  $$SELECT gdpr.register_subject('contact', 'contact_pkey')$$,
  $$SELECT gdpr.register_subject('contact', NULL)$$,
  $$SELECT gdpr.register_subject(NULL, 'contact')$$,
  $$SELECT gdpr.register_subject('My Contact', 'contact')$$,
  $$SELECT gdpr.register_subject('contact', 'nokey')$$,
  $$SELECT gdpr.register_subject('contact', 'nokey', '{id}')$$,
  $$SELECT gdpr.register_subject('contact', 'nokey', '{a}')$$,
  $$SELECT gdpr.register_subject('contact', 'nokey', '{a,b}')$$,
  $$SELECT gdpr.register_subject('contact', 'nokey', '{a,a}')$$,
  $$SELECT gdpr.register_subject('contact', 'nokey', '{c}')$$,
  $$SELECT gdpr.register_subject('contact', 'odd_key')$$,
  $$SELECT gdpr.register_subject('contact', 'odd_key', '{at}')$$]) AS s;

-- the_same_again_is_a_notice_another_an_error
SET client_min_messages = notice;
SET ROLE regress_subjects_owner;
SELECT gdpr.register_subject('contact', 'contact');
SELECT gdpr.register_subject('contact', 'contact');
SELECT gdpr.register_subject('pair', 'pair', '{b,a}');
SELECT refused($$SELECT gdpr.register_subject('contact', 'contact', '{code}')$$);
SELECT refused($$SELECT gdpr.register_subject('contact', 'contact', anonymization => false)$$);
SELECT refused($$SELECT gdpr.register_subject('other', 'others')$$);
\d gdpr.contact_frozen
\d gdpr.pair_frozen

-- links_of_every_kind
SELECT gdpr.add_link('contact', 'account', '{contact_id}');                                  -- text that holds an integer
SELECT gdpr.add_link('contact', 'account', '{contact_id}');
SELECT gdpr.add_link('contact', 'entry', '{account_id}', 'account');                         -- two hops, partitions
SELECT gdpr.add_link('contact', 'comment', '{owner_id}', discriminator => 'owner_type', discriminator_value => 'contact');
SELECT gdpr.add_link('contact', 'comment', '{owner_id}', 'account', discriminator => 'owner_type', discriminator_value => 'account');
SELECT gdpr.add_link('contact', 'comment', '{thread}', 'comment');                           -- to itself
SELECT gdpr.add_link('contact', 'address', '{address}', parent_columns => '{address}', scope => 'shared');
SELECT gdpr.add_link('contact', 'contact', '{parent}', scope => 'stop');
SELECT gdpr.add_link('contact', 'job', '{contact_id}', on_erase => 'unlink');
SELECT gdpr.add_link('pair', 'of_pair', '{a,b}', parent_columns => '{a,b}');                 -- composite, in any order
SELECT gdpr.add_blocker('contact', 'open job', 'open_job', 'contact_text');
SELECT gdpr.add_blocker('contact', 'open job', 'open_job', 'contact_text');
SELECT gdpr.add_blocker('pair', 'as text', 'of_pair', 'both_text');
SELECT gdpr.redirect_frozen('contact', 'account', 'contact_id', '99');
SELECT gdpr.redirect_frozen('contact', 'account', 'contact_id', '99');
RESET ROLE;
SELECT step, relation, cardinality(links) AS links, scope, on_erase FROM gdpr_internal.steps('contact');
SELECT s.relation, gdpr_internal.needed_columns('contact', s.relation) FROM gdpr_internal.steps('contact') AS s;
SELECT columns, parent_columns FROM gdpr_internal.link WHERE subject_type = 'pair';
SELECT * FROM gdpr_internal.export_subjects();

-- a_link_that_cannot_be_followed_is_refused
SET ROLE regress_subjects_owner;
SET client_min_messages = warning;
SELECT refused(s) FROM unnest(ARRAY[
  $$SELECT gdpr.add_link('nobody', 'job', '{contact_id}')$$,
  $$SELECT gdpr.add_link(NULL, 'job', '{contact_id}')$$,
  $$SELECT gdpr.add_link('contact', 'open_job', '{contact_id}')$$,
  $$SELECT gdpr.add_link('contact', 'others', '{contact_id}')$$,
  $$SELECT gdpr.add_link('contact', 'job', NULL)$$,
  $$SELECT gdpr.add_link('contact', 'job', '{}')$$,
  $$SELECT gdpr.add_link('contact', 'job', '{nothing}')$$,
  $$SELECT gdpr.add_link('contact', 'job', '{contact_id}', parent_columns => '{id,email}')$$,
  $$SELECT gdpr.add_link('contact', 'account', '{made}')$$,
  $$SELECT gdpr.add_link('contact', 'entry', '{account_ref}', 'account')$$,
  $$SELECT gdpr.add_link('contact', 'pair', '{a}', parent => 'of_pair', parent_columns => '{a}')$$,
  $$SELECT gdpr.add_link('contact', 'account', '{id}', parent => 'entry', parent_columns => '{account_id}')$$,
  $$SELECT gdpr.add_link('contact', 'contact', '{parent}')$$,
  $$SELECT gdpr.add_link('contact', 'contact', '{id}', parent => 'account', parent_columns => '{owner}', scope => 'shared')$$,
  $$SELECT gdpr.add_link('contact', 'account', '{owner}', scope => 'mine')$$,
  $$SELECT gdpr.add_link('contact', 'account', '{owner}', on_erase => 'burn')$$,
  $$SELECT gdpr.add_link('contact', 'account', '{owner}', on_erase => 'unlink')$$,
  $$SELECT gdpr.add_link('contact', 'address', '{address}', scope => 'shared', on_erase => 'delete')$$,
  $$SELECT gdpr.add_link('contact', 'comment', '{owner_id}', discriminator => 'owner_type')$$,
  $$SELECT gdpr.add_link('contact', 'comment', '{owner_id}', discriminator => 'flag', discriminator_value => 'perhaps')$$,
  $$SELECT gdpr.add_link('contact', 'account', '{owner}', on_erase => 'delete')$$,
  $$SELECT gdpr.add_link('contact', 'account', '{contact_id}', scope => 'shared')$$,
  $$SELECT gdpr.drop_link('contact', 'account', '{owner}')$$,
  $$SELECT gdpr.drop_link('contact', 'account', '{contact_id}')$$]) AS s;

-- blockers_and_redirects_are_checked_when_declared
SELECT refused(s) FROM unnest(ARRAY[
  $$SELECT gdpr.add_blocker('contact', NULL, 'job', 'contact_id')$$,
  $$SELECT gdpr.add_blocker('contact', 'job', 'contact_pkey', 'id')$$,
  $$SELECT gdpr.add_blocker('contact', 'job', 'others', 'contact_id')$$,
  $$SELECT gdpr.add_blocker('contact', 'job', 'job', 'nothing')$$,
  $$SELECT gdpr.add_blocker('contact', 'job', 'entry', 'day')$$,
  $$SELECT gdpr.add_blocker('contact', 'open job', 'job', 'contact_id')$$,
  $$SELECT gdpr.add_blocker('pair', 'job', 'job', 'contact_id')$$,
  $$SELECT gdpr.drop_blocker('contact', 'nothing')$$,
  $$SELECT gdpr.redirect_frozen('contact', 'account', 'contact_id', NULL)$$,
  $$SELECT gdpr.redirect_frozen('contact', 'account', 'contact_id', '1')$$,
  $$SELECT gdpr.redirect_frozen('contact', 'account', 'made', '1')$$,
  $$SELECT gdpr.redirect_frozen('contact', 'job', 'contact_id', 'one')$$,
  $$SELECT gdpr.drop_redirect('contact', 'job', 'contact_id')$$]) AS s;
SELECT gdpr.add_link('contact', 'part', '{contact_id}') \g /dev/null
SELECT gdpr.add_link('contact', 'made_up', '{contact_id}') \g /dev/null
SELECT refused($$SELECT gdpr.redirect_frozen('contact', 'part', 'contact_id', '1')$$);
SELECT refused($$SELECT gdpr.redirect_frozen('contact', 'made_up', 'contact_id', '1')$$);
RESET ROLE;

-- not_the_owner_not_allowed
SET ROLE regress_subjects_other;
SELECT refused(s) FROM unnest(ARRAY[
  $$SELECT gdpr.add_link('contact', 'others', '{contact_id}')$$,
  $$SELECT gdpr.add_blocker('contact', 'mine', 'others', 'contact_id')$$,
  $$SELECT gdpr.redirect_frozen('contact', 'others', 'contact_id', '1')$$,
  $$SELECT gdpr.drop_link('contact', 'account', '{contact_id}')$$,
  $$SELECT gdpr.drop_blocker('contact', 'open job')$$,
  $$SELECT gdpr.drop_redirect('contact', 'account', 'contact_id')$$,
  $$SELECT gdpr.drop_missing('contact')$$,
  $$SELECT gdpr.unregister_subject('contact')$$]) AS s;
RESET ROLE;

-- keys_in_their_own_form
CREATE TABLE by_citext (e citext PRIMARY KEY);
CREATE TABLE by_name (n name PRIMARY KEY);
CREATE DOMAIN short AS varchar(3) CHECK (value <> '');
CREATE TABLE by_domain (d short PRIMARY KEY);
CREATE TABLE by_char (c char(5) PRIMARY KEY);
CREATE TABLE by_uuid (u uuid PRIMARY KEY);
SELECT gdpr.register_subject(t, t::regclass) FROM unnest('{by_citext,by_name,by_domain,by_char,by_uuid}'::text[]) AS t \g /dev/null
INSERT INTO by_citext VALUES ('Ann@x');
SELECT gdpr_internal.canonical_keys('contact', '{" 07 ",+8}'), gdpr_internal.canonical_keys('by_citext', '{ann@X,bob@x}'),
  gdpr_internal.canonical_keys('by_domain', '{longer}'), gdpr_internal.canonical_keys('by_char', '{"ab  "}'),
  gdpr_internal.canonical_keys('by_uuid', '{A0EEBC999C0B4EF8BB6D6BB9BD380A11}'), gdpr_internal.canonical_keys('contact', '{}');
SELECT unnest(gdpr_internal.canonical_keys('pair', ARRAY['(plain,1)', ' ("two words", 2 )', '("a ""b"" \\c,d",3)', '("",4)']));
SELECT refused(s) FROM unnest(ARRAY[
  $$SELECT gdpr_internal.canonical_keys('contact', '{1,secret}')$$,
  $$SELECT gdpr_internal.canonical_keys('contact', '{1,99999999999}')$$,
  $$SELECT gdpr_internal.canonical_keys('contact', '{1,NULL}')$$,
  $$SELECT gdpr_internal.canonical_keys('contact', NULL)$$,
  $$SELECT gdpr_internal.canonical_keys('pair', '{"(a,1)","(a)"}')$$,
  $$SELECT gdpr_internal.canonical_keys('pair', '{"(a,1)","(a,)"}')$$,
  $$SELECT gdpr_internal.canonical_keys('pair', '{"(a,1)","(a,b)"}')$$,
  $$SELECT gdpr_internal.canonical_keys('pair', '{"a,1"}')$$,
  $$SELECT gdpr_internal.canonical_keys('by_name', ARRAY[repeat('n', 64)])$$,
  $$SELECT gdpr_internal.canonical_keys('by_uuid', '{A0EEBC999C0B4EF8BB6D6BB9BD380A1}')$$]) AS s;

-- found_by_whatever_type_and_without_raising
INSERT INTO contact VALUES (1, 'ann@x', 'a', NULL, 7), (2, 'bob@x', 'b', 1, 7);
INSERT INTO account VALUES (10, '1', 0), (11, '01', 0), (12, 'one', 0), (20, '2', 0);
INSERT INTO entry VALUES (100, 10, NULL, '2020-01-01'), (200, 20, NULL, '2020-01-01');
INSERT INTO comment VALUES (1, 'contact', 1, NULL), (2, 'account', 10, NULL), (3, 'contact', 3000000000, NULL), (4, 'x', 0, 1), (5, 'x', 0, 4);
INSERT INTO address VALUES (7, 'Lane');
INSERT INTO pair VALUES (1, 'x, "y"\'), (2, ''), (3, 'plain');
CREATE FUNCTION found(relation regclass, statement text, argument anyelement) RETURNS TABLE(relation_found regclass, person int, vals jsonb)
LANGUAGE sql AS $$
  SELECT r.relid::regclass, r.person, r.vals FROM gdpr_internal.query_as_owner($1, $2, $3) AS r(relid oid, tid tid, person int, vals jsonb) ORDER BY 1, 2, 3
$$;
CREATE FUNCTION link_to(relation text, value text DEFAULT NULL) RETURNS text LANGUAGE sql AS $$
  SELECT gdpr_internal.find_link_sql(l.link) FROM gdpr_internal.link AS l
  WHERE l.subject_type = 'contact' AND l.relation_name = $1 AND l.parent_name <> l.relation_name
    AND l.discriminator_value IS NOT DISTINCT FROM $2
$$;
SELECT * FROM found('pair', gdpr_internal.find_subject_sql('pair', true),
  gdpr_internal.canonical_keys('pair', ARRAY['("x, ""y""\\",1)', '("",2)', '(plain,3)', '(plain,4)']));
SELECT * FROM found('contact', gdpr_internal.find_subject_sql('contact', true), '{2,1,2,5}'::text[]);
SELECT link_to('comment', 'account');
SELECT * FROM found('account', link_to('account'), '[[1, "1", "7"], [2, "2", "7"]]'::jsonb);
SELECT * FROM found('entry', link_to('entry'), '[[1, "10"], [2, "20"]]'::jsonb);
SELECT * FROM found('comment', link_to('comment', 'contact'), '[[1, "1", "7"], [2, "2", "7"], [3, null, null]]'::jsonb);
SELECT * FROM found('address', link_to('address'), '[[1, "1", "7"], [2, "2", "7"]]'::jsonb);
\pset format unaligned
SELECT gdpr_internal.match_sql('t.a', a::regtype, 'v', b::regtype) FROM (VALUES
  ('int8', 'int4'), ('int4', 'text'), ('uuid', 'varchar'), ('text', 'uuid'), ('bpchar', 'text'), ('name', 'text'),
  ('citext', 'text'), ('numeric', 'text'), ('date', 'date'), ('int4[]', 'int4[]'), ('json', 'json')) AS v(a, b);
\pset format aligned
SELECT format('SELECT v, %s AS number, %s AS uuid FROM (VALUES (5, %L::uuid)) AS t(a, u), unnest(%L::text[]) AS v',
  gdpr_internal.match_sql('t.a', 'int4'::regtype, 'v', 'text'::regtype), gdpr_internal.match_sql('t.u', 'uuid'::regtype, 'v', 'text'::regtype),
  'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{5,+5,005,5.0,"",abc,99999999999999999999,9223372036854775808,-9223372036854775808,
  a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11,A0EEBC999C0B4EF8BB6D6BB9BD380A11,a0eebc99}') AS q \gset
:q;

-- blocked_by_any_row
INSERT INTO job VALUES (1), (1), (NULL);
INSERT INTO of_pair VALUES ('b', 9, '(plain,3)');
SELECT * FROM gdpr.blockers('contact', '1');
SELECT * FROM gdpr.blockers('contact', '2');
SELECT * FROM gdpr.blockers('pair', '(plain,3)');
SELECT * FROM gdpr_internal.blocked('contact', '{1,2,1}');
SELECT refused($$SELECT gdpr.blockers('contact', 'x')$$);

-- a_table_or_column_that_is_gone_stops_everything_until_settled
SET client_min_messages = warning;
DROP TABLE entry;
SELECT refused($$SELECT * FROM gdpr_internal.steps('contact')$$);
SELECT relation, scope, statement FROM gdpr.subject_map('contact') WHERE relation IS NULL;
CREATE TABLE entry (account_id bigint);
SELECT relation FROM gdpr_internal.steps('contact') WHERE step = 3;
ALTER TABLE comment DROP COLUMN thread;
SELECT refused($$SELECT * FROM gdpr_internal.steps('contact')$$);
DROP VIEW open_job;
SELECT refused($$SELECT gdpr.blockers('contact', '1')$$);
SELECT gdpr.drop_missing('contact');
SELECT * FROM gdpr_internal.export_subjects() AS e WHERE e ~ 'contact''' OR e ~ 'comment';

-- a_table_of_that_name_made_by_somebody_else_is_not_taken_for_it
SET ROLE regress_subjects_owner;
DROP TABLE made_up;
SET ROLE regress_subjects_other;
CREATE TABLE made_up (contact_id int);
SET ROLE regress_subjects_owner;
ALTER TABLE contact ADD x int;
RESET ROLE;
SELECT refused($$SELECT * FROM gdpr_internal.steps('contact')$$);
ALTER TABLE made_up OWNER TO regress_subjects_owner;
ALTER TABLE account OWNER TO regress_subjects_other;
SELECT DISTINCT relation_name, relation_owner FROM gdpr_internal.link WHERE relation_name IN ('account', 'made_up');
SELECT refused($$SELECT gdpr.add_link('contact', 'made_up', '{contact_id}')$$), count(*) FROM gdpr_internal.steps('contact');
ALTER TABLE account OWNER TO regress_subjects_owner;

-- renames_are_followed
SET ROLE regress_subjects_owner;
ALTER TABLE contact RENAME id TO contact_no;
ALTER TABLE contact RENAME TO person;
ALTER TABLE comment RENAME owner_type TO belongs_to;
ALTER TABLE account RENAME contact_id TO person_no;
ALTER TABLE pair RENAME a TO c;
ALTER TABLE pair RENAME b TO a;
ALTER TABLE pair RENAME c TO b;
RESET ROLE;
ALTER SCHEMA subj RENAME TO subjects;
SET search_path = subjects, public;
SELECT * FROM gdpr_internal.export_subjects() AS e WHERE e !~ 'by_';
\d gdpr.contact_frozen
\d gdpr.pair_frozen
SELECT DISTINCT relation_oid = gdpr_internal.resolve(relation_schema, relation_name) AS known FROM gdpr_internal.link;

-- what_is_exported_loads_again_and_is_the_same
CREATE TEMP TABLE before AS SELECT e FROM gdpr_internal.export_subjects() AS e;
SELECT gdpr.unregister_subject(s.subject_type) FROM gdpr_internal.subject_type AS s WHERE s.relation_schema = 'subjects' \g /dev/null
SELECT tgrelid::regclass FROM pg_trigger WHERE tgname ~ 'gdpr' AND tgrelid::regclass::text ~ 'subjects';
DO $$ DECLARE s text; BEGIN FOR s IN SELECT e FROM before WHERE e ~ 'subjects' LOOP EXECUTE s; END LOOP; END $$;
SELECT count(*) > 10 AS some, bool_and(a.e IS NOT NULL AND b.e IS NOT NULL) AS same
FROM before AS b FULL JOIN gdpr_internal.export_subjects() AS a(e) ON a.e = b.e WHERE coalesce(a.e, b.e) ~ 'subjects';

-- what_can_be_declared_can_be_given_up
SELECT gdpr.drop_redirect('contact', 'account', 'person_no'), gdpr.drop_link('contact', 'comment', '{owner_id}', discriminator_value => 'account'),
  gdpr.drop_blocker('pair', 'as text');
SELECT tgrelid::regclass FROM pg_trigger WHERE tgname = 'zz_gdpr_guard' AND tgrelid = 'comment'::regclass;
SELECT gdpr.drop_link('contact', 'comment', '{owner_id}');
SELECT tgrelid::regclass FROM pg_trigger WHERE tgname = 'zz_gdpr_guard' AND tgrelid = 'comment'::regclass;
SELECT gdpr.unregister_subject(s.subject_type) FROM gdpr_internal.subject_type AS s WHERE s.relation_schema = 'subjects' \g /dev/null
SELECT count(*) FROM gdpr_internal.link WHERE relation_schema = 'subjects';
SELECT to_regclass('gdpr.contact_frozen');
SELECT refused($$SELECT gdpr.unregister_subject('contact')$$);
SET client_min_messages = error;
DROP SCHEMA subjects CASCADE;
DROP OWNED BY regress_subjects_owner, regress_subjects_other;
DROP ROLE regress_subjects_owner, regress_subjects_other;
