-- SPDX-License-Identifier: PostgreSQL
-- What people's data may be processed for, and which roles may do so. Neither a table's owner nor the
-- session decides on that: the functions here are the DPO's and superusers', by module 91.

--| Row of a purpose; stops if it does not exist.
CREATE OR REPLACE FUNCTION gdpr_internal.known_purpose(purpose text) RETURNS gdpr_internal.purpose
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  result gdpr_internal.purpose;
BEGIN
  IF known_purpose.purpose IS NULL THEN
    RAISE EXCEPTION 'the purpose must not be null' USING ERRCODE = '22004';
  END IF;
  SELECT p.* INTO result FROM gdpr_internal.purpose AS p WHERE p.purpose = known_purpose.purpose;
  IF NOT FOUND THEN
    -- not quoted: whoever confuses the arguments passes a person's key
    RAISE EXCEPTION 'this purpose does not exist' USING ERRCODE = '42704',
      HINT = format('Purposes are: %s. gdpr.add_purpose() declares one.', (
        SELECT string_agg(k.purpose, ', ' ORDER BY k.bit)
        FROM (SELECT p.purpose, p.bit FROM gdpr_internal.purpose AS p ORDER BY p.bit LIMIT 20) AS k));
  END IF;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.known_purpose(text) IS 'Row of a purpose; stops if it does not exist';

--| For changes that touch everybody's mask: writers of consent wait until they are committed.
CREATE OR REPLACE FUNCTION gdpr_internal.lock_settings() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  t text;
BEGIN
  -- With an old snapshot, rows that others have written meanwhile would keep their old masks.
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'settings of consent can only be changed in a READ COMMITTED transaction'
      USING ERRCODE = 'active_sql_transaction',
            DETAIL = format('The isolation level is %s.', current_setting('transaction_isolation')),
            HINT = 'Start the transaction with BEGIN ISOLATION LEVEL READ COMMITTED.';
  END IF;
  LOCK TABLE gdpr_internal.purpose IN SHARE ROW EXCLUSIVE MODE;
  FOR t IN
    SELECT format('gdpr_internal.%I', s.subject_type || '_allowed') FROM gdpr_internal.subject_type AS s
    WHERE gdpr_internal.resolve('gdpr_internal', s.subject_type || '_allowed') IS NOT NULL ORDER BY s.subject_type
  LOOP
    EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', t);
  END LOOP;
  -- A writer whose snapshot is older than this change must not go on with it: see lock_masks().
  UPDATE gdpr_internal.consent_setting SET mode = mode;
END
$$;
COMMENT ON FUNCTION gdpr_internal.lock_settings() IS
  'Locks the masks of all subject types, in one order, before a change that concerns them all';

--| Every mask of every subject type anew.
CREATE OR REPLACE FUNCTION gdpr_internal.refresh_masks() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  t text;
BEGIN
  FOR t IN SELECT s.subject_type FROM gdpr_internal.subject_type AS s
           WHERE gdpr_internal.resolve('gdpr_internal', s.subject_type || '_allowed') IS NOT NULL ORDER BY s.subject_type LOOP
    PERFORM gdpr_internal.refresh_allowed(t, NULL);
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.refresh_masks() IS 'Computes every mask of every subject type anew';

--| Stops if a purpose cannot be declared like that.
CREATE OR REPLACE FUNCTION gdpr_internal.check_purpose(wanted gdpr_internal.purpose) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  bases CONSTANT text[] := '{consent,contract,legal_obligation,vital_interests,public_task,legitimate_interests}';
  strange text;
BEGIN
  IF wanted.purpose IS NULL OR wanted.lawful_basis IS NULL OR wanted.marketing IS NULL OR wanted.profiling IS NULL THEN
    RAISE EXCEPTION 'name, lawful basis and flags of a purpose must not be null' USING ERRCODE = '22004';
  ELSIF wanted.purpose !~ '^[a-z][a-z0-9_-]{0,62}$' THEN
    RAISE EXCEPTION 'not a name for a purpose' USING ERRCODE = '22023',
      HINT = 'A name begins with a letter and has up to 63 lower-case letters a-z, digits, _ and -.';
  ELSIF wanted.lawful_basis <> ALL (bases) THEN
    RAISE EXCEPTION 'unknown lawful basis' USING ERRCODE = '22023',
      HINT = format('Lawful bases (Art. 6) are: %s.', array_to_string(bases, ', '));
  ELSIF wanted.validity <= '0'::interval THEN
    RAISE EXCEPTION 'the validity of a purpose must be longer than nothing' USING ERRCODE = '22023',
      HINT = 'Write for example ''2 years''; NULL means that an acceptance does not lapse.';
  ELSIF wanted.validity IS NOT NULL AND wanted.lawful_basis <> 'consent' THEN
    RAISE EXCEPTION 'only acceptances lapse, and this purpose does not rest on consent' USING ERRCODE = '22023',
      HINT = 'Leave the validity out, or use lawful_basis => ''consent''.';
  ELSIF array_position(wanted.kinds, NULL) IS NOT NULL THEN
    RAISE EXCEPTION 'a kind must not be null' USING ERRCODE = '22004';
  END IF;
  SELECT k INTO strange FROM unnest(wanted.kinds) AS k
  WHERE NOT EXISTS (SELECT FROM gdpr.kinds AS known WHERE known.kind = k) LIMIT 1;
  IF strange IS NOT NULL THEN
    RAISE EXCEPTION 'unknown kind "%"', strange USING ERRCODE = '42704', HINT = 'gdpr.kinds lists all kinds.';
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.check_purpose(gdpr_internal.purpose) IS 'Stops if a purpose cannot be declared like that';

--| Declares a purpose.
CREATE OR REPLACE FUNCTION gdpr.add_purpose(
  purpose text, lawful_basis text DEFAULT 'consent', description text DEFAULT NULL, validity interval DEFAULT NULL,
  kinds text[] DEFAULT NULL, marketing boolean DEFAULT false, profiling boolean DEFAULT false)
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known gdpr_internal.purpose;
  wanted gdpr_internal.purpose;
BEGIN
  wanted.purpose := add_purpose.purpose;
  wanted.lawful_basis := add_purpose.lawful_basis;
  wanted.description := add_purpose.description;
  wanted.validity := add_purpose.validity;
  wanted.kinds := CASE WHEN add_purpose.kinds IS NOT NULL THEN
    ARRAY(SELECT DISTINCT k FROM unnest(add_purpose.kinds) AS k ORDER BY k) END;
  wanted.marketing := add_purpose.marketing;
  wanted.profiling := add_purpose.profiling;
  PERFORM gdpr_internal.check_purpose(wanted), gdpr_internal.lock_settings();
  SELECT p.* INTO known FROM gdpr_internal.purpose AS p WHERE p.purpose = wanted.purpose;
  IF FOUND THEN
    IF (known.lawful_basis, known.marketing, known.profiling) = (wanted.lawful_basis, wanted.marketing, wanted.profiling)
       AND ROW(known.description, known.validity, known.kinds)
           IS NOT DISTINCT FROM ROW(wanted.description, wanted.validity, wanted.kinds) THEN
      RAISE NOTICE 'purpose "%" is already declared', wanted.purpose;
      RETURN;
    END IF;
    RAISE EXCEPTION 'purpose "%" is already declared differently', wanted.purpose USING ERRCODE = '42710',
      DETAIL = format('It rests on %s%s.', known.lawful_basis, CASE WHEN known.marketing THEN ', for marketing' ELSE '' END),
      HINT = CASE WHEN known.bit = 0 THEN 'This purpose is built in; choose another name.'
        ELSE format('Consent holds for what was declared: choose another name, or run SELECT gdpr.drop_purpose(%L) first.', wanted.purpose) END;
  END IF;
  -- A bit above all that are in use where there is one: it is the least likely to be in anybody's way.
  SELECT b INTO wanted.bit FROM generate_series(1, 62) AS b
  WHERE NOT EXISTS (SELECT FROM gdpr_internal.purpose AS p WHERE p.bit = b)
  ORDER BY b < (SELECT max(p.bit) FROM gdpr_internal.purpose AS p), b LIMIT 1;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there are 62 purposes already' USING ERRCODE = 'program_limit_exceeded',
      HINT = 'gdpr.purposes lists them; gdpr.drop_purpose() gives one up.';
  END IF;
  wanted.declared_at := clock_timestamp();  -- after every consent of this very statement
  INSERT INTO gdpr_internal.purpose SELECT wanted.*;
  PERFORM gdpr_internal.refresh_masks();
END
$$;
COMMENT ON FUNCTION gdpr.add_purpose(text, text, text, interval, text[], boolean, boolean) IS
  'Declares a purpose with its lawful basis, how long an acceptance holds, and the kinds that masked views show in clear';

--| Gives up a purpose. What opened it goes; refusals, objections and opt-outs stay and meet a purpose of
--| that name again.
CREATE OR REPLACE FUNCTION gdpr.drop_purpose(purpose text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known gdpr_internal.purpose;
BEGIN
  PERFORM gdpr_internal.lock_settings();
  known := gdpr_internal.known_purpose(drop_purpose.purpose);
  IF known.bit = 0 THEN
    RAISE EXCEPTION 'purpose "%" is built in and cannot be dropped', known.purpose USING ERRCODE = '42809',
      HINT = 'It lets the back office find people who refused everything else.';
  END IF;
  DELETE FROM gdpr_internal.purpose AS p WHERE p.purpose = known.purpose;
  DELETE FROM gdpr_internal.purpose_grant AS g WHERE g.purpose = known.purpose;
  DELETE FROM gdpr_internal.consent_action AS a WHERE a.purpose = known.purpose;
  DELETE FROM gdpr_internal.current_form AS f WHERE f.purpose = known.purpose;
  DELETE FROM gdpr_internal.basis AS b WHERE b.purpose = known.purpose;
  DELETE FROM gdpr_internal.retention AS r WHERE r.purpose = known.purpose;
  DELETE FROM gdpr_internal.consent_state AS c WHERE c.purpose = known.purpose AND c.state IN ('pending', 'accepted');
  -- Under the locks: from here on no mask carries its bit, and another purpose may have it.
  PERFORM gdpr_internal.refresh_masks();
END
$$;
COMMENT ON FUNCTION gdpr.drop_purpose(text) IS
  'Gives up a purpose with its acceptances, bases, grants and settings; history, refusals, objections and opt-outs stay';

--| Lets a role process people's data for a purpose.
CREATE OR REPLACE FUNCTION gdpr.grant_purpose(purpose text, role regrole, campaign boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known gdpr_internal.purpose := gdpr_internal.known_purpose(grant_purpose.purpose);
  role_name name := (SELECT r.rolname FROM pg_roles AS r WHERE r.oid = grant_purpose.role);
  had boolean;
BEGIN
  IF role_name IS NULL OR grant_purpose.campaign IS NULL THEN
    RAISE EXCEPTION 'a grant needs a role' USING ERRCODE = '22004', HINT = 'Name an existing role.';
  END IF;
  -- The grant carries the purpose's bit: the purpose must not be dropped, and its bit given away, meanwhile.
  SELECT p.bit INTO known.bit FROM gdpr_internal.purpose AS p WHERE p.purpose = known.purpose FOR SHARE;
  IF NOT FOUND THEN
    known := gdpr_internal.known_purpose(grant_purpose.purpose);
  END IF;
  INSERT INTO gdpr_internal.purpose_grant AS g (purpose, role, campaign, bit)
  VALUES (known.purpose, role_name, grant_purpose.campaign, known.bit) ON CONFLICT DO NOTHING;
  IF FOUND THEN
    RETURN;
  END IF;
  SELECT g.campaign INTO had FROM gdpr_internal.purpose_grant AS g
  WHERE g.purpose = known.purpose AND g.role = role_name FOR UPDATE;
  IF had IS DISTINCT FROM grant_purpose.campaign THEN
    RAISE EXCEPTION 'role "%" already has purpose "%" with campaign => %', role_name, known.purpose, had
      USING ERRCODE = '42710', HINT = format('Run SELECT gdpr.revoke_purpose(%L, %L) first.', known.purpose, role_name);
  END IF;
  RAISE NOTICE 'role "%" already has purpose "%"', role_name, known.purpose;
END
$$;
COMMENT ON FUNCTION gdpr.grant_purpose(text, regrole, boolean) IS
  'Lets a role process people''s data for a purpose; campaign => true also lets it draw mailing lists';

--| Takes a purpose from a role.
CREATE OR REPLACE FUNCTION gdpr.revoke_purpose(purpose text, role regrole) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known gdpr_internal.purpose := gdpr_internal.known_purpose(revoke_purpose.purpose);
  role_name name := (SELECT r.rolname FROM pg_roles AS r WHERE r.oid = revoke_purpose.role);
BEGIN
  IF role_name IS NULL THEN
    RAISE EXCEPTION 'a grant needs a role' USING ERRCODE = '22004', HINT = 'Name an existing role.';
  END IF;
  DELETE FROM gdpr_internal.purpose_grant AS g WHERE g.purpose = known.purpose AND g.role = role_name;
  IF NOT FOUND THEN
    RAISE NOTICE 'role "%" does not have purpose "%"', role_name, known.purpose;
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr.revoke_purpose(text, regrole) IS
  'Takes a purpose from a role; its next statement is refused';

--| True if a role may draw mailing lists for a purpose, by itself or as a member.
CREATE OR REPLACE FUNCTION gdpr_internal.may_campaign(role oid, purpose text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT EXISTS (
    SELECT FROM gdpr_internal.purpose_grant AS g JOIN pg_roles AS r ON r.rolname = g.role
    WHERE g.purpose = $2 AND g.campaign AND pg_has_role($1, r.oid, 'USAGE'))
    -- who could grant it to himself and reads every table anyway
    OR (SELECT r.rolsuper FROM pg_roles AS r WHERE r.oid = $1)
$$;
COMMENT ON FUNCTION gdpr_internal.may_campaign(oid, text) IS
  'True if a role may draw mailing lists for a purpose, by itself or as a member; superusers may';

--| Every purpose and who may process for it.
CREATE OR REPLACE VIEW gdpr.purposes AS
  SELECT p.purpose, p.lawful_basis, p.description, p.validity, p.kinds, p.marketing, p.profiling, p.declared_at,
    ARRAY(SELECT g.role::pg_catalog.text FROM gdpr_internal.purpose_grant AS g
          WHERE g.purpose OPERATOR(pg_catalog.=) p.purpose ORDER BY g.role) AS roles,
    ARRAY(SELECT g.role::pg_catalog.text FROM gdpr_internal.purpose_grant AS g
          WHERE g.purpose OPERATOR(pg_catalog.=) p.purpose AND g.campaign ORDER BY g.role) AS campaign_roles
  FROM gdpr_internal.purpose AS p;
COMMENT ON VIEW gdpr.purposes IS 'Purposes with lawful basis, and the roles that may process or send campaigns for them';

--| Runnable statements that declare purposes, countries and columns again. Grants belong to an installation.
CREATE OR REPLACE FUNCTION gdpr_internal.export_purposes() RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT line FROM (
    SELECT 1, p.bit::text, concat('SELECT gdpr.add_purpose(', format('%L, %L', p.purpose, p.lawful_basis),
      ', description => ' || quote_literal(p.description), ', validity => ' || quote_literal(p.validity),
      ', kinds => ' || quote_literal(p.kinds), CASE WHEN p.marketing THEN ', marketing => true' END,
      CASE WHEN p.profiling THEN ', profiling => true' END, ');')
    FROM gdpr_internal.purpose AS p WHERE p.bit <> 0
    UNION ALL
    SELECT 2, c.country, format('SELECT gdpr.set_country(%L, %s, %L);', c.country, c.consent_age, c.in_scope)
    FROM gdpr_internal.country AS c
    UNION ALL
    SELECT 3, c.subject_type, format('SELECT gdpr.set_person_columns(%L, %L, %L);', c.subject_type, c.country_column, c.birth_date_column)
    FROM gdpr_internal.consent_setting AS c WHERE c.country_column IS NOT NULL OR c.birth_date_column IS NOT NULL
  ) AS e(part, name, line)
  ORDER BY part, CASE WHEN part = 1 THEN lpad(name, 2, '0') ELSE name END COLLATE "C"
$$;
COMMENT ON FUNCTION gdpr_internal.export_purposes() IS
  'Runnable statements that declare purposes, countries and the columns with country and birth date again';
