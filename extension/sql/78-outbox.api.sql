-- SPDX-License-Identifier: PostgreSQL
-- The outbox: what a mailer takes, when it takes it. Whether a message may still go out is decided then.

--| Puts messages into the outbox.
CREATE OR REPLACE FUNCTION gdpr_internal.add_messages(run bigint, kind text, events bigint[], channel text, valid_for interval)
RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  WITH new AS (
    INSERT INTO gdpr_internal.message (message, run, kind, channel, valid_for)
    SELECT e, $1, $2, $4, $5 FROM unnest($3) AS e RETURNING 1)
  SELECT count(*) FROM new
$$;
COMMENT ON FUNCTION gdpr_internal.add_messages(bigint, text, bigint[], text, interval) IS 'Puts a message for each event into the outbox; how many';

--| Messages that shall not go out any more.
CREATE OR REPLACE FUNCTION gdpr_internal.void_messages(events bigint[]) RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  WITH gone AS (
    UPDATE gdpr_internal.message AS m SET state = 'void', settled_at = clock_timestamp()
    WHERE m.message = ANY ($1) AND m.state IN ('waiting', 'exporting', 'taken') RETURNING 1)
  SELECT count(*) FROM gone
$$;
COMMENT ON FUNCTION gdpr_internal.void_messages(bigint[]) IS 'Makes messages void that were not sent yet; how many';

--| Everything that still waits for people who leave.
CREATE OR REPLACE FUNCTION gdpr_internal.void_messages_of(subject_type text, keys text[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
BEGIN
  IF EXISTS (SELECT FROM gdpr_internal.message) THEN
    PERFORM gdpr_internal.void_messages(ARRAY(
      SELECT m.message FROM gdpr_internal.consent_event AS e JOIN gdpr_internal.message AS m ON m.message = e.event
      WHERE e.subject_type = void_messages_of.subject_type AND e.subject_key = ANY (void_messages_of.keys)
        AND m.state IN ('waiting', 'exporting', 'taken')));
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.void_messages_of(text, text[]) IS 'Makes void what was not sent yet to people who leave';

--| Columns of the table of people that letters may quote: names, titles, company and e-mail, as far as the purpose shows them.
CREATE OR REPLACE FUNCTION gdpr_internal.merge_columns(subject_type text, purpose text) RETURNS name[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject(merge_columns.subject_type);
  relation regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name);
  shown text[] := (SELECT p.kinds FROM gdpr_internal.purpose AS p WHERE p.purpose = merge_columns.purpose);
BEGIN
  RETURN ARRAY(
    SELECT m.name FROM (
      SELECT a.attname AS name, min(a.attnum) AS n, min(substring(b.label FROM '^\s*(\w+)')) AS kind
      FROM gdpr_internal.family(relation) AS f
      JOIN pg_seclabel AS b ON b.objoid = f AND b.classoid = 'pg_class'::regclass AND b.provider = 'gdpr'
      JOIN pg_attribute AS a ON a.attrelid = b.objoid AND a.attnum = b.objsubid AND NOT a.attisdropped
      WHERE EXISTS (SELECT FROM pg_attribute AS o WHERE o.attrelid = relation AND o.attname = a.attname AND NOT o.attisdropped)
      GROUP BY a.attname) AS m
    WHERE m.kind = ANY ('{first_name,middle_name,last_name,full_name,title,company,job_title,email}') AND (shown IS NULL OR m.kind = ANY (shown))
    ORDER BY m.n LIMIT 40);
END
$$;
COMMENT ON FUNCTION gdpr_internal.merge_columns(text, text) IS
  'Columns of the table of people that letters may quote, by their kinds and the purpose''s';

--| Address and merge fields of people, as their row is now, read as the table's owner. The address as it is written there.
CREATE OR REPLACE FUNCTION gdpr_internal.letter_facts(subject_type text, keys text[], purpose text, channel text)
RETURNS TABLE (subject_key text, address text, merge jsonb)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  blanks CONSTANT text := E' \t\r\n<>';
  s gdpr_internal.subject_type := gdpr_internal.subject(letter_facts.subject_type);
  relation regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name);
  own text := gdpr_internal.address_sql(relation, letter_facts.channel);
  fields text := (SELECT string_agg(format('%L, t.%I::pg_catalog.text', c, c), ', ' ORDER BY n)
    FROM unnest(gdpr_internal.merge_columns(s.subject_type, letter_facts.purpose)) WITH ORDINALITY AS m(c, n));
BEGIN
  PERFORM gdpr_internal.require_same_owner(s.subject_type, relation, s.relation_oid, s.relation_owner);
  RETURN QUERY
  WITH r AS MATERIALIZED (
    SELECT x.key, nullif(btrim(x.address, blanks), '') AS address, x.merge
    FROM gdpr_internal.query_as_owner(relation, format('SELECT p.key, %s, pg_catalog.jsonb_build_object(%s) FROM %s',
      coalesce(format('(SELECT a.address FROM %s AS a WHERE pg_catalog.btrim(a.address, %L) OPERATOR(pg_catalog.<>) '''' LIMIT 1)', own, blanks),
        'NULL::pg_catalog.text'), fields, gdpr_internal.people_join(s.subject_type)), letter_facts.keys) AS x(key text, address text, merge jsonb)
  ), bare AS MATERIALIZED (
    SELECT coalesce(array_agg(r.key), '{}') AS keys FROM r WHERE r.address IS NULL
  ), elsewhere AS MATERIALIZED (
    SELECT DISTINCT ON (a.subject_key) a.subject_key AS key, btrim(a.address, blanks) AS address
    FROM bare AS b, gdpr_internal.linked_addresses(s.subject_type, b.keys, letter_facts.channel) AS a
    WHERE cardinality(b.keys) > 0 AND btrim(a.address, blanks) <> '' ORDER BY 1, 2
  )
  SELECT r.key, coalesce(r.address, e.address), r.merge FROM r LEFT JOIN elsewhere AS e ON e.key = r.key;
END
$$;
COMMENT ON FUNCTION gdpr_internal.letter_facts(text, text[], text, text) IS
  'Address and merge fields of people as their row is now, read as the table''s owner';

--| Campaigns that a role may send; open: whose links still accept.
CREATE OR REPLACE FUNCTION gdpr_internal.campaigns_of(caller oid, open boolean) RETURNS bigint[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce(array_agg(c.run), '{}') FROM gdpr_internal.campaign AS c, LATERAL (SELECT gdpr_internal.asked_form(c.subject_type, c.purpose) AS f) AS a
  WHERE c.asked_from IS NOT NULL AND gdpr_internal.may_campaign($1, c.purpose)
    AND (NOT $2 OR ((a.f).form, (a.f).version) = (c.form, c.form_version))
$$;
COMMENT ON FUNCTION gdpr_internal.campaigns_of(oid, boolean) IS
  'Campaigns that a role may send; open: only those whose form people are still asked with';

--| Hands out messages, oldest first, each to one taker. What may not go out any more becomes void on the way.
CREATE OR REPLACE FUNCTION gdpr_internal.hand_out(max int, of_kind text, of_run bigint, new_state text)
RETURNS TABLE (message bigint, kind text, subject_type text, subject_key text, purpose text, form text, channel text, address text, token text, merge jsonb)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
#variable_conflict use_column
DECLARE
  open_runs bigint[] := gdpr_internal.campaigns_of(gdpr_internal.caller(), true);
  wanted int := hand_out.max;
  given int;
  batch record;
  picked bigint[];
BEGIN
  WHILE wanted > 0 LOOP
    picked := ARRAY(
      SELECT m.message FROM gdpr_internal.message AS m
      WHERE m.state = 'waiting' AND (of_run IS NULL OR m.run = of_run) AND (of_kind IS NULL OR m.kind = of_kind)
        AND (m.kind <> 'reconsent' OR m.run = ANY (open_runs))
        AND EXISTS (SELECT FROM gdpr_internal.consent_event AS e JOIN gdpr_internal.subject_type AS s ON s.subject_type = e.subject_type
                    WHERE e.event = m.message)
      ORDER BY m.message LIMIT least(wanted, 5000) FOR UPDATE OF m SKIP LOCKED);
    EXIT WHEN cardinality(picked) = 0;
    FOR batch IN
      SELECT m.kind, m.run, m.channel, m.valid_for, e.subject_type, e.purpose, array_agg(m.message) AS messages, array_agg(e.subject_key) AS keys
      FROM gdpr_internal.message AS m JOIN gdpr_internal.consent_event AS e ON e.event = m.message
      WHERE m.message = ANY (picked) GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY min(m.message)
    LOOP
      RETURN QUERY SELECT * FROM gdpr_internal.write_letters(batch, hand_out.new_state);
      GET DIAGNOSTICS given = ROW_COUNT;
      wanted := wanted - given;
    END LOOP;
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.hand_out(int, text, bigint, text) IS
  'Hands out messages that wait, each to one taker, with address, token and merge fields made now; what may not go out any more becomes void';

--| Messages of one run, channel and purpose that are locked: as letters, or void.
CREATE OR REPLACE FUNCTION gdpr_internal.write_letters(batch record, new_state text)
RETURNS TABLE (message bigint, kind text, subject_type text, subject_key text, purpose text, form text, channel text, address text, token text, merge jsonb)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
#variable_conflict use_column
DECLARE
  asking boolean := batch.kind = 'reconsent';
  c gdpr_internal.campaign;
  now_at CONSTANT timestamptz := clock_timestamp();
  good record;
BEGIN
  SELECT x.* INTO c FROM gdpr_internal.campaign AS x WHERE asking AND x.run = batch.run;
  c.subject_type := batch.subject_type;
  c.purpose := batch.purpose;
  c.channel := batch.channel;
  -- pending, and by this very message: whoever has decided, withdrawn or been asked again since is asked no more
  SELECT array_agg(u.message) AS messages, array_agg(u.key) AS keys INTO good
  FROM unnest(batch.messages, batch.keys) AS u(message, key)
  JOIN gdpr_internal.campaign_people(c, CASE WHEN asking THEN 'message' ELSE 'notice' END, batch.keys) AS p ON p.subject_key = u.key
  WHERE p.reason IS NULL AND (NOT asking OR p.state = 'pending' AND p.event = u.message);
  RETURN QUERY
  WITH letter AS MATERIALIZED (
    SELECT u.message, f.* FROM unnest(good.messages, good.keys) AS u(message, key)
    JOIN gdpr_internal.letter_facts(c.subject_type, coalesce(good.keys, '{}'), c.purpose, c.channel) AS f ON f.subject_key = u.key
    WHERE f.address IS NOT NULL
  ), taken AS (
    UPDATE gdpr_internal.message AS m SET state = write_letters.new_state, taken_at = now_at FROM letter AS l WHERE m.message = l.message
  ), gone AS (
    UPDATE gdpr_internal.message AS m SET state = 'void', settled_at = now_at
    WHERE m.message = ANY (batch.messages) AND NOT EXISTS (SELECT FROM letter AS l WHERE l.message = m.message)
  )
  SELECT l.message, batch.kind::text, c.subject_type, l.subject_key, nullif(c.purpose, ''), c.form || ':' || c.form_version, c.channel, l.address,
    CASE WHEN asking THEN gdpr_internal.make_token(c.subject_type, l.subject_key, c.purpose, c.form, c.form_version, now_at, now_at + batch.valid_for) END,
    l.merge
  FROM letter AS l ORDER BY l.message;
END
$$;
COMMENT ON FUNCTION gdpr_internal.write_letters(record, text) IS
  'Letters for messages of one run, channel and purpose; who is gone, has answered or may not be written to gets none';

--| A mailer takes messages.
CREATE OR REPLACE FUNCTION gdpr.take_messages(max int DEFAULT 1000, of_kind text DEFAULT NULL, of_run bigint DEFAULT NULL)
RETURNS TABLE (message bigint, kind text, subject_type text, subject_key text, purpose text, form text, channel text, address text, token text, merge jsonb)
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.take_messages(int, text, bigint) IS
  'Messages for a mailer, each to one taker, with address, token and merge fields made now; then gdpr.message_sent() or gdpr.message_failed()';

--| Behind gdpr.take_messages().
CREATE OR REPLACE FUNCTION gdpr_internal.take_messages(max int, of_kind text, of_run bigint)
RETURNS TABLE (message bigint, kind text, subject_type text, subject_key text, purpose text, form text, channel text, address text, token text, merge jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  IF take_messages.max IS NULL OR take_messages.max NOT BETWEEN 1 AND 100000 THEN
    RAISE EXCEPTION 'at most 100000 messages can be taken at once' USING ERRCODE = '22023', HINT = 'The default is 1000.';
  END IF;
  PERFORM gdpr_internal.require_campaign(c.purpose) FROM gdpr_internal.campaign AS c WHERE c.run = of_run;
  RETURN QUERY SELECT * FROM gdpr_internal.hand_out(take_messages.max, of_kind, of_run, 'taken');
END
$$;
COMMENT ON FUNCTION gdpr_internal.take_messages(int, text, bigint) IS 'Behind gdpr.take_messages()';

--| A mailer has sent messages.
CREATE OR REPLACE FUNCTION gdpr.message_sent(messages bigint[]) RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.message_sent(bigint[]) IS
  'Records that messages were sent (who was asked to decide: an event request_sent); how many of them were taken and not void by then';

--| Behind gdpr.message_sent(). The masks are locked first: an erasure that goes on meanwhile must not miss the events.
CREATE OR REPLACE FUNCTION gdpr_internal.message_sent(messages bigint[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  caller regrole := gdpr_internal.caller();
  mine bigint[] := gdpr_internal.campaigns_of(caller, false);
  batch record;
  held text[];
  part bigint;
  result bigint := 0;
BEGIN
  FOR batch IN
    SELECT m.kind, e.subject_type, array_agg(m.message ORDER BY m.message) AS messages, array_agg(DISTINCT e.subject_key) AS keys
    FROM gdpr_internal.message AS m JOIN gdpr_internal.consent_event AS e ON e.event = m.message
    JOIN gdpr_internal.subject_type AS s ON s.subject_type = e.subject_type
    WHERE m.message = ANY (message_sent.messages) AND m.state = 'taken' AND (m.kind <> 'reconsent' OR m.run = ANY (mine)) GROUP BY 1, 2
  LOOP
    held := CASE WHEN batch.kind = 'reconsent' THEN coalesce(gdpr_internal.hold_masks(batch.subject_type, batch.keys), '{}') ELSE batch.keys END;
    WITH done AS (
      UPDATE gdpr_internal.message AS m SET state = 'sent', settled_at = clock_timestamp()
      FROM gdpr_internal.consent_event AS e
      WHERE m.message = ANY (batch.messages) AND m.state = 'taken' AND e.event = m.message AND e.subject_key = ANY (held)
      RETURNING m.message, m.kind, m.channel, e.subject_key, e.purpose, e.form, e.form_version, e.form_digest
    ), noted AS (
      INSERT INTO gdpr_internal.consent_event (subject_type, subject_key, purpose, kind, state, prior_state, channel, form, form_version, form_digest, owner, at)
      SELECT batch.subject_type, d.subject_key, d.purpose, 'request_sent', 'pending', 'pending', d.channel, d.form, d.form_version, d.form_digest,
        pg_get_userbyid(caller), clock_timestamp()
      FROM done AS d WHERE d.kind = 'reconsent'
    )
    SELECT count(*) INTO part FROM done;
    result := result + part;
  END LOOP;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.message_sent(bigint[]) IS 'Behind gdpr.message_sent()';

--| A mailer could not send messages: they wait again.
CREATE OR REPLACE FUNCTION gdpr.message_failed(messages bigint[]) RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.message_failed(bigint[]) IS 'Messages that were taken and could not be sent wait again; how many';

--| Behind gdpr.message_failed().
CREATE OR REPLACE FUNCTION gdpr_internal.message_failed(messages bigint[]) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  mine bigint[] := gdpr_internal.campaigns_of(gdpr_internal.caller(), false);
  result bigint;
BEGIN
  UPDATE gdpr_internal.message AS m SET state = 'waiting', taken_at = NULL
  WHERE m.message = ANY (message_failed.messages) AND m.state = 'taken' AND (m.kind <> 'reconsent' OR m.run = ANY (mine));
  GET DIAGNOSTICS result = ROW_COUNT;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.message_failed(bigint[]) IS 'Behind gdpr.message_failed()';

--| One export of a campaign at a time; what an export that was interrupted had taken waits again.
CREATE OR REPLACE FUNCTION gdpr.run_export_begin(run bigint) RETURNS text[]
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.run_export_begin(bigint) IS
  'Begins to export the messages of a campaign to a file, under a lock of the session; returns the merge columns';

--| Behind gdpr.run_export_begin().
CREATE OR REPLACE FUNCTION gdpr_internal.run_export_begin(run bigint) RETURNS text[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  c gdpr_internal.campaign := gdpr_internal.known_campaign(run_export_begin.run);
BEGIN
  PERFORM gdpr_internal.require_campaign(c.purpose);
  IF NOT pg_try_advisory_lock(1734635635, hashtext('export ' || c.run)) THEN
    RAISE EXCEPTION 'messages of run % are being exported by another session', c.run
      USING ERRCODE = 'object_in_use', HINT = 'Wait for it to finish.';
  END IF;
  UPDATE gdpr_internal.message AS m SET state = 'waiting', taken_at = NULL WHERE m.run = c.run AND m.state = 'exporting';
  RETURN gdpr_internal.merge_columns(c.subject_type, c.purpose)::text[];
END
$$;
COMMENT ON FUNCTION gdpr_internal.run_export_begin(bigint) IS 'Behind gdpr.run_export_begin()';

--| The next messages of an export.
CREATE OR REPLACE FUNCTION gdpr.run_export(run bigint, max int)
RETURNS TABLE (message bigint, kind text, subject_type text, subject_key text, purpose text, form text, channel text, address text, token text, merge jsonb)
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.run_export(bigint, int) IS 'The next messages of an export; they are taken once the file is whole, by gdpr.run_export_done()';

--| Behind gdpr.run_export().
CREATE OR REPLACE FUNCTION gdpr_internal.run_export(run bigint, max int)
RETURNS TABLE (message bigint, kind text, subject_type text, subject_key text, purpose text, form text, channel text, address text, token text, merge jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
  PERFORM gdpr_internal.require_campaign(c.purpose) FROM gdpr_internal.known_campaign(run_export.run) AS c;
  RETURN QUERY SELECT * FROM gdpr_internal.hand_out(run_export.max, 'reconsent', run_export.run, 'exporting');
END
$$;
COMMENT ON FUNCTION gdpr_internal.run_export(bigint, int) IS 'Behind gdpr.run_export()';

--| The file is whole.
CREATE OR REPLACE FUNCTION gdpr.run_export_done(run bigint, max int) RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.run_export_done(bigint, int) IS 'Ends an export, some messages at a time: what is in the file counts as taken; how many';

--| Behind gdpr.run_export_done().
CREATE OR REPLACE FUNCTION gdpr_internal.run_export_done(run bigint, max int) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  result bigint;
BEGIN
  PERFORM gdpr_internal.require_campaign(c.purpose) FROM gdpr_internal.known_campaign(run_export_done.run) AS c;
  UPDATE gdpr_internal.message AS m SET state = 'taken'
  WHERE m.state = 'exporting' AND m.message IN (
    SELECT x.message FROM gdpr_internal.message AS x
    WHERE x.run = run_export_done.run AND x.state = 'exporting' ORDER BY x.message LIMIT run_export_done.max);
  GET DIAGNOSTICS result = ROW_COUNT;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.run_export_done(bigint, int) IS 'Behind gdpr.run_export_done()';

--| What waits, what was sent, what became void.
CREATE OR REPLACE VIEW gdpr.outbox AS
  SELECT m.message, m.kind, m.run, e.subject_type, e.subject_key, NULLIF(e.purpose, '') AS purpose, e.form || ':' || e.form_version AS form,
    m.channel, m.state, e.at, m.taken_at, m.settled_at, m.valid_for
  FROM gdpr_internal.message AS m JOIN gdpr_internal.consent_event AS e ON e.event OPERATOR(pg_catalog.=) m.message;
COMMENT ON VIEW gdpr.outbox IS
  'Messages to people: waiting, exporting (a file is being written), taken by a mailer, sent, or void; no address and no token is kept';
