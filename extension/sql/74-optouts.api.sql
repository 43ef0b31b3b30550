-- SPDX-License-Identifier: PostgreSQL
-- Lists of opt-outs that come from somewhere else, millions of lines long. People whom we know get an event
-- each; of addresses that belong to nobody the keyed digest is kept. To find people, digests of all their
-- addresses are made once, page by page, in a table of the run. Whatever moves meanwhile (a new person, a
-- new address, an erasure) is on the safe side: what matches nobody is suppressed.
-- One chunk of the list is one transaction, and everything is inserted in the order of digests and keys.

--| The label under which a run stands in the ledger, and its lock.
CREATE OR REPLACE FUNCTION gdpr_internal.optout_label(types text[]) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT CASE WHEN cardinality($1) = 1 THEN $1[1] ELSE '*' END
$$;
COMMENT ON FUNCTION gdpr_internal.optout_label(text[]) IS 'The subject type of an import in the ledger: * for several';

--| What an import is about, or why it cannot be.
CREATE OR REPLACE FUNCTION gdpr_internal.optout_options(
  channel text, purpose text, kind text, source text, subject_types text[], options jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known_channel text := gdpr_internal.check_channel(optout_options.channel);
  types text[] := coalesce(optout_options.subject_types, ARRAY(SELECT c.subject_type FROM gdpr_internal.consent_setting AS c));
  dated timestamptz;
BEGIN
  BEGIN
    dated := coalesce((optout_options.options->>'dated')::timestamptz, clock_timestamp());
  EXCEPTION WHEN data_exception THEN
    -- not quoted: it may be a line of the list in the wrong place
    RAISE EXCEPTION 'the date of an opt-out list is no date' USING ERRCODE = '22007', HINT = 'Write it like 2026-01-31.';
  END;
  IF known_channel IS NULL OR optout_options.kind IS NULL OR coalesce(btrim(optout_options.source), '') = '' THEN
    RAISE EXCEPTION 'an import of opt-outs needs a channel, a kind and a source' USING ERRCODE = '22004',
      HINT = 'Kinds are address, md5, sha1, sha256 and domain; the source says where the list comes from.';
  ELSIF optout_options.kind = 'domain' AND known_channel <> 'email' THEN
    RAISE EXCEPTION 'domains are suppressed for e-mail only' USING ERRCODE = '22023', HINT = 'Pass channel => ''email''.';
  ELSIF dated > clock_timestamp() THEN
    RAISE EXCEPTION 'the date of an opt-out list lies in the future' USING ERRCODE = '22023',
      HINT = 'Give the day on which the list was made: who opted in after it stays.';
  END IF;
  types := ARRAY(SELECT (gdpr_internal.consent_setting_of(t)).subject_type FROM unnest(types) AS t ORDER BY 1);
  -- stops at an unknown kind, and without the key
  PERFORM gdpr_internal.entry_digests(known_channel, optout_options.kind, ARRAY['']);
  RETURN coalesce(optout_options.options, '{}') || jsonb_build_object('channel', known_channel, 'kind', optout_options.kind,
    'purpose', CASE WHEN optout_options.purpose IS NULL THEN '' ELSE (gdpr_internal.known_purpose(optout_options.purpose)).purpose END,
    'source', optout_options.source, 'dated', dated, 'types', types,
    'dry_run', coalesce(optout_options.options->'dry_run' = 'true', false));
END
$$;
COMMENT ON FUNCTION gdpr_internal.optout_options(text, text, text, text, text[], jsonb) IS
  'Checks what an import of opt-outs is about; as the run keeps it';

--| Starts an import and takes its lock for this session.
CREATE OR REPLACE FUNCTION gdpr.import_optouts_start(
  channel text, purpose text, kind text, source text, subject_types text[] DEFAULT NULL, options jsonb DEFAULT '{}')
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  asked jsonb := gdpr_internal.optout_options(import_optouts_start.channel, import_optouts_start.purpose, import_optouts_start.kind,
    import_optouts_start.source, import_optouts_start.subject_types, import_optouts_start.options);
  label text := gdpr_internal.optout_label(ARRAY(SELECT jsonb_array_elements_text(asked->'types')));
  old bigint;
  result bigint;
BEGIN
  PERFORM gdpr_internal.run_lock(label, 'import-optouts');
  -- Its session is gone (we have the lock): what it has done is done, and is found there by this one.
  FOR old IN
    SELECT r.run FROM gdpr_internal.run AS r
    WHERE r.job = 'import-optouts' AND r.subject_type = label AND r.state NOT IN ('finished', 'cancelled')
  LOOP
    PERFORM gdpr.run_cancel(old);
  END LOOP;
  asked := asked || jsonb_build_object('batches', (
    SELECT jsonb_object_agg(t, nextval('gdpr_internal.consent_batch_batch_seq')) FROM jsonb_array_elements_text(asked->'types') AS t));
  INSERT INTO gdpr_internal.run (job, subject_type, reason, state, options, started_by)
  VALUES ('import-optouts', label, coalesce(nullif(btrim(asked->>'reason'), ''), 'opt-out list: ' || (asked->>'source')), 'running',
    asked, pg_get_userbyid(gdpr_internal.caller()))
  RETURNING run INTO result;
  IF NOT (asked->>'dry_run')::boolean THEN
    INSERT INTO gdpr_internal.suppression_kind AS k (channel, kind) VALUES (asked->>'channel', asked->>'kind') ON CONFLICT DO NOTHING;
  END IF;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr.import_optouts_start(text, text, text, text, text[], jsonb) IS
  'Starts the import of a list of opt-outs (kind: address, md5, sha1, sha256 or domain; NULL purpose: from every one; NULL subject types: all): '
  'its number. options: reason, dated (who opted in later stays), dry_run';

--| The run, if it is an import that is at work.
CREATE OR REPLACE FUNCTION gdpr_internal.optout_run(run bigint) RETURNS gdpr_internal.run
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  result gdpr_internal.run := gdpr_internal.run_in_state(optout_run.run, 'running');
BEGIN
  IF result.job <> 'import-optouts' THEN
    RAISE EXCEPTION 'run % is no import of opt-outs', result.run USING ERRCODE = '55000', HINT = 'gdpr.runs lists the runs.';
  END IF;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.optout_run(bigint) IS 'The row of a run; an error unless it is an import of opt-outs at work';

--| Cuts the tables of people into pages. Rows that move between pages meanwhile may be missed: see above.
CREATE OR REPLACE FUNCTION gdpr_internal.optout_pages(target gdpr_internal.run) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO gdpr_internal.optout_page AS p (run, page, subject_type, leaf, first_block, done)
  SELECT (target).run, 0, '', 0, 0, true
  UNION ALL
  SELECT (target).run, row_number() OVER ()::int, l.subject_type, l.leaf, l.block, false
  FROM (
    SELECT s.subject_type, c.oid AS leaf, b.block
    FROM jsonb_array_elements_text((target).options->'types') AS t
    CROSS JOIN LATERAL gdpr_internal.subject(t) AS s
    CROSS JOIN LATERAL gdpr_internal.family(gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name)) AS f
    JOIN pg_class AS c ON c.oid = f AND c.relkind = 'r'
    CROSS JOIN LATERAL generate_series(0, pg_relation_size(c.oid) / current_setting('block_size')::bigint,
                                       gdpr_internal.optout_page_blocks()) AS b(block)
    WHERE (target).options->>'kind' <> 'domain') AS l
  ON CONFLICT DO NOTHING;
END
$$;
COMMENT ON FUNCTION gdpr_internal.optout_pages(gdpr_internal.run) IS 'Cuts the tables of people into pages that prepare reads';

--| How much of a table of people is read at once: about 30,000 rows.
CREATE OR REPLACE FUNCTION gdpr_internal.optout_page_blocks() RETURNS bigint
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS 'SELECT 400::bigint';
COMMENT ON FUNCTION gdpr_internal.optout_page_blocks() IS 'Blocks of a table of people that are read at once';

--| Addresses of the people in a page, their own and those in tables that hang on them.
CREATE OR REPLACE FUNCTION gdpr_internal.page_addresses(
  page gdpr_internal.optout_page, channel text, OUT keys text[], OUT plain text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject((page).subject_type);
  relation regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name, VARIADIC s.key);
  own text := gdpr_internal.address_sql(relation, page_addresses.channel);
  everybody text[];
BEGIN
  PERFORM gdpr_internal.require_same_owner(s.subject_type, relation, s.relation_oid, s.relation_owner);
  -- a partition that was dropped or detached meanwhile
  IF NOT EXISTS (SELECT FROM gdpr_internal.family(relation) AS f WHERE f = (page).leaf) THEN
    RETURN;
  END IF;
  SELECT array_agg(DISTINCT r.key), array_agg(r.key) FILTER (WHERE r.plain IS NOT NULL), array_agg(r.plain) FILTER (WHERE r.plain IS NOT NULL)
  INTO everybody, keys, plain
  FROM (SELECT q.key, gdpr_internal.plain_address(page_addresses.channel, q.address) AS plain
    FROM gdpr_internal.query_as_owner((page).leaf, format(
      'SELECT %s, a.address FROM ONLY %s AS t LEFT JOIN LATERAL %s AS a ON true
       WHERE t.ctid OPERATOR(pg_catalog.>=) $1 AND t.ctid OPERATOR(pg_catalog.<) $2',
      gdpr_internal.text_of(s.key), gdpr_internal.sql_name((page).leaf),
      coalesce(own, '(SELECT NULL::pg_catalog.text AS address)')),
      format('(%s,0)', (page).first_block)::tid, format('(%s,0)', (page).first_block + gdpr_internal.optout_page_blocks())::tid)
      AS q(key text, address text)) AS r;
  IF everybody IS NULL THEN
    RETURN;
  END IF;
  SELECT keys || array_agg(a.subject_key), page_addresses.plain || array_agg(a.plain) INTO keys, plain
  FROM (SELECT a.subject_key, gdpr_internal.plain_address(a.channel, a.address) AS plain
        FROM gdpr_internal.linked_addresses(s.subject_type, everybody, page_addresses.channel) AS a) AS a
  WHERE a.plain IS NOT NULL;
END
$$;
COMMENT ON FUNCTION gdpr_internal.page_addresses(gdpr_internal.optout_page, text) IS
  'Plain addresses of the people in a page of their table, each with the person''s key';

--| Reads one page of people; how many pages are left. Several sessions may do it at once.
CREATE OR REPLACE FUNCTION gdpr.import_optouts_prepare(run bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  target gdpr_internal.run := gdpr_internal.optout_run(import_optouts_prepare.run);
  page gdpr_internal.optout_page;
  held record;
  made record;
BEGIN
  IF NOT EXISTS (SELECT FROM gdpr_internal.optout_page AS p WHERE p.run = target.run AND p.page = 0) THEN
    PERFORM gdpr_internal.optout_pages(target);
  END IF;
  SELECT p.* INTO page FROM gdpr_internal.optout_page AS p WHERE p.run = target.run AND NOT p.done
  ORDER BY p.page LIMIT 1 FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    -- others read the last pages: wait for one of them
    SELECT p.* INTO page FROM gdpr_internal.optout_page AS p WHERE p.run = target.run AND NOT p.done LIMIT 1 FOR UPDATE;
    IF NOT FOUND THEN
      RETURN 0;
    END IF;
  END IF;
  held := gdpr_internal.page_addresses(page, target.options->>'channel');
  IF held.keys IS NOT NULL THEN
    made := gdpr_internal.suppressed_digests(target.options->>'channel', held.plain, ARRAY[target.options->>'kind']);
    INSERT INTO gdpr_internal.optout_address (digest, run, subject_type, subject_key)
    SELECT DISTINCT x.digest, target.run, page.subject_type, k.key
    FROM unnest(made.n, made.digest) AS x(n, digest) JOIN unnest(held.keys) WITH ORDINALITY AS k(key, n) ON k.n = x.n
    ORDER BY 1;
  END IF;
  UPDATE gdpr_internal.optout_page AS p SET done = true WHERE p.run = page.run AND p.page = page.page;
  RETURN (SELECT count(*) FROM gdpr_internal.optout_page AS p WHERE p.run = target.run AND NOT p.done);
END
$$;
COMMENT ON FUNCTION gdpr.import_optouts_prepare(bigint) IS
  'Makes digests of the addresses of one page of people for an import; how many pages are left. To be called, in transactions of their own, until 0';

--| People who leave while a list is imported leave its table of digests, too.
CREATE OR REPLACE FUNCTION gdpr_internal.forget_optout_addresses(subject_type text, keys text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
BEGIN
  IF EXISTS (SELECT FROM gdpr_internal.optout_address) THEN
    DELETE FROM gdpr_internal.optout_address AS a
    WHERE a.subject_type = forget_optout_addresses.subject_type AND a.subject_key = ANY (forget_optout_addresses.keys);
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.forget_optout_addresses(text, text[]) IS
  'Takes people out of the digests that imports of opt-outs look them up by';
