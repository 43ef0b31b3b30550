-- SPDX-License-Identifier: PostgreSQL
-- Tables with the columns and indexes of a month of the log, which nothing routes to; for each workload what it wrote, to
-- be inserted again as it is.
SET client_min_messages = warning;
SELECT format('CREATE TABLE audit.hand_%1$s (LIKE gdpr_internal.audit_%1$s_%2$s INCLUDING ALL)', t, to_char(now() AT TIME ZONE 'UTC', 'YYYYMM'))
FROM unnest('{statement,change}'::text[]) AS t \gexec
SELECT format('CREATE TABLE audit.%s_%s (LIKE gdpr_internal.audit_%2$s)', w, t)
FROM unnest('{statement,change}'::text[]) AS t, unnest('{insert,update,copy,single}'::text[]) AS w \gexec
CREATE SEQUENCE audit.hand_seq START 1000000000000000000 CACHE 32;
