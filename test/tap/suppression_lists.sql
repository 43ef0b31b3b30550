-- SPDX-License-Identifier: PostgreSQL
-- The suppression list in sets. Laws: an address is what it always was, whoever makes its plain form; a digest
-- that others made of it, and its domain, stand for it everywhere that asks; the newest word on each entry counts.
SET client_min_messages = error;
CREATE SCHEMA t;
SELECT plan(43);

-- The plain form as it was written in SQL: digests that were stored by it must be found again.
CREATE FUNCTION t.plain(channel text, address text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
  RETURN nullif(CASE
    WHEN channel = 'email' THEN lower(btrim(address, E' \t\r\n<>') COLLATE "C")
    WHEN channel IN ('telephone', 'sms') THEN regexp_replace(regexp_replace(address, '[^0-9]', '', 'g'), '^00', '')
    WHEN channel = 'post' THEN translate(lower(address COLLATE "C"), E' \t\r\n!"#$%&''()*+,-./:;<=>?@[\\]^_`{|}~', '')
    ELSE btrim(address) END, '');
END
$$;
\if :{?seed}
\else
  SELECT (random() * 1000000)::int AS seed \gset
\endif
\echo '# seed' :seed
SELECT setseed(:seed / 1000000.0) \g /dev/null
-- letters, digits and punctuation of every sort, blanks, controls, other scripts
CREATE TABLE t.sample AS
SELECT i, (SELECT string_agg(substr(E' <>\t\r\n\v\f.,-+()/@#''"\\_0000123456789AbCdEzZ\u00c4\u00fc\u00df\u0130\u0131\u0421\u043e\u4e2d\U0001F600\u00a0\u2003', (1 + floor(random() * 56))::int, 1), '')
           FROM generate_series(1, (random() * 14)::int + i % 2)) AS address FROM generate_series(1, 20000) AS i;
SELECT is_empty(format($$SELECT i, %L FROM t.sample WHERE gdpr_internal.plain_address(%1$L, address) IS DISTINCT FROM t.plain(%1$L, address) LIMIT 5$$, c),
  'an address of channel ' || c || ' is compared as ever, byte for byte') FROM unnest('{email,telephone,sms,post,app}'::text[]) AS c;
SELECT cmp_ok((SELECT count(DISTINCT gdpr_internal.plain_address('post', address)) FROM t.sample), '>', 10000::bigint, 'of many addresses');
SELECT is((gdpr_internal.suppressed_digests('email', ARRAY[address], '{address}')).digest[1],
  left(gdpr_internal.keyed_digest('suppression email', address), 32)::uuid, 'its digest is the keyed digest of channel and address')
FROM (SELECT gdpr_internal.plain_address('email', 'Ada@Example.org') AS address) AS a;
SELECT is((SELECT count(DISTINCT d) FROM unnest('{email,telephone,sms,post,app}'::text[]) AS c,
  unnest((gdpr_internal.suppressed_digests(c, '{4930106}', '{address,md5,sha1,sha256}')).digest) AS d), 20::bigint, 'another one for each channel and kind');
SELECT is((gdpr_internal.suppressed_digests('email', ARRAY['a@x.org', NULL, 'b@x.org'], '{address,md5}')).n, '{1,1,3,3}', 'many at once, each with its place');
SELECT is((SELECT cardinality((d).digest) || ' ' || (SELECT count(DISTINCT x) FROM unnest((d).digest) AS x)
  FROM gdpr_internal.suppressed_digests('email', ARRAY(SELECT i || '@x.org' FROM generate_series(1, 5001) AS i), '{address}') AS d), '5001 5001', 'however many');

-- What others made of an address.
SELECT is((gdpr_internal.entry_digests('email', kind, ARRAY[entry]))[1], (gdpr_internal.suppressed_digests('email', '{ada@example.org}', ARRAY[kind])).digest[1],
  'a list of ' || kind || ' names the address whose digest it is')
FROM (VALUES ('md5', md5('ada@example.org')), ('md5', upper(md5('ada@example.org')) || E'\r'),
  ('sha256', encode(sha256('ada@example.org'), 'hex')), ('address', ' <Ada@Example.ORG>')) AS v(kind, entry) ;
SELECT is((gdpr_internal.entry_digests('email', 'md5', '{eb22f95d2cfd2fbdcd8e0531fdeee725}'))[1] = ANY (
  (gdpr_internal.suppressed_digests('email', '{anna.schmidt@example.de}', '{md5}')).digest), true, 'a vendor''s MD5 of anna.schmidt@example.de is found');
SELECT is((gdpr_internal.entry_digests('email', 'sha1', '{a9993e364706816aba3e25717850c26c9cd0d89d}'))[1],
  (gdpr_internal.suppressed_digests('email', '{abc}', '{sha1}')).digest[1], 'SHA-1 is the one of FIPS 180');
SELECT is(array_positions(gdpr_internal.entry_digests('email', kind, entries), NULL), wanted, 'what is none of ' || kind || ' has no digest')
FROM (VALUES ('md5', ARRAY[md5('x'), 'abc', NULL, md5('x') || '0', replace(md5('x'), '9', 'g'), ''], '{2,3,4,5,6}'::int[]),
  ('address', ARRAY['a@b', '@b', 'a@', 'a b@c.org', E'a@b\x01.org', 'not-an-address', repeat('a', 320) || '@b.org', 'o''brien+news@example.ie', NULL, ''], '{2,3,4,5,6,7,9,10}'),
  ('domain', ARRAY['@example.com', 'example.com', '.example.com', '*.example.com', 'com', '@com', '.com', 'a@b.com', '', '@', 'a..b', 'a b.com', '*', repeat('a.', 130) || 'com'], '{5,6,7,8,9,10,11,12,13,14}')) AS v(kind, entries, wanted);
SELECT is(array_positions(gdpr_internal.entry_digests('sms', 'address', '{+49 30 5550100,1234,12345,call me,123456789012345678901}'), NULL), '{2,4,5}', 'a phone number has 5 to 20 digits');
SELECT throws_ok($$SELECT gdpr_internal.entry_digests('email', 'crc', '{a}')$$, '22023', 'unknown kind of opt-out list', 'an unknown kind is an error');

-- Newest word by entry.
SELECT gdpr.suppress('email', 'One@example.org', 'complaint') \g /dev/null
SELECT ok(gdpr.is_suppressed('email', 'one@Example.org') AND NOT gdpr.is_suppressed('sms', '49301'), 'an address is suppressed for its channel');
INSERT INTO gdpr_internal.suppression_kind VALUES ('email', 'md5'), ('email', 'sha256') ON CONFLICT DO NOTHING;
SELECT gdpr_internal.add_suppression('email', 'md5', gdpr_internal.entry_digests('email', 'md5', ARRAY[md5('two@example.org')]), '{1}', 'list') \g /dev/null
SELECT gdpr_internal.add_suppression('email', 'sha256', gdpr_internal.entry_digests('email', 'sha256', ARRAY[encode(sha256('two@example.org'), 'hex')]), '{1}', 'list') \g /dev/null
SELECT ok(gdpr.is_suppressed('email', 'Two@example.org'), 'an address is suppressed by a digest that others made of it');
SELECT isnt(gdpr.suppress('email', 'two@example.org', 'complaint'), NULL, 'and can be put there itself');
SELECT isnt(gdpr.lift_suppression('email', 'two@example.org', 'asked'), NULL, 'lifting it');
SELECT ok(NOT gdpr.is_suppressed('email', 'two@example.org'), 'lifts the digests, too');
SELECT results_eq($$SELECT kind, turn FROM gdpr_internal.suppression WHERE reason = 'asked' ORDER BY kind$$,
  $$VALUES ('address' COLLATE "C", 2), ('md5', 2), ('sha256', 2)$$, 'each by an event of its own');
SELECT is(gdpr.lift_suppression('email', 'two@example.org', 'asked'), NULL, 'once');
SELECT isnt(gdpr.suppress('email', 'two@example.org', 'again'), NULL, 'what was lifted can be suppressed again');
SELECT is((SELECT array_agg(turn ORDER BY turn) FROM gdpr_internal.suppression WHERE kind = 'address' AND digest = (SELECT digest FROM gdpr_internal.suppression WHERE reason = 'again')), '{1,2,3}', 'turn by turn');
SELECT is((SELECT string_agg(channel || ' ' || kind || ' ' || addresses, ', ' ORDER BY kind) FROM gdpr_internal.suppression_counts()),
  'email address 2, email md5 0, email sha256 0', 'what is in force is counted');
SELECT throws_ok($$INSERT INTO gdpr_internal.suppression (digest, turn, at, key_id, channel, kind, reason, owner)
  SELECT digest, turn, at, key_id, channel, kind, reason, owner FROM gdpr_internal.suppression$$, '23505', NULL, 'no turn happens twice');

-- Who asks in sets and who asks one by one hear the same.
CREATE TABLE t.person (id int PRIMARY KEY, mail text);
CREATE TABLE t.other (id int PRIMARY KEY, person int NOT NULL REFERENCES t.person, mails text[]);
INSERT INTO t.person SELECT i, format('P%s@d%s.example.net', i, i % 7) FROM generate_series(1, 300) AS i;
INSERT INTO t.other SELECT i, i, ARRAY[format('q%s@d%s.example.net', i, i % 5), NULL, 'shared@example.net'] FROM generate_series(1, 300, 3) AS i;
SELECT gdpr.register_subject('person', 't.person'), gdpr.classify('t.person', 'mail', 'email'), gdpr.add_link('person', 't.other', '{person}'), gdpr.classify('t.other', 'mails', 'email') \g /dev/null
SELECT gdpr_internal.add_suppression('email', k, gdpr_internal.entry_digests('email', k, e), array_fill(1, ARRAY[cardinality(e)]), 'list')
FROM (VALUES ('address', ARRAY['p5@d5.example.net', 'Q7@d2.example.net']), ('md5', ARRAY[md5('p10@d3.example.net'), md5('q100@d0.example.net')]),
  ('sha256', ARRAY[encode(sha256('p11@d4.example.net'), 'hex')]), ('domain', ARRAY['@d6.example.net', '.d1.example.net'])) AS v(k, e) \g /dev/null
SELECT set_eq($$SELECT gdpr_internal.suppressed_people('person', ARRAY(SELECT id::text FROM t.person), 'email')$$,
  $$SELECT a.subject_key FROM gdpr_internal.addresses('person', ARRAY(SELECT id::text FROM t.person), 'email') AS a WHERE gdpr.is_suppressed('email', a.plain)$$,
  'sets and single questions have the same answer');
SELECT cmp_ok((SELECT count(*) FROM gdpr_internal.suppressed_people('person', ARRAY(SELECT id::text FROM t.person), 'email')), '>', 80::bigint, 'which is not empty');
SELECT is((SELECT count(*) FROM gdpr_internal.suppressed_people('person', ARRAY(SELECT id::text FROM t.person), 'sms')), 0::bigint, 'other channels are not concerned');
SELECT is((SELECT string_agg(k, ',' ORDER BY k::int) FROM gdpr_internal.suppressed_people('person', '{5,7,10,11,100,12}', 'email') AS k), '5,7,10,11,100', 'each kind has its people');

-- Who leaves and had opted out stays suppressed, by the address itself.
SELECT gdpr.add_purpose('letter', marketing => true), gdpr.opt_out('person', '10'), gdpr.opt_out('person', '20') \g /dev/null
SELECT gdpr.lift_suppression('email', 'p10@d3.example.net', 'asked'), gdpr.anonymize_subject('person', '10', 'asked'), gdpr.anonymize_subject('person', '20', 'asked') \g /dev/null
SELECT ok(gdpr.is_suppressed('email', 'p10@d3.example.net') AND gdpr.is_suppressed('email', 'p20@d6.example.net'), 'people who leave and had opted out stay on the list');
SELECT is((SELECT count(*) FROM gdpr_internal.suppression WHERE reason ~ 'left' AND kind = 'address'), 4::bigint, 'with each of their addresses');

-- Without its key nothing is asked and nothing is kept.
CREATE TABLE t.before AS SELECT count(*) AS n FROM gdpr_internal.suppression;
SET gdpr.key_file = '/nonexistent/gdpr.key';
SELECT throws_ok(s, '55000', NULL, s || ' without the key') FROM unnest(ARRAY[$$SELECT gdpr.suppress('email', 'x@example.org', 'y')$$,
  $$SELECT gdpr.is_suppressed('email', 'x@example.org')$$, $$SELECT gdpr.lift_suppression('email', 'one@example.org', 'y')$$,
  $$SELECT gdpr_internal.suppressed_people('person', '{1}', 'email')$$]) AS s;
RESET gdpr.key_file;
SELECT is((SELECT count(*) FROM gdpr_internal.suppression), (SELECT n FROM t.before), 'and nothing half done');
SELECT * FROM finish();
