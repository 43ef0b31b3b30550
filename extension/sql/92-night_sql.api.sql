-- SPDX-License-Identifier: PostgreSQL
-- The part of the night that needs no program: upkeep of the audit log and its check, for pg_cron.

--| One step of CALL gdpr.night(), in a transaction of its own. An error is written down and does not keep
--| the others from being done.
CREATE OR REPLACE FUNCTION gdpr.night_step(night bigint, step text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  begun CONSTANT timestamptz := clock_timestamp();
  repeated CONSTANT boolean := night_step.step IN ('drain', 'seal');
  n bigint;
  code int := 0;
  remark text := '';
  former jsonb := (SELECT x.steps -> -1 FROM gdpr_internal.night AS x WHERE x.night = night_step.night);
  from_seal bigint;
  to_seal bigint;
  bad bigint;
  finding text;
BEGIN
  BEGIN
    CASE night_step.step
      WHEN 'partitions', 'seal', 'anchor' THEN n := gdpr.run_audit(night_step.step);
      WHEN 'drain' THEN n := gdpr.drain_access();
      WHEN 'expire_audit' THEN n := gdpr.expire_audit();
      WHEN 'expire_access' THEN n := gdpr.expire_access();
      WHEN 'expire_proofs' THEN n := gdpr.expire_proofs();
      WHEN 'expire_sign_ups' THEN n := gdpr.expire_sign_ups();
      WHEN 'verify' THEN
        SELECT x.from_seal, x.to_seal, x.bad, x.finding INTO from_seal, to_seal, bad, finding
        FROM gdpr.night_verify(night_step.night) AS x;
        n := coalesce(to_seal - from_seal + 1, 0);
        IF bad > 0 THEN
          code := 5;
          remark := 'THE AUDIT LOG IS NOT AS IT WAS SEALED: ' || finding;
        END IF;
    END CASE;
  EXCEPTION WHEN OTHERS THEN
    code := 3;
    remark := SQLSTATE;
  END;
  UPDATE gdpr_internal.night AS x SET steps =
    CASE WHEN former ->> 'step' = night_step.step THEN x.steps - -1 ELSE x.steps END || jsonb_build_object(
      'step', night_step.step, 'run', NULL, 'people', NULL,
      'done', CASE WHEN former ->> 'step' = night_step.step THEN (former ->> 'done')::bigint + coalesce(n, 0) ELSE n END,
      'failed', bad,
      'seconds', round(extract(epoch FROM clock_timestamp() - begun), 3), 'exit', code, 'note', remark)
  WHERE x.night = night_step.night;
  RETURN repeated AND code = 0 AND n > 0;
END
$$;
COMMENT ON FUNCTION gdpr.night_step(bigint, text) IS 'One step of gdpr.night(); true: there is more of it to do';

--| Ends a night of gdpr.night(): what failed becomes an error, so that pg_cron shows it.
CREATE OR REPLACE FUNCTION gdpr.night_close(night bigint, OUT exit_code int, OUT finding text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- 3, the database, is worse than 5, some failed.
  SELECT coalesce(min(s.code) FILTER (WHERE s.code > 0), 0),
         string_agg(s.body ->> 'step' || ': ' || (s.body ->> 'note'), '; ') FILTER (WHERE s.code > 0)
  INTO exit_code, finding
  FROM gdpr_internal.night AS n, jsonb_array_elements(n.steps) AS e(body), LATERAL (SELECT e.body, (e.body ->> 'exit')::int AS code) AS s
  WHERE n.night = night_close.night;
  PERFORM gdpr.night_end(night_close.night, night_close.exit_code);
  PERFORM pg_advisory_unlock(1734635634, hashtext('night'));
END
$$;
COMMENT ON FUNCTION gdpr.night_close(bigint) IS 'Ends a night of gdpr.night() and gives its lock back; the worst exit code of its steps and what they said';

--| The night for those who have no shell. It cannot pin search_path, since it commits: every name is given in full.
CREATE OR REPLACE PROCEDURE gdpr.night()
LANGUAGE plpgsql AS $$
DECLARE
  night pg_catalog.int8 := gdpr.night_begin('sql');
  step pg_catalog.text;
  again pg_catalog.bool;
  result record;
BEGIN
  COMMIT;
  FOREACH step IN ARRAY '{partitions,drain,seal,expire_audit,expire_access,anchor,expire_proofs,expire_sign_ups,verify}'::pg_catalog.text[]
  LOOP
    LOOP
      again := gdpr.night_step(night, step);
      COMMIT;
      EXIT WHEN NOT again;
    END LOOP;
  END LOOP;
  SELECT c.exit_code, c.finding INTO result FROM gdpr.night_close(night) AS c;
  COMMIT;
  IF result.exit_code OPERATOR(pg_catalog.>) 0 THEN
    RAISE EXCEPTION 'night % met errors', night
      USING DETAIL = result.finding, HINT = 'gdpr.nights shows every step.';
  END IF;
END
$$;
COMMENT ON PROCEDURE gdpr.night() IS
  'The part of a night that needs no program, a commit after each step: upkeep of the audit log, its check, and the end of what is kept';
