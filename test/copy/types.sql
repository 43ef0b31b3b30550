-- SPDX-License-Identifier: PostgreSQL
-- Every type that a value can have, in columns that are classified and in columns that are not: what gdpr-batch
-- makes of a value must be what gdpr.anonymize() makes of it.
CREATE SCHEMA kinds;
SET search_path = kinds, public;

CREATE TYPE colour AS ENUM ('red', 'unknown', 'blau', 'grün');
CREATE TYPE pair AS (a colour, b citext[]);
CREATE TYPE span AS RANGE (subtype = date);
CREATE DOMAIN short AS varchar(40) CHECK (VALUE <> '');
CREATE DOMAIN postcode AS short NOT NULL;
CREATE DOMAIN amounts AS numeric(12, 2)[];
CREATE DOMAIN percent AS numeric(5, 2) CHECK (VALUE >= -999);

-- One column for each type and a kind that goes with it; the name says both.
CREATE TABLE every_type (
  id int PRIMARY KEY,
  text_name text, varchar_name varchar(30), char_name char(20), name_user name, citext_email citext,
  domain_text short, domain_required postcode,
  int2_id smallint, int4_id int, int8_id bigint, numeric_salary numeric, numeric_cut numeric(10, 3), domain_numeric percent,
  float4_geo real, float8_geo double precision, money_salary money,
  date_birth date, timestamp_birth timestamp, timestamptz_birth timestamptz, time_birth time, timetz_birth timetz,
  interval_age interval, boolean_union boolean, enum_gender colour,
  inet_ip inet, cidr_ip cidr, mac_mac macaddr, mac8_mac macaddr8, uuid_device uuid,
  bytea_photo bytea, json_profile json, jsonb_profile jsonb, xml_profile xml,
  tsvector_search tsvector, point_geo point,
  text_names text[], varchar_phones varchar(40)[], char_codes char(8)[], citext_emails citext[], int4_ids int[], numeric_salaries amounts,
  date_births date[], enum_genders colour[], inet_ips inet[], jsonb_profiles jsonb[], uuid_devices uuid[], domain_texts short[],
  composite_text pair, range_birth span, box_geo box, bits_text bit varying, composites pair[],
  -- as they are
  plain_text text, plain_numeric numeric, plain_pair pair, plain_range span, plain_colours colour[], plain_json jsonb
);

CREATE TABLE rules (column_name name PRIMARY KEY, rule text);
INSERT INTO rules
SELECT a.attname, CASE
  WHEN a.attname ~ '^plain_' THEN 'not_personal'
  WHEN a.attname ~ '_names?$' THEN 'full_name' WHEN a.attname ~ '_user$' THEN 'username' WHEN a.attname ~ '_emails?$' THEN 'email'
  WHEN a.attname ~ '_ids?$' THEN 'external_id' WHEN a.attname ~ '_salar(y|ies)$' THEN 'salary' WHEN a.attname ~ '_geo$' THEN 'geo'
  WHEN a.attname ~ '_births?$' THEN 'birth_date' WHEN a.attname ~ '_age$' THEN 'age' WHEN a.attname ~ '_union$' THEN 'union'
  WHEN a.attname ~ '_genders?$' THEN 'gender' WHEN a.attname ~ '_ips?$' THEN 'ip' WHEN a.attname ~ '_mac$' THEN 'mac'
  WHEN a.attname ~ '_devices?$' THEN 'device_id' WHEN a.attname ~ '_photo$' THEN 'photo' WHEN a.attname ~ '_phones$' THEN 'phone'
  WHEN a.attname = 'xml_profile' THEN 'profile_xml' WHEN a.attname ~ '_profiles?$' THEN 'profile_json'
  WHEN a.attname ~ '_search$' THEN 'search_copy' WHEN a.attname ~ '_cut$' THEN 'salary' WHEN a.attname ~ 'required$' THEN 'postal_code'
  ELSE 'free_text' END
FROM pg_catalog.pg_attribute AS a
WHERE a.attrelid = 'kinds.every_type'::regclass AND a.attnum > 1;

-- Rows: NULL everywhere, then values of many shapes, the ends of each type among them.
INSERT INTO every_type (id, domain_required) VALUES (0, 'W1A 1AA');
INSERT INTO every_type
SELECT n,
  (ARRAY['', 'Anna Keller', 'Ärger Œuvre', repeat('long ', 60), 'x', '日本語 テキスト', E'two\nlines'])[1 + n % 7],
  (ARRAY['Jean-Luc Dupond', 'ÄÖÜ ß', ''])[1 + n % 3], (ARRAY['Bo', 'Maria  Rossi', ''])[1 + n % 3],
  'user_' || n, 'Anna.' || n || '@Example.org', 'short ' || n, 'PC' || n,
  (ARRAY[0, -32768, 32767, 7])[1 + n % 4], (ARRAY[0, -2147483648, 2147483647, 4711])[1 + n % 4],
  (ARRAY[0, -9223372036854775808, 9223372036854775807, 1234567890123])[1 + n % 4],
  (ARRAY['0', 'NaN', 'Infinity', '-Infinity', '0.000', '-0.00001234', '12345678901234567890.123456789', '1e-30', '1e30', '100000000',
         '-42.5', '10000', '9999.9999', '0.1'])[1 + n % 14]::numeric,
  (ARRAY[0, 9999999.999, -0.001, 51234.5])[1 + n % 4], (ARRAY[0, 999.99, -7.25])[1 + n % 3],
  (ARRAY['0', 'NaN', 'Infinity', '52.5170', '-1e30'])[1 + n % 5]::real, (ARRAY['-0', 'NaN', '-Infinity', '13.38886', '1e300'])[1 + n % 5]::float8,
  (ARRAY['0', '51234.56', '-1'])[1 + n % 3]::numeric::money,
  (ARRAY['1980-02-29', 'infinity', '-infinity', '4713-01-01 BC', '1999-12-31'])[1 + n % 5]::date,
  (ARRAY['1980-02-29 12:34:56.789', 'infinity', '-infinity', '1066-10-14 09:00'])[1 + n % 4]::timestamp,
  (ARRAY['1980-02-29 12:34:56.789+02', 'infinity', '-infinity', '2038-01-19 03:14:07Z'])[1 + n % 4]::timestamptz,
  (ARRAY['00:00', '24:00', '12:34:56.789'])[1 + n % 3]::time, (ARRAY['00:00+14', '24:00-12', '12:34:56.789+05:30'])[1 + n % 3]::timetz,
  (ARRAY['0', '3 years 2 mons -5 days 04:05:06.7', '-1 day'])[1 + n % 3]::interval, n % 2 = 0, (enum_range(NULL::colour))[1 + n % 4],
  (ARRAY['192.0.2.7', '10.1.2.3/8', '2001:db8::7', '::/0', '0.0.0.0/0'])[1 + n % 5]::inet,
  (ARRAY['192.0.2.0/24', '10.0.0.0/9', '2001:db8::/33', '0.0.0.0/0'])[1 + n % 4]::cidr,
  '08:00:2b:01:02:03', '08:00:2b:01:02:03:04:05', ('00000000-0000-4000-8000-' || lpad(n::text, 12, '0'))::uuid,
  decode((ARRAY['', '00', 'ffd8ff00'])[1 + n % 3], 'hex'),
  (ARRAY['{}', '{"email": "a@b.example", "n": 1.50, "list": ["x", null, true]}', '"text"', ' [ 1 , 2 ] ', 'null'])[1 + n % 5]::json,
  (ARRAY['{}', '{"phone": "+49 30 901820", "n": 1.50, "deep": {"name": "Bo"}}', '"text"', '[1, 2]', 'null'])[1 + n % 5]::jsonb,
  (ARRAY['<a/>', '<p n="1">Bo <b>Keller</b></p>', 'text only'])[1 + n % 3]::xml,
  to_tsvector('simple', 'bo keller ' || n), point(n, -n / 3.0),
  (ARRAY['{}', '{Bo,NULL,""}', '{{a,b},{c,NULL}}', '[2:3]={x,y}'])[1 + n % 4]::text[], ARRAY['+49 30 901820', NULL, '030/901821'],
  ARRAY['ab', 'abcdefgh'], ARRAY['A@b.example', 'c@d.example']::citext[], ARRAY[n, NULL, -n], ARRAY[n * 1000, 0.5],
  ARRAY['1980-01-01', 'infinity']::date[], ARRAY['red', NULL, 'blau']::colour[], ARRAY['192.0.2.1']::inet[], ARRAY['{"a": "b"}']::jsonb[],
  ARRAY['00000000-0000-4000-8000-000000000001']::uuid[], ARRAY['one', 'two']::short[],
  ROW('red', '{q}')::pair, span('1980-01-01', '1990-01-01'), box(point(0, 0), point(n, n)), B'101', ARRAY[ROW('red', '{q}')::pair, NULL],
  'plain ' || n, 'NaN', ROW('blau', '{Q,r}')::pair, span('2000-01-01', NULL), '{blau,NULL}', '{"kept": [1]}'
FROM generate_series(1, 210) AS n;
RESET search_path;
