-- SPDX-License-Identifier: PostgreSQL
-- What policies and guards ask. Nobody has USAGE on schema gdpr_internal: these functions are reached by
-- policies, triggers and views that were made for a table, never by a query of their own (that would be an
-- oracle). EXECUTE is everybody's for the same reason: a policy runs with the reader's rights.

--| Planner's help: cost and selectivity; true where a masked view of ours reads the table itself.
CREATE OR REPLACE FUNCTION gdpr_internal.policy_support(request internal) RETURNS internal
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'gdpr_policy_support';
COMMENT ON FUNCTION gdpr_internal.policy_support(internal) IS 'Planner support of the policy functions';

--| May the session read about this person? Key columns as the table gdpr_internal."<type>_allowed" has them.
CREATE OR REPLACE FUNCTION gdpr_internal.may_read(subject_type text, VARIADIC key "any") RETURNS boolean
LANGUAGE c STABLE PARALLEL SAFE COST 10 SUPPORT gdpr_internal.policy_support
AS 'MODULE_PATHNAME', 'gdpr_may_read';
COMMENT ON FUNCTION gdpr_internal.may_read(text, "any") IS
  'True if the person may be processed for the session''s purpose, or if there is none (a NULL in the key)';

--| The same where the table itself carries the person's mask.
CREATE OR REPLACE FUNCTION gdpr_internal.may_read_inline(
  subject_type text, allowed bigint, valid_until timestamptz, VARIADIC key "any") RETURNS boolean
LANGUAGE c STABLE PARALLEL SAFE COST 3 SUPPORT gdpr_internal.policy_support
AS 'MODULE_PATHNAME', 'gdpr_may_read_inline';
COMMENT ON FUNCTION gdpr_internal.may_read_inline(text, bigint, timestamptz, "any") IS
  'may_read() by a mask in the row itself; without one, or once it has run out, the person is looked up';

--| What is declared of a link: its own columns, the parent's, and the links of the parent's rows that lead on.
CREATE OR REPLACE FUNCTION gdpr_internal.link_hop(link int)
RETURNS TABLE(
  subject_type text, relation oid, columns name[], discriminator name, discriminator_value text, parent oid,
  parent_columns name[], is_people boolean, key name[], up int[])
LANGUAGE sql STABLE ROWS 1 SET search_path = pg_catalog, pg_temp AS $$
  SELECT l.subject_type, gdpr_internal.resolve(l.relation_schema, l.relation_name)::oid, l.columns, l.discriminator,
    l.discriminator_value, gdpr_internal.resolve(l.parent_schema, l.parent_name)::oid, l.parent_columns,
    (l.parent_schema, l.parent_name) = (s.relation_schema, s.relation_name), s.key,
    ARRAY(SELECT u.link FROM gdpr_internal.link AS u
          WHERE u.subject_type = l.subject_type AND u.scope <> 'stop'
            AND u.relation_schema = l.parent_schema AND u.relation_name = l.parent_name ORDER BY u.link)
  FROM gdpr_internal.link AS l JOIN gdpr_internal.subject_type AS s ON s.subject_type = l.subject_type
  WHERE l.link = $1
$$;
COMMENT ON FUNCTION gdpr_internal.link_hop(int) IS
  'What is declared of a link, and the links of its parent''s rows that lead on to people';

--| May the session read rows of a link that leads to people by way of another table?
CREATE OR REPLACE FUNCTION gdpr_internal.may_read_link(link int, VARIADIC link_values "any") RETURNS boolean
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000 SUPPORT gdpr_internal.policy_support
AS 'MODULE_PATHNAME', 'gdpr_may_read_link';
COMMENT ON FUNCTION gdpr_internal.may_read_link(int, "any") IS
  'True if every person whom the link reaches may be processed for the session''s purpose';

--| May the session change rows of this person? Asks what is committed now. Never an error: the trigger has them.
CREATE OR REPLACE FUNCTION gdpr_internal.may_change(subject_type text, VARIADIC key "any") RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 10
AS 'MODULE_PATHNAME', 'gdpr_may_change';
COMMENT ON FUNCTION gdpr_internal.may_change(text, "any") IS
  'True if the person''s rows may be changed for the session''s purpose';

--| The same for a link that leads to people by way of another table.
CREATE OR REPLACE FUNCTION gdpr_internal.may_change_link(link int, VARIADIC link_values "any") RETURNS boolean
LANGUAGE c VOLATILE PARALLEL UNSAFE COST 1000
AS 'MODULE_PATHNAME', 'gdpr_may_change_link';
COMMENT ON FUNCTION gdpr_internal.may_change_link(int, "any") IS
  'True if rows of every person whom the link reaches may be changed for the session''s purpose';

--| Does a masked view show this person in clear? Without a purpose: no, where may_read() is an error.
CREATE OR REPLACE FUNCTION gdpr_internal.shows(subject_type text, VARIADIC key "any") RETURNS boolean
LANGUAGE c STABLE PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'gdpr_shows';
COMMENT ON FUNCTION gdpr_internal.shows(text, "any") IS
  'True if the person may be processed for the session''s purpose; false if it has none';

--| The same for a link that leads to people by way of another table.
CREATE OR REPLACE FUNCTION gdpr_internal.shows_link(link int, VARIADIC link_values "any") RETURNS boolean
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000
AS 'MODULE_PATHNAME', 'gdpr_shows_link';
COMMENT ON FUNCTION gdpr_internal.shows_link(int, "any") IS
  'True if every person whom the link reaches may be processed for the session''s purpose; false if it has none';

--| Would a session with this purpose (its bit) read about the person? Asked by rehearsals, of values that
--| were read before: nobody but us may execute it, and no user's code runs beside it.
CREATE OR REPLACE FUNCTION gdpr_internal.would_read(subject_type text, purpose_bit int, VARIADIC key "any") RETURNS boolean
LANGUAGE c STABLE PARALLEL RESTRICTED COST 10
AS 'MODULE_PATHNAME', 'gdpr_would_read';
COMMENT ON FUNCTION gdpr_internal.would_read(text, int, "any") IS
  'True if the person may be processed for a purpose, whoever asks and from wherever';

--| The same for a link that leads to people by way of another table.
CREATE OR REPLACE FUNCTION gdpr_internal.would_read_link(link int, purpose_bit int, VARIADIC link_values "any") RETURNS boolean
LANGUAGE c STABLE PARALLEL RESTRICTED COST 1000
AS 'MODULE_PATHNAME', 'gdpr_would_read_link';
COMMENT ON FUNCTION gdpr_internal.would_read_link(int, int, "any") IS
  'True if every person whom the link reaches may be processed for a purpose, whoever asks and from wherever';

--| Does the session's purpose need this kind of data? (minimisation)
CREATE OR REPLACE FUNCTION gdpr_internal.shows_kind(kind text) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'gdpr_shows_kind';
COMMENT ON FUNCTION gdpr_internal.shows_kind(text) IS 'True if the session''s purpose needs data of this kind';

--| Is this the tenant that the session claims, and was it granted?
CREATE OR REPLACE FUNCTION gdpr_internal.in_tenant(tenant text) RETURNS boolean
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'gdpr_in_tenant';
COMMENT ON FUNCTION gdpr_internal.in_tenant(text) IS 'True if the session works for this tenant (gdpr.tenant)';

--| Row trigger that refuses what may_change() denies: the purpose guard. Argument: the subject type.
CREATE OR REPLACE FUNCTION gdpr.refuse_change() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_refuse_change';
COMMENT ON FUNCTION gdpr.refuse_change() IS
  'Triggers zz_gdpr_purpose_…: refuse changes of rows whose person may not be processed for the session''s purpose';

--| Trigger on the tables of history: what happened is not rewritten.
CREATE OR REPLACE FUNCTION gdpr.keep_history() RETURNS trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_keep_history';
COMMENT ON FUNCTION gdpr.keep_history() IS
  'Trigger zz_gdpr_history: refuses changes of the history of consent, except by gdpr_internal.rewrite_history()';

--| The only statements that may change history: what an erasure and the end of proof_retention take.
CREATE OR REPLACE FUNCTION gdpr_internal.rewrite_history(step text) RETURNS bigint
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'gdpr_rewrite_history';
COMMENT ON FUNCTION gdpr_internal.rewrite_history(text) IS
  'Runs one of the engine''s fixed statements on the history of consent; the number of rows';

--| The same for a step with parameters.
CREATE OR REPLACE FUNCTION gdpr_internal.rewrite_history(step text, VARIADIC args "any") RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_rewrite_history';
COMMENT ON FUNCTION gdpr_internal.rewrite_history(text, "any") IS
  'Runs one of the engine''s fixed statements on the history of consent; the number of rows';

--| Takes a view, or a table in our schema, over for the owner of pg_gdpr, whom nobody can become.
CREATE OR REPLACE FUNCTION gdpr_internal.take_relation(relation oid) RETURNS void
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'gdpr_take_relation';
COMMENT ON FUNCTION gdpr_internal.take_relation(oid) IS
  'Makes gdpr_owner the owner of a view, or of a table in schema gdpr_internal';

--| Puts policies and guards on a table of people and on all that its owned links reach.
CREATE OR REPLACE PROCEDURE gdpr.protect(
  subject_type text, dry_run boolean DEFAULT false, enforce boolean DEFAULT true, inline boolean DEFAULT false,
  tenant_column name DEFAULT NULL, networks cidr[] DEFAULT NULL)
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_protect';
COMMENT ON PROCEDURE gdpr.protect(text, boolean, boolean, boolean, name, cidr[]) IS
  'Puts policies and guards on a subject type''s tables, each in a short transaction of its own; run again, it goes on';

--| Takes them off again; tables are as they were.
CREATE OR REPLACE PROCEDURE gdpr.unprotect(subject_type text, dry_run boolean DEFAULT false)
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_unprotect';
COMMENT ON PROCEDURE gdpr.unprotect(text, boolean) IS
  'Takes the policies and guards of a subject type off its tables';
