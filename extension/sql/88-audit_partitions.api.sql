-- SPDX-License-Identifier: PostgreSQL
-- Months of events and of reads. Made by gdpr.audit(), the nightly run, the worker, and by a writer that finds none;
-- never by CREATE EXTENSION, or a restore would meet its own.

--| The first statement number of the month that a time lies in.
CREATE OR REPLACE FUNCTION gdpr_internal.first_statement(at timestamptz) RETURNS bigint
LANGUAGE sql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
  SELECT extract(epoch FROM date_trunc('month', $1, 'UTC') - timestamptz '2000-01-01 00:00:00+00')::bigint << 30
$$;
COMMENT ON FUNCTION gdpr_internal.first_statement(timestamptz) IS
  'The first statement number of the month (UTC) that a time lies in';

--| One month of one table. Attached, never CREATE … PARTITION OF: its lock would stop writers.
CREATE OR REPLACE FUNCTION gdpr_internal.make_audit_partition(parent name, month timestamp) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  part text := format('%s_%s', parent, to_char(month, 'YYYYMM'));
  held text;
BEGIN
  EXECUTE format('CREATE TABLE gdpr_internal.%I (LIKE gdpr_internal.%I INCLUDING ALL)', part, parent);
  EXECUTE format(CASE parent
    WHEN 'audit_statement' THEN
      'ALTER TABLE gdpr_internal.%1$I ADD PRIMARY KEY (statement);'
      'CREATE INDEX ON gdpr_internal.%1$I (system_id, xid, statement);'
      'CREATE INDEX ON gdpr_internal.%1$I (lower(app_user)) WHERE app_user IS NOT NULL;'
      'CREATE INDEX ON gdpr_internal.%1$I (tombstone) WHERE tombstone IS NOT NULL'
    WHEN 'audit_change' THEN
      'ALTER TABLE gdpr_internal.%1$I ADD PRIMARY KEY (statement, n);'
      'CREATE INDEX ON gdpr_internal.%1$I (subject_key, subject_type);'
      'CREATE INDEX ON gdpr_internal.%1$I (tombstone) WHERE tombstone IS NOT NULL'
    WHEN 'access_read' THEN
      -- no key: a statement has a row for each way from its rows to people, and more the longer it took
      'CREATE INDEX ON gdpr_internal.%1$I (statement);'
      'CREATE INDEX ON gdpr_internal.%1$I (statement) WHERE part <> ''W'';'
      -- whoever looks for a person reads all that is pending: a little of it costs the drain a tenth
      'CREATE INDEX ON gdpr_internal.%1$I USING gin (people gdpr_internal.person_set_ops)'
      ' WITH (gin_pending_list_limit = 256) WHERE people IS NOT NULL;'
      'CREATE INDEX ON gdpr_internal.%1$I (place, statement) WHERE scope IN (''A'', ''U'');'
      'CREATE INDEX ON gdpr_internal.%1$I USING brin (at)'
    ELSE
      'ALTER TABLE gdpr_internal.%1$I ADD PRIMARY KEY (statement, n, place);'
      'CREATE INDEX ON gdpr_internal.%1$I (subject_key)' END, part);
  -- as the parent: statistics would keep samples of values that an erasure takes
  FOR held IN SELECT a.attname FROM pg_attribute AS a
    WHERE a.attrelid = format('gdpr_internal.%I', parent)::regclass AND a.attnum > 0 AND a.attstattarget = 0
  LOOP
    EXECUTE format('ALTER TABLE gdpr_internal.%I ALTER COLUMN %I SET STATISTICS 0', part, held);
  END LOOP;
  FOR held IN SELECT i.indexrelid::regclass FROM pg_index AS i
    WHERE i.indrelid = format('gdpr_internal.%I', part)::regclass AND i.indexprs IS NOT NULL
  LOOP
    EXECUTE format('ALTER INDEX %s ALTER COLUMN 1 SET STATISTICS 0', held);
  END LOOP;
  EXECUTE format('CREATE TRIGGER zz_gdpr_history_truncate BEFORE TRUNCATE ON gdpr_internal.%I '
    'FOR EACH STATEMENT EXECUTE FUNCTION gdpr.keep_history()', part);
  EXECUTE format('COMMENT ON TABLE gdpr_internal.%I IS %L', part,
    format(CASE parent WHEN 'access_read' THEN 'Reads' ELSE 'Events' END || ' of %s (UTC)', to_char(month, 'YYYY-MM')));
  EXECUTE format('ALTER TABLE gdpr_internal.%I ATTACH PARTITION gdpr_internal.%I FOR VALUES FROM (%s) TO (%s)', parent, part,
    gdpr_internal.first_statement(month AT TIME ZONE 'UTC'),
    gdpr_internal.first_statement((month + interval '1 month') AT TIME ZONE 'UTC'));
END
$$;
COMMENT ON FUNCTION gdpr_internal.make_audit_partition(name, timestamp) IS 'Makes one month of one table of events or reads';

--| The month of reads that a statement belongs to: what waited long in the spool may be of one that nobody made.
CREATE OR REPLACE FUNCTION gdpr_internal.make_access_partition(statement bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  month CONSTANT timestamp := date_trunc('month', gdpr_internal.statement_time(make_access_partition.statement) AT TIME ZONE 'UTC');
BEGIN
  LOCK TABLE ONLY gdpr_internal.audit_change IN SHARE UPDATE EXCLUSIVE MODE;
  IF gdpr_internal.resolve('gdpr_internal', format('access_read_%s', to_char(month, 'YYYYMM'))) IS NULL THEN
    PERFORM gdpr_internal.make_audit_partition('access_read', month);
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.make_access_partition(bigint) IS 'Makes the month of reads that a statement belongs to';

--| Makes the partitions of this month and of the next ones; how many there were to make. Needs no lock that a
--| writer holds back or waits for.
CREATE OR REPLACE FUNCTION gdpr_internal.make_audit_partitions(months_ahead int DEFAULT 2) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  -- audit_statement last: where it has a month, the others have it
  parents CONSTANT name[] := '{access_read, audit_change, audit_subject, audit_statement}';
  first CONSTANT timestamp := date_trunc('month', clock_timestamp() AT TIME ZONE 'UTC');
  parent name;
  month timestamp;
  made int := 0;
BEGIN
  IF NOT EXISTS (
      SELECT FROM unnest(parents) AS p, generate_series(0, months_ahead) AS m
      WHERE gdpr_internal.resolve('gdpr_internal', format('%s_%s', p, to_char(first + make_interval(months => m), 'YYYYMM'))) IS NULL) THEN
    RETURN 0;
  END IF;
  -- the lock that ATTACH takes as well: one at a time, and writers go on
  LOCK TABLE ONLY gdpr_internal.audit_change IN SHARE UPDATE EXCLUSIVE MODE;
  FOREACH parent IN ARRAY parents LOOP
    FOR month IN SELECT first + make_interval(months => m) FROM generate_series(0, months_ahead) AS m LOOP
      IF gdpr_internal.resolve('gdpr_internal', format('%s_%s', parent, to_char(month, 'YYYYMM'))) IS NULL THEN
        PERFORM gdpr_internal.make_audit_partition(parent, month);
        made := made + 1;
      END IF;
    END LOOP;
  END LOOP;
  RETURN made;
END
$$;
COMMENT ON FUNCTION gdpr_internal.make_audit_partitions(int) IS
  'Makes the partitions of events and reads for this month (UTC) and the next ones; returns how many were made';
