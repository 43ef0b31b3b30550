-- SPDX-License-Identifier: PostgreSQL
-- Campaigns are attacked: by the owner of the table of people, who plants code and looks for values; by operators who may
-- not send campaigns; by whoever wants to approve his own plan; and by an erasure that must not leave anybody behind.
\ir lib/attack.sql
SELECT no_plan();
SELECT t.plant(p, 'attack_mallory') FROM unnest('{key_domain,mail_domain,cast_to_text,view_output,policy,index_expression,update_trigger,operator_text}'::name[]) AS p;
CREATE SCHEMA evil AUTHORIZATION attack_mallory; CREATE SCHEMA mallory AUTHORIZATION attack_mallory;
SELECT t.make_role('attack_boss') \g /dev/null
SET SESSION AUTHORIZATION attack_mallory;
GRANT USAGE ON SCHEMA evil, mallory TO PUBLIC;
CREATE FUNCTION evil.key_domain(int) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN t.note('key_domain'); END $$;
CREATE FUNCTION evil.mail_domain(text) RETURNS boolean IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN t.note('mail_domain'); END $$;
CREATE FUNCTION evil.view_output(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('view_output'); IF (SELECT phase <> 'setup' FROM t.phase) THEN PERFORM t.escalate('view_output'); END IF; RETURN $1; END $$;
CREATE FUNCTION evil.policy(int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RETURN t.note('policy') AND $1 <> 3; END $$;
CREATE FUNCTION evil.index_expression(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('index_expression'); RETURN $1; END $$;
CREATE FUNCTION evil.trigger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('update_trigger'); PERFORM t.escalate('update_trigger'); RETURN NEW; END $$;
CREATE FUNCTION evil.text_eq(text, text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('operator_text'); RETURN texteq($1, $2); END $$;
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.text_eq);
CREATE OPERATOR evil.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.text_eq);
CREATE FUNCTION evil.nextval(text) RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('operator_text'); RETURN 1; END $$;
CREATE DOMAIN mallory.id AS int CHECK (evil.key_domain(VALUE));
CREATE DOMAIN mallory.mail AS text CHECK (evil.mail_domain(VALUE));
CREATE TYPE mallory.title AS ENUM ('Dr', 'Prof');
CREATE FUNCTION evil.cast_to_text(mallory.title) RETURNS text STABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM t.note('cast_to_text'); PERFORM t.escalate('cast_to_text'); RETURN enum_out($1)::text; END $$;
CREATE CAST (mallory.title AS text) WITH FUNCTION evil.cast_to_text(mallory.title) AS ASSIGNMENT;
CREATE TABLE mallory.mark (id mallory.id PRIMARY KEY, "first ""na'me" text, email mallory.mail, title mallory.title, born date);
INSERT INTO mallory.mark SELECT i, 'Secret' || i, 'secret' || i || '@example.org', 'Dr', '1980-01-01' FROM generate_series(1, 20) AS i;
CREATE INDEX ON mallory.mark (evil.index_expression("first ""na'me"));
CREATE TRIGGER t AFTER UPDATE ON mallory.mark FOR EACH ROW EXECUTE FUNCTION evil.trigger();
ALTER TABLE mallory.mark ENABLE ROW LEVEL SECURITY; ALTER TABLE mallory.mark FORCE ROW LEVEL SECURITY;
CREATE POLICY p ON mallory.mark USING (evil.policy(id));
RESET SESSION AUTHORIZATION;
SELECT gdpr.register_subject('mark', 'mallory.mark'), gdpr.add_purpose('letters', marketing => true), gdpr.add_form('f', 'one'), gdpr.add_form('f', 'two') \g /dev/null
SELECT gdpr.classify('mallory.mark', 'first "na''me', 'first_name'), gdpr.classify('mallory.mark', 'email', 'email'), gdpr.classify('mallory.mark', 'title', 'title'),
  gdpr.classify('mallory.mark', 'born', 'birth_date') \g /dev/null
SELECT gdpr.grant_bundle('operator', 'attack_op'), gdpr.grant_bundle('operator', 'attack_vic'), gdpr.grant_bundle('dpo', 'attack_boss'), gdpr.grant_purpose('letters', 'attack_op', campaign => true),
  gdpr.grant_purpose('letters', 'attack_vic') \g /dev/null
SELECT gdpr.record_consent('mark', i::text, 'accepted', 'letters', 'email') FROM generate_series(1, 10) AS i \g /dev/null
ALTER ROLE attack_mallory SET search_path = evil, mallory, public;
-- The caller's own path is planted, too.
CREATE FUNCTION t.astray(role name, statement text) RETURNS text LANGUAGE sql AS
  $$SELECT t.attempt(role, 'SET LOCAL search_path = evil, mallory, public, pg_catalog; ' || statement)$$;
CREATE FUNCTION t.work(r bigint) RETURNS void LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE l record;
BEGIN
  PERFORM gdpr.run_resume('mark', r, 'reconsent');
  LOOP
    SELECT * INTO l FROM gdpr.run_lease(r, 3);
    EXIT WHEN l.chunk IS NULL;
    PERFORM gdpr.run_work(r, l.chunk, l.first, l.last), gdpr.run_slice_done(r, l.chunk, l.last, 1);
  END LOOP;
END $$;

-- The owner's code runs as the owner.
SELECT t.start('campaign') \g /dev/null
SELECT is(t.astray('attack_op', $$SELECT gdpr.plan_campaign('mark', 'letters', 'f:2', dry_run => true)$$), '', 'a dry run over a planted table');
SELECT is(t.astray('attack_op', $$SELECT gdpr.plan_campaign('mark', 'letters', 'f:2', stages => '{50,100}')$$), '', 'a plan');
SELECT is((SELECT pg_catalog.concat_ws(' ', people, eligible) FROM gdpr.campaign_plans), '20 20', 'a policy of the owner hides nobody');
SELECT is(t.astray('attack_boss', $$SELECT gdpr.approve_campaign(1)$$), '', 'approved');
SELECT is(t.astray('attack_op', $$SELECT t.work(1)$$), '', 'the work');
SELECT is(t.astray('attack_op', $$CREATE TEMP TABLE took AS SELECT * FROM gdpr.take_messages(4)$$), '', 'the outbox');
SELECT ok(t.count_of('ran', 'cast_to_text') > 0, 'planted code ran');
SELECT is(t.broken(), '', 'as its owner, and gained nothing');
SELECT is(t.count_of('ran', 'operator_text'), 0::bigint, 'operators and functions on the caller''s path are not used');
SELECT is((SELECT count(*) FROM gdpr.outbox WHERE state = 'taken'), 4::bigint, 'four were taken');
-- The owner puts a view in the table's place, and somebody else a table of that name.
SET SESSION AUTHORIZATION attack_mallory;
CREATE TABLE mallory.kept AS TABLE mallory.mark;
DROP TABLE mallory.mark;
CREATE VIEW mallory.mark AS SELECT id, evil.view_output("first ""na'me") AS "first ""na'me", email, title, born FROM mallory.kept;
RESET SESSION AUTHORIZATION;
SELECT t.astray('attack_op', $$SELECT gdpr.plan_campaign('mark', 'letters', 'f:2', dry_run => true)$$), t.astray('attack_op', $$SELECT t.work(1)$$),
  t.astray('attack_op', $$SELECT gdpr.take_messages(2)$$) \g /dev/null
SELECT is(t.broken(), '', 'a view in the table''s place gains nothing either');
DROP VIEW mallory.mark;
GRANT CREATE ON SCHEMA mallory TO attack_eve;
SET SESSION AUTHORIZATION attack_eve;
CREATE TABLE mallory.mark (id int PRIMARY KEY, email text);
RESET SESSION AUTHORIZATION;
SELECT matches(t.attempt('attack_op', $$SELECT gdpr.plan_campaign('mark', 'letters', 'f:2', dry_run => true)$$), '^42501: relation mallory.mark', 'another owner''s table of that name is not read');
DROP TABLE mallory.mark;
CREATE TABLE mallory.mark AS TABLE mallory.kept;
ALTER TABLE mallory.mark ADD PRIMARY KEY (id);
ALTER TABLE mallory.mark OWNER TO attack_mallory;
SELECT gdpr.classify('mallory.mark', 'email', 'email') \g /dev/null

-- Nothing personal in any message, and nobody without the right.
SELECT unalike(t.attempt(r, s), '%ecret%', format('%s tells nothing: %s', r, left(s, 40))) FROM (VALUES
  ('attack_vic', $$SELECT gdpr.plan_campaign('mark', 'letters', 'f:2')$$), ('attack_vic', $$SELECT gdpr.take_messages(2, of_run => 1)$$), ('attack_eve', $$SELECT * FROM gdpr.outbox$$),
  ('attack_op', $$SELECT gdpr.message_sent('{1,2,3}')$$), ('attack_op', $$SELECT gdpr.run_work(1, 99, 1, 1)$$)) AS v(r, s);
SELECT matches(t.attempt('attack_vic', s), '^(42501|55000: cannot update view)', 'an operator without the campaign right: ' || left(s, 50)) FROM unnest(ARRAY[
  $$SELECT gdpr.plan_campaign('mark', 'letters', 'f:2')$$, $$SELECT gdpr.plan_campaign('mark', 'letters', 'f:2', dry_run => true)$$, $$SELECT gdpr.take_messages(2, of_run => 1)$$,
  $$SELECT gdpr.run_resume('mark', 1, 'reconsent')$$, $$SELECT gdpr.run_export_begin(1)$$, $$SELECT gdpr.run_export(1, 1)$$, $$SELECT gdpr.run_export_done(1, 1)$$,
  $$SELECT gdpr.approve_campaign(1)$$, $$SELECT * FROM gdpr_internal.message$$, $$SELECT * FROM gdpr_internal.campaign$$, $$UPDATE gdpr.campaign_plans SET approved_by = 'x'$$]) AS s;
SELECT matches(t.attempt('attack_vic', format('SELECT 1 / gdpr.%s(ARRAY(SELECT message FROM gdpr.outbox))', f)), '^22012', 'nor does he settle messages of others: ' || f)
FROM unnest('{message_sent,message_failed}'::text[]) AS f;
SELECT is((SELECT count(*) FROM gdpr.outbox WHERE state IN ('taken', 'sent')), (SELECT count(*) FROM gdpr.outbox WHERE state = 'taken'), 'they stay taken');
SELECT matches(t.attempt('attack_eve', s), '^42501', 'anybody: ' || left(s, 50)) FROM unnest(ARRAY[
  $$SELECT gdpr.plan_campaign('mark', 'letters', 'f:2')$$, $$SELECT gdpr.approve_campaign(1)$$, $$SELECT gdpr.take_messages()$$, $$SELECT gdpr.message_sent('{1}')$$, $$SELECT gdpr.message_failed('{1}')$$,
  $$SELECT * FROM gdpr.outbox$$, $$SELECT * FROM gdpr.campaign_plans$$, $$SELECT gdpr_internal.hand_out(1, NULL, NULL, 'taken')$$, $$SELECT gdpr_internal.work_reconsent(NULL, 1, '{1}')$$]) AS s;
-- Own plans: the planner gets the other bundle, a trigger speaks in another's name.
SELECT is(t.attempt('attack_op', $$SELECT gdpr.plan_campaign('mark', 'letters', 'f:1')$$), '', 'another plan');
SELECT gdpr.grant_bundle('dpo', 'attack_op') \g /dev/null
SELECT max(run) AS own FROM gdpr.campaign_plans \gset
SELECT matches(t.attempt('attack_op', format('SELECT gdpr.approve_campaign(%s)', :own)), '^42501: campaign \d+ must be approved by another role', 'with both bundles nobody approves his own plan');
CREATE TABLE public.door (x int);
ALTER TABLE public.door OWNER TO attack_op;
SELECT t.attempt('attack_op', format($$CREATE FUNCTION pg_temp.say() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM gdpr.approve_campaign(%s); RETURN NEW; END'$$, :own)) \g /dev/null
GRANT CREATE ON SCHEMA public TO attack_op;
SELECT t.attempt('attack_op', format($$CREATE FUNCTION public.say() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN PERFORM gdpr.approve_campaign(%s); RETURN NEW; END'$$, :own)) \g /dev/null
SELECT t.attempt('attack_op', 'CREATE TRIGGER say BEFORE INSERT ON public.door FOR EACH ROW EXECUTE FUNCTION public.say()') \g /dev/null
GRANT INSERT ON public.door TO attack_boss;
SELECT matches(t.attempt('attack_boss', 'INSERT INTO public.door VALUES (1)'), '^42501', 'nor when another role sets off his code');
SELECT is((SELECT approved_by FROM gdpr.campaign_plans WHERE run = :own), NULL, 'it is not approved');

-- A key that is personal itself: erased people leave no trace in plans, lists and outbox.
CREATE TABLE public.reader (mail text PRIMARY KEY, name text);
INSERT INTO public.reader SELECT 'canary' || i || '@example.org', 'Canary ' || i FROM generate_series(1, 12) AS i;
SELECT gdpr.register_subject('reader', 'public.reader'), gdpr.classify('public.reader', 'mail', 'email'), gdpr.classify('public.reader', 'name', 'full_name') \g /dev/null
SELECT gdpr.record_consent('reader', 'canary1@example.org', 'accepted', 'letters', 'email') \g /dev/null
SELECT run AS readers FROM gdpr.plan_campaign('reader', 'letters', 'f:2', stages => '{50,100}', chunk_rows => 2) \gset
UPDATE gdpr_internal.campaign SET approved_by = 'somebody', approved_at = now() WHERE run = :readers;
SELECT gdpr.opt_out('reader', mail) FROM public.reader WHERE mail LIKE 'canary_@%' AND right(split_part(mail, '@', 1), 1) IN ('2', '3', '4') \g /dev/null
CREATE OR REPLACE FUNCTION t.work2(r bigint, max int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE l record;
BEGIN
  PERFORM gdpr.run_resume('reader', r, 'reconsent');
  FOR i IN 1 .. max LOOP
    SELECT * INTO l FROM gdpr.run_lease(r, 3);
    EXIT WHEN l.chunk IS NULL;
    PERFORM gdpr.run_work(r, l.chunk, l.first, l.last), gdpr.run_slice_done(r, l.chunk, l.last, 1);
  END LOOP;
END $$;
SELECT t.work2(:readers, 9), (SELECT count(*) FROM gdpr.take_messages(2, of_run => :readers)), gdpr.run_pause(:readers, 'x') \g /dev/null
SELECT gdpr.anonymize_subjects('reader', ARRAY(SELECT mail FROM public.reader), 'asked') \g /dev/null
CREATE FUNCTION t.traces() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE r regclass; n bigint;
BEGIN
  FOR r IN SELECT c.oid FROM pg_class AS c WHERE c.relnamespace = 'gdpr_internal'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition LOOP
    EXECUTE format('SELECT count(*) FROM %s AS x WHERE x::text LIKE ''%%canary%%''', r) INTO n;
    IF n > 0 THEN RETURN NEXT r || ' ' || n; END IF;
  END LOOP;
END $$;
SELECT is_empty('SELECT t.traces()', 'nothing of them is left anywhere');
SELECT is((SELECT string_agg(DISTINCT state, ' ') FROM gdpr.outbox WHERE run = :readers), 'void', 'their messages are void');
SELECT lives_ok(format('SELECT t.work2(%s, 9)', :readers), 'the campaign goes on over people who are gone');
SELECT is((SELECT count(*) FROM gdpr.outbox WHERE run = :readers AND state <> 'void'), 0::bigint, 'and asks none of them');
SELECT is_empty('SELECT t.traces()', 'and knows none of them');
SELECT is((SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = 'attack_mallory'), false, 'mallory gained nothing');
SELECT * FROM finish();
ALTER ROLE attack_mallory RESET ALL; ALTER ROLE attack_op RESET ALL;
