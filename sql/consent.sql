-- The states of consent: which follow which, what each setting may be, and what is visible and changeable then,
-- under every purpose and in both modes; a new consent asked of everybody; forms, and who may be marked at once.
-- In a database of its own: history cannot be undone.
SELECT current_database() AS home \gset
CREATE DATABASE regress_consent TEMPLATE template0;
\c regress_consent
SET client_min_messages = warning;
CREATE EXTENSION pg_gdpr;
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET datestyle = iso;
SET timezone = 'UTC';
CREATE SCHEMA consent;
SET search_path = consent, public;
CREATE ROLE regress_consent_app;
CREATE ROLE regress_consent_owner;
GRANT USAGE ON SCHEMA consent TO PUBLIC;
GRANT CREATE ON SCHEMA consent TO regress_consent_owner;
SET ROLE regress_consent_owner;
CREATE TABLE person (id int PRIMARY KEY, name text);
CREATE TABLE note (note_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, person_id int REFERENCES person, body text);
CREATE INDEX ON note (person_id);
INSERT INTO person SELECT i, 'person ' || i FROM generate_series(1, 99) AS i;
INSERT INTO note (person_id, body) SELECT i, 'about ' || i FROM generate_series(1, 99) AS i;
GRANT SELECT, INSERT, UPDATE, DELETE ON person, note TO regress_consent_app;
RESET ROLE;

SELECT gdpr.register_subject('subscriber', 'consent.person') \g /dev/null
SELECT gdpr.add_link('subscriber', 'consent.note', '{person_id}') \g /dev/null
SELECT gdpr.classify('consent.person', 'name', 'full_name'), gdpr.classify('consent.note', 'body', 'free_text') \g /dev/null

CREATE FUNCTION say(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  message text; detail text; hint text;
BEGIN
  EXECUTE statement;
  RETURN 'done';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(E'\n', SQLSTATE || '  ' || message, '  detail  ' || nullif(detail, ''), '  hint    ' || nullif(hint, ''));
END $$;

-- the_law_of_states_is_the_same_in_both_modes ----------------------------------------------------
SELECT gdpr.add_purpose('gone', 'consent', 'lapses at once', interval '1 millisecond') \g /dev/null
CREATE TABLE way (origin text, path text[], purpose text);
INSERT INTO way VALUES ('pending', '{}', NULL), ('accepted', '{accepted}', NULL), ('rejected', '{rejected}', NULL),
  ('withdrawn', '{accepted,withdrawn}', NULL), ('lapsed', '{accepted}', 'gone');
CREATE TABLE edge (mode text, origin text, target text, purpose text, key text, outcome text);
-- A person of its own for each edge, brought to where the edge begins.
INSERT INTO edge
SELECT m.mode, w.origin, t.target, w.purpose, row_number() OVER (ORDER BY m.n, w.ctid, t.n)::text
FROM (VALUES (1, 'strict'), (2, 'crmcom')) AS m (n, mode), way AS w,
  (VALUES (1, 'pending'), (2, 'accepted'), (3, 'rejected'), (4, 'withdrawn')) AS t (n, target);
SELECT count(gdpr.record_consent('subscriber', e.key, s.state, e.purpose, medium => 'telephone')) AS brought_there
FROM edge AS e JOIN way AS w USING (origin), unnest(w.path) AS s (state);
SELECT pg_sleep(0.01) \g /dev/null
CREATE FUNCTION walk(walked text) RETURNS void LANGUAGE sql AS $$
  UPDATE consent.edge AS e SET outcome = consent.say(format(
    'SELECT gdpr.record_consent(''subscriber'', %L, %L, %L, medium => ''telephone'')', key, target, purpose))
  WHERE mode = walked
$$;
SELECT gdpr.set_consent_mode('subscriber', 'strict') \g /dev/null
SELECT walk('strict') \g /dev/null
SELECT gdpr.set_consent_mode('subscriber', 'crmcom') \g /dev/null
SELECT walk('crmcom') \g /dev/null
SELECT mode, origin AS "from", max(left(outcome, 5)) FILTER (WHERE target = 'pending') AS "to pending",
  max(left(outcome, 5)) FILTER (WHERE target = 'accepted') AS "to accepted",
  max(left(outcome, 5)) FILTER (WHERE target = 'rejected') AS "to rejected",
  max(left(outcome, 5)) FILTER (WHERE target = 'withdrawn') AS "to withdrawn"
FROM edge GROUP BY mode, origin
ORDER BY mode DESC, array_position('{pending,accepted,rejected,withdrawn,lapsed}', origin);
\pset format unaligned
\pset tuples_only on
SELECT DISTINCT origin || ' -> ' || target || E'\n' || outcome FROM edge WHERE outcome <> 'done' ORDER BY 1;
\pset format aligned
\pset tuples_only off
-- a request that was sent changes no state, a decision that is refused leaves no event
SELECT e.origin, e.target, h.kind, h.prior_state, h.state, count(*) AS events
FROM edge AS e JOIN gdpr.consent_history AS h ON h.subject_type = 'subscriber' AND h.subject_key = e.key
WHERE e.mode = 'strict' GROUP BY 1, 2, 3, 4, 5
ORDER BY array_position('{pending,accepted,rejected,withdrawn,lapsed}', e.origin), 2, 3 DESC, 4 NULLS FIRST, 5;

-- settings_have_the_cells_of_the_matrix_and_no_others --------------------------------------------
SELECT m.mode, s.state, max(left(x.outcome, 5)) FILTER (WHERE a.action = 'full') AS "full",
  max(left(x.outcome, 5)) FILTER (WHERE a.action = 'none') AS "none",
  max(left(x.outcome, 5)) FILTER (WHERE a.action = 'anonymize') AS "anonymize"
FROM (VALUES ('strict'), ('crmcom')) AS m (mode),
  (VALUES (1, 'pending'), (2, 'accepted'), (3, 'rejected'), (4, 'withdrawn')) AS s (n, state),
  (VALUES (1, 'full'), (2, 'none'), (3, 'anonymize')) AS a (n, action),
  LATERAL (SELECT say(format('SELECT gdpr.set_consent_mode(''subscriber'', %L), gdpr.set_consent_action(''subscriber'', %L, %L)',
    m.mode, s.state, a.action))) AS x (outcome)
GROUP BY m.mode, s.n, s.state ORDER BY m.mode DESC, s.n;
\pset format unaligned
\pset tuples_only on
SELECT say($$SELECT gdpr.set_consent_action('subscriber', 'pending', 'none')$$);
SELECT say($$SELECT gdpr.set_consent_action('subscriber', 'accepted', 'anonymize')$$);
\pset format aligned
\pset tuples_only off

-- what_is_visible_and_what_may_change ------------------------------------------------------------
-- People 51 to 59 gave a general consent, or did not; 61 to 69 one for marketing; 70 was never asked.
SELECT gdpr.set_consent_mode('subscriber', 'strict') \g /dev/null
SELECT gdpr.set_consent_action('subscriber', s, 'full') FROM unnest(ARRAY['rejected', 'withdrawn']) AS s \g /dev/null
SELECT gdpr.add_purpose('marketing', 'consent', 'Letters about offers', marketing => true) \g /dev/null
SELECT gdpr.add_purpose('survey', 'consent', 'How satisfied people are') \g /dev/null
SELECT gdpr.add_purpose('billing', 'contract', 'Invoices and what is due') \g /dev/null
SELECT gdpr.add_purpose('bookkeeping', 'legal_obligation', 'Ten years of books') \g /dev/null
SELECT gdpr.grant_purpose(p, 'regress_consent_app')
FROM unnest(ARRAY['administration', 'marketing', 'survey', 'billing', 'bookkeeping']) AS p \g /dev/null
CREATE TABLE someone (key text PRIMARY KEY, scope text, path text[]);
INSERT INTO someone VALUES
  ('51', 'general', '{accepted}'), ('52', 'general', '{rejected}'), ('53', 'general', '{accepted,withdrawn}'),
  ('61', 'marketing', '{accepted}'), ('62', 'marketing', '{rejected}'), ('63', 'marketing', '{accepted,withdrawn}'),
  ('70', 'none', '{}');
SELECT count(gdpr.record_consent('subscriber', key, s.state, nullif(scope, 'general'), medium => 'web_form')) AS decisions
FROM someone, unnest(path) AS s (state);
CALL gdpr.protect('subscriber');

-- r: the person's row is visible, u: it may be changed, i: a note about the person may arrive
CREATE FUNCTION look(person_key text, asked_for text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  seen boolean; changed bigint := 0; arrived boolean := false;
BEGIN
  PERFORM set_config('gdpr.purpose', asked_for, false), set_config('role', 'regress_consent_app', false);
  seen := EXISTS (SELECT FROM consent.person WHERE id = person_key::int)
    AND EXISTS (SELECT FROM consent.note WHERE person_id = person_key::int);
  BEGIN
    UPDATE consent.person SET name = name WHERE id = person_key::int;
    GET DIAGNOSTICS changed = ROW_COUNT;
  EXCEPTION WHEN SQLSTATE 'PD007' THEN
  END;
  BEGIN
    INSERT INTO consent.note (person_id, body) VALUES (person_key::int, 'rings back');
    arrived := true;
    RAISE SQLSTATE 'XXUND';
  EXCEPTION WHEN SQLSTATE 'PD007' OR SQLSTATE 'XXUND' THEN
  END;
  PERFORM set_config('role', 'none', false), set_config('gdpr.purpose', '', false);
  RETURN concat(CASE WHEN seen THEN 'r' ELSE '-' END, CASE WHEN changed = 1 THEN 'u' ELSE '-' END,
                CASE WHEN arrived THEN 'i' ELSE '-' END);
END $$;
CREATE TABLE sight (mode text, action text, key text, purpose text, outcome text);
CREATE FUNCTION look_around(in_mode text, with_action text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM gdpr.set_consent_mode('subscriber', in_mode);
  PERFORM gdpr.set_consent_action('subscriber', s, with_action) FROM unnest(ARRAY['rejected', 'withdrawn']) AS s;
  INSERT INTO consent.sight SELECT in_mode, with_action, s.key, p.purpose, NULL
  FROM consent.someone AS s, unnest(ARRAY['administration', 'bookkeeping', 'billing', 'marketing', 'survey']) AS p (purpose);
END $$;
CREATE FUNCTION note_sight() RETURNS void LANGUAGE sql AS
  $$ UPDATE consent.sight SET outcome = consent.look(key, purpose) WHERE outcome IS NULL $$;
SELECT look_around('strict', 'full') \g /dev/null
SELECT note_sight() \g /dev/null
SELECT look_around('strict', 'none') \g /dev/null
SELECT note_sight() \g /dev/null
SELECT look_around('strict', 'anonymize') \g /dev/null
SELECT note_sight() \g /dev/null
SELECT look_around('crmcom', 'full') \g /dev/null
SELECT note_sight() \g /dev/null
SELECT look_around('crmcom', 'none') \g /dev/null
SELECT note_sight() \g /dev/null
SELECT look_around('crmcom', 'anonymize') \g /dev/null
SELECT note_sight() \g /dev/null
SELECT v.mode, v.action, s.scope AS consent, coalesce(s.path[array_upper(s.path, 1)], 'pending') AS state,
  max(v.outcome) FILTER (WHERE purpose = 'administration') AS administration,
  max(v.outcome) FILTER (WHERE purpose = 'bookkeeping') AS bookkeeping,
  max(v.outcome) FILTER (WHERE purpose = 'billing') AS billing,
  max(v.outcome) FILTER (WHERE purpose = 'marketing') AS marketing,
  max(v.outcome) FILTER (WHERE purpose = 'survey') AS survey
FROM sight AS v JOIN someone AS s USING (key) GROUP BY 1, 2, s.key, 3, 4
ORDER BY mode DESC, array_position('{full,none,anonymize}', action), s.key;

-- Whom the setting sends away: queued, never anonymized in the transaction of whoever clicked.
SELECT subject_key, state, reason FROM gdpr.erasure_queue WHERE subject_type = 'subscriber' ORDER BY subject_key;
SELECT gdpr.add_basis('subscriber', '51', 'billing', 'contract') \g /dev/null
SELECT gdpr.record_consent('subscriber', '51', 'withdrawn', medium => 'email') \g /dev/null
SELECT gdpr.record_consent('subscriber', '61', 'withdrawn', 'marketing', medium => 'email') \g /dev/null
SELECT subject_key, state, reason FROM gdpr.erasure_queue WHERE subject_type = 'subscriber' AND subject_key IN ('51', '61') ORDER BY subject_key;
SELECT blocker, row_count FROM gdpr.blockers('subscriber', '51') WHERE row_count > 0;
-- who changes their mind comes off the queue
SELECT gdpr.record_consent('subscriber', '61', 'accepted', 'marketing', medium => 'email') \g /dev/null
SELECT subject_key, state FROM gdpr.erasure_queue WHERE subject_type = 'subscriber' AND subject_key = '61';
SELECT key, regexp_replace(gdpr.why('subscriber', key, 'marketing'), '\d{4}-\d\d-\d\d|(?<=event )\d+', '…', 'g') AS why
FROM someone ORDER BY key;
SELECT gdpr.set_consent_mode('subscriber', 'strict') \g /dev/null
SELECT gdpr.set_consent_action('subscriber', s, 'full') FROM unnest(ARRAY['rejected', 'withdrawn']) AS s \g /dev/null
CALL gdpr.unprotect('subscriber');

-- re_consent_does_what_crm_com_says: accepted, rejected and pending; never withdrawn ------------
SELECT gdpr.add_form('terms', 'We write to you about offers.') AS version;
SELECT gdpr.add_form('terms', 'We write to you about offers, never more than once a week.') AS version;
SELECT gdpr.add_form('terms', 'We write to you about offers, never more than once a week.') AS the_same_body_is_no_new_version;
SELECT gdpr.set_consent_form('subscriber', 'terms:1', 'survey') \g /dev/null
SELECT gdpr.record_consent('subscriber', k, s, 'survey', medium => 'paper_form', form => 'terms:1')
FROM (VALUES ('81', 'accepted'), ('82', 'rejected'), ('83', 'accepted'), ('83', 'withdrawn'), ('84', 'pending')) AS v (k, s) \g /dev/null
CREATE TEMP TABLE before AS SELECT ctid::text AS place, xmin::text AS writer, s.* FROM gdpr_internal.consent_state AS s
WHERE purpose = 'survey' AND subject_key IN ('81', '82', '83', '84', '85');
SELECT gdpr.require_reconsent('subscriber', 'terms:2', 'survey') AS people_concerned;
SELECT subject_key, state, updated_at IS NULL AS date_is_empty, form, current_form FROM gdpr.consent
WHERE subject_type = 'subscriber' AND purpose = 'survey' AND subject_key IN ('81', '82', '83', '84', '85') ORDER BY subject_key;
SELECT b.subject_key, b.state AS before, s.state AS after, b::text = (SELECT ROW(s.ctid::text, s.xmin::text, s.*)::text) AS untouched_byte_for_byte
FROM before AS b JOIN gdpr_internal.consent_state AS s USING (subject_type, subject_key, purpose) ORDER BY 1;
SELECT subject_key, kind, prior_state, prior_updated_at IS NOT NULL AS knows_when, form
FROM gdpr.consent_history WHERE subject_type = 'subscriber' AND purpose = 'survey' AND kind = 'reconsent_required' AND subject_key IN ('81', '82', '83', '84', '85') ORDER BY 1;
-- whoever is asked again may answer again; who had withdrawn still may, too
SELECT gdpr.record_consent('subscriber', k, 'accepted', 'survey', medium => 'web_form') > 0 AS recorded FROM unnest(ARRAY['81', '82', '83', '84', '85']) AS k;
SELECT subject_key, state, updated_at IS NOT NULL AS dated, form FROM gdpr.consent
WHERE subject_type = 'subscriber' AND purpose = 'survey' AND subject_key IN ('81', '82', '83', '84', '85') ORDER BY subject_key;

-- one_call_marks_all_of_a_selection --------------------------------------------------------------
CREATE VIEW refused_by_letter AS SELECT i % 5 + 91 AS id FROM generate_series(1, 20) AS i;
SELECT gdpr.mark_all('subscriber', 'refused_by_letter', 'rejected', 'survey', 'paper_form', 'letters of May') AS people;
SELECT gdpr.mark_all('subscriber', 'refused_by_letter', 'rejected', 'survey', 'paper_form', 'letters of May') AS again;
SELECT subject_key, kind, state, medium, comment, count(*) FROM gdpr.consent_history
WHERE subject_type = 'subscriber' AND subject_key IN ('91', '92', '93', '94', '95') GROUP BY 1, 2, 3, 4, 5 ORDER BY 1;
\pset format unaligned
\pset tuples_only on
SELECT say($$SELECT gdpr.mark_all('subscriber', 'refused_by_letter', 'withdrawn', 'survey', 'paper_form')$$);
CREATE TABLE strangers (id int);
INSERT INTO strangers VALUES (91), (100), (101);
SELECT say($$SELECT gdpr.mark_all('subscriber', 'strangers', 'accepted', 'survey', 'paper_form')$$);
\pset format aligned
\pset tuples_only off
SELECT state, count(*) FROM gdpr.consent WHERE subject_type = 'subscriber' AND purpose = 'survey' AND subject_key IN ('91', '92', '93', '94', '95') GROUP BY 1;

-- both_vocabularies ------------------------------------------------------------------------------
SELECT s, gdpr.state_alias(s) FROM unnest(ARRAY['pending', 'accepted', 'rejected', 'withdrawn']) AS s;
SELECT gdpr.record_consent('subscriber', '96', 'awaiting', 'survey', medium => 'email') > 0 AS asked,
  gdpr.record_consent('subscriber', '97', 'given', 'survey', medium => 'email') > 0 AS given,
  gdpr.record_consent('subscriber', '98', 'refused', 'survey', medium => 'email') > 0 AS refused;
SELECT subject_key, state FROM gdpr.consent WHERE subject_type = 'subscriber' AND purpose = 'survey' AND subject_key IN ('96', '97', '98', '99') ORDER BY 1;

-- proof_stays_when_the_person_goes ---------------------------------------------------------------
SELECT gdpr.record_consent('subscriber', '97', 'withdrawn', 'survey', medium => 'telephone', comment => 'said on the phone to Kim',
  attachment => '\x25504446', media_type => 'application/pdf', source_ip => '192.0.2.7') \g /dev/null
SELECT kind, state, comment, source_ip, attachment_sha256 = encode(sha256('\x25504446'), 'hex') AS digest_of_the_scan, media_type
FROM gdpr.consent_history WHERE subject_type = 'subscriber' AND subject_key = '97' ORDER BY event;
SELECT gdpr.anonymize_subject('subscriber', '97', 'left') > 0 AS gone;
SELECT kind, state, medium, comment, source_ip, attachment_sha256, media_type, owner = current_user AS by_whom
FROM gdpr.consent_history WHERE subject_type = 'subscriber' AND subject_key = '97' ORDER BY event;
SELECT count(*) AS scans_left FROM gdpr_internal.consent_attachment;

\c :home
DROP DATABASE regress_consent;
DROP ROLE regress_consent_app, regress_consent_owner;
