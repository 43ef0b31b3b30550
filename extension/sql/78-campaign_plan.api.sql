-- SPDX-License-Identifier: PostgreSQL
-- Plans of re-consent campaigns: checked, counted, stored with the list of people, approved by somebody else.

--| What is wrong with the words of a campaign; what is right about them.
CREATE OR REPLACE FUNCTION gdpr_internal.check_campaign(
  subject_type text, purpose text, form text, criteria jsonb, channel text, stages numeric[], valid_for interval)
RETURNS gdpr_internal.campaign
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  c gdpr_internal.campaign;
  f gdpr_internal.form := gdpr_internal.known_form(check_campaign.form);
BEGIN
  c.subject_type := (gdpr_internal.consent_setting_of(check_campaign.subject_type)).subject_type;
  c.purpose := (gdpr_internal.known_purpose(check_campaign.purpose)).purpose;
  c.purpose := gdpr_internal.consent_purpose(c.purpose);
  c.channel := gdpr_internal.check_channel(check_campaign.channel);
  IF f.form IS NULL OR c.channel IS NULL OR check_campaign.criteria IS NULL OR check_campaign.valid_for IS NULL
     OR array_position(check_campaign.stages, NULL) IS NOT NULL OR coalesce(cardinality(check_campaign.stages), 0) = 0 THEN
    RAISE EXCEPTION 'a campaign needs a form, a channel and how long links accept' USING ERRCODE = '22004',
      HINT = 'Name the text that people are asked with: terms:3.';
  ELSIF NOT isfinite(check_campaign.valid_for) OR check_campaign.valid_for <= '0'::interval THEN
    RAISE EXCEPTION 'a token must be valid for some time, and not for ever' USING ERRCODE = '22023',
      HINT = 'valid_for limits accepting only: withdrawing and unsubscribing works for ever.';
  ELSIF check_campaign.stages[cardinality(check_campaign.stages)] <> 100 OR EXISTS (
      SELECT FROM unnest(check_campaign.stages, 0::numeric || check_campaign.stages) AS s(until, since) WHERE s.until <= s.since) THEN
    RAISE EXCEPTION 'stages must rise to 100 per cent' USING ERRCODE = '22023', HINT = 'Write for example 1%,10%,100%.';
  ELSIF cardinality(check_campaign.stages) > 100 THEN
    RAISE EXCEPTION 'a campaign has at most 100 stages' USING ERRCODE = '22023', HINT = 'Write for example 1%,10%,100%.';
  END IF;
  c.form := f.form;
  c.form_version := f.version;
  c.criteria := gdpr_internal.check_criteria(check_campaign.criteria);
  c.stages := check_campaign.stages;
  c.valid_for := check_campaign.valid_for;
  RETURN c;
END
$$;
COMMENT ON FUNCTION gdpr_internal.check_campaign(text, text, text, jsonb, text, numeric[], interval) IS
  'Checks the words of a campaign';

--| At most one criterion, of the right type.
CREATE OR REPLACE FUNCTION gdpr_internal.check_criteria(criteria jsonb) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  word text;
BEGIN
  IF jsonb_typeof(criteria) = 'object' AND (SELECT count(*) <= 1 FROM jsonb_object_keys(criteria)) THEN
    SELECT k INTO word FROM jsonb_object_keys(criteria) AS k;
    IF word IS NULL OR word = 'no_proof' AND criteria->word = 'true' THEN
      RETURN criteria;
    ELSIF word = 'form_older_than' AND jsonb_typeof(criteria->word) = 'number' AND criteria->>word ~ '^[1-9][0-9]{0,8}$' THEN
      RETURN criteria;
    ELSIF word = 'accepted_before' AND jsonb_typeof(criteria->word) = 'string' THEN
      -- kept as a moment: what a session calls a date depends on its settings
      RETURN jsonb_build_object(word, (criteria->>word)::timestamptz);
    END IF;
  END IF;
  RAISE EXCEPTION 'not a criterion for a campaign' USING ERRCODE = '22023',
    HINT = 'Use one of {"accepted_before": "2025-01-01"}, {"form_older_than": 3}, {"no_proof": true}, or {} for everybody.';
END
$$;
COMMENT ON FUNCTION gdpr_internal.check_criteria(jsonb) IS 'The criterion of a campaign; 22023 for anything else';

--| What asking so many people takes: by the last campaigns here, else as measured where it was built.
CREATE OR REPLACE FUNCTION gdpr_internal.campaign_estimate(eligible bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  wal_per_person CONSTANT numeric := 1600;
  people_per_second CONSTANT numeric := 15000;
  known record;
BEGIN
  -- Small campaigns say more about their start than about their rate; a chunk of many minutes was interrupted.
  SELECT sum(w.people) / sum(w.seconds) AS rate, string_agg(w.run::text, ', ' ORDER BY w.run) AS runs INTO known
  FROM (
    SELECT k.run, sum(k.changed)::numeric AS people, (
        SELECT sum(extract(epoch FROM upper(u) - lower(u))) FROM unnest(range_agg(tstzrange(k.begun_at, k.done_at))) AS u) AS seconds
    FROM gdpr_internal.run AS r JOIN gdpr_internal.chunk AS k ON k.run = r.run
    WHERE r.job = 'reconsent' AND k.state = 'done' AND k.done_at > k.begun_at AND k.done_at < k.begun_at + interval '10 minutes'
    GROUP BY k.run HAVING sum(k.changed) >= 1000 ORDER BY k.run DESC LIMIT 5) AS w;
  RETURN jsonb_build_object('wal_bytes', ceil(eligible * wal_per_person)::bigint,
    'seconds', round(eligible / coalesce(known.rate, people_per_second), 1),
    'wal_from', 'measured when pg_gdpr was built',
    'seconds_from', coalesce('earlier runs of this database: ' || known.runs, 'measured when pg_gdpr was built'));
END
$$;
COMMENT ON FUNCTION gdpr_internal.campaign_estimate(bigint) IS
  'Write-ahead log and seconds for a campaign, and what they are estimated from';

--| Counts the people of a campaign by reason and, with a run, writes the list of those who are asked into the ledger. A
--| stage is a sample of everybody: who comes first is decided by a hash, not by who was first in the table.
CREATE OR REPLACE FUNCTION gdpr_internal.list_campaign(INOUT c gdpr_internal.campaign, chunk_rows int)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  counts record;
BEGIN
  WITH p AS MATERIALIZED (
    SELECT row_number() OVER () AS n, x.subject_key AS key, x.reason FROM gdpr_internal.campaign_people(c) AS x
  ), asked AS MATERIALIZED (
    SELECT p.n, p.key, CASE WHEN cardinality((c).stages) = 1 THEN 1 ELSE
        1 + width_bucket(row_number() OVER (ORDER BY hashtextextended(p.key, (c).run), p.n) - 1, (
          SELECT array_agg(ceil((SELECT count(*) FROM p WHERE p.reason IS NULL) * s / 100)::bigint ORDER BY s) FROM unnest((c).stages) AS s)) END AS stage
    FROM p WHERE p.reason IS NULL
  ), part AS MATERIALIZED (
    SELECT a.stage, a.part, array_agg(a.key ORDER BY a.n) AS keys, count(*) AS people
    FROM (SELECT a.*, (row_number() OVER (PARTITION BY a.stage ORDER BY a.n) - 1) / list_campaign.chunk_rows AS part FROM asked AS a) AS a
    GROUP BY a.stage, a.part
  ), listed AS (
    INSERT INTO gdpr_internal.chunk (run, chunk, stage, keys, people)
    SELECT (c).run, row_number() OVER (ORDER BY k.stage, k.part), k.stage, k.keys, k.people FROM part AS k WHERE (c).run IS NOT NULL
    RETURNING 1
  ), reached AS MATERIALIZED (
    SELECT a.key, k.key IS NOT NULL AS asked FROM gdpr_internal.audience((c).subject_type, (c).purpose, (c).channel) AS a(key)
    LEFT JOIN asked AS k ON k.key = a.key
  )
  SELECT (SELECT count(*) FROM p) AS people, (SELECT count(*) FROM asked) AS eligible, (SELECT count(*) FROM listed) AS chunks,
    (SELECT coalesce(jsonb_object_agg(e.reason, e.n), '{}') FROM (SELECT p.reason, count(*) AS n FROM p WHERE p.reason IS NOT NULL GROUP BY 1) AS e) AS excluded,
    (SELECT count(*) FROM reached) AS audience_before,
    (SELECT count(*) FROM reached AS r WHERE NOT r.asked)
      + (SELECT count(*) FROM gdpr_internal.stays_reachable(c, ARRAY(SELECT a.key FROM asked AS a)) AS y) AS audience_after
  INTO counts;
  IF counts.eligible > 0 AND (c).run IS NOT NULL THEN
    UPDATE gdpr_internal.run AS r SET people = counts.eligible, chunks = counts.chunks WHERE r.run = (c).run;
  END IF;
  c.people := counts.people;
  c.eligible := counts.eligible;
  c.excluded := counts.excluded;
  c.audience_before := counts.audience_before;
  c.audience_after := counts.audience_after;
  c.estimate := gdpr_internal.campaign_estimate(counts.eligible);
END
$$;
COMMENT ON FUNCTION gdpr_internal.list_campaign(gdpr_internal.campaign, int) IS
  'Counts the people of a campaign by reason and, where it has a run, writes the list of those who are asked into the ledger';

--| Who may still be written to for the purpose while pending: strict, by a basis of the person's own; crmcom, unless something refused stops it.
CREATE OR REPLACE FUNCTION gdpr_internal.stays_reachable(c gdpr_internal.campaign, keys text[]) RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT k.key FROM unnest($2) AS k(key)
  WHERE EXISTS (SELECT FROM gdpr_internal.basis AS b
      WHERE b.subject_type = ($1).subject_type AND b.subject_key = k.key COLLATE "C" AND b.purpose = ($1).purpose
        AND b.valid_from <= statement_timestamp() AND statement_timestamp() < b.valid_until)
    OR (SELECT s.mode = 'crmcom' FROM gdpr_internal.consent_setting AS s WHERE s.subject_type = ($1).subject_type)
      AND NOT EXISTS (SELECT FROM gdpr_internal.consent_state AS x
        WHERE x.subject_type = ($1).subject_type AND x.subject_key = k.key COLLATE "C" AND x.purpose <> ($1).purpose
          AND x.state IN ('rejected', 'withdrawn') AND gdpr_internal.consent_action_of(x.subject_type, x.state, x.purpose) <> 'full')
$$;
COMMENT ON FUNCTION gdpr_internal.stays_reachable(gdpr_internal.campaign, text[]) IS
  'Who of these may be processed for the purpose of a campaign while pending';

--| Plans a campaign.
CREATE OR REPLACE FUNCTION gdpr.plan_campaign(
  subject_type text, purpose text, form text, criteria jsonb DEFAULT '{}', channel text DEFAULT 'email',
  stages numeric[] DEFAULT '{100}', valid_for interval DEFAULT '30 days', chunk_rows int DEFAULT 10000, dry_run boolean DEFAULT false)
RETURNS TABLE (run bigint, people bigint, eligible bigint, excluded jsonb, audience_before bigint, audience_after bigint, estimate jsonb)
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.plan_campaign(text, text, text, jsonb, text, numeric[], interval, int, boolean) IS
  'Plans to ask people again with a form: who is asked, who is not and why, and what it takes. Not a dry run: stored under the number of a run, for gdpr.approve_campaign()';

--| Behind gdpr.plan_campaign().
CREATE OR REPLACE FUNCTION gdpr_internal.plan_campaign(
  subject_type text, purpose text, form text, criteria jsonb, channel text, stages numeric[], valid_for interval, chunk_rows int, dry_run boolean)
RETURNS TABLE (run bigint, people bigint, eligible bigint, excluded jsonb, audience_before bigint, audience_after bigint, estimate jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  c gdpr_internal.campaign;
BEGIN
  PERFORM gdpr_internal.require_campaign((gdpr_internal.known_purpose(plan_campaign.purpose)).purpose);
  IF plan_campaign.chunk_rows IS NULL OR plan_campaign.chunk_rows NOT BETWEEN 1 AND 100000 OR plan_campaign.dry_run IS NULL THEN
    RAISE EXCEPTION 'a chunk has between 1 and 100000 people' USING ERRCODE = '22023', HINT = 'The default is 10000.';
  END IF;
  c := gdpr_internal.check_campaign(plan_campaign.subject_type, plan_campaign.purpose, plan_campaign.form, plan_campaign.criteria,
    plan_campaign.channel, plan_campaign.stages, plan_campaign.valid_for);
  c.planned_by := pg_get_userbyid(gdpr_internal.caller());
  c.planned_session := session_user;
  c.planned_at := clock_timestamp();
  IF NOT plan_campaign.dry_run THEN
    INSERT INTO gdpr_internal.run AS r (job, subject_type, reason, state, options, started_by)
    VALUES ('reconsent', c.subject_type, format('re-consent: %s with %s:%s', c.purpose, c.form, c.form_version), 'planned',
      jsonb_build_object('chunk_rows', plan_campaign.chunk_rows), c.planned_by)
    RETURNING r.run INTO c.run;
  END IF;
  c := gdpr_internal.list_campaign(c, plan_campaign.chunk_rows);
  IF c.run IS NOT NULL THEN
    INSERT INTO gdpr_internal.campaign SELECT c.*;
  END IF;
  RETURN QUERY SELECT c.run, c.people, c.eligible, c.excluded, c.audience_before, c.audience_after, c.estimate;
END
$$;
COMMENT ON FUNCTION gdpr_internal.plan_campaign(text, text, text, jsonb, text, numeric[], interval, int, boolean) IS 'Behind gdpr.plan_campaign()';

--| The row of a campaign, locked; stops if there is none.
CREATE OR REPLACE FUNCTION gdpr_internal.known_campaign(run bigint) RETURNS gdpr_internal.campaign
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  c gdpr_internal.campaign;
BEGIN
  SELECT x.* INTO c FROM gdpr_internal.campaign AS x WHERE x.run = known_campaign.run FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'campaign % does not exist', known_campaign.run
      USING ERRCODE = 'undefined_object', HINT = 'gdpr.campaign_plans lists the campaigns.';
  END IF;
  RETURN c;
END
$$;
COMMENT ON FUNCTION gdpr_internal.known_campaign(bigint) IS 'The row of a campaign, locked';

--| A second role says yes.
CREATE OR REPLACE FUNCTION gdpr.approve_campaign(run bigint) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.approve_campaign(bigint) IS
  'Approves a planned campaign, as another role than the one that planned it; nobody is asked before';

--| Behind gdpr.approve_campaign().
CREATE OR REPLACE FUNCTION gdpr_internal.approve_campaign(run bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  c gdpr_internal.campaign := gdpr_internal.known_campaign(approve_campaign.run);
  caller name := pg_get_userbyid(gdpr_internal.caller());
  state text := (SELECT r.state FROM gdpr_internal.run AS r WHERE r.run = c.run);
BEGIN
  -- Neither by another login of the same role nor by another role of the same login.
  IF caller IN (c.planned_by, c.planned_session) OR session_user IN (c.planned_by, c.planned_session) THEN
    RAISE EXCEPTION 'campaign % must be approved by another role', c.run USING ERRCODE = '42501',
      DETAIL = format('"%s" planned it.', c.planned_by), HINT = 'Four eyes: let the data protection officer approve it.';
  ELSIF state <> 'planned' THEN
    RAISE EXCEPTION 'run % is %, not %', c.run, state, 'planned'
      USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'gdpr.runs lists the runs.';
  ELSIF c.approved_by IS NOT NULL THEN
    RAISE NOTICE 'campaign % is already approved', c.run;
    RETURN;
  END IF;
  UPDATE gdpr_internal.campaign AS x SET approved_by = caller, approved_at = clock_timestamp() WHERE x.run = c.run;
END
$$;
COMMENT ON FUNCTION gdpr_internal.approve_campaign(bigint) IS 'Behind gdpr.approve_campaign()';

--| Campaigns, planned and done.
CREATE OR REPLACE VIEW gdpr.campaign_plans AS
  SELECT c.run, c.subject_type, c.purpose, c.form || ':' || c.form_version AS form, c.criteria, c.channel, c.valid_for,
    r.state, r.stage, pg_catalog.cardinality(c.stages) AS last_stage, c.stages, c.people, c.eligible, c.excluded, k.asked,
    (SELECT COALESCE(pg_catalog.jsonb_object_agg(w.reason, w.n), '{}') FROM (
       SELECT COALESCE(p.reason, p.sqlstate, p.state) AS reason, pg_catalog.count(*) AS n FROM gdpr_internal.run_person AS p
       WHERE p.run OPERATOR(pg_catalog.=) c.run GROUP BY 1) AS w) AS left_out,
    c.audience_before, c.audience_after, c.estimate, c.planned_by, c.planned_at, c.approved_by, c.approved_at, c.asked_from, r.finished_at
  FROM gdpr_internal.campaign AS c JOIN gdpr_internal.run AS r ON r.run OPERATOR(pg_catalog.=) c.run
  CROSS JOIN LATERAL (SELECT COALESCE(pg_catalog.sum(x.changed), 0)::bigint AS asked
                      FROM gdpr_internal.chunk AS x WHERE x.run OPERATOR(pg_catalog.=) c.run) AS k;
COMMENT ON VIEW gdpr.campaign_plans IS
  'Re-consent campaigns: who was to be asked, who not and why, how many have been (asked), who had to be left out since the plan, by reason (left_out), and who planned and approved it';
