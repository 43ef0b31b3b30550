-- SPDX-License-Identifier: PostgreSQL
-- Policies as one writes them by hand.
ALTER TABLE crm.contact ENABLE ROW LEVEL SECURITY;
ALTER TABLE crm.activity ENABLE ROW LEVEL SECURITY;
CREATE POLICY same_row ON crm.contact FOR SELECT TO bench_same_row USING (may_market);
CREATE POLICY same_row ON crm.activity FOR SELECT TO bench_same_row USING (may_market);
CREATE POLICY by_exists ON crm.contact FOR SELECT TO bench_exists USING
  (EXISTS (SELECT FROM crm.consent AS s WHERE s.contact_id = contact.id AND s.state = 'accepted'));
CREATE POLICY by_exists ON crm.activity FOR SELECT TO bench_exists USING
  (EXISTS (SELECT FROM crm.consent AS s WHERE s.contact_id = activity.contact_id AND s.state = 'accepted'));
