-- SPDX-License-Identifier: PostgreSQL
-- The second half of the reference schema, included by schema.sql in the same transaction.

-- ---------------------------------------------------------------------------------------------
-- The application's triggers
-- ---------------------------------------------------------------------------------------------

CREATE FUNCTION crmcom.keep_account_name_uc() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  NEW.name_uc := upper(NEW.name);
  RETURN NEW;
END
$$;
COMMENT ON FUNCTION crmcom.keep_account_name_uc() IS 'The other way to keep an upper-case copy: by trigger';
CREATE TRIGGER account_name_uc BEFORE INSERT OR UPDATE ON crmcom.account
  FOR EACH ROW EXECUTE FUNCTION crmcom.keep_account_name_uc();

CREATE FUNCTION crmcom.keep_old_contact() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO crmcom.contact_history (contact_id, old_row) VALUES (OLD.contact_id, to_jsonb(OLD));
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION crmcom.keep_old_contact() IS 'Copies each old version of a contact, also the last one before an erasure';
CREATE TRIGGER contact_history AFTER UPDATE OR DELETE ON crmcom.contact
  FOR EACH ROW EXECUTE FUNCTION crmcom.keep_old_contact();

CREATE FUNCTION crmcom.log_contact_changes() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO crmcom.audit_log (entity, entity_id, field, from_value, to_value)
  SELECT 'contact', n.contact_id::text, f.field, f.from_value, f.to_value
  FROM new_rows n
  JOIN old_rows o USING (contact_id)
  CROSS JOIN LATERAL (VALUES
    ('first_name', o.first_name, n.first_name),
    ('middle_name', o.middle_name, n.middle_name),
    ('last_name', o.last_name, n.last_name),
    ('company_name', o.company_name, n.company_name),
    ('passport_number', o.passport_number, n.passport_number),
    ('vat_number', o.vat_number, n.vat_number)) AS f (field, from_value, to_value)
  WHERE f.from_value IS DISTINCT FROM f.to_value;
  RETURN NULL;
END
$$;
COMMENT ON FUNCTION crmcom.log_contact_changes() IS 'Writes the audit log: value from and to for each changed field';
CREATE TRIGGER contact_audit AFTER UPDATE ON crmcom.contact
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION crmcom.log_contact_changes();

-- ---------------------------------------------------------------------------------------------
-- Conditions that hold an anonymization back. Each view has a window: what is open now, not what
-- ever was. Column contact_id names the person.
-- ---------------------------------------------------------------------------------------------

-- group one: who the contact is
CREATE VIEW crmcom.open_user AS
  SELECT contact_id, user_id FROM crmcom.app_user WHERE active AND contact_id IS NOT NULL;
CREATE VIEW crmcom.open_group AS
  SELECT m.contact_id, m.group_code
  FROM crmcom.group_member m JOIN crmcom.contact_group g USING (group_code)
  WHERE g.group_type IN ('internal', 'partner') AND m.left_on IS NULL;
CREATE VIEW crmcom.open_unit AS
  SELECT contact_id, unit_code FROM crmcom.unit_member;

-- group two: what is still being done for the contact
CREATE VIEW crmcom.open_subscription AS
  SELECT a.contact_id, s.subscription_code
  FROM crmcom.subscription s JOIN crmcom.account a USING (account_id)
  WHERE s.state <> 'terminated';
CREATE VIEW crmcom.open_job AS
  SELECT contact_id, job_id FROM crmcom.job WHERE state IN ('pending', 'in_progress');
CREATE VIEW crmcom.open_activity AS
  SELECT contact_id, activity_id FROM crmcom.activity WHERE state IN ('pending', 'in_progress');
CREATE VIEW crmcom.open_service_request AS
  SELECT contact_id, number FROM crmcom.service_request WHERE state IN ('pending', 'in_progress');
CREATE VIEW crmcom.open_lead AS
  SELECT contact_id, lead_id FROM crmcom.lead WHERE state IN ('pending', 'in_progress');

-- group three: money that has not found its place yet
CREATE VIEW crmcom.open_rbi AS
  SELECT a.contact_id, r.rbi_id
  FROM crmcom.rbi r JOIN crmcom.account a USING (account_id)
  WHERE r.state = 'pending';
CREATE VIEW crmcom.open_transaction AS
  SELECT a.contact_id, t.transaction_id
  FROM crmcom.financial_transaction t JOIN crmcom.account a USING (account_id)
  WHERE t.posted_on IS NULL;

-- group four: the business's own conditions
CREATE VIEW crmcom.open_legal_hold AS
  SELECT contact_id, hold_id FROM crmcom.legal_hold
  WHERE from_date <= CURRENT_DATE AND (until_date IS NULL OR until_date >= CURRENT_DATE);

-- ---------------------------------------------------------------------------------------------
-- Owners and rights
-- ---------------------------------------------------------------------------------------------

DO $$
DECLARE
  billing CONSTANT name[] := ARRAY['account', 'payment_preference', 'gateway_card', 'presentment', 'product',
    'subscription', 'subscription_action', 'financial_transaction', 'financial_transaction_2024',
    'financial_transaction_2025', 'financial_transaction_2026', 'financial_transaction_rest', 'rbi',
    'rewards_participant', 'open_subscription', 'open_rbi', 'open_transaction'];
  relation record;
BEGIN
  FOR relation IN
    SELECT c.relname, c.relkind FROM pg_catalog.pg_class c
    WHERE c.relnamespace = 'crmcom'::regnamespace AND c.relkind IN ('r', 'p', 'v')
  LOOP
    EXECUTE format('ALTER %s crmcom.%I OWNER TO %I', CASE relation.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END,
      relation.relname, CASE WHEN relation.relname = ANY (billing) THEN 'crmcom_billing' ELSE 'crmcom_app' END);
  END LOOP;
END
$$;
ALTER FUNCTION crmcom.keep_account_name_uc() OWNER TO crmcom_billing;
ALTER FUNCTION crmcom.keep_old_contact() OWNER TO crmcom_app;
ALTER FUNCTION crmcom.log_contact_changes() OWNER TO crmcom_app;

-- ---------------------------------------------------------------------------------------------
-- The suspense account takes transactions that arrive for somebody who is gone
-- ---------------------------------------------------------------------------------------------

INSERT INTO crmcom.account (account_id, number, name, name_uc)
VALUES ('00000000-0000-4000-8000-000000000000', 'SUSPENSE', 'Suspense account', 'SUSPENSE ACCOUNT');
