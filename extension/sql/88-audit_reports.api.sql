-- SPDX-License-Identifier: PostgreSQL
-- What is read of the audit log. Values were written as text by the server; they come back as JSON.

--| What a change says of one side ('from', 'to') of its columns, as JSON of texts. A column is left out
--| where its value was erased, was not to be written down, or does not fit into JSON any more.
CREATE OR REPLACE FUNCTION gdpr_internal.audit_values(body bytea, numbers int2[], names name[], side text) RETURNS jsonb
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'gdpr_audit_values';
COMMENT ON FUNCTION gdpr_internal.audit_values(bytea, int2[], name[], text) IS
  'Values of a change before (from) or after it (to), NULL where there are none; a column whose value was erased or not written is left out';

--| Which columns a change says something of.
CREATE OR REPLACE FUNCTION gdpr_internal.audit_columns(body bytea, numbers int2[], names name[]) RETURNS name[]
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'gdpr_audit_columns';
COMMENT ON FUNCTION gdpr_internal.audit_columns(bytea, int2[], name[]) IS
  'Names of the columns of a change; a column that its relation''s shape does not have is called by its number';

--| A change with its statement and the shape of its relation, subject as it is stored.
CREATE OR REPLACE VIEW gdpr_internal.audit_line AS
  SELECT c.statement, c.n, c.subject_type, c.subject_key, c.statement || ':' || c.n AS event, s.at, s.xid AS transaction, s.session_role,
    s.acting_role AS role, s.app_user, s.purpose, s.client_address,
    -- A table that was dropped has no shape any more when its audit ends
    CASE WHEN s.shape IS NULL AND s.operation = 'X' THEN coalesce(c.row_key, c.subject_key)
      ELSE quote_ident(h.relation_schema) || '.' || quote_ident(h.relation_name) END AS relation,
    CASE s.operation WHEN 'I' THEN 'insert' WHEN 'U' THEN 'update' WHEN 'D' THEN 'delete' WHEN 'T' THEN 'truncate'
      WHEN 'E' THEN 'erased' WHEN 'S' THEN 'audit_on' WHEN 'X' THEN 'audit_off' END AS operation,
    -- The erasure of a row whose own key was personal left its digest in the body (flag 2), and NULL here
    CASE WHEN s.operation IN ('E', 'X') OR c.tombstone IS NOT NULL AND get_byte(c.body, 1) & 2 <> 0 THEN NULL
      ELSE coalesce(c.row_key, c.subject_key) END AS row_key,
    gdpr_internal.audit_columns(c.body, h.numbers, h.names) AS changed,
    gdpr_internal.audit_values(c.body, h.numbers, h.names, 'from') AS from_values,
    CASE s.operation WHEN 'E' THEN jsonb_build_object('events', substring(c.row_key FROM '^\d+')::numeric, 'statements', substring(c.row_key FROM '\d+$')::numeric)
      ELSE gdpr_internal.audit_values(c.body, h.numbers, h.names, 'to') END AS to_values,
    c.tombstone IS NOT NULL AS erased
  FROM gdpr_internal.audit_change AS c JOIN gdpr_internal.audit_statement AS s ON s.statement = c.statement
  LEFT JOIN gdpr_internal.audit_shape AS h ON h.shape = s.shape;
COMMENT ON VIEW gdpr_internal.audit_line IS 'Changed rows with their statement and the shape of their relation';

--| Every change: who, when, for which purpose, whose row, from what to what. Two branches, so that a person's key stays a
--| plain column and is found by index, while a row of nobody has neither type nor key.
CREATE OR REPLACE VIEW gdpr.audit_log AS
  SELECT l.event, l.at, l.transaction, l.session_role, l.role, l.app_user, l.purpose, l.client_address, l.relation, l.operation,
    l.subject_type, l.subject_key, l.row_key, l.changed, l.from_values, l.to_values, l.erased
  FROM gdpr_internal.audit_line AS l WHERE l.subject_type <> ''
  UNION ALL
  SELECT l.event, l.at, l.transaction, l.session_role, l.role, l.app_user, l.purpose, l.client_address, l.relation, l.operation,
    NULL AS subject_type, NULL AS subject_key, l.row_key, l.changed, l.from_values, l.to_values, l.erased
  FROM gdpr_internal.audit_line AS l WHERE l.subject_type = '';
COMMENT ON VIEW gdpr.audit_log IS
  'Changes of audited relations with from and to values; one person''s by gdpr.subject_audit(), one user''s by gdpr.user_audit()';
COMMENT ON COLUMN gdpr.audit_log.event IS 'statement and number of the row within it, as gdpr.verify_audit() names events';
COMMENT ON COLUMN gdpr.audit_log.session_role IS 'who logged in';
COMMENT ON COLUMN gdpr.audit_log.role IS 'whose rights were in force: after SET ROLE, or the owner of a SECURITY DEFINER function';
COMMENT ON COLUMN gdpr.audit_log.app_user IS 'gdpr.app_user, as the application claimed';
COMMENT ON COLUMN gdpr.audit_log.purpose IS 'gdpr.purpose, as the session claimed';
COMMENT ON COLUMN gdpr.audit_log.operation IS
  'insert, update, delete, truncate; erased: a person''s values left the log; audit_on, audit_off: the relation''s audit was switched';
COMMENT ON COLUMN gdpr.audit_log.subject_key IS 'whose row it was; a keyed digest where the key was personal and the person has left';
COMMENT ON COLUMN gdpr.audit_log.row_key IS 'the row''s primary key before the change';
COMMENT ON COLUMN gdpr.audit_log.changed IS 'columns that changed; their values may be erased, or were not written down: names only, or an erasure at work';
COMMENT ON COLUMN gdpr.audit_log.to_values IS 'values after the change, as text; of an erasure: from how many events and statements values of the person were taken';
COMMENT ON COLUMN gdpr.audit_log.erased IS 'true: the personal values were erased since; the event''s seal still holds';

--| The key under which the log knows a person: as the key's own type writes it. A digest from a certificate, and keys
--| of a type or table that is gone, are taken as they stand.
CREATE OR REPLACE FUNCTION gdpr_internal.audited_key(subject_type text, subject_key text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type;
BEGIN
  IF audited_key.subject_type IS NULL OR audited_key.subject_key IS NULL THEN
    RAISE EXCEPTION 'subject type and subject key must not be null' USING ERRCODE = 'null_value_not_allowed';
  END IF;
  SELECT t.* INTO s FROM gdpr_internal.subject_type AS t WHERE t.subject_type = audited_key.subject_type;
  IF NOT FOUND OR audited_key.subject_key ~ '^[0-9a-f]{64}$'
     OR gdpr_internal.is_missing(s.relation_schema, s.relation_name, VARIADIC s.key) THEN
    RETURN audited_key.subject_key;
  END IF;
  RETURN (gdpr_internal.canonical_keys(s.subject_type, ARRAY[audited_key.subject_key]))[1];
END
$$;
COMMENT ON FUNCTION gdpr_internal.audited_key(text, text) IS 'The key under which the audit log knows a person';

--| Everything that happened to a person and to all rows that are theirs, by index whatever the planner believes: the log
--| keeps no statistics on values, and a wrong guess would read all of it. Planned anew each time: a partition that was empty
--| at the start of the month is not any more.
CREATE OR REPLACE FUNCTION gdpr.subject_audit(subject_type text, subject_key text) RETURNS SETOF gdpr.audit_log
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 100 SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET plan_cache_mode = force_custom_plan SET jit = off AS $$
DECLARE
  person text := gdpr_internal.audited_key(subject_audit.subject_type, subject_audit.subject_key);
BEGIN
  RETURN QUERY
  SELECT l.event, l.at, l.transaction, l.session_role, l.role, l.app_user, l.purpose, l.client_address, l.relation, l.operation,
    subject_audit.subject_type, person, l.row_key, l.changed, l.from_values, l.to_values, l.erased
  FROM (
    SELECT c.statement, c.n FROM gdpr_internal.audit_change AS c
    WHERE c.subject_key = person AND c.subject_type = subject_audit.subject_type
    UNION ALL
    SELECT b.statement, b.n FROM gdpr_internal.audit_subject AS b
    WHERE b.subject_key = person AND b.subject_type = subject_audit.subject_type
  ) AS e JOIN gdpr_internal.audit_line AS l ON l.statement = e.statement AND l.n = e.n
  ORDER BY e.statement, e.n;
  IF NOT FOUND THEN
    PERFORM gdpr_internal.subject(subject_audit.subject_type);
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr.subject_audit(text, text) IS
  'Every change of a person''s row and of all rows that were theirs, oldest first; a row of several people shows for each of them';

--| What one user did to a person.
CREATE OR REPLACE FUNCTION gdpr.user_audit(role name, subject_type text, subject_key text, app_user text DEFAULT NULL)
RETURNS SETOF gdpr.audit_log
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20 SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN QUERY
  SELECT a.* FROM gdpr.subject_audit(user_audit.subject_type, user_audit.subject_key) AS a
  WHERE (user_audit.role IS NULL OR user_audit.role IN (a.session_role, a.role))
    -- in any spelling, as an erasure knows them
    AND (user_audit.app_user IS NULL OR lower(a.app_user) = lower(user_audit.app_user));
END
$$;
COMMENT ON FUNCTION gdpr.user_audit(name, text, text, text) IS
  'The changes of a person''s rows by one role (logged in or in force), or by one user of the application; NULL: whichever';
