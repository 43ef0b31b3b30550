-- SPDX-License-Identifier: PostgreSQL
-- The same consent, kept by pg_gdpr.
SET client_min_messages = warning;
SET synchronous_commit = off;
SELECT gdpr.register_subject('contact', 'crm.contact');
SELECT gdpr.add_link('contact', 'crm.activity', '{contact_id}');
SELECT gdpr.classify('crm.contact', 'country', 'country'), gdpr.classify('crm.contact', 'birth_date', 'birth_date'),
       gdpr.classify('crm.contact', 'email', 'email');
SELECT gdpr.add_purpose('marketing', 'consent', marketing => true);
SELECT gdpr.grant_purpose('marketing', 'bench_app', campaign => true), gdpr.grant_bundle('consent_editor', 'bench_app');
CREATE VIEW crm.said_accepted AS SELECT contact_id FROM crm.consent WHERE state IN ('accepted', 'withdrawn');
CREATE VIEW crm.said_rejected AS SELECT contact_id FROM crm.consent WHERE state = 'rejected';
CREATE VIEW crm.said_withdrawn AS SELECT contact_id FROM crm.consent WHERE state = 'withdrawn';
SELECT gdpr.mark_all('contact', 'crm.said_accepted', 'accepted', 'marketing', 'import');
SELECT gdpr.mark_all('contact', 'crm.said_rejected', 'rejected', 'marketing', 'import');
SELECT gdpr.mark_all('contact', 'crm.said_withdrawn', 'withdrawn', 'marketing', 'import');
