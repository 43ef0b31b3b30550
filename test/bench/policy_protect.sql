-- SPDX-License-Identifier: PostgreSQL
-- And enforced by it; :inline is true where the mask lies in the people's own table.
SET client_min_messages = warning;
CALL gdpr.protect('contact', inline => :inline);
-- inline fills a column: the rows are written anew, as a nightly VACUUM FULL or pg_repack would
VACUUM (FULL, ANALYZE) crm.contact;
VACUUM (FULL, ANALYZE) crm.activity;
VACUUM (ANALYZE);
