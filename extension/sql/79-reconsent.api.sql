-- SPDX-License-Identifier: PostgreSQL
-- The work of a re-consent campaign: what gdpr-batch reconsent does in the ledger's slices.

--| Behind gdpr.run_resume(): stops unless the campaign may go on, and opens the stage that comes now. The lock is held.
CREATE OR REPLACE FUNCTION gdpr_internal.campaign_resume(target gdpr_internal.run) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  c gdpr_internal.campaign := gdpr_internal.known_campaign((target).run);
BEGIN
  PERFORM gdpr_internal.require_campaign(c.purpose);
  IF c.approved_by IS NULL THEN
    RAISE EXCEPTION 'campaign % is not approved', c.run USING ERRCODE = '42501',
      DETAIL = format('"%s" planned it.', c.planned_by),
      HINT = format('Another role does it: gdpr-batch reconsent --approve %s, or SELECT gdpr.approve_campaign(%s).', c.run, c.run);
  ELSIF EXISTS (SELECT FROM gdpr_internal.run AS r WHERE r.subject_type = c.subject_type AND r.job = 'reconsent'
                  AND r.state IN ('running', 'paused') AND r.run <> c.run) THEN
    RAISE EXCEPTION 'another campaign of subject type "%" is unfinished', c.subject_type USING ERRCODE = 'object_in_use',
      HINT = 'Finish it or abort it first; gdpr.campaign_plans lists the campaigns.';
  ELSIF (target).state = 'planned' THEN
    PERFORM gdpr_internal.begin_asking(c);
  END IF;
  PERFORM gdpr_internal.require_asked_form(c);
  IF NOT EXISTS (SELECT FROM gdpr_internal.chunk AS k WHERE k.run = c.run AND k.state = 'pending' AND k.stage <= (target).stage) THEN
    UPDATE gdpr_internal.run AS r SET stage = k.stage
    FROM (SELECT min(x.stage) AS stage FROM gdpr_internal.chunk AS x WHERE x.run = c.run AND x.state = 'pending') AS k
    WHERE r.run = c.run AND k.stage IS NOT NULL;
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.campaign_resume(gdpr_internal.run) IS
  'Takes up an approved campaign: the first stage (from here on people are asked with its form), the next one, or the one that was paused';

--| From here on everybody is asked with the form of the campaign, and links that accept another one are void.
CREATE OR REPLACE FUNCTION gdpr_internal.begin_asking(c gdpr_internal.campaign) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  at timestamptz;
BEGIN
  PERFORM gdpr_internal.lock_settings();
  PERFORM gdpr_internal.consent_purpose((c).purpose);
  at := clock_timestamp();
  PERFORM gdpr_internal.point_to_form((c).subject_type, (c).purpose, (c).form, (c).form_version, at);
  UPDATE gdpr_internal.campaign AS x SET asked_from = at WHERE x.run = (c).run;
END
$$;
COMMENT ON FUNCTION gdpr_internal.begin_asking(gdpr_internal.campaign) IS
  'Points everybody to the form of a campaign that begins';

--| Stops unless people are still asked with the form of the campaign: links to another text would accept nothing.
CREATE OR REPLACE FUNCTION gdpr_internal.require_asked_form(c gdpr_internal.campaign) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  asked gdpr_internal.current_form := gdpr_internal.asked_form((c).subject_type, (c).purpose);
BEGIN
  PERFORM gdpr_internal.consent_purpose((c).purpose);
  IF (asked.form, asked.version) IS DISTINCT FROM ((c).form, (c).form_version) THEN
    RAISE EXCEPTION 'people are asked with another form than that of campaign %', (c).run
      USING ERRCODE = 'object_not_in_prerequisite_state', DETAIL = format('Its form is "%s:%s".', (c).form, (c).form_version),
            HINT = 'Abort the campaign and plan another one with the new form, or run gdpr.set_consent_form() with its own.';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.require_asked_form(gdpr_internal.campaign) IS
  'Stops unless people are still asked with the form of the campaign';

--| Locks what is recorded about these people, and the rows of those about whom nothing is. People who may not be asked
--| are written down in the ledger; the others, all locked, are returned. Ask again in the next statement.
CREATE OR REPLACE FUNCTION gdpr_internal.hold_people(c gdpr_internal.campaign, chunk int, keys text[]) RETURNS text[]
-- by index: a hash would read all masks for each slice
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  s gdpr_internal.subject_type := gdpr_internal.subject((c).subject_type);
  held text[] := coalesce(gdpr_internal.hold_masks(s.subject_type, hold_people.keys), '{}');
  others text[];
BEGIN
  IF cardinality(held) = cardinality(hold_people.keys) THEN
    RETURN held;
  END IF;
  others := ARRAY(SELECT unnest(hold_people.keys) EXCEPT SELECT unnest(held));
  others := gdpr_internal.leave_out(c, hold_people.chunk, others);
  -- Nothing is recorded about them: their own row is the lock against an erasure, as for every first decision.
  others := ARRAY(
    SELECT r.key FROM gdpr_internal.query_as_owner(gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name),
      'SELECT p.key FROM ' || gdpr_internal.people_join(s.subject_type) || ' FOR KEY SHARE OF t', others) AS r(key text));
  others := gdpr_internal.leave_out(c, hold_people.chunk, others);
  IF cardinality(others) > 0 THEN
    PERFORM gdpr_internal.lock_masks(s.subject_type, others);
  END IF;
  RETURN held || others;
END
$$;
COMMENT ON FUNCTION gdpr_internal.hold_people(gdpr_internal.campaign, int, text[]) IS
  'Locks people against everything that may be recorded about them; who may not be asked is left out';

--| Writes down who may not be asked, and returns the others.
CREATE OR REPLACE FUNCTION gdpr_internal.leave_out(c gdpr_internal.campaign, chunk int, keys text[]) RETURNS text[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  result text[];
BEGIN
  IF cardinality(leave_out.keys) = 0 THEN
    RETURN '{}';
  END IF;
  WITH p AS MATERIALIZED (
    SELECT x.subject_key, x.reason FROM gdpr_internal.campaign_people(c, 'plan', leave_out.keys) AS x
  ), noted AS (
    INSERT INTO gdpr_internal.run_person AS n (run, chunk, subject_key, state, reason)
    SELECT (c).run, leave_out.chunk, p.subject_key, CASE WHEN p.reason IN ('frozen', 'missing') THEN p.reason ELSE 'skipped' END, p.reason
    FROM p WHERE p.reason IS NOT NULL
  )
  SELECT array_agg(p.subject_key) FILTER (WHERE p.reason IS NULL) INTO result FROM p;
  RETURN coalesce(result, '{}');
END
$$;
COMMENT ON FUNCTION gdpr_internal.leave_out(gdpr_internal.campaign, int, text[]) IS
  'Writes down in the ledger who may not be asked any more, and returns the others';

--| Asks people again who are locked: event, state, message, each once. Who may not be asked is left out.
CREATE OR REPLACE FUNCTION gdpr_internal.ask_people(c gdpr_internal.campaign, chunk int, keys text[]) RETURNS text[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  asked record;
  asked_at CONSTANT timestamptz := clock_timestamp();
  caller CONSTANT name := pg_get_userbyid(gdpr_internal.caller());
BEGIN
  WITH p AS MATERIALIZED (
    SELECT x.* FROM gdpr_internal.campaign_people(c, 'plan', ask_people.keys) AS x
  ), noted AS (
    INSERT INTO gdpr_internal.run_person AS n (run, chunk, subject_key, state, reason)
    SELECT (c).run, ask_people.chunk, p.subject_key, CASE WHEN p.reason IN ('frozen', 'missing') THEN p.reason ELSE 'skipped' END, p.reason
    FROM p WHERE p.reason IS NOT NULL
  ), new AS MATERIALIZED (
    SELECT nextval('gdpr_internal.consent_event_event_seq') AS number, p.* FROM p WHERE p.reason IS NULL
  ), ev AS (
    INSERT INTO gdpr_internal.consent_event (event, subject_type, subject_key, purpose, kind, state, prior_state, prior_updated_at,
      channel, form, form_version, form_digest, owner, at)
    SELECT w.number, (c).subject_type, w.subject_key, (c).purpose, 'reconsent_required', 'pending', w.state, w.updated_at,
      (c).channel, (c).form, (c).form_version, f.digest, caller, asked_at
    FROM new AS w, gdpr_internal.form AS f WHERE f.form = (c).form AND f.version = (c).form_version
  ), changed AS (
    -- the masks are locked, so nobody moves these rows
    UPDATE gdpr_internal.consent_state AS x SET state = 'pending', updated_at = NULL, form = (c).form, form_version = (c).form_version,
      event = w.number
    FROM new AS w WHERE x.ctid = w.place RETURNING 1
  ), added AS (
    INSERT INTO gdpr_internal.consent_state (subject_type, subject_key, purpose, state, medium, channel, form, form_version, event)
    SELECT (c).subject_type, w.subject_key, (c).purpose, 'pending', w.medium, w.channel, (c).form, (c).form_version, w.number
    FROM new AS w WHERE w.place IS NULL RETURNING 1
  ), sent AS (
    INSERT INTO gdpr_internal.message (message, run, kind, channel, valid_for)
    SELECT w.number, (c).run, 'reconsent', (c).channel, (c).valid_for FROM new AS w
  )
  SELECT array_agg(w.subject_key) AS keys, count(*) AS people, (SELECT count(*) FROM changed) + (SELECT count(*) FROM added) AS rows
  INTO asked FROM new AS w;
  IF asked.rows <> asked.people THEN
    RAISE EXCEPTION 'consents of % people were changed, not of %', asked.rows, asked.people USING ERRCODE = 'PD004';
  END IF;
  RETURN coalesce(asked.keys, '{}');
END
$$;
COMMENT ON FUNCTION gdpr_internal.ask_people(gdpr_internal.campaign, int, text[]) IS
  'Asks people again who are locked: one event, one state and one message each; returns who was asked';

--| Masks of people who were asked again. Whoever has no other record has the mask of everybody who is pending, worked out
--| once; the others are returned: theirs must be computed.
CREATE OR REPLACE FUNCTION gdpr_internal.refresh_asked(subject_type text, purpose text, keys text[]) RETURNS text[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
  k record := gdpr_internal.native_key(refresh_asked.subject_type, 'k.key');
  now_at CONSTANT timestamptz := clock_timestamp();
  m record;
  plain text[];
  others text[];
BEGIN
  -- What nobody of the type has is not looked up for each.
  IF EXISTS (SELECT FROM gdpr_internal.consent_state AS x WHERE x.subject_type = refresh_asked.subject_type AND x.purpose < refresh_asked.purpose)
     OR EXISTS (SELECT FROM gdpr_internal.consent_state AS x WHERE x.subject_type = refresh_asked.subject_type AND x.purpose > refresh_asked.purpose)
     OR EXISTS (SELECT FROM gdpr_internal.basis AS x WHERE x.subject_type = refresh_asked.subject_type)
     OR EXISTS (SELECT FROM gdpr_internal.objection AS x WHERE x.subject_type = refresh_asked.subject_type) THEN
    SELECT array_agg(u.key) FILTER (WHERE NOT u.other), array_agg(u.key) FILTER (WHERE u.other) INTO plain, others
    FROM (SELECT w.key,
        EXISTS (SELECT FROM gdpr_internal.consent_state AS x WHERE x.subject_type = refresh_asked.subject_type AND x.subject_key = w.key COLLATE "C"
                  AND x.purpose <> refresh_asked.purpose OFFSET 0)
        OR EXISTS (SELECT FROM gdpr_internal.basis AS x WHERE x.subject_type = refresh_asked.subject_type AND x.subject_key = w.key COLLATE "C" OFFSET 0)
        OR EXISTS (SELECT FROM gdpr_internal.objection AS x WHERE x.subject_type = refresh_asked.subject_type AND x.subject_key = w.key COLLATE "C" OFFSET 0)
        AS other
      FROM unnest(refresh_asked.keys) AS w(key)) AS u;
  ELSE
    plain := refresh_asked.keys;
  END IF;
  IF plain IS NOT NULL THEN
    EXECUTE gdpr_internal.masks_sql(refresh_asked.subject_type, gdpr_internal.first_fact_sql(refresh_asked.subject_type, 'pending', refresh_asked.purpose))
    INTO m USING now_at, now_at, NULL::timestamptz;
    EXECUTE format('UPDATE %s AS n SET allowed = $2, changeable = $3, valid_until = $4, later = $5 FROM unnest($1) AS k(key) WHERE (%s) = (%s)
        AND (n.allowed, n.changeable, n.valid_until, n.later) IS DISTINCT FROM ($2, $3, $4, $5)',
      gdpr_internal.allowed_table(refresh_asked.subject_type), k.columns, k.vals)
    USING plain, m.allowed, m.changeable, m.valid_until, m.later;
    PERFORM gdpr_internal.write_inline(refresh_asked.subject_type, plain);
  END IF;
  RETURN others;
END
$$;
COMMENT ON FUNCTION gdpr_internal.refresh_asked(text, text, text[]) IS
  'Writes the masks of people who were asked again and of whom nothing else is recorded; returns the others';

--| A slice of a campaign: everybody is looked at again under lock, nobody is touched who may not be asked any more.
CREATE OR REPLACE FUNCTION gdpr_internal.work_reconsent(target gdpr_internal.run, chunk int, keys text[]) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  c gdpr_internal.campaign;
  people text[];
  others text[];
BEGIN
  PERFORM gdpr_internal.hold_settings((target).subject_type);
  SELECT x.* INTO c FROM gdpr_internal.campaign AS x WHERE x.run = (target).run AND x.approved_by IS NOT NULL AND x.asked_from IS NOT NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'run % is no approved campaign', (target).run USING ERRCODE = '42501',
      HINT = 'gdpr.plan_campaign() plans one, gdpr.approve_campaign() approves it.';
  END IF;
  PERFORM gdpr_internal.require_asked_form(c);
  people := gdpr_internal.ask_people(c, work_reconsent.chunk, gdpr_internal.hold_people(c, work_reconsent.chunk, work_reconsent.keys));
  IF cardinality(people) > 0 THEN
    PERFORM gdpr_internal.unqueue_rejected(c.subject_type, people);
    others := gdpr_internal.refresh_asked(c.subject_type, c.purpose, people);
    IF others IS NOT NULL THEN
      PERFORM gdpr_internal.refresh_allowed(c.subject_type, others);
    END IF;
  END IF;
  RETURN jsonb_build_object('people', cardinality(people));
END
$$;
COMMENT ON FUNCTION gdpr_internal.work_reconsent(gdpr_internal.run, int, text[]) IS
  'Asks the people of a slice again; who may not be asked any more is written down and not touched';
