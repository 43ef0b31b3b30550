-- SPDX-License-Identifier: PostgreSQL
-- Domains on the suppression list. Law: '@example.com' is that domain alone, '.example.fr' it and every one
-- below; a domain is never an address and an address never a domain; what is lifted is the entry, and an address
-- whose domain stands is not written to.
SET client_min_messages = error;
CREATE SCHEMA t;
SELECT plan(54);
SELECT isnt(gdpr.suppress('email', d, 'we write to nobody there'), NULL, d || ' is a domain')
FROM unnest('{@example.com,.Example.FR,*.wild.example.net, <@Trimmed.example.net> ,.deep.below.example.org}'::text[]) AS d;
SELECT is(gdpr.is_suppressed('email', a), wanted, a || CASE WHEN wanted THEN ' is covered' ELSE ' is not' END)
FROM (VALUES ('a@example.com', true), ('A@EXAMPLE.COM ', true), ('a@example.com.', true), ('a@sub.example.com', false), ('a@notexample.com', false), ('a@example.com.au', false),
  ('example.com@other.test', false), ('a@example.com@other.test', false), ('"a@example.com"@other.test', false), ('a@b@example.com', true),
  ('a@example.fr', true), ('a@sub.example.fr', true), ('a@a.b.c.d.example.fr', true), ('a@notexample.fr', false), ('a@fr', false), ('a@example.fr.test', false),
  ('a@wild.example.net', true), ('a@x.wild.example.net', true), ('a@example.net', false), ('a@trimmed.example.net', true), ('a@x.trimmed.example.net', false),
  ('a@deep.below.example.org', true), ('a@below.example.org', false), ('not-an-address', false), ('example.com', false),
  ('a@' || repeat('x.', 200) || 'example.fr', false)) AS v(a, wanted);
SELECT is(gdpr.is_suppressed('email', d), wanted, 'of a domain the entry itself is meant: ' || d)
FROM (VALUES ('@example.com', true), ('@EXAMPLE.com', true), ('.example.com', false), ('@example.fr', false), ('.example.fr', true), ('*.example.fr', true), ('.sub.example.fr', false)) AS v(d, wanted);
SELECT throws_ok(format($$SELECT gdpr.suppress('email', %L, 'x')$$, d), '22023', 'not a domain', 'no domain: ' || d) FROM unnest('{.com,@localhost,.,@,*.,.a..b}'::text[]) AS d;
SELECT isnt(gdpr.suppress('telephone', '.4930106', 'x'), NULL, 'other channels have no domains');
SELECT is(gdpr.suppress('email', '@Example.com', 'again'), NULL, 'twice is once');

-- The audience, and lifting.
CREATE TABLE t.person (id int PRIMARY KEY, mail text);
INSERT INTO t.person VALUES (1, 'a@example.com'), (2, 'a@sub.example.com'), (3, 'a@sub.example.fr'), (4, 'a@example.org'), (5, NULL), (6, 'not-an-address');
SELECT gdpr.register_subject('person', 't.person'), gdpr.classify('t.person', 'mail', 'email'), gdpr.add_purpose('letter', 'legitimate_interests', marketing => true),
  gdpr.grant_purpose('letter', 'postgres', campaign => true) \g /dev/null
SELECT set_eq($$SELECT gdpr.audience('person', 'letter', 'email')$$, '{2,4,5,6}'::text[], 'nobody at a suppressed domain is in an audience');
SELECT gdpr.suppress('email', 'a@example.com', 'complaint') \g /dev/null
SELECT isnt(gdpr.lift_suppression('email', '@example.com', 'they asked'), NULL, 'a domain is lifted');
SELECT set_eq($$SELECT gdpr.audience('person', 'letter', 'email')$$, '{2,4,5,6}'::text[], 'but not the wishes of its people');
SELECT isnt(gdpr.lift_suppression('email', 'a@example.com', 'asked'), NULL, 'until they change, too');
SELECT set_eq($$SELECT gdpr.audience('person', 'letter', 'email')$$, '{1,2,4,5,6}'::text[], 'then they are written to');
SELECT throws_ok($$SELECT gdpr.lift_suppression('email', 'a@sub.example.fr', 'asked')$$, '55000', 'the domain of this address is suppressed', 'lifting an address does not help against its domain, and says so');
SELECT is(gdpr.lift_suppression('email', '.example.com', 'asked'), NULL, 'what is not on the list is not lifted');
-- A domain is kept as a digest, like an address.
SELECT is((SELECT count(*) FROM gdpr_internal.suppression AS s WHERE s::text ~* 'example|trimmed|wild'), 0::bigint, 'no domain is kept in clear');
SELECT * FROM finish();
