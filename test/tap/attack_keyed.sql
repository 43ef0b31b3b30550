-- SPDX-License-Identifier: PostgreSQL
-- Keyed profiles are for bundle operator only: who gets an answer for every guess finds out who is who.
\ir lib/attack.sql
SELECT plan(28);

SELECT gdpr.grant_bundle('operator', 'attack_op'), gdpr.grant_bundle('reader', 'attack_eve') \g /dev/null
CREATE SCHEMA shop AUTHORIZATION attack_mallory;
GRANT USAGE ON SCHEMA shop TO PUBLIC;
SELECT t.attempt('attack_mallory', $$
  CREATE TABLE shop.person (id int PRIMARY KEY, email text);
  INSERT INTO shop.person VALUES (1, 'a@b.example'), (2, 'c@d.example');
  GRANT SELECT ON shop.person TO PUBLIC;
  CREATE VIEW shop.fakes AS SELECT id, gdpr.anonymize(email, 'email', 'fake') AS email FROM shop.person;
  GRANT SELECT ON shop.fakes TO PUBLIC;
  CREATE FUNCTION shop.oracle(guess text) RETURNS text LANGUAGE sql SECURITY DEFINER AS
    $f$ SELECT gdpr.anonymize(guess, 'email', 'fake') $f$;
  SELECT gdpr.register_subject('person', 'shop.person'), gdpr.classify('shop.person', 'email', 'email')$$) \g /dev/null

-- Whoever has no bundle, or another one; the owner of the table too.
SELECT matches(t.attempt(role, statement), '^42501: profiles "fake" and "pseudonym" need bundle "operator"', role || ' is refused: ' || statement)
FROM unnest('{attack_mallory,attack_eve}'::name[]) AS role, unnest(ARRAY[
  $$SELECT gdpr.anonymize('a@b.example'::text, 'email', 'fake')$$,
  $$SELECT gdpr.anonymize('a@b.example'::text, 'email', 'pseudonym', 'seed')$$,
  $$SELECT gdpr.anonymize(1234567, 'phone', 'pseudonym')$$,
  $$SELECT gdpr.anonymize(ARRAY['a@b.example'], 'email', 'fake')$$,
  $$SELECT gdpr.anonymize('x'::text, 'password', 'fake')$$,
  $$SELECT * FROM shop.fakes$$,
  $$SELECT shop.oracle('a@b.example')$$]) AS statement;
SELECT is(left(t.attempt('attack_eve', $$SELECT gdpr.reveal('1234567', 'phone')$$), 5), '42501', 'nor does she reveal anything');
SELECT is(left(t.attempt('attack_mallory', $$GRANT EXECUTE ON FUNCTION gdpr.reveal(text, text) TO attack_mallory$$), 5), '42501', 'nobody gives himself the right');
SELECT is(t.attempt('attack_eve', $$SELECT gdpr.mask('a@b.example', 'email'), gdpr.anonymize('a@b.example'::text, 'email'), gdpr.locale_of('DE')$$), '',
  'profiles without a key are everybody''s');

-- The operator, and no longer when the bundle is gone. What somebody else's function asks, that one asks.
SELECT is(t.attempt('attack_op', $$SELECT gdpr.anonymize('a@b.example'::text, 'email', 'fake'), gdpr.reveal(gdpr.anonymize('1234567'::text, 'phone', 'pseudonym'), 'phone')$$), '',
  'the operator may');
SELECT is(t.attempt('attack_op', $$SELECT * FROM shop.fakes$$), '', 'through a view of others too: a view''s functions run as its reader');
SELECT is(left(t.attempt('attack_op', $$SELECT shop.oracle('a@b.example')$$), 5), '42501', 'a function that runs as its owner is refused even to the operator');
CREATE FUNCTION t.both() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1..2 LOOP
    PERFORM gdpr.anonymize('a@b.example'::text, 'email', 'fake');
    SET LOCAL ROLE attack_eve;
  END LOOP;
  RETURN 'both';
END $$;
SELECT throws_ok($$SELECT t.both()$$, '42501', NULL, 'one call site in two roles is asked twice');
RESET ROLE;

-- What an owner planted is set off by the operator's erasure, and gets no answers there.
SELECT t.attempt('attack_mallory', $$
  CREATE TABLE shop.answer (fake text);
  CREATE FUNCTION shop.ask() RETURNS trigger LANGUAGE plpgsql AS $f$
  BEGIN
    BEGIN
      INSERT INTO shop.answer VALUES (gdpr.anonymize('guess@b.example'::text, 'email', 'fake'));
    EXCEPTION WHEN insufficient_privilege THEN
      INSERT INTO shop.answer VALUES ('refused');
    END;
    RETURN NEW;
  END $f$;
  CREATE TRIGGER ask BEFORE UPDATE ON shop.person FOR EACH ROW EXECUTE FUNCTION shop.ask()$$) \g /dev/null
SELECT is(t.attempt('attack_op', $$SELECT gdpr.anonymize_subject('person', '1', 'test')$$), '', 'the operator erases one');
SELECT is((SELECT string_agg(DISTINCT fake, ' ') FROM shop.answer), 'refused', 'the planted trigger ran and got nothing');
-- A statement of ours with fakes sets off more of what an owner can plant, all of it as that owner.
SELECT t.attempt('attack_mallory', $$
  CREATE FUNCTION shop.ask_in(place text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $f$
  BEGIN
    RETURN place || ' ' || gdpr.anonymize('guess@b.example'::text, 'email', 'fake');
  EXCEPTION WHEN insufficient_privilege THEN
    RETURN place || ' refused';
  END $f$;
  CREATE FUNCTION shop.note(place text) RETURNS boolean LANGUAGE sql AS $f$ INSERT INTO shop.answer VALUES (shop.ask_in(place)) RETURNING true $f$;
  CREATE FUNCTION shop.note_in(place text, value text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $f$
  BEGIN
    PERFORM shop.note(place);
    RETURN value;
  END $f$;
  CREATE DOMAIN shop.login AS text CHECK (shop.note('domain'));
  ALTER TABLE shop.person ADD login shop.login, ADD CHECK (shop.note('check')),
    ADD made text GENERATED ALWAYS AS (shop.note_in('generated', email)) STORED;
  CREATE INDEX ON shop.person (shop.note_in('index', email));
  CREATE RULE planted AS ON UPDATE TO shop.person DO ALSO INSERT INTO shop.answer SELECT shop.ask_in('rule');
  UPDATE shop.person SET login = 'c' WHERE id = 2;
  DELETE FROM shop.answer$$) \g /dev/null
SELECT is(gdpr_internal.execute_keyed_as_owner('shop.person'::regclass,
    $$UPDATE shop.person SET email = gdpr.anonymize(email, 'email', $1), login = gdpr.anonymize(login::text, 'username', $1) WHERE id = 2$$, 'fake'::text), 1::bigint,
  'a statement of ours fakes as the owner');
SELECT isnt((SELECT email FROM shop.person WHERE id = 2), 'c@d.example', 'and did');
SELECT is((SELECT string_agg(DISTINCT fake, ', ' ORDER BY fake) FROM shop.answer), 'check refused, domain refused, generated refused, index refused, refused, rule refused',
  'what was planted in a trigger, check, domain, generated column, index and rule gets nothing there either');
SELECT throws_ok($$SELECT gdpr_internal.execute_keyed_as_owner('shop.person'::regclass,
    'UPDATE shop.person SET email = gdpr.anonymize(email, ''email'', ''fake'') WHERE $1 = ''fake''', 'fake'::text)$$, '42501', NULL, 'only the parameter itself says that it is ours');

-- The key.
SELECT gdpr.revoke_bundle('operator', 'attack_op') \g /dev/null
SELECT is(left(t.attempt('attack_op', $$SELECT gdpr.anonymize('a@b.example'::text, 'email', 'fake')$$), 5), '42501', 'without the bundle no more');
SELECT finish();
