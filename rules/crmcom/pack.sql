-- SPDX-License-Identifier: PostgreSQL
-- Policy pack for the reference schema crmcom (schema.sql beside it).
--
-- What to read first, as a privacy officer:
--   part 1  whose data this is, and where else it lies     (a column that no link reaches is not erased)
--   part 2  what each column is                            (its kind decides how it is erased, masked, generalized)
--   part 3  what holds an anonymization back
--   part 4  what still arrives for people who are gone
--   part 5  what people's data is used for, on what basis, and what follows from a refusal
-- Kinds are listed in gdpr.kinds. not_personal means: somebody looked and found nothing about a person
-- in it; it is never changed. Amounts, posting dates and products are such columns: sums must not change.
--
-- Load by a role that owns the tables and decides on purposes (a superuser, or a member of crmcom_app and
-- crmcom_billing with the bundle dpo):
--   psql -v ON_ERROR_STOP=1 -o /dev/null -f rules/crmcom/pack.sql
-- All or nothing; a second run changes nothing.

BEGIN;

-- ---------------------------------------------------------------------------------------------
-- Part 1: the person and the links
-- ---------------------------------------------------------------------------------------------

SELECT gdpr.register_subject('contact', 'crmcom.contact');

-- Tables that name the contact directly.
SELECT gdpr.add_link('contact', 'crmcom.phone',           '{contact_id}');
SELECT gdpr.add_link('contact', 'crmcom.email',           '{contact_id}');
SELECT gdpr.add_link('contact', 'crmcom.access_token',    '{contact_id}');
SELECT gdpr.add_link('contact', 'crmcom.activity',        '{contact_id}');
SELECT gdpr.add_link('contact', 'crmcom.job',             '{contact_id}');
SELECT gdpr.add_link('contact', 'crmcom.service_request', '{contact_id}');
SELECT gdpr.add_link('contact', 'crmcom.lead',            '{contact_id}');
SELECT gdpr.add_link('contact', 'crmcom.legal_hold',      '{contact_id}');
SELECT gdpr.add_link('contact', 'crmcom.app_user',        '{contact_id}');
-- No foreign key: whole old rows that a trigger of the application keeps.
SELECT gdpr.add_link('contact', 'crmcom.contact_history', '{contact_id}');
-- No foreign key either, and an integer where the contact has a bigint. The eight kinds of event
-- inherit from this table; the link reaches their rows too.
SELECT gdpr.add_link('contact', 'crmcom.customer_event',  '{contact_id}');

-- Who lived where, and who belonged to which group, says something about a person even without a
-- name: these rows go altogether.
SELECT gdpr.add_link('contact', 'crmcom.contact_address', '{contact_id}', on_erase => 'delete');
SELECT gdpr.add_link('contact', 'crmcom.group_member',    '{contact_id}', on_erase => 'delete');
SELECT gdpr.add_link('contact', 'crmcom.unit_member',     '{contact_id}', on_erase => 'delete');
-- Answers stay counted, but nobody gave them.
SELECT gdpr.add_link('contact', 'crmcom.survey_answer',   '{contact_id}', on_erase => 'unlink');

-- A household shares one address: it is erased with the last person who lives there.
SELECT gdpr.add_link('contact', 'crmcom.address', '{address_id}', 'crmcom.contact_address', '{address_id}',
                     scope => 'shared');

-- The mail shop knows people by e-mail address only.
SELECT gdpr.add_link('contact', 'crmcom.newsletter', '{email}', 'crmcom.email', '{address}');

-- Accounts receivable, and what hangs on an account.
SELECT gdpr.add_link('contact', 'crmcom.account',               '{contact_id}');
SELECT gdpr.add_link('contact', 'crmcom.payment_preference',    '{account_id}', 'crmcom.account', '{account_id}');
SELECT gdpr.add_link('contact', 'crmcom.gateway_card',          '{account_id}', 'crmcom.account', '{account_id}');
SELECT gdpr.add_link('contact', 'crmcom.presentment',           '{account_id}', 'crmcom.account', '{account_id}');
SELECT gdpr.add_link('contact', 'crmcom.subscription',          '{account_id}', 'crmcom.account', '{account_id}');
SELECT gdpr.add_link('contact', 'crmcom.financial_transaction', '{account_id}', 'crmcom.account', '{account_id}');
SELECT gdpr.add_link('contact', 'crmcom.rbi',                   '{account_id}', 'crmcom.account', '{account_id}');
SELECT gdpr.add_link('contact', 'crmcom.subscription_action',   '{subscription_code}',
                     'crmcom.subscription', '{subscription_code}');
-- The loyalty system holds the account's uuid as text.
SELECT gdpr.add_link('contact', 'crmcom.rewards_participant',   '{account_ref}', 'crmcom.account', '{account_id}');

-- Polymorphic tables: the column entity says into which table entity_id points.
SELECT gdpr.add_link('contact', 'crmcom.attachment', '{entity_id}',
                     discriminator => 'entity', discriminator_value => 'contact');
SELECT gdpr.add_link('contact', 'crmcom.attachment', '{entity_id}', 'crmcom.account', '{account_id}',
                     discriminator => 'entity', discriminator_value => 'account');
SELECT gdpr.add_link('contact', 'crmcom.attachment', '{entity_id}', 'crmcom.service_request', '{number}',
                     discriminator => 'entity', discriminator_value => 'service_request');
SELECT gdpr.add_link('contact', 'crmcom.communication', '{entity_id}',
                     discriminator => 'entity', discriminator_value => 'contact');
SELECT gdpr.add_link('contact', 'crmcom.communication', '{entity_id}', 'crmcom.account', '{account_id}',
                     discriminator => 'entity', discriminator_value => 'account');
SELECT gdpr.add_link('contact', 'crmcom.audit_log', '{entity_id}',
                     discriminator => 'entity', discriminator_value => 'contact');
SELECT gdpr.add_link('contact', 'crmcom.audit_log', '{entity_id}', 'crmcom.account', '{account_id}',
                     discriminator => 'entity', discriminator_value => 'account');
SELECT gdpr.add_link('contact', 'crmcom.audit_log', '{entity_id}', 'crmcom.rewards_participant', '{participant_number}',
                     discriminator => 'entity', discriminator_value => 'rewards_participant');

-- ---------------------------------------------------------------------------------------------
-- Part 2: what each column is. Keys, link columns and discriminators say nothing by themselves and
-- need no word, except where they do (the newsletter's e-mail).
-- ---------------------------------------------------------------------------------------------

SELECT gdpr.classify('crmcom.contact', c, r) FROM (VALUES
  ('contact_type',         'not_personal'),      -- person or company
  ('first_name',           'first_name'),
  ('middle_name',          'first_name'),
  ('last_name',            'last_name'),
  ('first_name_uc',        'search_copy'),       -- generated from first_name, follows it
  ('middle_name_uc',       'search_copy'),
  ('last_name_uc',         'search_copy'),
  ('id_number',            'national_id'),
  ('id_country',           'country'),
  ('passport_number',      'passport'),
  ('passport_country',     'country'),
  ('ssn',                  'national_id'),
  ('birth_day',            'birth_date'),
  ('birth_month',          'birth_date'),
  ('birth_year',           'birth_date'),
  ('company_name',         'company'),
  ('company_name_uc',      'search_copy'),
  ('tax_reference',        'tax_id'),
  ('registration_number',  'company_registration'),
  ('registration_country', 'country'),
  ('vat_number',           'vat_id'),
  ('preferences',          'profile_json'),      -- the names of the settings stay, their values go
  ('language',             'not_personal'),      -- one of a handful of languages
  ('created_at',           'not_personal'),
  ('left_on',              'not_personal')       -- when the contract ended; proves that it was time to erase
) AS t (c, r);

SELECT gdpr.classify('crmcom.contact_history', c, r) FROM (VALUES
  ('changed_at', 'not_personal'),
  ('old_row',    'profile_json')                 -- a whole old contact: every value in it goes
) AS t (c, r);

SELECT gdpr.classify('crmcom.contact_address', 'address_type', 'not_personal');  -- home, work, billing

SELECT gdpr.classify('crmcom.address', c, r) FROM (VALUES
  ('street_number',      'street_number'),
  ('street_name',        'street'),
  ('postal_code',        'postal_code'),
  ('floor',              'address_line'),
  ('apartment',          'address_line'),
  ('area',               'region'),
  ('city',               'city'),
  ('district',           'region'),
  ('municipality',       'region'),
  ('po_box',             'po_box'),
  ('po_box_postal_code', 'postal_code')
) AS t (c, r);

SELECT gdpr.classify('crmcom.phone', c, r) FROM (VALUES
  ('area_code',   'phone'),
  ('number',      'phone'),
  ('full_number', 'phone'),
  ('country',     'country'),
  ('notes',       'free_text')
) AS t (c, r);

SELECT gdpr.classify('crmcom.email', c, r) FROM (VALUES
  ('address', 'email'),
  ('notes',   'free_text')
) AS t (c, r);

SELECT gdpr.classify('crmcom.newsletter', c, r) FROM (VALUES
  ('email',         'email'),                    -- key and link, and yet an e-mail address
  ('subscribed_on', 'not_personal')
) AS t (c, r);

SELECT gdpr.classify('crmcom.survey_answer', c, r) FROM (VALUES
  ('question',    'not_personal'),
  ('score',       'not_personal'),
  ('answered_on', 'not_personal')
) AS t (c, r);

SELECT gdpr.classify('crmcom.access_token', c, r) FROM (VALUES
  ('authentication_code', 'token'),
  ('identifier',          'token'),
  ('pass_code',           'password'),
  ('created_at',          'not_personal')
) AS t (c, r);

SELECT gdpr.classify('crmcom.attachment', c, r) FROM (VALUES
  ('file_name',  'file_name'),
  ('content',    'attachment'),
  ('url',        'url'),
  ('media_type', 'not_personal'),
  ('added_at',   'not_personal')
) AS t (c, r);

SELECT gdpr.classify('crmcom.communication', c, r) FROM (VALUES
  ('subject',      'free_text'),
  ('description',  'free_text'),
  ('shared_notes', 'free_text'),
  ('to',           'email'),
  ('from',         'email'),
  ('content',      'free_text'),
  ('search',       'search_copy'),               -- words of subject and content, generated
  ('sent_at',      'not_personal')
) AS t (c, r);

SELECT gdpr.classify('crmcom.audit_log', c, r) FROM (VALUES
  ('at',         'not_personal'),
  ('actor',      'not_personal'),                -- the colleague who made the change: evidence
  ('field',      'not_personal'),                -- which field, not what stood in it
  ('from_value', 'free_text'),
  ('to_value',   'free_text')
) AS t (c, r);

-- The four kinds of work that are done for a contact.
SELECT gdpr.classify(w, c, r)
FROM (VALUES
  ('crmcom.activity'::regclass), ('crmcom.job'), ('crmcom.service_request'), ('crmcom.lead')
) AS work (w), (VALUES
  ('description',  'free_text'),
  ('shared_notes', 'free_text'),
  ('email',        'email'),
  ('phone',        'phone'),
  ('state',        'not_personal')
) AS t (c, r);
SELECT gdpr.classify('crmcom.activity',        'due_on',         'not_personal');
SELECT gdpr.classify('crmcom.job',             'scheduled_at',   'not_personal');
SELECT gdpr.classify('crmcom.service_request', 'opened_at',      'not_personal');
SELECT gdpr.classify('crmcom.lead',            'expected_value', 'not_personal');

-- The parent of all events, then what each kind of event adds.
SELECT gdpr.classify(relation, c, r)
FROM (VALUES
  ('crmcom.customer_event'::regclass), ('crmcom.purchase_event'), ('crmcom.referral_event'),
  ('crmcom.social_media_event'), ('crmcom.web_event'), ('crmcom.achievement_event'),
  ('crmcom.financial_achievement_event'), ('crmcom.financial_statement_event'), ('crmcom.spend_request_event')
) AS event (relation), (VALUES
  ('happened_at', 'not_personal'),
  ('description', 'free_text')
) AS t (c, r);
SELECT gdpr.classify('crmcom.purchase_event',              'amount',  'not_personal');
SELECT gdpr.classify('crmcom.social_media_event',          'network', 'not_personal');
SELECT gdpr.classify('crmcom.achievement_event',           'points',  'not_personal');
SELECT gdpr.classify('crmcom.financial_achievement_event', 'points',  'not_personal');
SELECT gdpr.classify('crmcom.financial_statement_event',   'amount',  'not_personal');
SELECT gdpr.classify('crmcom.spend_request_event',         'amount',  'not_personal');

SELECT gdpr.classify('crmcom.account', c, r) FROM (VALUES
  ('number',       'account_number'),            -- printed on every letter
  ('name',         'full_name'),
  -- A trigger keeps it in step with name, in capitals; so the erased name is written in capitals, too.
  ('name_uc',      'search_copy erase=constant(''ANONYMIZED'')'),
  ('currency',     'not_personal'),
  ('balance',      'not_personal'),              -- money stays
  ('credit_limit', 'not_personal'),
  ('opened_on',    'not_personal')
) AS t (c, r);

SELECT gdpr.classify('crmcom.payment_preference', c, r) FROM (VALUES
  ('recurring_use',         'free_text'),
  ('medium_id',             'external_id'),
  ('medium_type',           'free_text'),
  ('medium_brand',          'free_text'),
  ('bank',                  'bank_name'),
  ('branch',                'bank_name'),
  ('account_type',          'free_text'),
  ('account_holder',        'full_name'),
  ('account_number',        'bank_account'),
  ('iban',                  'iban'),
  ('bic',                   'bic'),
  ('mandate_reference',     'mandate_ref'),
  ('mandate_signed_on',     'mandate_ref'),
  ('mandate_terminated_on', 'mandate_ref')
) AS t (c, r);

SELECT gdpr.classify('crmcom.gateway_card', c, r) FROM (VALUES
  ('reference',     'external_id'),              -- names the card at the payment provider
  ('holder',        'full_name'),
  ('brand',         'free_text'),
  ('card_type',     'free_text'),
  ('address_1',     'address_line'),
  ('address_2',     'address_line'),
  ('city',          'city'),
  ('zip',           'postal_code'),
  ('state',         'region'),
  ('country',       'country'),
  ('address_check', 'free_text'),                -- whether the address was right says something about it
  ('zip_check',     'free_text'),
  ('cvc_check',     'free_text'),
  ('default',       'free_text'),
  ('last_digits',   'card_number'),
  ('fingerprint',   'external_id'),              -- the same card has the same fingerprint everywhere
  ('expiry_month',  'card_expiry'),
  ('expiry_year',   'card_expiry')
) AS t (c, r);

SELECT gdpr.classify('crmcom.presentment', c, r) FROM (VALUES
  ('method', 'free_text'),
  ('value',  'free_text'),                       -- an e-mail address, a number or a postal address
  ('active', 'free_text')
) AS t (c, r);

SELECT gdpr.classify('crmcom.subscription', c, r) FROM (VALUES
  ('product_code',  'not_personal'),             -- products stay: revenue per product must still add up
  ('state',         'not_personal'),
  ('started_on',    'not_personal'),
  ('terminated_on', 'not_personal'),
  ('notes',         'free_text')
) AS t (c, r);

SELECT gdpr.classify('crmcom.subscription_action', c, r) FROM (VALUES
  ('action',             'not_personal'),
  ('cancellation_notes', 'free_text'),
  ('done_at',            'not_personal')
) AS t (c, r);

SELECT gdpr.classify('crmcom.financial_transaction', c, r) FROM (VALUES
  ('transaction_date', 'not_personal'),
  ('transaction_type', 'not_personal'),
  ('amount',           'not_personal'),          -- money and its dates stay (tax law)
  ('posted_on',        'not_personal'),
  ('shared_notes',     'free_text')
) AS t (c, r);

SELECT gdpr.classify('crmcom.rbi', c, r) FROM (VALUES
  ('billing',            'not_personal'),
  ('source',             'not_personal'),
  ('amount',             'not_personal'),
  ('state',              'not_personal'),
  ('cancellation_notes', 'free_text')
) AS t (c, r);

SELECT gdpr.classify('crmcom.rewards_participant', c, r) FROM (VALUES
  ('name',        'full_name'),
  ('card_number', 'external_id'),
  ('birth_date',  'birth_date'),
  ('tier',        'not_personal'),
  ('points',      'not_personal')                -- points are a liability in the books: the sum stays
) AS t (c, r);

SELECT gdpr.classify('crmcom.app_user', c, r) FROM (VALUES
  ('login',  'username'),                        -- of a colleague who left: active users are held back
  ('active', 'not_personal')
) AS t (c, r);

SELECT gdpr.classify('crmcom.group_member', 'left_on', 'not_personal');

SELECT gdpr.classify('crmcom.legal_hold', c, r) FROM (VALUES
  ('reason',     'free_text'),                   -- names courts and opponents
  ('from_date',  'not_personal'),
  ('until_date', 'not_personal')
) AS t (c, r);

-- ---------------------------------------------------------------------------------------------
-- Part 3: what holds an anonymization back. Each view shows what is open now.
-- ---------------------------------------------------------------------------------------------

-- who the contact is
SELECT gdpr.add_blocker('contact', 'is a user',                  'crmcom.open_user',            'contact_id');
SELECT gdpr.add_blocker('contact', 'internal or partner group',  'crmcom.open_group',           'contact_id');
SELECT gdpr.add_blocker('contact', 'belongs to a unit',          'crmcom.open_unit',            'contact_id');
-- what is still being done for the contact
SELECT gdpr.add_blocker('contact', 'subscription not terminated', 'crmcom.open_subscription',   'contact_id');
SELECT gdpr.add_blocker('contact', 'pending job',                'crmcom.open_job',             'contact_id');
SELECT gdpr.add_blocker('contact', 'pending activity',           'crmcom.open_activity',        'contact_id');
SELECT gdpr.add_blocker('contact', 'pending service request',    'crmcom.open_service_request', 'contact_id');
SELECT gdpr.add_blocker('contact', 'pending lead',               'crmcom.open_lead',            'contact_id');
-- money that has not found its place yet
SELECT gdpr.add_blocker('contact', 'unprocessed billing item',   'crmcom.open_rbi',             'contact_id');
SELECT gdpr.add_blocker('contact', 'unposted transaction',       'crmcom.open_transaction',     'contact_id');
-- the business's own conditions
SELECT gdpr.add_blocker('contact', 'legal hold',                 'crmcom.open_legal_hold',      'contact_id');

-- ---------------------------------------------------------------------------------------------
-- Part 4: a payment that arrives for somebody who is gone is not refused; it goes to suspense.
-- ---------------------------------------------------------------------------------------------

SELECT gdpr.redirect_frozen('contact', 'crmcom.financial_transaction', 'account_id',
                            '00000000-0000-4000-8000-000000000000');

-- ---------------------------------------------------------------------------------------------
-- Part 5: what people's data is used for, and on what basis (Article 6). Only two of these purposes need
-- consent. What an open subscription, a job or a debt is to an erasure (part 3), a contract or the
-- law is to the everyday work: it may go on, whatever somebody answers about letters.
-- ---------------------------------------------------------------------------------------------

SELECT gdpr.add_purpose('service', 'contract', 'Subscriptions, jobs, activities and service requests of customers');
SELECT gdpr.add_purpose('billing', 'contract', 'Invoices, payments, and what is due');
SELECT gdpr.add_purpose('bookkeeping', 'legal_obligation', 'Books and vouchers, as long as tax law wants them');
SELECT gdpr.add_purpose('collections', 'legitimate_interests', 'Reminders and legal holds: people may object');
SELECT gdpr.add_purpose('marketing', 'consent', 'Letters, e-mails and calls about offers', interval '3 years',
                        kinds => '{first_name,last_name,email,phone,social_handle}', marketing => true);
SELECT gdpr.add_purpose('rewards', 'consent', 'Points and offers by what was bought', profiling => true);

-- Who works for which purpose; users are members of these roles.
SELECT gdpr.grant_purpose(p, 'crmcom_app', campaign => p = 'marketing')
FROM (VALUES ('administration'), ('service'), ('collections'), ('marketing')) AS t (p);
SELECT gdpr.grant_purpose(p, 'crmcom_billing')
FROM (VALUES ('billing'), ('bookkeeping'), ('collections'), ('rewards')) AS t (p);

-- CRM.COM's consent settings. Who has not answered yet has complete functionality (mode crmcom).
SELECT gdpr.set_consent_mode('contact', 'crmcom');
-- Who refuses stays on file, and no functionality is allowed: only administration and what the law demands.
SELECT gdpr.set_consent_action('contact', 'rejected', 'none');
-- Who withdraws is anonymized, as soon as nothing of part 3 and no contract holds the person back.
SELECT gdpr.set_consent_action('contact', 'withdrawn', 'anonymize');

-- The text that everybody is asked with. A new version is another add_form(); gdpr.require_reconsent() asks again.
SELECT gdpr.add_form('consent', 'We may write to you and call you about our offers. You can say no at any time.');
SELECT gdpr.set_consent_form('contact', 'consent:1', 'marketing');

COMMIT;
