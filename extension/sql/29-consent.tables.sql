-- SPDX-License-Identifier: PostgreSQL
-- Purposes, consent, rights and who is protected. No foreign keys between these tables: a parallel
-- restore loads them in any order. A purpose of '' means: no purpose was named, the general consent.

--| What people's data may be processed for.
CREATE TABLE gdpr_internal.purpose (
  purpose text COLLATE "C" PRIMARY KEY CHECK (purpose OPERATOR(pg_catalog.~) '^[a-z][a-z0-9_-]{0,62}$'),
  bit smallint NOT NULL UNIQUE CHECK (bit OPERATOR(pg_catalog.>=) 0 AND bit OPERATOR(pg_catalog.<=) 62),
  lawful_basis text NOT NULL CHECK (lawful_basis IN
    ('consent', 'contract', 'legal_obligation', 'vital_interests', 'public_task', 'legitimate_interests')),
  description text,
  validity interval,
  kinds text[],
  marketing boolean NOT NULL DEFAULT false,
  profiling boolean NOT NULL DEFAULT false,
  declared_at timestamptz NOT NULL DEFAULT pg_catalog.now()
);
COMMENT ON TABLE gdpr_internal.purpose IS 'What people''s data may be processed for, each with its lawful basis';
COMMENT ON COLUMN gdpr_internal.purpose.bit IS 'its bit in the masks of allowed purposes; 0 is administration';
COMMENT ON COLUMN gdpr_internal.purpose.validity IS 'an acceptance lapses after this time; NULL: never';
COMMENT ON COLUMN gdpr_internal.purpose.kinds IS 'kinds that masked views show in clear for this purpose; NULL: all';
COMMENT ON COLUMN gdpr_internal.purpose.marketing IS 'direct marketing: an objection is unconditional (Art. 21(3))';
COMMENT ON COLUMN gdpr_internal.purpose.profiling IS 'includes automated decisions or profiling (Art. 22)';
INSERT INTO gdpr_internal.purpose (purpose, bit, lawful_basis, description)
VALUES ('administration', 0, 'legal_obligation', 'Keeping the records themselves: finding, correcting and answering people, whatever they consented to');

--| Which roles may process for a purpose.
CREATE TABLE gdpr_internal.purpose_grant (
  purpose text COLLATE "C" NOT NULL,
  role name NOT NULL,
  campaign boolean NOT NULL DEFAULT false,
  bit smallint,
  PRIMARY KEY (purpose, role)
);
COMMENT ON TABLE gdpr_internal.purpose_grant IS 'Roles that may process people''s data for a purpose; what a session claims counts for nothing without it';
COMMENT ON COLUMN gdpr_internal.purpose_grant.bit IS 'the purpose''s own, so that each statement finds it with the grant; NULL: look there';
COMMENT ON COLUMN gdpr_internal.purpose_grant.campaign IS 'true: the role may draw mailing lists with gdpr.audience()';

--| How consent works for the people of one type.
CREATE TABLE gdpr_internal.consent_setting (
  subject_type text PRIMARY KEY,
  mode text NOT NULL DEFAULT 'strict' CHECK (mode IN ('strict', 'crmcom')),
  default_allowed bigint NOT NULL,
  default_changeable bigint NOT NULL,
  country_column name,
  birth_date_column name,
  tenant_column name,
  networks cidr[]
);
COMMENT ON TABLE gdpr_internal.consent_setting IS 'How consent works for the people of one type';
COMMENT ON COLUMN gdpr_internal.consent_setting.mode IS 'strict: pending is no consent; crmcom: pending has full functionality';
COMMENT ON COLUMN gdpr_internal.consent_setting.default_allowed IS 'mask of people about whom nothing was recorded';
COMMENT ON COLUMN gdpr_internal.consent_setting.default_changeable IS 'their mask for changes';

--| What happens to people in a state.
CREATE TABLE gdpr_internal.consent_action (
  subject_type text NOT NULL,
  state text NOT NULL CHECK (state IN ('pending', 'accepted', 'rejected', 'withdrawn')),
  purpose text COLLATE "C" NOT NULL DEFAULT '',
  action text NOT NULL CHECK (action IN ('full', 'none', 'anonymize')),
  PRIMARY KEY (subject_type, state, purpose),
  -- CRM.COM's matrix
  CHECK (action OPERATOR(pg_catalog.=) 'full' OR state IN ('rejected', 'withdrawn'))
);
COMMENT ON TABLE gdpr_internal.consent_action IS 'What happens to people in a state: full, none or anonymize';

--| Texts that people consent to, in versions.
CREATE TABLE gdpr_internal.form (
  form text COLLATE "C" NOT NULL CHECK (form OPERATOR(pg_catalog.~) '^[a-z][a-z0-9_-]{0,62}$'),
  version int NOT NULL,
  body text NOT NULL,
  digest bytea NOT NULL,
  attachment bytea,
  created_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  created_by name NOT NULL,
  PRIMARY KEY (form, version)
);
COMMENT ON TABLE gdpr_internal.form IS 'Texts that people consent to, in versions; written form:version';
COMMENT ON COLUMN gdpr_internal.form.digest IS 'SHA-256 over body and attachment: the wording, in the proof';

--| The form that everybody is asked with, by pointer.
CREATE TABLE gdpr_internal.current_form (
  subject_type text NOT NULL,
  purpose text COLLATE "C" NOT NULL DEFAULT '',
  form text COLLATE "C" NOT NULL,
  version int NOT NULL,
  since timestamptz NOT NULL,
  reconsent_at timestamptz,
  PRIMARY KEY (subject_type, purpose)
);
COMMENT ON TABLE gdpr_internal.current_form IS 'The global form of a subject type or purpose: attached to everybody without a row for anybody';
COMMENT ON COLUMN gdpr_internal.current_form.reconsent_at IS 'when people were last asked again; accept tokens made before are void';

--| One bulk change, its common facts stored once.
CREATE TABLE gdpr_internal.consent_batch (
  batch bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  subject_type text NOT NULL,
  action text NOT NULL,
  purpose text COLLATE "C" NOT NULL,
  selection text,
  selection_digest bytea,
  people bigint NOT NULL,
  comment text,
  attachment bigint,
  app_user text,
  source_ip inet,
  owner name NOT NULL,
  at timestamptz NOT NULL
);
COMMENT ON TABLE gdpr_internal.consent_batch IS 'Bulk changes of consent, with what their events have in common';

--| Everything that ever happened to a consent or a right. Append-only.
CREATE TABLE gdpr_internal.consent_event (
  event bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  subject_type text COLLATE "C" NOT NULL,
  subject_key text COLLATE "C" NOT NULL,
  purpose text COLLATE "C" NOT NULL DEFAULT '',
  kind text NOT NULL CHECK (kind IN ('decision', 'request_sent', 'reconsent_required', 'informed', 'objected', 'objection_overruled',
    'objection_withdrawn', 'restricted', 'restriction_lifted', 'opted_out', 'opted_in', 'basis_added', 'basis_ended', 'campaign_sent', 'retention_warned')),
  state text,
  prior_state text,
  prior_updated_at timestamptz,
  medium text,
  channel text,
  form text,
  form_version int,
  form_digest bytea,
  valid_until timestamptz,
  guardian boolean,
  lawful_basis text,
  owner name NOT NULL,
  at timestamptz NOT NULL,
  batch bigint,
  detail_digest bytea
);
CREATE INDEX consent_event_person ON gdpr_internal.consent_event (subject_type, subject_key, event);
COMMENT ON TABLE gdpr_internal.consent_event IS
  'History of consent and rights, append-only; what describes the person lies in consent_detail and leaves with the person';
COMMENT ON COLUMN gdpr_internal.consent_event.guardian IS 'true: given by the holder of parental responsibility (Art. 8)';
COMMENT ON COLUMN gdpr_internal.consent_event.detail_digest IS 'salted SHA-256 of the detail: still proof of it while anybody keeps it, of no use without';

--| Comment, scan, address: the erasable part of an event.
CREATE TABLE gdpr_internal.consent_detail (
  event bigint PRIMARY KEY,
  salt bytea NOT NULL,
  comment text,
  app_user text,
  source_ip inet,
  guardian text,
  attachment bigint
);
CREATE INDEX consent_detail_attachment ON gdpr_internal.consent_detail (attachment) WHERE attachment IS NOT NULL;
COMMENT ON TABLE gdpr_internal.consent_detail IS 'What events say about persons: emptied when the person leaves';

--| Scans and letters.
CREATE TABLE gdpr_internal.consent_attachment (
  attachment bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  sha256 bytea NOT NULL,
  media_type text,
  uri text,
  body bytea,
  CHECK ((uri IS NULL) OPERATOR(pg_catalog.<>) (body IS NULL))
);
COMMENT ON TABLE gdpr_internal.consent_attachment IS 'Scans and letters that prove consents, or where they lie';

--| The last decision per person and purpose. Nobody has a row before the first.
CREATE TABLE gdpr_internal.consent_state (
  subject_type text COLLATE "C" NOT NULL,
  subject_key text COLLATE "C" NOT NULL,
  purpose text COLLATE "C" NOT NULL DEFAULT '',
  state text NOT NULL CHECK (state IN ('pending', 'accepted', 'rejected', 'withdrawn')),
  updated_at timestamptz,
  valid_until timestamptz,
  medium text,
  channel text,
  form text,
  form_version int,
  event bigint NOT NULL,
  PRIMARY KEY (subject_type, subject_key, purpose)
);
CREATE INDEX consent_state_filter ON gdpr_internal.consent_state (subject_type, purpose, state, updated_at);
COMMENT ON TABLE gdpr_internal.consent_state IS 'The state of consent per person and purpose, once anything was recorded';
COMMENT ON COLUMN gdpr_internal.consent_state.valid_until IS 'an acceptance counts as pending from here on; no write is needed';

--| Lawful bases of single people beside their purposes' own.
CREATE TABLE gdpr_internal.basis (
  basis bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  subject_type text COLLATE "C" NOT NULL,
  subject_key text COLLATE "C" NOT NULL,
  purpose text COLLATE "C" NOT NULL,
  lawful_basis text NOT NULL CHECK (lawful_basis IN
    ('contract', 'legal_obligation', 'vital_interests', 'public_task', 'legitimate_interests')),
  valid_from timestamptz NOT NULL,
  valid_until timestamptz NOT NULL DEFAULT 'infinity',
  event bigint NOT NULL
);
CREATE INDEX basis_person ON gdpr_internal.basis (subject_type, subject_key);
COMMENT ON TABLE gdpr_internal.basis IS 'Lawful bases of single people, with their period; while one is live the person is not anonymized';

--| Objections (Art. 21).
CREATE TABLE gdpr_internal.objection (
  subject_type text COLLATE "C" NOT NULL,
  subject_key text COLLATE "C" NOT NULL,
  purpose text COLLATE "C" NOT NULL,
  overruled boolean NOT NULL DEFAULT false,
  since timestamptz NOT NULL,
  event bigint NOT NULL,
  PRIMARY KEY (subject_type, subject_key, purpose)
);
COMMENT ON TABLE gdpr_internal.objection IS 'Objections: the purpose is closed unless compelling grounds overrule it';

--| Restrictions (Art. 18): store, do nothing else.
CREATE TABLE gdpr_internal.restriction (
  subject_type text COLLATE "C" NOT NULL,
  subject_key text COLLATE "C" NOT NULL,
  since timestamptz NOT NULL,
  event bigint NOT NULL,
  PRIMARY KEY (subject_type, subject_key)
);
COMMENT ON TABLE gdpr_internal.restriction IS 'Restricted people: only administration remains';

--| Who does not want to be written to, by purpose and channel ('' is every one).
CREATE TABLE gdpr_internal.opt_out (
  subject_type text COLLATE "C" NOT NULL,
  subject_key text COLLATE "C" NOT NULL,
  purpose text COLLATE "C" NOT NULL DEFAULT '',
  channel text COLLATE "C" NOT NULL DEFAULT '',
  since timestamptz NOT NULL,
  event bigint NOT NULL,
  PRIMARY KEY (subject_type, subject_key, purpose, channel)
);
COMMENT ON TABLE gdpr_internal.opt_out IS 'People who opted out of being addressed; opting back in is an event';

--| People who signed up and are no contacts yet (double opt-in).
CREATE TABLE gdpr_internal.sign_up (
  sign_up bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
  subject_type text COLLATE "C" NOT NULL,
  purpose text COLLATE "C" NOT NULL,
  channel text,
  form text,
  form_version int,
  form_digest bytea,
  data jsonb,
  source_ip inet,
  secret_digest bytea NOT NULL UNIQUE,
  requested_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  confirmed_at timestamptz,
  event bigint
);
COMMENT ON TABLE gdpr_internal.sign_up IS 'Sign-ups that wait for their confirmation; what was typed in is emptied when it is attached or has expired';

--| Accept tokens that were used.
CREATE TABLE gdpr_internal.redeemed (
  token_digest bytea PRIMARY KEY,
  expires_at timestamptz NOT NULL
);
COMMENT ON TABLE gdpr_internal.redeemed IS 'Accept tokens that were used; forgotten once they have expired';

--| What was decided about countries; the law's own ages are in the view gdpr.countries.
CREATE TABLE gdpr_internal.country (
  country text COLLATE "C" PRIMARY KEY CHECK (country OPERATOR(pg_catalog.~) '^[A-Z]{2}$'),
  consent_age int NOT NULL CHECK (consent_age OPERATOR(pg_catalog.>=) 13 AND consent_age OPERATOR(pg_catalog.<=) 18),
  in_scope boolean NOT NULL
);
COMMENT ON TABLE gdpr_internal.country IS 'Countries whose age of consent (Art. 8) or scope was set here; they go before gdpr.countries'' own';

--| Which tables have our policies, and how they were before.
CREATE TABLE gdpr_internal.protection (
  relation_schema name NOT NULL,
  relation_name name NOT NULL,
  relation_oid oid NOT NULL,
  relation_owner name NOT NULL,
  subject_types text[] NOT NULL,
  had_row_security boolean NOT NULL,
  had_force boolean NOT NULL,
  inline boolean NOT NULL DEFAULT false,
  fill bigint,
  definition text NOT NULL,
  protected_at timestamptz NOT NULL,
  PRIMARY KEY (relation_schema, relation_name)
);
COMMENT ON TABLE gdpr_internal.protection IS 'Tables with policies of pg_gdpr, and how their row security was before';
COMMENT ON COLUMN gdpr_internal.protection.inline IS 'true: a table of people that keeps the mask in columns of its own';
COMMENT ON COLUMN gdpr_internal.protection.fill IS 'the block from which those columns are still to be filled; NULL: filled';
COMMENT ON COLUMN gdpr_internal.protection.definition IS 'digest of the statements that protected it: the same, nothing to do';
COMMENT ON COLUMN gdpr_internal.protection.relation_oid IS 'only lets renames be followed';

--| What protect(enforce => false) counted.
CREATE TABLE gdpr_internal.rehearsal (
  subject_type text NOT NULL,
  relation text NOT NULL,
  role name NOT NULL,
  purpose text COLLATE "C" NOT NULL,
  outcome text NOT NULL,
  rows_total bigint NOT NULL,
  rows_hidden bigint NOT NULL,
  counted_at timestamptz NOT NULL,
  PRIMARY KEY (subject_type, relation, role, purpose)
);
COMMENT ON TABLE gdpr_internal.rehearsal IS 'What each role would not see any more, counted before protecting';

--| Views that show rows in clear or treated.
CREATE TABLE gdpr_internal.masked_view (
  view_schema name NOT NULL,
  view_name name NOT NULL,
  view_oid oid NOT NULL,
  relation_schema name NOT NULL,
  relation_name name NOT NULL,
  relation_oid oid NOT NULL,
  profile text NOT NULL,
  definition text NOT NULL,
  PRIMARY KEY (view_schema, view_name)
);
COMMENT ON TABLE gdpr_internal.masked_view IS 'Views made by gdpr.create_masked_view()';
COMMENT ON COLUMN gdpr_internal.masked_view.definition IS 'digest of its query: another one would be made today, so the view is out of date';

--| Which tenants a role may work for.
CREATE TABLE gdpr_internal.tenant_grant (
  tenant text COLLATE "C" NOT NULL,
  role name NOT NULL,
  PRIMARY KEY (tenant, role)
);
COMMENT ON TABLE gdpr_internal.tenant_grant IS 'Tenants that a role may work for; what a session claims counts for nothing without it';

-- What the planner samples would outlive an erasure: no statistics of what describes people.
ALTER TABLE gdpr_internal.consent_detail ALTER comment SET STATISTICS 0, ALTER app_user SET STATISTICS 0,
  ALTER source_ip SET STATISTICS 0, ALTER guardian SET STATISTICS 0;
ALTER TABLE gdpr_internal.consent_attachment ALTER uri SET STATISTICS 0, ALTER body SET STATISTICS 0;
ALTER TABLE gdpr_internal.consent_batch ALTER comment SET STATISTICS 0, ALTER app_user SET STATISTICS 0,
  ALTER source_ip SET STATISTICS 0;
ALTER TABLE gdpr_internal.sign_up ALTER data SET STATISTICS 0, ALTER source_ip SET STATISTICS 0;

SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.purpose', $$WHERE purpose <> 'administration'$$);
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.purpose_grant', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.consent_setting', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.consent_action', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.form', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.current_form', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.consent_batch', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.consent_batch_batch_seq', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.consent_event', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.consent_event_event_seq', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.consent_detail', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.consent_attachment', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.consent_attachment_attachment_seq', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.consent_state', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.basis', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.basis_basis_seq', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.objection', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.restriction', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.opt_out', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.sign_up', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.sign_up_sign_up_seq', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.redeemed', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.country', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.protection', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.rehearsal', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.masked_view', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.tenant_grant', '');
