-- SPDX-License-Identifier: PostgreSQL
-- What the tests of retention share: the dry run and the run as gdpr-batch does them, in small pages.
CREATE SCHEMA walk;

CREATE FUNCTION walk.preview(subject_type text, OUT band text, OUT outcome text, OUT people bigint) RETURNS SETOF record
LANGUAGE plpgsql AS $$
DECLARE
  page record;
  after text[];
  counts jsonb := '[]';
  taken_back bigint := 0;
BEGIN
  LOOP
    SELECT * INTO page FROM gdpr.run_retention_page(preview.subject_type, after, 13, true);
    EXIT WHEN page.last IS NULL;
    after := page.last;
    counts := counts || page.counts;
    taken_back := taken_back + page.taken_back;
  END LOOP;
  RETURN QUERY SELECT c->>0, c->>1, sum((c->>2)::bigint)::bigint FROM jsonb_array_elements(counts) AS c GROUP BY 1, 2
    UNION ALL SELECT NULL, 'taken back', taken_back WHERE taken_back > 0;
END
$$;

-- The dry run in one line: outcome and people.
CREATE FUNCTION walk.would(subject_type text) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(outcome || ' ' || n, ', ' ORDER BY outcome COLLATE "C") FROM (
    SELECT outcome, sum(people) AS n FROM walk.preview($1) GROUP BY outcome) AS o
$$;

CREATE FUNCTION walk.work(run bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  lease record;
BEGIN
  LOOP
    SELECT * INTO lease FROM gdpr.run_lease(work.run, 9);
    EXIT WHEN lease.chunk IS NULL;
    PERFORM gdpr.run_work(work.run, lease.chunk, lease.first, lease.last);
    PERFORM gdpr.run_slice_done(work.run, lease.chunk, lease.last, 1);
  END LOOP;
  PERFORM gdpr.run_finish(work.run);
END
$$;

CREATE FUNCTION walk.plan(subject_type text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  run bigint := gdpr.run_start(subject_type, 'retention', job => 'retention');
  page record;
  after text[];
BEGIN
  LOOP
    SELECT * INTO page FROM gdpr.run_retention_page(plan.subject_type, after, 17);
    EXIT WHEN page.last IS NULL;
    after := page.last;
    PERFORM gdpr.run_add_keys(run, page.keys) WHERE page.keys <> '{}';
  END LOOP;
  PERFORM gdpr.run_ready(run);
  RETURN run;
END
$$;

-- What a run did, in one line.
CREATE FUNCTION walk.did(run bigint) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(what || ' ' || n, ', ' ORDER BY what COLLATE "C") FROM (
    SELECT relation AS what, rows AS n FROM gdpr.run_rows AS r WHERE r.run = $1
    UNION ALL SELECT p.state, count(*) FROM gdpr.run_people AS p WHERE p.run = $1 GROUP BY 1) AS d
$$;

CREATE FUNCTION walk.go(subject_type text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  run bigint := walk.plan(subject_type);
BEGIN
  PERFORM walk.work(run);
  RETURN walk.did(run);
END
$$;

-- gdpr-batch anonymize --due
CREATE FUNCTION walk.erase(subject_type text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  run bigint := gdpr.run_start(subject_type, 'queued erasure was due', options => '{"source": "due"}');
  page record;
  after text[];
BEGIN
  LOOP
    SELECT * INTO page FROM gdpr.run_candidates(erase.subject_type, 'due', after, 100);
    EXIT WHEN page.last IS NULL;
    after := page.last;
    PERFORM gdpr.run_add_keys(run, page.keys);
  END LOOP;
  PERFORM gdpr.run_ready(run);
  PERFORM gdpr_internal.immediate_constraints();
  PERFORM walk.work(run);
  RETURN run;
END
$$;
