-- SPDX-License-Identifier: PostgreSQL
-- Random histories and campaigns over them. Laws: who has withdrawn, objected, is restricted, anonymized, suppressed, opted
-- out or a child alone when a slice comes is byte for byte as before; everybody else who is asked differs in the three fields
-- of R17 and nothing else; a campaign that is given up leaves the rest as they were; reasons and asked people add up to
-- everybody; a message goes out only to who may be asked at that moment. The seed is printed; SET gdpr_test.seed repeats it.
SET client_min_messages = error;
SELECT no_plan();
SELECT CASE WHEN coalesce(current_setting('gdpr_test.seed', true), '') = '' THEN (random() * 1000000)::int ELSE current_setting('gdpr_test.seed')::int END AS seed,
  coalesce(nullif(current_setting('gdpr_test.rounds', true), ''), '3')::int AS rounds \gset
\echo # seed :seed
SELECT setseed(:seed / 1000000.0) \g /dev/null
CREATE SCHEMA h;
CREATE TABLE h.person (code text PRIMARY KEY, email text, born date, note text);
CREATE TABLE h.other (code text, mail text);
INSERT INTO h.person SELECT 'c' || i, CASE WHEN i % 7 <> 0 THEN 'h' || i || '@example.org' END, CASE WHEN i % 11 = 0 THEN current_date - 3000 ELSE date '1970-05-05' END, 'x'
FROM generate_series(1, 90) AS i;
INSERT INTO h.other SELECT 'c' || i, 'o' || i || '@example.org' FROM generate_series(7, 90, 14) AS i;
SELECT gdpr.classify('h.person', 'email', 'email'), gdpr.classify('h.person', 'born', 'birth_date'), gdpr.classify('h.person', 'note', 'free_text'), gdpr.classify('h.other', 'mail', 'email') \g /dev/null
SELECT gdpr.register_subject('person', 'h.person'), gdpr.add_link('person', 'h.other', '{code}') \g /dev/null
SELECT gdpr.add_purpose('a', marketing => true), gdpr.add_purpose('b', validity => '1 day') \g /dev/null
SELECT gdpr.add_form('f', 'text ' || i) FROM generate_series(1, 40) AS i \g /dev/null
SELECT gdpr.set_consent_form('person', 'f:1') \g /dev/null
CREATE TABLE h.said (round int, law text, n bigint);

--| One thing that happens to somebody; what is not legal does not happen.
CREATE FUNCTION h.happen(k text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  p text := (ARRAY['a', 'a', 'a', 'b', NULL])[1 + floor(random() * 5)];
BEGIN
  CASE floor(random() * 16)::int
    WHEN 0, 1, 2 THEN PERFORM gdpr.record_consent('person', k, 'accepted', p, 'email', guardian => CASE WHEN random() < 0.5 THEN 'the mother' END);
    WHEN 3, 4 THEN PERFORM gdpr.record_consent('person', k, 'rejected', p, 'email');
    WHEN 5, 6 THEN PERFORM gdpr.record_consent('person', k, 'withdrawn', p, 'email');
    WHEN 7 THEN PERFORM gdpr.record_objection('person', k, 'a');
    WHEN 8 THEN PERFORM gdpr.withdraw_objection('person', k, 'a');
    WHEN 9 THEN PERFORM gdpr.restrict('person', k);
    WHEN 10 THEN PERFORM gdpr.lift_restriction('person', k);
    WHEN 11 THEN PERFORM gdpr.opt_out('person', k, (ARRAY['email', 'sms', NULL])[1 + floor(random() * 3)], p);
    WHEN 12 THEN PERFORM gdpr.opt_in('person', k);
    WHEN 13 THEN PERFORM gdpr.suppress('email', email, 'test') FROM h.person WHERE code = k AND email IS NOT NULL AND random() < 0.4;
    WHEN 14 THEN PERFORM gdpr.anonymize_subject('person', k, 'test', 'keep') WHERE random() < 0.2;
    ELSE IF random() < 0.15 THEN DELETE FROM h.person WHERE code = k; ELSE UPDATE h.person SET email = CASE WHEN random() < 0.5 THEN 'n' || code || '@example.org' END WHERE code = k AND random() < 0.3; END IF;
  END CASE;
EXCEPTION WHEN OTHERS THEN
  NULL;
END $$;

--| Who must not be asked about purpose a by e-mail, from the tables it is in, by other words than the product's.
CREATE FUNCTION h.untouchable(children boolean DEFAULT true) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT f.subject_key FROM gdpr_internal.frozen AS f
  UNION SELECT c.subject_key FROM gdpr.consent AS c WHERE c.purpose = 'a' AND c.state = 'withdrawn'
  UNION SELECT c.subject_key FROM gdpr_internal.consent_state AS c WHERE c.purpose = 'a' AND c.state = 'withdrawn'
  UNION SELECT o.subject_key FROM gdpr_internal.objection AS o WHERE o.purpose = 'a' AND NOT o.overruled
  UNION SELECT r.subject_key FROM gdpr_internal.restriction AS r
  UNION SELECT o.subject_key FROM gdpr.opt_outs AS o WHERE coalesce(o.purpose, 'a') = 'a' AND coalesce(o.channel, 'email') = 'email'
  UNION SELECT p.code FROM h.person AS p WHERE gdpr.is_suppressed('email', p.email)
  UNION SELECT c.subject_key FROM gdpr.children('person') AS c WHERE children AND NOT EXISTS (
    SELECT FROM gdpr_internal.consent_state AS s JOIN gdpr_internal.consent_event AS e USING (event)
    WHERE s.subject_key = c.subject_key AND s.state = 'accepted' AND e.guardian AND s.purpose = (
      SELECT max(x.purpose) FROM gdpr_internal.consent_state AS x WHERE x.subject_key = c.subject_key AND x.purpose IN ('a', '')))
$$;

CREATE FUNCTION h.campaign(round int) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  r bigint;
  plan record;
  l record;
  last_event bigint;
  keys text[];
BEGIN
  SELECT * INTO plan FROM gdpr.plan_campaign('person', 'a', 'f:' || round + 1, stages => (ARRAY['{100}', '{20,100}', '{5,50,100}'])[1 + floor(random() * 3)]::numeric[],
    chunk_rows => 1 + floor(random() * 40)::int);
  r := plan.run;
  INSERT INTO h.said SELECT round, 'reasons and asked people are everybody', (SELECT count(*) FROM h.person) - plan.eligible - coalesce(sum(v::bigint), 0) FROM jsonb_each_text(plan.excluded) AS e(w, v);
  INSERT INTO h.said SELECT round, 'nobody is planned who must not be asked', count(*) FROM gdpr_internal.chunk AS c, unnest(c.keys) AS k WHERE c.run = r AND k IN (SELECT h.untouchable());
  UPDATE gdpr_internal.campaign AS c SET approved_by = 'somebody', approved_at = now() WHERE c.run = r;
  IF random() < 0.7 THEN
    PERFORM h.happen(code) FROM h.person WHERE random() < 0.3;
  END IF;
  LOOP
    PERFORM gdpr.run_resume('person', r, 'reconsent');
    LOOP
      SELECT * INTO l FROM gdpr.run_lease(r, 1 + floor(random() * 20)::int);
      EXIT WHEN l.chunk IS NULL;
      SELECT c.keys[l.first:l.last] INTO keys FROM gdpr_internal.chunk AS c WHERE c.run = r AND c.chunk = l.chunk;
      TRUNCATE h.was, h.no;
      INSERT INTO h.was SELECT * FROM gdpr_internal.consent_state;
      INSERT INTO h.no SELECT h.untouchable();
      last_event := (SELECT coalesce(max(event), 0) FROM gdpr_internal.consent_event);
      PERFORM gdpr.run_work(r, l.chunk, l.first, l.last), gdpr.run_slice_done(r, l.chunk, l.last, 1);
      INSERT INTO h.said
      SELECT round, 'who must not be asked is byte for byte as before', count(*) FROM (
        (SELECT * FROM h.was WHERE subject_key IN (TABLE h.no) EXCEPT SELECT * FROM gdpr_internal.consent_state)
        UNION ALL (SELECT * FROM gdpr_internal.consent_state WHERE subject_key IN (TABLE h.no) EXCEPT TABLE h.was)) AS d
      UNION ALL SELECT round, 'nor has an event', count(*) FROM gdpr_internal.consent_event AS e WHERE e.event > last_event AND e.subject_key IN (TABLE h.no)
      UNION ALL SELECT round, 'who is not in the slice is as before', count(*) FROM (
        (SELECT * FROM h.was WHERE subject_key <> ALL (keys) EXCEPT SELECT * FROM gdpr_internal.consent_state)
        UNION ALL (SELECT * FROM gdpr_internal.consent_state WHERE subject_key <> ALL (keys) EXCEPT TABLE h.was)) AS d
      UNION ALL SELECT round, 'who is asked differs in three fields', count(*) FROM gdpr_internal.consent_state AS s
        JOIN gdpr_internal.consent_event AS e ON e.event = s.event AND e.event > last_event
        LEFT JOIN h.was AS w ON (w.subject_key, w.purpose) = (s.subject_key, s.purpose)
        WHERE NOT ((s.state, s.form, s.form_version) = ('pending', 'f', round + 1) AND s.updated_at IS NULL AND s.purpose = 'a' AND e.kind = 'reconsent_required'
          AND (w.event IS NULL OR (s.valid_until, s.medium, s.channel) IS NOT DISTINCT FROM (w.valid_until, w.medium, w.channel)
               AND (e.prior_state, e.prior_updated_at) IS NOT DISTINCT FROM (w.state, w.updated_at)))
      UNION ALL SELECT round, 'each has one event and one message', count(*) FROM (
        SELECT e.subject_key FROM gdpr_internal.consent_event AS e LEFT JOIN gdpr_internal.message AS m ON m.message = e.event AND m.run = r AND m.state = 'waiting'
        WHERE e.event > last_event GROUP BY 1 HAVING count(*) <> 1 OR count(m.message) <> 1) AS d
      UNION ALL SELECT round, 'people of the slice are asked or noted', cardinality(keys)
        - (SELECT count(*) FROM gdpr_internal.consent_event AS e WHERE e.event > last_event AND e.subject_key = ANY (keys))
        - (SELECT count(*) FROM gdpr_internal.run_person AS p WHERE p.run = r AND p.subject_key = ANY (keys));
      IF random() < 0.3 THEN
        PERFORM h.happen(code) FROM h.person WHERE random() < 0.1;
      END IF;
      IF random() < 0.08 THEN
        TRUNCATE h.was;
        INSERT INTO h.was SELECT * FROM gdpr_internal.consent_state;
        PERFORM gdpr.run_cancel(r);
        INSERT INTO h.said SELECT round, 'given up, it leaves the rest as they were', count(*) FROM (
          (TABLE h.was EXCEPT SELECT * FROM gdpr_internal.consent_state) UNION ALL (SELECT * FROM gdpr_internal.consent_state EXCEPT TABLE h.was)) AS d
        UNION ALL SELECT round, 'and forgets their keys', count(*) FROM gdpr_internal.chunk AS c WHERE c.run = r AND c.keys <> '{}';
        RETURN;
      END IF;
    END LOOP;
    EXIT WHEN gdpr.run_finish(r) = 'finished';
  END LOOP;
END $$;
CREATE TABLE h.was (LIKE gdpr_internal.consent_state);
CREATE TABLE h.no (key text);

--| Messages that go out go to who may be asked now and has not answered.
CREATE FUNCTION h.post(round int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  TRUNCATE h.no;
  -- A child whose guardian had accepted was asked again: the guardian answers.
  INSERT INTO h.no SELECT h.untouchable(false);
  CREATE TEMP TABLE taken AS SELECT * FROM gdpr.take_messages(1 + floor(random() * 60)::int);
  INSERT INTO h.said SELECT round, 'no message to who must not be asked', count(*) FROM taken WHERE subject_key IN (TABLE h.no)
    UNION ALL SELECT round, 'none to who has answered', count(*) FROM taken AS t JOIN gdpr.consent AS c ON c.subject_key = t.subject_key AND c.purpose = 'a' WHERE c.state <> 'pending'
    UNION ALL SELECT round, 'each with an address of the person', count(*) FROM taken AS t WHERE NOT EXISTS (
      SELECT FROM h.person AS p WHERE p.code = t.subject_key AND p.email = t.address UNION ALL SELECT FROM h.other AS o WHERE o.code = t.subject_key AND o.mail = t.address);
  PERFORM gdpr.redeem_token(token, (ARRAY['accepted', 'rejected', 'unsubscribed'])[1 + floor(random() * 3)], guardian => 'the father') FROM taken WHERE random() < 0.5;
  PERFORM gdpr.message_sent(ARRAY(SELECT message FROM taken WHERE random() < 0.8));
  DROP TABLE taken;
END $$;
SELECT h.happen(code) FROM h.person, generate_series(1, 4) \g /dev/null
SELECT h.campaign(i), h.post(i), (SELECT count(h.happen(code)) FROM h.person WHERE random() < 0.4 AND i > 0) FROM generate_series(1, :rounds) AS i \g /dev/null
SELECT is(sum(abs(n)), 0::numeric, format('%s (%s times, seed %s)', law, count(*), :seed)) FROM h.said GROUP BY law ORDER BY law;
SELECT ok((SELECT count(*) FROM gdpr_internal.consent_event WHERE kind = 'reconsent_required') > 5, 'some were asked');
CREATE TABLE h.masks AS TABLE gdpr_internal.person_allowed;
SELECT gdpr_internal.refresh_allowed('person', NULL) \g /dev/null
SELECT is_empty('(TABLE h.masks EXCEPT TABLE gdpr_internal.person_allowed) UNION ALL (TABLE gdpr_internal.person_allowed EXCEPT TABLE h.masks)', 'masks are those that are computed anew');
SELECT * FROM finish();
DROP SCHEMA h CASCADE;
