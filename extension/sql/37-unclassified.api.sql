-- SPDX-License-Identifier: PostgreSQL
-- Which columns still need a classification, with a suggestion for each.

--| What a column's name says about it; the first pattern that matches counts.
CREATE OR REPLACE FUNCTION gdpr_internal.name_hints() RETURNS TABLE(place int, kind text, pattern text)
LANGUAGE sql IMMUTABLE ROWS 63 SET search_path = pg_catalog, pg_temp AS $$
  VALUES
    (1, 'email', '(^|_)e_?mails?(_|$)|_mail$|^mail$'),
    (2, 'password', 'passw(or)?d|passwort|pass_?code|^pw$|pwd|(^|_)pin(_code)?$|secret|password_hash'),
    (3, 'token', 'token|api_?key|auth(entication)?_code|session_?id|otp|recovery_code'),
    (4, 'social_handle', 'twitter|facebook|linked_?in|instagram|tiktok|skype|whatsapp|telegram|(^|_)handle$'),
    (5, 'ip', '(^|_)ip(_?addr(ess)?)?(_|$)|^ipv[46]|remote_addr'),
    (6, 'mac', '(^|_)mac(_?addr(ess)?)?$'),
    (7, 'user_agent', 'user_?agent|^browser$'),
    (8, 'device_id', 'device_?(id|token|fingerprint)|imei|imsi|idfa|gaid|udid|serial_number'),
    (9, 'phone', 'phone|(^|_)(tel|fax|mobile|cell|gsm|landline)(_?(no|nr|number))?(_|$)|telefon|area_code|dial_code|msisdn'),
    (10, 'country', 'country'),
    (11, 'iban', 'iban'),
    (12, 'bic', '(^|_)(bic|swift)(_code)?(_|$)'),
    (13, 'mandate_ref', 'mandate'),
    (14, 'card_number', 'card_?(no|nr|num(ber)?)|credit_?card$|(^|_)pan$|last_?(4|four|digits)|card_fingerprint'),
    (15, 'card_expiry', 'card_exp|exp(iry|iration)?_?(month|year|date)|valid_thru'),
    (16, 'full_name', 'card_?holder|account_?holder|holder(_name)?$'),
    (17, 'bank_account', 'bank_?account|sort_code|routing_number'),
    (18, 'account_number', 'account_?(no|nr|number)|^acct'),
    (19, 'bank_name', 'bank_?name|^bank$|bank_branch'),
    (20, 'salary', 'salary|income|wage|(^|_)pay_?rate|remuneration'),
    (21, 'passport', 'passport'),
    (22, 'national_id', 'ssn|social_security|national_?id|identity_(card|no|number)|id_card|(^|_)id_?(no|nr|number)$|personal_?(code|number)|cpf|pesel|bsn|nino|aadhaar'),
    (23, 'vat_id', '(^|_)vat(_|$)|ust_?id'),
    (24, 'tax_id', '(^|_)tax_?(id|no|nr|number|ref(erence)?|code)|(^|_)tin$|fiscal_code|^nif$'),
    (25, 'driver_licence', 'driv(er|ing)s?_?licen[cs]e'),
    (26, 'licence_plate', 'licen[cs]e_?plate|number_plate|(^|_)plate(_no|_number)?$|vehicle_reg'),
    (27, 'health_id', 'health_(id|insurance|card)|nhs|medicare|insurance_(no|number)'),
    (28, 'company_registration', 'registration_?(no|nr|number)|company_(reg|no|number)|trade_register'),
    (29, 'first_name', 'first_?name|given_?name|fore_?name|^fname$|vorname|prenom'),
    (30, 'middle_name', 'middle_?(name|initial)|second_?name|patronymic'),
    (31, 'last_name', 'last_?name|sur_?name|family_?name|maiden_?name|^lname$|nachname'),
    (32, 'username', 'user_?name|^login(_name)?$|screen_?name|nick_?name|^nick$|display_?name'),
    (33, 'company', 'company|organi[sz]ation|employer|^firm'),
    (34, 'job_title', 'job_?title|^position$|occupation|profession|contact_?title'),
    (35, 'full_name', '(full|contact|customer|person|real|legal|recipient|sender|author|owner|ship|billing|employee|patient|member|guest|client)_?name|^names?$'),
    (36, 'file_name', 'file_?name|original_name'),
    (37, 'title', '^(title|salutation|honorific|prefix|suffix|title_of_courtesy)$'),
    (38, 'gender', 'gender|^sex$'),
    (39, 'birth_date', 'birth_?(date|day|month|year)|date_of_birth|^dob|(^|_)born(_|$)|^birthday'),
    (40, 'birth_place', 'birth_?place|place_of_birth|birth_city'),
    (41, 'age', '^age$|_age$'),
    (42, 'nationality', 'nationality|citizenship'),
    (43, 'marital_status', 'marital|civil_status'),
    (44, 'religion', 'religio|denomination|faith'),
    (45, 'ethnicity', 'ethnic|^race$'),
    (46, 'politics', 'politic|party_membership'),
    (47, 'union', 'trade_?union|union_member'),
    (48, 'sexuality', 'sexual'),
    (49, 'biometric', 'biometric|fingerprint|face_?(id|print|template)|iris|voice_?print'),
    (50, 'criminal', 'criminal|convict|offen[cs]e'),
    (51, 'health', 'diagnos|medic(al|ation)|allerg|disabilit|blood_type|illness|symptom|(^|_)health(_|$)'),
    (52, 'po_box', 'po_?box'),
    (53, 'postal_code', 'post(al)?_?code|(^|_)zip(_?code)?(_|$)|^plz$'),
    (54, 'street_number', '(street|house|building)_?(no|nr|num(ber)?)|^(apartment|flat|floor|unit)(_no|_number)?$'),
    (55, 'street', 'street|^road$|strasse'),
    (56, 'city', '(^|_)(city|town|municipality|village|locality|suburb)(_|$)'),
    (57, 'region', '(^|_)(region|province|county|district|area|canton)(_|$)|^(address_)?state$'),
    (58, 'address_line', 'addr(ess)?(_?line)?_?[0-9]?$|(^|_)address(_|$)'),
    (59, 'geo', '(^|_)(lat|lng|lon|latitude|longitude|geo|location|coordinates?)(_|$)'),
    (60, 'photo', 'photo|avatar|picture|portrait|selfie|(^|_)image(_|$)'),
    (61, 'attachment', 'attachment|file_?(content|data|blob)|^(content|blob|document|scan)$'),
    (62, 'url', '(^|_)(url|website|homepage|web_?site|www|link)$'),
    (63, 'external_id', 'external_?(id|ref)|(^|_)foreign_id$|customer_?(no|nr|number)|member_?(no|nr|number)|contact_?(no|number)')
$$;
COMMENT ON FUNCTION gdpr_internal.name_hints() IS
  'What a column''s name says about it: kinds and patterns, the first match counts';

--| The kind that name and type of a column suggest: for text anything unknown is free text, for
--| numbers and dates it is not personal.
CREATE OR REPLACE FUNCTION gdpr_internal.guess_kind(column_name name, data_type oid) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  -- firstName, FIRST NAME and first_name_upper all read first_name.
  plain text := regexp_replace(lower(regexp_replace(regexp_replace(column_name::text,
    '([a-z0-9])([A-Z])', '\1_\2', 'g'), '[^A-Za-z0-9]+', '_', 'g')), '_(uc|lc|upper(_?case)?|lower(_?case)?|norm(ali[sz]ed)?|copy)$', '');
  t pg_type;
  hint text;
BEGIN
  SELECT b.* INTO t FROM pg_type AS b WHERE b.oid = gdpr_internal.base_type(data_type);
  IF t.typcategory = 'A' THEN
    RETURN gdpr_internal.guess_kind(column_name, t.typelem);
  END IF;
  SELECT h.kind INTO hint FROM gdpr_internal.name_hints() AS h WHERE plain ~ h.pattern ORDER BY h.place LIMIT 1;
  IF hint IS NULL AND t.oid <> data_type THEN
    SELECT h.kind INTO hint FROM gdpr_internal.name_hints() AS h, pg_type AS d
    WHERE d.oid = data_type AND d.typname ~ h.pattern ORDER BY h.place LIMIT 1;
  END IF;
  RETURN CASE
    WHEN t.typname IN ('inet', 'cidr') THEN 'ip'
    WHEN t.typname IN ('macaddr', 'macaddr8') THEN 'mac'
    WHEN t.typname IN ('json', 'jsonb') THEN 'profile_json'
    WHEN t.typname = 'xml' THEN 'profile_xml'
    WHEN t.typname = 'tsvector' THEN 'search_copy'
    WHEN t.typname = 'bytea' THEN CASE WHEN hint IN ('photo', 'biometric', 'password', 'token') THEN hint ELSE 'attachment' END
    WHEN t.typcategory = 'G' OR t.typname IN ('geometry', 'geography') THEN 'geo'
    WHEN t.typcategory = 'B' THEN CASE
      WHEN hint IN ('religion', 'ethnicity', 'politics', 'union', 'sexuality', 'criminal', 'health', 'gender') THEN hint ELSE 'not_personal' END
    WHEN t.typcategory IN ('D', 'T') THEN CASE WHEN hint IN ('birth_date', 'card_expiry', 'mandate_ref', 'criminal', 'health') THEN hint ELSE 'not_personal' END
    WHEN t.typcategory = 'N' THEN CASE WHEN hint IN ('phone', 'salary', 'age', 'birth_date', 'geo', 'postal_code', 'account_number',
      'card_number', 'card_expiry', 'national_id', 'tax_id', 'street_number', 'po_box', 'passport', 'health_id') THEN hint ELSE 'not_personal' END
    WHEN t.typcategory = 'E' THEN CASE WHEN hint IN ('gender', 'title', 'marital_status', 'nationality', 'religion', 'ethnicity',
      'politics', 'union', 'sexuality', 'criminal', 'health', 'country') THEN hint ELSE 'not_personal' END
    WHEN t.typname = 'uuid' THEN CASE WHEN hint IN ('device_id', 'token', 'external_id') THEN hint ELSE 'not_personal' END
    WHEN hint IS NOT NULL THEN hint
    WHEN plain ~ '(^|_)(id|ids|uuid|guid|key|status|type|kind|currency|locale|lang|language|time_?zone|tz|version|category|priority|sku|'
      'product|quantity|checksum|md5|sha1|sha256|mime_?type|content_type|encoding|format|level|stage|unit|direction|channel|severity)$'
      THEN 'not_personal'
    WHEN t.typcategory = 'S' THEN 'free_text'
    ELSE 'not_personal' END;
END
$$;
COMMENT ON FUNCTION gdpr_internal.guess_kind(name, oid) IS
  'The kind that name and type of a column suggest';

--| Columns that only say which rows belong together: primary keys, the subject's key, discriminators,
--| and link columns that repeat such a key. A link by e-mail repeats a value, which is personal.
CREATE OR REPLACE FUNCTION gdpr_internal.structural_columns(subject_type text)
RETURNS TABLE(relation oid, column_name name)
LANGUAGE sql STABLE ROWS 50 SET search_path = pg_catalog, pg_temp AS $$
  WITH RECURSIVE link AS MATERIALIZED (
    SELECT l.*, gdpr_internal.resolve(l.relation_schema, l.relation_name)::oid AS rel,
      gdpr_internal.resolve(l.parent_schema, l.parent_name)::oid AS par
    FROM gdpr_internal.link AS l WHERE l.subject_type = $1
  ), pair AS (
    SELECT l.rel AS a, p.c AS ca, l.par AS b, p.k AS cb FROM link AS l, unnest(l.columns, l.parent_columns) AS p(c, k)
  ), classified AS MATERIALIZED (
    SELECT b.objoid AS relation, a.attname AS column_name
    FROM pg_seclabel AS b JOIN pg_attribute AS a ON a.attrelid = b.objoid AND a.attnum = b.objsubid
    WHERE b.provider = 'gdpr' AND b.classoid = 'pg_class'::regclass AND b.objsubid > 0 AND b.label !~ '^\s*not_personal\M'
      AND b.objoid IN (SELECT l.rel FROM link AS l UNION ALL SELECT l.par FROM link AS l)
  ), reached AS (
    SELECT gdpr_internal.resolve(s.relation_schema, s.relation_name)::oid AS rel
    FROM gdpr_internal.subject_type AS s WHERE s.subject_type = $1
    UNION SELECT l.rel FROM link AS l
    UNION SELECT l.par FROM link AS l
  ), seed AS (
    SELECT r.rel, a.attname FROM reached AS r JOIN pg_constraint AS c ON c.conrelid = r.rel AND c.contype = 'p'
    JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
    UNION
    SELECT gdpr_internal.resolve(s.relation_schema, s.relation_name)::oid, k
    FROM gdpr_internal.subject_type AS s, unnest(s.key) AS k WHERE s.subject_type = $1
    UNION
    SELECT l.rel, l.discriminator FROM link AS l WHERE l.discriminator IS NOT NULL
  ), structural(rel, name) AS (
    SELECT s.rel, s.attname FROM seed AS s
    UNION
    SELECT n.rel, n.name FROM structural AS s,
      LATERAL (SELECT p.a, p.ca FROM pair AS p WHERE p.b = s.rel AND p.cb = s.name
               UNION ALL
               SELECT p.b, p.cb FROM pair AS p WHERE p.a = s.rel AND p.ca = s.name) AS n(rel, name)
    WHERE NOT EXISTS (SELECT FROM classified AS c WHERE c.relation = s.rel AND c.column_name = s.name)
  )
  SELECT s.rel, s.name FROM structural AS s
$$;
COMMENT ON FUNCTION gdpr_internal.structural_columns(text) IS
  'Columns that only say which rows belong together and need no classification';

--| Columns without classification in tables that hold a person's data; deleted rows need none, and
--| generated columns follow what they are made from.
CREATE OR REPLACE FUNCTION gdpr_internal.unclassified_columns(subject_type text)
RETURNS TABLE(relation regclass, column_name name, data_type text, type_oid oid)
LANGUAGE sql STABLE ROWS 50 SET search_path = pg_catalog, pg_temp SET jit = off AS $$
  WITH structural AS MATERIALIZED (SELECT x.relation, x.column_name FROM gdpr_internal.structural_columns($1) AS x)
  SELECT a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), a.atttypid
  FROM gdpr_internal.steps($1) AS s, gdpr_internal.family(s.relation) AS f
  JOIN pg_class AS c ON c.oid = f
  JOIN pg_attribute AS a ON a.attrelid = f AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
  WHERE s.on_erase <> 'delete' AND NOT c.relispartition AND (f = s.relation OR a.attinhcount = 0)
    AND NOT EXISTS (SELECT FROM structural AS x
                    WHERE x.relation = a.attrelid AND x.column_name = a.attname)
    AND NOT EXISTS (SELECT FROM pg_seclabel AS b WHERE b.provider = 'gdpr' AND b.classoid = 'pg_class'::regclass
                    AND b.objoid = a.attrelid AND b.objsubid = a.attnum)
  ORDER BY s.step, a.attrelid, a.attnum
$$;
COMMENT ON FUNCTION gdpr_internal.unclassified_columns(text) IS
  'Columns without classification in tables that hold a person''s data';

--| The kind to suggest for a column: what is known of the column it repeats, else by name and type.
CREATE OR REPLACE FUNCTION gdpr_internal.suggest_kind(subject_type text, relation regclass, column_name name, data_type oid)
RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT coalesce((
    SELECT coalesce((SELECT c.kind FROM gdpr.classification AS c WHERE c.relation = r.par AND c.column_name = p.k),
                    gdpr_internal.guess_kind(p.k, gdpr_internal.column_type(r.par, p.k)))
    FROM gdpr_internal.link AS l, unnest(l.columns, l.parent_columns) AS p(c, k),
      LATERAL (SELECT gdpr_internal.resolve(l.parent_schema, l.parent_name)) AS r(par)
    WHERE l.subject_type = $1 AND p.c = $3 AND r.par IS NOT NULL
      AND gdpr_internal.resolve(l.relation_schema, l.relation_name) = $2
    ORDER BY l.link LIMIT 1), gdpr_internal.guess_kind($3, $4))
$$;
COMMENT ON FUNCTION gdpr_internal.suggest_kind(text, regclass, name, oid) IS
  'The kind to suggest for a column';

--| The same for people to read, each with a statement that can be run after a look at it.
CREATE OR REPLACE FUNCTION gdpr.unclassified(subject_type text)
RETURNS TABLE(relation regclass, column_name name, data_type text, statement text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT u.relation, u.column_name, u.data_type, format('SELECT gdpr.classify(%L, %L, %L);',
    gdpr_internal.sql_name(u.relation), u.column_name, gdpr_internal.suggest_kind($1, u.relation, u.column_name, u.type_oid))
  FROM gdpr_internal.unclassified_columns($1) AS u
$$;
COMMENT ON FUNCTION gdpr.unclassified(text) IS
  'Columns that still need a classification, each with a statement that suggests one';
