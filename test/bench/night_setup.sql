-- SPDX-License-Identifier: PostgreSQL
-- What the jobs of the night find: everybody has accepted, on an older form; and the same by hand, in tables with the
-- same columns and indexes, beside which a re-consent is measured. One view for each size that memory is measured at.
SET client_min_messages = warning;
DO $$
BEGIN
  IF to_regrole('bench_night') IS NULL THEN CREATE ROLE bench_night LOGIN; END IF;
  IF to_regrole('bench_dpo') IS NULL THEN CREATE ROLE bench_dpo LOGIN; END IF;
END
$$;
GRANT USAGE ON SCHEMA crm TO bench_night;
SELECT gdpr.grant_bundle('operator', 'bench_night'), gdpr.grant_bundle('dpo', 'bench_dpo');
SELECT gdpr.classify('crm.contact', c, r) FROM (VALUES ('created_at', 'not_personal'), ('updated_at', 'not_personal'), ('status', 'not_personal'),
  ('segment', 'not_personal'), ('credit_limit', 'not_personal'), ('visits', 'not_personal'), ('first_name', 'first_name'), ('last_name', 'last_name'),
  ('email', 'email'), ('phone', 'phone'), ('mobile', 'phone'), ('birth_date', 'birth_date'), ('gender', 'gender'), ('street', 'street'), ('city', 'city'),
  ('postal_code', 'postal_code'), ('country', 'country'), ('national_id', 'national_id'), ('iban', 'iban'), ('company', 'company'), ('note', 'free_text')) AS x(c, r);
SELECT gdpr.register_subject('contact', 'crm.contact');
SELECT gdpr.add_purpose('letters', marketing => true), gdpr.add_form('terms', 'One.'), gdpr.add_form('terms', 'Two.');
SELECT gdpr.set_consent_form('contact', 'terms:1'), gdpr.grant_purpose('letters', 'bench_night', campaign => true);
CREATE VIEW crm.everybody AS SELECT id FROM crm.contact;
SELECT gdpr.mark_all('contact', 'crm.everybody', 'accepted', 'letters', 'paper_form');

CREATE SCHEMA hand;
CREATE TABLE hand.event (LIKE gdpr_internal.consent_event INCLUDING ALL);
CREATE TABLE hand.state (LIKE gdpr_internal.consent_state INCLUDING ALL);
CREATE TABLE hand.allowed (LIKE gdpr_internal.contact_allowed INCLUDING ALL);
CREATE TABLE hand.message (LIKE gdpr_internal.message INCLUDING ALL);
INSERT INTO hand.event SELECT * FROM gdpr_internal.consent_event;
INSERT INTO hand.state SELECT * FROM gdpr_internal.consent_state;
INSERT INTO hand.allowed SELECT * FROM gdpr_internal.contact_allowed;
SELECT setval(pg_get_serial_sequence('hand.event', 'event'), (SELECT max(event) FROM hand.event));
ALTER TABLE hand.state SET (fillfactor = 100);
VACUUM (ANALYZE);
