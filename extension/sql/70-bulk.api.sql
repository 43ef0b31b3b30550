-- SPDX-License-Identifier: PostgreSQL
-- Consent of many people at once: set-based, one event per person, all or nothing.

--| What makes two bulk changes the same: the same facts about the same people: count, sum and XOR
--| of the hashes of their keys, whatever their order.
CREATE OR REPLACE FUNCTION gdpr_internal.selection_digest(
  b gdpr_internal.consent_batch, d gdpr_internal.consent_state, people bigint, hashes numeric, hash bigint) RETURNS bytea
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT sha256(convert_to(jsonb_build_array(jsonb_build_array(($1).subject_type, ($1).selection, ($2).state, ($2).purpose,
    ($2).medium, ($2).channel, ($2).form, ($2).form_version, ($1).comment,
    (SELECT encode(a.sha256, 'hex') FROM gdpr_internal.consent_attachment AS a WHERE a.attachment = ($1).attachment)),
    $3, $4, $5)::text, 'UTF8'))
$$;
COMMENT ON FUNCTION gdpr_internal.selection_digest(gdpr_internal.consent_batch, gdpr_internal.consent_state, bigint, numeric, bigint) IS
  'Recognises a bulk change that was made before: facts and people';

--| What a bulk change writes about everybody; its people and their digest come later.
CREATE OR REPLACE FUNCTION gdpr_internal.bulk_facts(
  subject_type text, selection regclass, d gdpr_internal.consent_state, comment text, attachment bigint)
RETURNS gdpr_internal.consent_batch
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  b gdpr_internal.consent_batch;
BEGIN
  b.batch := nextval('gdpr_internal.consent_batch_batch_seq');
  b.subject_type := bulk_facts.subject_type;
  b.action := d.state;
  b.purpose := d.purpose;
  b.selection := gdpr_internal.sql_name(bulk_facts.selection);
  b.comment := bulk_facts.comment;
  b.attachment := bulk_facts.attachment;
  b.app_user := nullif(current_setting('gdpr.app_user', true), '');
  b.owner := pg_get_userbyid(gdpr_internal.caller());
  b.at := clock_timestamp();
  RETURN b;
END
$$;
COMMENT ON FUNCTION gdpr_internal.bulk_facts(text, regclass, gdpr_internal.consent_state, text, bigint) IS
  'What a bulk change writes about everybody';

--| A decision as it will be recorded, from the words it was said in.
CREATE OR REPLACE FUNCTION gdpr_internal.bulk_decision(
  subject_type text, state text, purpose text, medium text, channel text, form text) RETURNS gdpr_internal.consent_state
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  checked record := gdpr_internal.check_decision(bulk_decision.subject_type, bulk_decision.state, bulk_decision.purpose,
    bulk_decision.medium, bulk_decision.channel, bulk_decision.form);
  d gdpr_internal.consent_state;
BEGIN
  d.state := checked.state;
  d.purpose := checked.purpose;
  d.medium := checked.medium;
  d.channel := checked.channel;
  d.form := checked.form_name;
  d.form_version := checked.form_version;
  d.valid_until := clock_timestamp() + checked.validity;
  RETURN d;
END
$$;
COMMENT ON FUNCTION gdpr_internal.bulk_decision(text, text, text, text, text, text) IS
  'A checked decision as it will be recorded about many people';

--| People about whom nothing was recorded yet: their masks, events and states in one statement. Returns
--| the others. The row of masks is the lock: whoever comes second is among the others.
CREATE OR REPLACE FUNCTION gdpr_internal.mark_new(
  keys text[], b gdpr_internal.consent_batch, d gdpr_internal.consent_state, detailed boolean, OUT written bigint, OUT others text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  k record := gdpr_internal.native_key(b.subject_type, 'k.key');
  m record;
BEGIN
  EXECUTE gdpr_internal.masks_sql(b.subject_type, gdpr_internal.first_fact_sql(b.subject_type, d.state, d.purpose))
  INTO m USING b.at, clock_timestamp(), d.valid_until;
  EXECUTE format(
    'WITH k("the key", %2$s) AS MATERIALIZED (SELECT k.key, %3$s FROM unnest($1) AS k(key)
     ), ins AS (
       INSERT INTO %1$s AS n (%2$s, allowed, changeable, valid_until, later)
       SELECT %6$s, $2, $3, $4, $5 FROM k AS x
       WHERE NOT EXISTS (SELECT FROM %1$s AS n WHERE (%5$s) = (%6$s)) ORDER BY %6$s
       ON CONFLICT DO NOTHING RETURNING %4$s AS key
     ), new AS MATERIALIZED (
       SELECT nextval(''gdpr_internal.consent_event_event_seq'') AS event, i.key,
         CASE WHEN $6 THEN uuid_send(gen_random_uuid()) END AS salt FROM ins AS i
     ), ev AS (
       INSERT INTO gdpr_internal.consent_event (event, subject_type, subject_key, purpose, kind, state, prior_state, medium, channel,
         form, form_version, form_digest, valid_until, owner, at, batch, detail_digest)
       SELECT w.event, $7, w.key, $8, ''decision'', $9, ''pending'', $10, $11, $12, $13, $14, $15, $16, $17, $18,
         CASE WHEN $6 THEN gdpr_internal.detail_digest(w.salt, $19, $20, NULL, NULL, $21) END FROM new AS w
     ), detail AS (
       INSERT INTO gdpr_internal.consent_detail (event, salt, comment, app_user, attachment)
       SELECT w.event, w.salt, $19, $20, $21 FROM new AS w WHERE $6
     ), st AS (
       INSERT INTO gdpr_internal.consent_state
         (subject_type, subject_key, purpose, state, updated_at, valid_until, medium, channel, form, form_version, event)
       SELECT $7, w.key, $8, $9, $17, $15, $10, $11, $12, $13, w.event FROM new AS w
     )
     SELECT (SELECT count(*) FROM new), CASE WHEN (SELECT count(*) FROM new) < (SELECT count(*) FROM k) THEN
       (SELECT array_agg(k."the key") FROM k WHERE NOT EXISTS (SELECT FROM new AS w WHERE w.key COLLATE "C" = k."the key" COLLATE "C")) END',
    gdpr_internal.allowed_table(b.subject_type), replace(k.columns, 'n.', ''), k.vals, k.literal, k.columns, replace(k.columns, 'n.', 'x.'))
  INTO written, others
  USING keys, m.allowed, m.changeable, m.valid_until, m.later, detailed, b.subject_type, b.purpose, b.action, d.medium, d.channel,
    d.form, d.form_version,
    (SELECT f.digest FROM gdpr_internal.form AS f WHERE f.form = d.form AND f.version = d.form_version),
    d.valid_until, b.owner, b.at, b.batch, b.comment, b.app_user, b.attachment;
END
$$;
COMMENT ON FUNCTION gdpr_internal.mark_new(text[], gdpr_internal.consent_batch, gdpr_internal.consent_state, boolean) IS
  'Writes masks, events and states of people about whom nothing was recorded yet; returns how many, and the others';

--| Where many people stand, whom this very change has brought there before included (done).
CREATE OR REPLACE FUNCTION gdpr_internal.standings(keys text[], b gdpr_internal.consent_batch)
RETURNS TABLE(subject_key text, state text, updated_at timestamptz, lapsed boolean, done boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  p gdpr_internal.purpose;
  is_strict boolean := (SELECT c.mode = 'strict' FROM gdpr_internal.consent_setting AS c WHERE c.subject_type = b.subject_type);
  same bigint[] := ARRAY(SELECT x.batch FROM gdpr_internal.consent_batch AS x WHERE x.selection_digest = b.selection_digest);
BEGIN
  SELECT k.* INTO p FROM gdpr_internal.purpose AS k WHERE k.purpose = b.purpose;
  RETURN QUERY EXECUTE
   'SELECT k.key, coalesce(o.state, g.state, ''pending''), CASE WHEN o.state IS NULL THEN g.updated_at ELSE o.updated_at END,
      CASE WHEN o.state IS NULL THEN g.state = ''accepted'' AND coalesce(least(g.valid_until, g.updated_at + $5) <= $6, false)
           ELSE o.state = ''accepted'' AND coalesce(o.valid_until <= $6, false) END,
      $7 <> ''{}'' AND coalesce((SELECT e.batch = ANY ($7) FROM gdpr_internal.consent_event AS e WHERE e.event = o.event), false)
    FROM unnest($1) AS k(key)
    LEFT JOIN gdpr_internal.consent_state AS o ON o.subject_type = $2 AND o.purpose = $3 AND o.subject_key = k.key COLLATE "C"
    LEFT JOIN gdpr_internal.consent_state AS g ON $3 <> '''' AND g.subject_type = $2 AND g.purpose = '''' AND g.subject_key = k.key COLLATE "C"
      AND ($4 IS NULL OR g.updated_at > $4)'
  USING keys, b.subject_type, b.purpose, CASE WHEN is_strict THEN p.declared_at END, p.validity, b.at, same;
END
$$;
COMMENT ON FUNCTION gdpr_internal.standings(text[], gdpr_internal.consent_batch) IS
  'Where many people stand; done: the same bulk change brought them there before';

--| The others: every step between states is looked at before anything is written.
CREATE OR REPLACE FUNCTION gdpr_internal.mark_known(
  keys text[], b gdpr_internal.consent_batch, d gdpr_internal.consent_state, detailed boolean)
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  wrong jsonb;
  written bigint;
  todo record;
BEGIN
  -- Where pending people can take the step, mark_new() has seen to it that everybody has a row.
  IF gdpr_internal.may_follow('pending', b.action) THEN
    PERFORM gdpr_internal.hold_masks(b.subject_type, keys);
  ELSE
    PERFORM gdpr_internal.lock_masks(b.subject_type, keys);
    PERFORM gdpr_internal.known_purpose(b.purpose) WHERE b.purpose <> '';
  END IF;
  SELECT array_agg(x.subject_key) AS keys, array_agg(x.state) AS states, array_agg(x.updated_at) AS updated,
    array_agg(x.lapsed AND b.action <> 'withdrawn') AS lapsed
  INTO todo FROM gdpr_internal.standings(keys, b) AS x WHERE NOT x.done;
  IF todo.keys IS NULL THEN
    RETURN 0;
  END IF;
  SELECT jsonb_agg(jsonb_build_array(e.start, e.n) ORDER BY e.n DESC, e.start) INTO wrong
  FROM (SELECT CASE WHEN u.lapsed THEN 'pending' ELSE u.state END AS start, count(*) AS n
        FROM unnest(todo.states, todo.lapsed) AS u(state, lapsed) GROUP BY 1) AS e
  WHERE NOT gdpr_internal.may_follow(e.start, b.action);
  IF wrong IS NOT NULL THEN
    PERFORM gdpr_internal.refuse_steps(wrong, b.action, b.people);
  END IF;
  EXECUTE
   'WITH new AS MATERIALIZED (
      SELECT nextval(''gdpr_internal.consent_event_event_seq'') AS event, s.subject_key, s.state, s.updated_at,
        CASE WHEN $2 THEN uuid_send(gen_random_uuid()) END AS salt
      FROM unnest($1, $10, $11) AS s(subject_key, state, updated_at)
    ), ev AS (
      INSERT INTO gdpr_internal.consent_event (event, subject_type, subject_key, purpose, kind, state, prior_state, prior_updated_at,
        medium, channel, form, form_version, form_digest, valid_until, owner, at, batch, detail_digest)
      SELECT w.event, ($3).subject_type, w.subject_key, ($3).purpose, ''decision'', ($3).action, w.state, w.updated_at,
        $4, $5, $6, $7, $8, $9, ($3).owner, ($3).at, ($3).batch,
        CASE WHEN $2 THEN gdpr_internal.detail_digest(w.salt, ($3).comment, ($3).app_user, NULL, NULL, ($3).attachment) END
      FROM new AS w
    ), detail AS (
      INSERT INTO gdpr_internal.consent_detail (event, salt, comment, app_user, attachment)
      SELECT w.event, w.salt, ($3).comment, ($3).app_user, ($3).attachment FROM new AS w WHERE $2
    ), st AS (
      INSERT INTO gdpr_internal.consent_state AS c
        (subject_type, subject_key, purpose, state, updated_at, valid_until, medium, channel, form, form_version, event)
      SELECT ($3).subject_type, w.subject_key, ($3).purpose, ($3).action, ($3).at, $9, $4, $5, $6, $7, w.event FROM new AS w
      ON CONFLICT ON CONSTRAINT consent_state_pkey DO UPDATE SET state = excluded.state, updated_at = excluded.updated_at,
        valid_until = excluded.valid_until, medium = excluded.medium, channel = excluded.channel, form = excluded.form,
        form_version = excluded.form_version, event = excluded.event
    )
    SELECT count(*) FROM new'
  INTO written
  USING todo.keys, detailed, b, d.medium, d.channel, d.form, d.form_version,
    (SELECT f.digest FROM gdpr_internal.form AS f WHERE f.form = d.form AND f.version = d.form_version), d.valid_until, todo.states, todo.updated;
  IF b.action = 'accepted' THEN
    PERFORM gdpr_internal.unqueue_leaving(b.subject_type, todo.keys);
  ELSE
    PERFORM gdpr_internal.queue_leaving(b.subject_type, todo.keys, b.action, b.purpose);
  END IF;
  PERFORM gdpr_internal.refresh_allowed(b.subject_type, todo.keys);
  RETURN written;
END
$$;
COMMENT ON FUNCTION gdpr_internal.mark_known(text[], gdpr_internal.consent_batch, gdpr_internal.consent_state, boolean) IS
  'Writes events and states of people about whom something was recorded before, and their masks';

--| The error of a bulk change with illegal steps: [[state, people], …].
CREATE OR REPLACE FUNCTION gdpr_internal.refuse_steps(wrong jsonb, to_state text, people bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  law text;
  hint text;
BEGIN
  BEGIN
    PERFORM gdpr_internal.check_step(wrong->0->>0, to_state);
  EXCEPTION WHEN SQLSTATE 'PD006' THEN
    GET STACKED DIAGNOSTICS law = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  END;
  RAISE EXCEPTION 'consent cannot go from "%" to "%"', wrong->0->>0, to_state
    USING ERRCODE = 'PD006', DETAIL = format('%s of %s people: %s. %s',
        (SELECT sum((w->>1)::bigint) FROM jsonb_array_elements(wrong) AS w), people,
        (SELECT string_agg(format('%s from "%s"', w->>1, w->>0), ', ' ORDER BY n) FROM jsonb_array_elements(wrong) WITH ORDINALITY AS u(w, n)),
        law),
      HINT = 'Leave these people out of the selection; nothing was changed.';
END
$$;
COMMENT ON FUNCTION gdpr_internal.refuse_steps(jsonb, text, bigint) IS 'Raises PD006 for a bulk change, with counts per step';

--| Records that many people were asked.
CREATE OR REPLACE FUNCTION gdpr_internal.mark_asked(keys text[], b gdpr_internal.consent_batch, d gdpr_internal.consent_state, detailed boolean)
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  wrong jsonb;
  written bigint;
BEGIN
  SELECT jsonb_agg(jsonb_build_array(e.start, e.n) ORDER BY e.n DESC, e.start) INTO wrong
  FROM (SELECT CASE WHEN x.lapsed THEN 'pending' ELSE x.state END AS start, count(*) AS n
        FROM gdpr_internal.standings(keys, b) AS x GROUP BY 1) AS e
  WHERE NOT gdpr_internal.may_follow(e.start, 'pending');
  IF wrong IS NOT NULL THEN
    PERFORM gdpr_internal.refuse_steps(wrong, 'pending', b.people);
  ELSIF EXISTS (SELECT FROM gdpr_internal.consent_batch AS x WHERE x.selection_digest = b.selection_digest AND x.at >= now()) THEN
    RETURN 0;
  END IF;
  WITH new AS MATERIALIZED (
    SELECT nextval('gdpr_internal.consent_event_event_seq') AS event, s.subject_key, s.state, s.updated_at,
      CASE WHEN detailed THEN uuid_send(gen_random_uuid()) END AS salt
    FROM gdpr_internal.standings(keys, b) AS s
  ), ev AS (
    INSERT INTO gdpr_internal.consent_event (event, subject_type, subject_key, purpose, kind, state, prior_state, prior_updated_at,
      medium, channel, form, form_version, form_digest, owner, at, batch, detail_digest)
    SELECT w.event, b.subject_type, w.subject_key, b.purpose, 'request_sent', 'pending', w.state, w.updated_at, d.medium, d.channel,
      d.form, d.form_version, (SELECT f.digest FROM gdpr_internal.form AS f WHERE f.form = d.form AND f.version = d.form_version),
      b.owner, b.at, b.batch,
      CASE WHEN detailed THEN gdpr_internal.detail_digest(w.salt, b.comment, b.app_user, NULL, NULL, b.attachment) END
    FROM new AS w
  ), detail AS (
    INSERT INTO gdpr_internal.consent_detail (event, salt, comment, app_user, attachment)
    SELECT w.event, w.salt, b.comment, b.app_user, b.attachment FROM new AS w WHERE detailed
  )
  SELECT count(*) INTO written FROM new;
  RETURN written;
END
$$;
COMMENT ON FUNCTION gdpr_internal.mark_asked(text[], gdpr_internal.consent_batch, gdpr_internal.consent_state, boolean) IS 'Records that many people were asked (request_sent)';

--| Up to how many people a comment and a scan are each one's own and go with them; of more they are the batch's.
CREATE OR REPLACE FUNCTION gdpr_internal.bulk_few() RETURNS int
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS 'SELECT 100';
COMMENT ON FUNCTION gdpr_internal.bulk_few() IS
  'Up to how many people of a bulk change a comment and a scan are each one''s own';

--| Records one decision of many people.
CREATE OR REPLACE FUNCTION gdpr_internal.mark_all(
  subject_type text, selection regclass, state text, purpose text DEFAULT NULL, medium text DEFAULT NULL,
  comment text DEFAULT NULL, attachment bytea DEFAULT NULL, channel text DEFAULT NULL, form text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  d gdpr_internal.consent_state;
  keys text[];
  b gdpr_internal.consent_batch;
  detailed boolean;
  new record;
  written bigint := 0;
BEGIN
  PERFORM gdpr_internal.hold_settings(mark_all.subject_type);
  d := gdpr_internal.bulk_decision(mark_all.subject_type, mark_all.state, mark_all.purpose, mark_all.medium, mark_all.channel, mark_all.form);
  keys := gdpr_internal.selected_keys(mark_all.subject_type, mark_all.selection);
  IF keys = '{}' THEN
    RAISE NOTICE 'the selection is empty';
    RETURN 0;
  END IF;
  PERFORM gdpr_internal.require_people(mark_all.subject_type, keys);
  PERFORM gdpr_internal.check_guardian(mark_all.subject_type, keys, d.state, NULL, clock_timestamp());
  b := gdpr_internal.bulk_facts(mark_all.subject_type, mark_all.selection, d, mark_all.comment,
    gdpr_internal.add_attachment(mark_all.attachment, NULL, NULL));
  b.people := cardinality(keys);
  SELECT gdpr_internal.selection_digest(b, d, b.people, sum(h), bit_xor(h)) INTO b.selection_digest
  FROM (SELECT hashtextextended(k, 1) AS h FROM unnest(keys) AS k OFFSET 0) AS x;
  detailed := b.people <= gdpr_internal.bulk_few() AND coalesce(b.comment, b.app_user, b.attachment::text) IS NOT NULL;
  IF d.state = 'pending' THEN
    written := gdpr_internal.mark_asked(keys, b, d, detailed);
  ELSE
    IF gdpr_internal.may_follow('pending', d.state) THEN
      new := gdpr_internal.mark_new(keys, b, d, detailed);
      written := new.written;
      IF written > 0 THEN
        keys := CASE WHEN new.others IS NULL THEN keys ELSE ARRAY(SELECT unnest(keys) EXCEPT SELECT unnest(new.others)) END;
        PERFORM gdpr_internal.queue_leaving(b.subject_type, keys, d.state, d.purpose),
                gdpr_internal.write_inline(b.subject_type, keys);
      END IF;
      keys := new.others;
    END IF;
    IF keys IS NOT NULL THEN
      written := written + gdpr_internal.mark_known(keys, b, d, detailed);
    END IF;
  END IF;
  IF written = 0 THEN
    IF b.attachment IS NOT NULL THEN
      PERFORM gdpr_internal.rewrite_history('attachments', ARRAY[b.attachment]);
    END IF;
    RAISE NOTICE 'everybody is there already by the same change; nothing was written';
    RETURN 0;
  ELSIF b.people <= gdpr_internal.bulk_few() THEN
    b.comment := NULL;
    b.attachment := NULL;
    b.app_user := NULL;
  END IF;
  INSERT INTO gdpr_internal.consent_batch SELECT b.*;
  RETURN written;
END
$$;
COMMENT ON FUNCTION gdpr_internal.mark_all(text, regclass, text, text, text, text, bytea, text, text) IS
  'Records one decision of all people that a table or view names, all or nothing; returns the number of events';

--| Records one decision of many people.
CREATE OR REPLACE FUNCTION gdpr.mark_all(
  subject_type text, selection regclass, state text, purpose text DEFAULT NULL, medium text DEFAULT NULL,
  comment text DEFAULT NULL, attachment bytea DEFAULT NULL, channel text DEFAULT NULL, form text DEFAULT NULL)
RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.mark_all(text, regclass, text, text, text, text, bytea, text, text) IS
  'Records one decision of all people that a table or view names (by columns like the key, or one column), all or nothing; returns the number of events';
