-- SPDX-License-Identifier: PostgreSQL
-- The same people as pg_gdpr sees them. :links is true where activities and accounts belong to the person.
SET client_min_messages = warning;
SELECT gdpr.classify('crm.contact', c.column_name, c.rule)
FROM (VALUES ('first_name', 'first_name'), ('last_name', 'last_name'), ('email', 'email'), ('phone', 'phone'),
             ('mobile', 'phone'), ('birth_date', 'birth_date'), ('gender', 'gender'), ('street', 'street'),
             ('city', 'city'), ('postal_code', 'postal_code'), ('country', 'country'),
             ('national_id', 'national_id'), ('iban', 'iban'), ('company', 'company'), ('note', 'free_text'),
             ('created_at', 'not_personal'), ('updated_at', 'not_personal'), ('status', 'not_personal'),
             ('segment', 'not_personal'), ('credit_limit', 'not_personal'), ('visits', 'not_personal')
     ) AS c (column_name, rule);
SELECT gdpr.register_subject('contact', 'crm.contact');
\if :links
SELECT gdpr.add_link('contact', 'crm.activity', '{contact_id}');
SELECT gdpr.add_link('contact', 'crm.account', '{contact_id}');
SELECT gdpr.classify('crm.activity', 'what', 'not_personal'), gdpr.classify('crm.activity', 'subject', 'free_text'),
       gdpr.classify('crm.activity', 'happened_at', 'not_personal'),
       gdpr.classify('crm.account', 'account_number', 'account_number'),
       gdpr.classify('crm.account', 'balance', 'not_personal');
\endif
DO $$ BEGIN CREATE ROLE bench_night LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
SELECT gdpr.grant_bundle('operator', 'bench_night');
