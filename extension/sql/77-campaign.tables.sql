-- SPDX-License-Identifier: PostgreSQL
-- Re-consent campaigns: what was planned and who approved it. The list of people is in the ledger.

--| A plan to ask people again; its run in the ledger has the same number.
CREATE TABLE gdpr_internal.campaign (
  run bigint PRIMARY KEY REFERENCES gdpr_internal.run ON DELETE CASCADE,
  subject_type text COLLATE "C" NOT NULL,
  purpose text COLLATE "C" NOT NULL,
  form text COLLATE "C" NOT NULL,
  form_version int NOT NULL,
  criteria jsonb NOT NULL,
  channel text COLLATE "C" NOT NULL,
  valid_for interval NOT NULL,
  stages numeric[] NOT NULL,
  people bigint NOT NULL,
  eligible bigint NOT NULL,
  excluded jsonb NOT NULL,
  audience_before bigint NOT NULL,
  audience_after bigint NOT NULL,
  estimate jsonb NOT NULL,
  planned_by name NOT NULL,
  planned_session name NOT NULL,
  planned_at timestamptz NOT NULL,
  approved_by name,
  approved_at timestamptz,
  asked_from timestamptz,
  CHECK ((approved_by IS NULL) OPERATOR(pg_catalog.=) (approved_at IS NULL)),
  CHECK (asked_from IS NULL OR approved_at IS NOT NULL)
);
COMMENT ON TABLE gdpr_internal.campaign IS 'Plans to ask people again, and who approved them';
COMMENT ON COLUMN gdpr_internal.campaign.run IS 'number of the run';
COMMENT ON COLUMN gdpr_internal.campaign.subject_type IS 'whom it is about';
COMMENT ON COLUMN gdpr_internal.campaign.purpose IS 'the purpose that people are asked about';
COMMENT ON COLUMN gdpr_internal.campaign.form IS 'the text that they are asked with';
COMMENT ON COLUMN gdpr_internal.campaign.form_version IS 'its version';
COMMENT ON COLUMN gdpr_internal.campaign.criteria IS 'accepted_before, form_older_than or no_proof: only whose acceptance is like that; empty: everybody';
COMMENT ON COLUMN gdpr_internal.campaign.channel IS 'through which they are asked';
COMMENT ON COLUMN gdpr_internal.campaign.valid_for IS 'how long a link accepts, from the moment it is made';
COMMENT ON COLUMN gdpr_internal.campaign.stages IS 'per cent of the people by the end of each stage; the last is 100';
COMMENT ON COLUMN gdpr_internal.campaign.people IS 'everybody there was when it was planned';
COMMENT ON COLUMN gdpr_internal.campaign.eligible IS 'who is asked';
COMMENT ON COLUMN gdpr_internal.campaign.excluded IS 'who is not, by reason; each under the first that applies';
COMMENT ON COLUMN gdpr_internal.campaign.audience_before IS 'who could be written to for the purpose when it was planned';
COMMENT ON COLUMN gdpr_internal.campaign.audience_after IS 'who can be while nobody has answered';
COMMENT ON COLUMN gdpr_internal.campaign.estimate IS 'write-ahead log and seconds, and what they are estimated from';
COMMENT ON COLUMN gdpr_internal.campaign.planned_by IS 'the role that planned it';
COMMENT ON COLUMN gdpr_internal.campaign.planned_session IS 'the role that was logged in';
COMMENT ON COLUMN gdpr_internal.campaign.planned_at IS 'when';
COMMENT ON COLUMN gdpr_internal.campaign.approved_by IS 'the second role';
COMMENT ON COLUMN gdpr_internal.campaign.approved_at IS 'when it was approved; nobody is asked before';
COMMENT ON COLUMN gdpr_internal.campaign.asked_from IS 'when the first stage began: accept links made before are void';

SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.campaign', '');
