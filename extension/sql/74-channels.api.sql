-- SPDX-License-Identifier: PostgreSQL
-- Who may be written to: opt-outs by purpose and channel, the audience of a campaign, and what was sent.

--| Stops unless the purpose is NULL (all of them) or exists, or opt-outs from it do; '' for NULL.
CREATE OR REPLACE FUNCTION gdpr_internal.opt_out_purpose(purpose text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF opt_out_purpose.purpose IS NULL THEN
    RETURN '';
  ELSIF NOT EXISTS (SELECT FROM gdpr_internal.opt_out AS o WHERE o.purpose = opt_out_purpose.purpose) THEN
    PERFORM gdpr_internal.known_purpose(opt_out_purpose.purpose);
  END IF;
  RETURN opt_out_purpose.purpose;
END
$$;
COMMENT ON FUNCTION gdpr_internal.opt_out_purpose(text) IS 'A purpose as opt-outs keep it: the empty string is every one';

--| A person does not want to be written to: for a purpose or any, through a channel or any.
CREATE OR REPLACE FUNCTION gdpr.opt_out(
  subject_type text, subject_key text, channel text DEFAULT NULL, purpose text DEFAULT NULL, medium text DEFAULT NULL)
RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.opt_out(text, text, text, text, text) IS
  'Records that a person does not want to be written to (NULL: through any channel, for any purpose); the event''s number';

--| Behind gdpr.opt_out().
CREATE OR REPLACE FUNCTION gdpr_internal.opt_out(subject_type text, subject_key text, channel text, purpose text, medium text)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known_channel text := coalesce(gdpr_internal.check_channel(opt_out.channel), '');
  known_medium text := gdpr_internal.check_medium(opt_out.medium);
  known_purpose text := CASE WHEN opt_out.purpose IS NULL THEN '' ELSE (gdpr_internal.known_purpose(opt_out.purpose)).purpose END;
  person text := gdpr_internal.one_person(opt_out.subject_type, opt_out.subject_key);
  result bigint;
BEGIN
  SELECT o.event INTO result FROM gdpr_internal.opt_out AS o
  WHERE (o.subject_type, o.subject_key, o.purpose, o.channel) = (opt_out.subject_type, person, known_purpose, known_channel);
  IF FOUND THEN
    RAISE NOTICE 'the person has opted out of this already';
    RETURN result;
  END IF;
  result := gdpr_internal.right_event(opt_out.subject_type, person, 'opted_out', known_purpose, medium => known_medium,
                                      channel => nullif(known_channel, ''));
  INSERT INTO gdpr_internal.opt_out AS o (subject_type, subject_key, purpose, channel, since, event)
  VALUES (opt_out.subject_type, person, known_purpose, known_channel, statement_timestamp(), result);
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.opt_out(text, text, text, text, text) IS 'Behind gdpr.opt_out()';

--| A person wants to be written to again. It takes back what it names and anything narrower.
CREATE OR REPLACE FUNCTION gdpr.opt_in(
  subject_type text, subject_key text, channel text DEFAULT NULL, purpose text DEFAULT NULL, medium text DEFAULT NULL)
RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.opt_in(text, text, text, text, text) IS
  'Records that a person wants to be written to again (NULL: every channel, every purpose); the event''s number, NULL if nothing stood against it';

--| Behind gdpr.opt_in().
CREATE OR REPLACE FUNCTION gdpr_internal.opt_in(subject_type text, subject_key text, channel text, purpose text, medium text)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known_channel text := coalesce(gdpr_internal.check_channel(opt_in.channel), '');
  known_medium text := gdpr_internal.check_medium(opt_in.medium);
  known_purpose text := gdpr_internal.opt_out_purpose(opt_in.purpose);
  person text := gdpr_internal.one_person(opt_in.subject_type, opt_in.subject_key);
  wider boolean;
  result bigint;
BEGIN
  DELETE FROM gdpr_internal.opt_out AS o
  WHERE o.subject_type = opt_in.subject_type AND o.subject_key = person
    AND known_purpose IN ('', o.purpose) AND known_channel IN ('', o.channel);
  IF FOUND THEN
    result := gdpr_internal.right_event(opt_in.subject_type, person, 'opted_in', known_purpose, medium => known_medium,
                                        channel => nullif(known_channel, ''));
  END IF;
  -- Wider or beside it: from everything by e-mail, from the newsletter on any channel.
  SELECT count(*) > 0 INTO wider FROM gdpr_internal.opt_out AS o
  WHERE o.subject_type = opt_in.subject_type AND o.subject_key = person
    AND (o.purpose IN ('', known_purpose) OR known_purpose = '') AND (o.channel IN ('', known_channel) OR known_channel = '');
  IF wider AND result IS NULL THEN
    RAISE EXCEPTION 'the person has opted out of more than that' USING ERRCODE = '55000',
      DETAIL = 'An opt-out from every channel or every purpose would still stand against it.',
      HINT = 'If the person wants to be written to in general, leave channel and purpose out.';
  ELSIF wider THEN
    RAISE NOTICE 'the person has opted out of more than that and is still not written to';
  ELSIF result IS NULL THEN
    RAISE NOTICE 'the person has not opted out of this';
  END IF;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.opt_in(text, text, text, text, text) IS 'Behind gdpr.opt_in()';

--| Who does not want to be written to.
CREATE OR REPLACE VIEW gdpr.opt_outs AS
  SELECT o.subject_type, o.subject_key, NULLIF(o.purpose, '') AS purpose, NULLIF(o.channel, '') AS channel, o.since, o.event
  FROM gdpr_internal.opt_out AS o;
COMMENT ON VIEW gdpr.opt_outs IS 'People who opted out; purpose or channel NULL stands for every one';

--| The mask that holds now, of a row whose first one is over.
CREATE OR REPLACE FUNCTION gdpr_internal.allowed_now(allowed bigint, valid_until timestamptz, later bigint[]) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  today bigint := ((extract(epoch FROM statement_timestamp()) - 946684800) * 1000000)::bigint;
  result bigint := allowed_now.allowed;
BEGIN
  IF statement_timestamp() >= allowed_now.valid_until THEN
    FOR i IN 1 .. coalesce(cardinality(later), 0) BY 3 LOOP
      EXIT WHEN later[i] > today;
      result := later[i + 1];
    END LOOP;
  END IF;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.allowed_now(bigint, timestamptz, bigint[]) IS
  'The mask of allowed purposes that holds now, from a row of masks';

--| Stops unless the caller may send campaigns for the purpose.
CREATE OR REPLACE FUNCTION gdpr_internal.require_campaign(purpose text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  caller regrole := gdpr_internal.caller();
BEGIN
  IF NOT gdpr_internal.may_campaign(caller, require_campaign.purpose) THEN
    RAISE EXCEPTION 'role "%" may not send campaigns for purpose "%"',
        (SELECT r.rolname FROM pg_roles AS r WHERE r.oid = caller), require_campaign.purpose
      USING ERRCODE = '42501', HINT = format('The data protection officer decides: SELECT gdpr.grant_purpose(%L, %s, campaign => true).',
        require_campaign.purpose, quote_literal(caller::text));
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.require_campaign(text) IS 'Stops unless the caller may send campaigns for the purpose';

--| Children who may not be written to: no guardian stands behind the consent that counts.
CREATE OR REPLACE FUNCTION gdpr_internal.children_alone(subject_type text, purpose text, keys text[] DEFAULT NULL) RETURNS SETOF text
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  SELECT m.subject_key FROM gdpr_internal.minors($1, $3, statement_timestamp()) AS m
  WHERE NOT coalesce((
    SELECT c.state = 'accepted' AND e.guardian
      AND coalesce(least(c.valid_until, CASE WHEN c.purpose = '' THEN c.updated_at + p.validity END) > statement_timestamp(), true)
    FROM gdpr_internal.purpose AS p
    JOIN gdpr_internal.consent_state AS c ON c.subject_type = $1 AND c.subject_key = m.subject_key AND c.purpose IN (p.purpose, '')
    JOIN gdpr_internal.consent_event AS e ON e.event = c.event
    WHERE p.purpose = $2
    ORDER BY c.purpose DESC LIMIT 1), false)
$$;
COMMENT ON FUNCTION gdpr_internal.children_alone(text, text, text[]) IS
  'Children (of these people; NULL: of all) without a guardian''s consent to a purpose, or to everything where there is none to the purpose';

--| Who may be written to but for the suppression list: the masks decide, then whatever else stands against it.
CREATE OR REPLACE FUNCTION gdpr_internal.likely_audience(
  s gdpr_internal.subject_type, relation regclass, p gdpr_internal.purpose, channel text)
RETURNS text[]
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off AS $$
DECLARE
  bit bigint := 1::bigint << (p).bit;
  result text[];
BEGIN
  EXECUTE format(
    'SELECT coalesce(array_agg(x.key), ''{}'')
     FROM gdpr_internal.query_as_owner($1, $2) AS x(key text)
     LEFT JOIN (SELECT %1$s AS key, CASE WHEN n.valid_until > statement_timestamp() THEN n.allowed
         ELSE gdpr_internal.allowed_now(n.allowed, n.valid_until, n.later) END & $3 <> 0 AS allowed FROM %2$s AS n) AS m ON m.key = x.key
     WHERE coalesce(m.allowed, $4)
       AND NOT EXISTS (SELECT FROM gdpr_internal.opt_out AS o WHERE o.subject_type = $5 AND o.subject_key = x.key
                         AND o.purpose IN ($6, '''') AND o.channel IN ($7, ''''))
       AND NOT EXISTS (SELECT FROM gdpr_internal.restriction AS r WHERE r.subject_type = $5 AND r.subject_key = x.key)
       AND NOT EXISTS (SELECT FROM gdpr_internal.frozen AS f WHERE f.subject_type = $5 AND f.subject_key = x.key)
       AND NOT EXISTS (SELECT FROM gdpr_internal.children_alone($5, $6) AS c(key) WHERE c.key = x.key)',
    (gdpr_internal.native_key((s).subject_type, '')).literal, gdpr_internal.allowed_table((s).subject_type))
  INTO result
  USING relation::oid, format('SELECT %s FROM %s AS t', gdpr_internal.text_of((s).key), gdpr_internal.sql_name(relation)), bit,
    (SELECT c.default_allowed & bit <> 0 FROM gdpr_internal.consent_setting AS c WHERE c.subject_type = (s).subject_type),
    (s).subject_type, (p).purpose, likely_audience.channel;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.likely_audience(gdpr_internal.subject_type, regclass, gdpr_internal.purpose, text) IS
  'Who may be written to for a purpose through a channel, but for the suppression list';

--| The only road to a mailing list.
CREATE OR REPLACE FUNCTION gdpr.audience(subject_type text, purpose text, channel text) RETURNS SETOF text
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.audience(text, text, text) IS
  'Keys of the people who may be written to for a purpose through a channel now: nobody who opted out, is suppressed, '
  'restricted, frozen or a child without a guardian''s consent';

--| Behind gdpr.audience().
CREATE OR REPLACE FUNCTION gdpr_internal.audience(subject_type text, purpose text, channel text) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  p gdpr_internal.purpose := gdpr_internal.known_purpose(audience.purpose);
  s gdpr_internal.subject_type := gdpr_internal.subject(audience.subject_type);
  relation regclass := gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name, VARIADIC s.key);
  known_channel text := gdpr_internal.check_channel(audience.channel);
  likely text[];
BEGIN
  IF known_channel IS NULL THEN
    RAISE EXCEPTION 'the channel must not be null' USING ERRCODE = '22004';
  END IF;
  PERFORM gdpr_internal.consent_setting_of(s.subject_type), gdpr_internal.require_campaign(p.purpose);
  PERFORM gdpr_internal.require_same_owner(s.subject_type, relation, s.relation_oid, s.relation_owner);
  likely := gdpr_internal.likely_audience(s, relation, p, known_channel);
  IF gdpr_internal.suppressed_kinds(known_channel) = '{}' THEN
    RETURN QUERY SELECT k FROM unnest(likely) AS k;
  ELSE
    RETURN QUERY SELECT k FROM unnest(likely) AS k
    EXCEPT ALL
    SELECT x FROM gdpr_internal.suppressed_people(s.subject_type, likely, known_channel) AS x;
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.audience(text, text, text) IS 'Behind gdpr.audience()';

--| What was sent to whom: one event per person, each campaign once.
CREATE OR REPLACE FUNCTION gdpr.record_campaign(
  subject_type text, subject_keys text[], campaign text, purpose text, channel text) RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.record_campaign(text, text[], text, text, text) IS
  'Records that a campaign was sent to people; how many were recorded now (a person twice, or gone since, is not)';

--| Behind gdpr.record_campaign().
CREATE OR REPLACE FUNCTION gdpr_internal.record_campaign(
  subject_type text, subject_keys text[], campaign text, purpose text, channel text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  p gdpr_internal.purpose := gdpr_internal.known_purpose(record_campaign.purpose);
  s gdpr_internal.subject_type := gdpr_internal.subject(record_campaign.subject_type);
  known_channel text := gdpr_internal.check_channel(record_campaign.channel);
  caller name := pg_get_userbyid(gdpr_internal.caller());
  wanted text[];
  sent bigint[];
  new text[];
  number bigint;
BEGIN
  IF known_channel IS NULL OR coalesce(btrim(record_campaign.campaign), '') = '' THEN
    RAISE EXCEPTION 'a campaign needs a name and a channel' USING ERRCODE = '22004';
  END IF;
  PERFORM gdpr_internal.require_campaign(p.purpose);
  wanted := ARRAY(SELECT DISTINCT k FROM unnest(gdpr_internal.canonical_keys(s.subject_type, record_campaign.subject_keys)) AS k);
  -- two senders of one campaign take turns
  PERFORM pg_advisory_xact_lock(hashtextextended(format('gdpr campaign %s %s', s.subject_type, record_campaign.campaign), 0));
  sent := ARRAY(SELECT b.batch FROM gdpr_internal.consent_batch AS b
    WHERE b.action = 'campaign' AND b.subject_type = s.subject_type AND b.comment = record_campaign.campaign);
  new := ARRAY(
    SELECT r.key
    FROM gdpr_internal.query_as_owner(gdpr_internal.existing(s.subject_type, s.relation_schema, s.relation_name),
      'SELECT p.key FROM ' || gdpr_internal.people_join(s.subject_type), wanted) AS r(key text)
    WHERE NOT EXISTS (SELECT FROM gdpr_internal.frozen AS f WHERE f.subject_type = s.subject_type AND f.subject_key = r.key)
      -- OFFSET 0: by index, key for key
      AND NOT EXISTS (
        SELECT FROM gdpr_internal.consent_event AS e
        WHERE e.subject_type = s.subject_type AND e.subject_key = r.key AND e.kind = 'campaign_sent'
          AND e.batch = ANY (sent) AND e.purpose = p.purpose AND e.channel = known_channel OFFSET 0)
    ORDER BY 1);
  IF cardinality(new) < cardinality(wanted) THEN
    RAISE NOTICE '% of % people are not recorded: recorded before, or gone since', cardinality(wanted) - cardinality(new), cardinality(wanted);
  END IF;
  IF cardinality(new) = 0 THEN
    RETURN 0;
  END IF;
  INSERT INTO gdpr_internal.consent_batch AS b (subject_type, action, purpose, people, comment, app_user, owner, at)
  VALUES (s.subject_type, 'campaign', p.purpose, cardinality(new), record_campaign.campaign,
          nullif(current_setting('gdpr.app_user', true), ''), caller, clock_timestamp())
  RETURNING b.batch INTO number;
  INSERT INTO gdpr_internal.consent_event (subject_type, subject_key, purpose, kind, channel, owner, at, batch)
  SELECT s.subject_type, k, p.purpose, 'campaign_sent', known_channel, caller, clock_timestamp(), number FROM unnest(new) AS k;
  RETURN cardinality(new);
END
$$;
COMMENT ON FUNCTION gdpr_internal.record_campaign(text, text[], text, text, text) IS 'Behind gdpr.record_campaign()';

--| Campaign history per person.
CREATE OR REPLACE VIEW gdpr.campaigns AS
  SELECT b.comment AS campaign, e.subject_type, e.subject_key, e.purpose, e.channel, e.at, e.owner, b.app_user, e.event, e.batch
  FROM gdpr_internal.consent_event AS e
  JOIN gdpr_internal.consent_batch AS b ON b.batch OPERATOR(pg_catalog.=) e.batch
  WHERE e.kind OPERATOR(pg_catalog.=) 'campaign_sent';
COMMENT ON VIEW gdpr.campaigns IS 'What was sent to whom, when, for which purpose, through which channel and by whom';
