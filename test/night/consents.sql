-- SPDX-License-Identifier: PostgreSQL
-- What the people of fixture.sql have said, by the last digit of their number; who ends in 91 is anonymized already.
SET client_min_messages = warning;
SELECT gdpr.add_purpose('marketing', 'consent', 'Letters about offers', marketing => true) \g /dev/null
SELECT gdpr.add_form('terms', 'One.'), gdpr.add_form('terms', 'Two.'), gdpr.add_form('terms', 'Three.') \g /dev/null
SELECT gdpr.set_consent_form('contact', 'terms:1', 'marketing') \g /dev/null
SELECT gdpr.grant_purpose('marketing', r, campaign => true) FROM unnest('{night,officer}'::regrole[]) AS r \g /dev/null
GRANT USAGE ON SCHEMA crm TO officer;
SELECT gdpr.grant_bundle(b, 'officer') FROM unnest('{operator,dpo}'::text[]) AS b \g /dev/null

CREATE VIEW oracle.accepted AS SELECT id FROM crm.contact WHERE id % 10 IN (0, 1, 3, 5, 6, 7, 8, 9);
CREATE VIEW oracle.withdrawn AS SELECT id FROM crm.contact WHERE id % 10 = 3;
CREATE VIEW oracle.rejected AS SELECT id FROM crm.contact WHERE id % 10 = 2;
SELECT gdpr.mark_all('contact', 'oracle.accepted', 'accepted', 'marketing', 'paper_form') \g /dev/null
SELECT gdpr.mark_all('contact', 'oracle.withdrawn', 'withdrawn', 'marketing', 'email') \g /dev/null
SELECT gdpr.mark_all('contact', 'oracle.rejected', 'rejected', 'marketing', 'telephone') \g /dev/null
SELECT gdpr.record_objection('contact', id::text, 'marketing') FROM crm.contact WHERE id % 10 = 5 \g /dev/null
SELECT gdpr.restrict('contact', id::text) FROM crm.contact WHERE id % 10 = 6 \g /dev/null
SELECT gdpr.opt_out('contact', id::text, 'email', 'marketing', 'click') FROM crm.contact WHERE id % 10 = 7 \g /dev/null
SELECT gdpr.suppress('email', email, 'bounced') FROM crm.contact WHERE id % 10 = 8 \g /dev/null
SELECT gdpr.anonymize_subjects('contact', array_agg(id::text), 'left before') FROM crm.contact WHERE id % 100 = 91 \g /dev/null
-- How it was before the night.
CREATE TABLE oracle.state AS SELECT * FROM gdpr_internal.consent_state;
CREATE TABLE oracle.last_event AS SELECT max(event) AS event FROM gdpr_internal.consent_event;
ANALYZE gdpr_internal.consent_state, gdpr_internal.consent_event;
