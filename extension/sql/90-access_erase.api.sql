-- SPDX-License-Identifier: PostgreSQL
-- A person leaves the log of reads, in the transaction of the erasure: personal keys become the certificate's digest, and
-- whoever named an application's user is named no more. That somebody was read, when and by which role, stays.

--| The number of a key among access_person; made where it is new.
CREATE OR REPLACE FUNCTION gdpr_internal.access_number(subject_type text, subject_key text) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  result bigint;
BEGIN
  INSERT INTO gdpr_internal.access_person AS p (subject_type, subject_key) VALUES (access_number.subject_type, access_number.subject_key)
  ON CONFLICT DO NOTHING RETURNING p.person INTO result;
  IF result IS NULL THEN
    SELECT p.person INTO result FROM gdpr_internal.access_person AS p
    WHERE p.subject_type = access_number.subject_type AND p.subject_key = access_number.subject_key;
  END IF;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.access_number(text, text) IS 'The number under which sets know a key that is not a number itself';

--| Calls a person otherwise in the reads before a statement (up to its second, see gdpr.subject_access), where renaming access_person would not do: the key is a number
--| and stands in the sets itself, is somebody else's by now, or the person had several.
CREATE OR REPLACE FUNCTION gdpr_internal.rename_in_reads(
  subject_type text, old_key text, new_key text, upto bigint)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
SET enable_seqscan = off SET plan_cache_mode = force_custom_plan SET jit = off AS $$
DECLARE
  numbers record := gdpr_internal.access_numbers(rename_in_reads.subject_type, rename_in_reads.old_key);
  native int[] := ARRAY(SELECT p.place FROM gdpr_internal.access_place AS p WHERE p.subject_type = rename_in_reads.subject_type AND p.native);
  others int[] := ARRAY(SELECT p.place FROM gdpr_internal.access_place AS p WHERE p.subject_type = rename_in_reads.subject_type AND NOT p.native);
  known bigint;
  given bigint;
BEGIN
  known := gdpr_internal.access_number(rename_in_reads.subject_type, rename_in_reads.new_key);
  FOREACH given IN ARRAY numbers.given LOOP
    UPDATE gdpr_internal.access_read AS r
    SET people = gdpr_internal.set_of(ARRAY(SELECT CASE m.number WHEN given THEN known ELSE m.number END FROM gdpr_internal.set_members(r.people) AS m(number)))
    WHERE r.people OPERATOR(gdpr_internal.@>) given AND r.place = ANY (others) AND r.statement - 1073741824 < rename_in_reads.upto;
    DELETE FROM gdpr_internal.access_person AS p WHERE p.person = given AND NOT EXISTS (
      SELECT FROM gdpr_internal.access_read AS r WHERE r.people OPERATOR(gdpr_internal.@>) given AND r.place = ANY (others));
  END LOOP;
  IF numbers.own IS NOT NULL AND cardinality(native) > 0 THEN
    -- a further piece of the same statement, at the same place, in which people are numbers of access_person
    INSERT INTO gdpr_internal.access_read (statement, at, frame, process, rows, place, part, scope, people)
    SELECT r.statement, r.at, r.frame, r.process, 0, gdpr_internal.place_of_digests(r.place), 'S', 'P', gdpr_internal.set_of(ARRAY[known])
    FROM gdpr_internal.access_read AS r
    WHERE r.people OPERATOR(gdpr_internal.@>) numbers.own AND r.place = ANY (native) AND r.statement - 1073741824 < rename_in_reads.upto;
    UPDATE gdpr_internal.access_read AS r
    SET people = gdpr_internal.set_of(ARRAY(SELECT m.number FROM gdpr_internal.set_members(r.people) AS m(number) WHERE m.number <> numbers.own))
    WHERE r.people OPERATOR(gdpr_internal.@>) numbers.own AND r.place = ANY (native) AND r.statement - 1073741824 < rename_in_reads.upto;
  END IF;
END
$$;
COMMENT ON FUNCTION gdpr_internal.rename_in_reads(text, text, text, bigint) IS
  'Replaces a person''s key by another in the sets of reads before a statement';

--| The same place, with people as numbers of access_person; made where it is new.
CREATE OR REPLACE FUNCTION gdpr_internal.place_of_digests(place int) RETURNS int
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  known gdpr_internal.access_place := (SELECT p FROM gdpr_internal.access_place AS p WHERE p.place = place_of_digests.place);
  result int;
BEGIN
  SELECT min(p.place) INTO result FROM gdpr_internal.access_place AS p
  WHERE p.relation_schema = known.relation_schema AND p.relation_name = known.relation_name AND p.columns = known.columns
    AND p.subject_type = known.subject_type AND p.link IS NOT DISTINCT FROM known.link AND NOT p.native;
  IF result IS NULL THEN
    INSERT INTO gdpr_internal.access_place (relation_schema, relation_name, columns, subject_type, link, native)
    VALUES (known.relation_schema, known.relation_name, known.columns, known.subject_type, known.link, false)
    RETURNING access_place.place INTO result;
  END IF;
  RETURN result;
END
$$;
COMMENT ON FUNCTION gdpr_internal.place_of_digests(int) IS 'The same place of reads, with people as numbers of access_person';

--| Was this user of an application erased after it read? Asked by the drain: claims wait in the spool, too.
CREATE OR REPLACE FUNCTION gdpr_internal.is_erased_claim(app_user text, at timestamptz) RETURNS boolean
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RETURN EXISTS (SELECT FROM gdpr_internal.access_erased AS e
                 WHERE e.claim = hashtextextended(lower(is_erased_claim.app_user), 0) AND e.erased_at >= is_erased_claim.at);
END
$$;
COMMENT ON FUNCTION gdpr_internal.is_erased_claim(text, timestamptz) IS
  'True if the person whom an application called its user then has left since';

--| Erases what the log of reads holds of people who leave. Keys as the log of changes knows them, each until the statement
--| from which it was somebody else's; actor_values: by what an application may have called them.
CREATE OR REPLACE FUNCTION gdpr_internal.erase_access(
  subject_type text, old_keys text[], new_keys text[], upto bigint[], key_is_personal boolean, actor_values jsonb)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
DECLARE
  claims CONSTANT text[] := ARRAY(SELECT DISTINCT j->>0 FROM jsonb_array_elements(erase_access.actor_values) AS j);
  k record;
BEGIN
  IF key_is_personal OR cardinality(claims) > 0 THEN
    -- a batch on its way would still write what is erased here
    PERFORM gdpr_internal.lock_drain(true);
  END IF;
  IF cardinality(claims) > 0 THEN
    UPDATE gdpr_internal.access_actor AS a SET app_user = NULL, client_address = NULL, facts = NULL
    WHERE lower(a.app_user) = ANY (claims) AND a.app_user IS NOT NULL;
    INSERT INTO gdpr_internal.access_erased AS e (claim, erased_at)
    SELECT DISTINCT hashtextextended(c, 0), clock_timestamp() FROM unnest(claims) AS c
    ON CONFLICT (claim) DO UPDATE SET erased_at = excluded.erased_at;
  END IF;
  IF NOT key_is_personal THEN
    RETURN;
  END IF;
  -- the key of today, of those who had no other: its row is called by the digest
  UPDATE gdpr_internal.access_person AS p SET subject_key = u.new
  FROM unnest(erase_access.old_keys, erase_access.new_keys, erase_access.upto) AS u(old, new, upto)
  WHERE p.subject_type = erase_access.subject_type AND p.subject_key = u.old AND u.upto = 9223372036854775807
    AND NOT EXISTS (SELECT FROM gdpr_internal.access_person AS o WHERE o.subject_type = erase_access.subject_type AND o.subject_key = u.new);
  FOR k IN
    SELECT u.old, u.new, u.upto FROM unnest(erase_access.old_keys, erase_access.new_keys, erase_access.upto) AS u(old, new, upto)
    WHERE u.upto < 9223372036854775807 OR EXISTS (
        SELECT FROM gdpr_internal.access_person AS p WHERE p.subject_type = erase_access.subject_type AND p.subject_key = u.old)
      OR EXISTS (SELECT FROM gdpr_internal.access_place AS p WHERE p.subject_type = erase_access.subject_type AND p.native)
  LOOP
    PERFORM gdpr_internal.rename_in_reads(erase_access.subject_type, k.old, k.new, k.upto);
  END LOOP;
END
$$;
COMMENT ON FUNCTION gdpr_internal.erase_access(text, text[], text[], bigint[], boolean, jsonb) IS
  'Puts digests in place of the personal keys of people who leave, and takes away who an application said they were';
