-- The map of a person, what still needs a classification, and everything held on one.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
CREATE SCHEMA mapped;
SET search_path = mapped, public;
CREATE TABLE country (id int PRIMARY KEY, iso_code char(2), sort_order int);
CREATE TABLE address (id int PRIMARY KEY, street text, city text, remark text, country_id int REFERENCES country, main_person int);
CREATE TABLE person (id int PRIMARY KEY, first_name text, email text UNIQUE, password text, address_id int REFERENCES address,
  reports_to int REFERENCES person, shown text GENERATED ALWAYS AS (upper(first_name)) STORED, made_on date, balance numeric);
CREATE TABLE account (id uuid PRIMARY KEY, person_id int REFERENCES person, iban text);
CREATE TABLE booking (id bigint, account_id varchar(36), day date NOT NULL, amount numeric, note text) PARTITION BY RANGE (day);
CREATE TABLE booking_old PARTITION OF booking FOR VALUES FROM (MINVALUE) TO ('2020-01-01');
CREATE TABLE booking_new PARTITION OF booking FOR VALUES FROM ('2020-01-01') TO (MAXVALUE);
CREATE INDEX ON booking_old (account_id);
CREATE TABLE newsletter (mail_to text, topic text);
CREATE TABLE newsletter_archive (sent_from inet) INHERITS (newsletter);
CREATE TABLE message (id int PRIMARY KEY, sender int REFERENCES person, recipient int REFERENCES person, body text);
CREATE INDEX ON message (sender, id);
CREATE TABLE note (id int PRIMARY KEY, about_type text, about_id bigint, answers int, text text);
CREATE INDEX ON note (about_type, about_id);
CREATE TABLE visit (person_id int REFERENCES person ON DELETE CASCADE, page text);
ALTER TABLE address ADD FOREIGN KEY (main_person) REFERENCES person;
SELECT gdpr.register_subject('person', 'person');
SELECT gdpr.add_link('person', 'account', '{person_id}') \g /dev/null
SELECT gdpr.add_link('person', 'booking', '{account_id}', 'account') \g /dev/null
SELECT gdpr.add_link('person', 'newsletter', '{mail_to}', parent_columns => '{email}') \g /dev/null
SELECT gdpr.add_link('person', 'message', '{sender}') \g /dev/null
SELECT gdpr.add_link('person', 'message', '{recipient}') \g /dev/null
SELECT gdpr.add_link('person', 'note', '{about_id}', discriminator => 'about_type', discriminator_value => 'person') \g /dev/null
SELECT gdpr.add_link('person', 'note', '{answers}', 'note') \g /dev/null
SELECT gdpr.add_link('person', 'address', '{id}', parent_columns => '{address_id}', scope => 'shared') \g /dev/null
INSERT INTO country VALUES (1, 'AT', 1);
INSERT INTO address VALUES (1, 'Long Lane', 'Leeds', 'Bob has the key', 1, NULL), (2, 'Short Street', 'York', 'at the back', 1, NULL);
INSERT INTO person VALUES (1, 'Ann', 'ann@x', 'secret', 1, 2), (2, 'Bob', 'bob@x', 'secret', 1, NULL), (3, 'Cy', 'cy@x', 'secret', 2, 1);
UPDATE address SET main_person = 2 WHERE id = 1;
INSERT INTO account VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 1, 'AT1'), ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12', 2, 'AT2');
INSERT INTO booking VALUES (1, 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '2019-01-01', 5, 'upper case'),
  (2, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '2021-01-01', 6, 'n'), (3, 'no account', '2021-01-01', 7, 'n');
INSERT INTO newsletter VALUES ('ann@x', 'a'), ('bob@x', 'b');
INSERT INTO newsletter_archive VALUES ('ann@x', 'old', '10.0.0.1');
INSERT INTO message VALUES (1, 1, 2, 'to Bob'), (2, 3, 1, 'from Cy'), (3, 2, 3, 'not Ann''s');
INSERT INTO note VALUES (1, 'person', 1, NULL, 'about Ann'), (2, 'other', 1, 1, 'answer'), (3, 'other', 1, 2, 'answer to it'), (4, 'other', 1, NULL, 'other');
ANALYZE person, account, newsletter, newsletter_archive;

-- foreign_keys_are_proposed_and_never_followed
\x
SELECT * FROM gdpr.subject_map('person');
\x
-- a_proposal_runs_as_it_stands
DO $$ DECLARE s text; BEGIN FOR s IN SELECT statement FROM gdpr.subject_map('person') WHERE scope = 'proposed' LOOP EXECUTE s; END LOOP; END $$;
SELECT relation, scope, path FROM gdpr.subject_map('person') WHERE scope IN ('stop', 'proposed') OR relation = 'visit'::regclass;
SELECT gdpr.drop_link('person', 'visit', '{person_id}') \g /dev/null

-- an_index_statement_runs_as_it_stands
SELECT s.statement FROM gdpr.subject_map('person') AS m, regexp_split_to_table(m.statement, '(?<=;) ') AS s(statement)
WHERE m.statement ~ '^CREATE INDEX' ORDER BY 1;
SELECT replace(s.statement, 'CONCURRENTLY ', '') FROM gdpr.subject_map('person') AS m, regexp_split_to_table(m.statement, '(?<=;) ') WITH ORDINALITY AS s(statement, n)
WHERE m.statement ~ '^CREATE INDEX' ORDER BY m.path, n \gexec
SELECT relation, path, statement FROM gdpr.subject_map('person') WHERE NOT indexed;

-- every_column_that_is_not_structure_needs_a_classification
SELECT * FROM gdpr.unclassified('person');
DO $$ DECLARE s text; BEGIN FOR s IN SELECT statement FROM gdpr.unclassified('person') LOOP EXECUTE s; END LOOP; END $$;
SELECT * FROM gdpr.unclassified('person');
SELECT relation, personal_columns FROM gdpr.subject_map('person') WHERE scope <> 'stop';

-- names_speak_for_kinds
\pset format unaligned
SELECT string_agg(n || ' ' || gdpr_internal.guess_kind(n, 'text'::regtype), E'\n' ORDER BY o) FROM unnest('{E-Mail,eMailAddress,MAIL,Phone No,mobile,fax_number,
  FirstName,LAST_NAME_UC,surname,middle initial,full_name,contact_name,user_name,login,title,gender,dob,birth_place,nationality,marital_status,street,house_number,
  address_line_1,ship_address,city,ship_city,region,zip,postal_code,country,po_box,latitude,ssn,id_card,passport_no,passport_country,tax_ref,vat_number,
  driving_licence,plate,nhs_number,registration_no,iban,bic,account_holder,account_number,bank,bank_branch,card_number,card_exp_month,mandate_reference,
  salary,company_name,job_title,contact_title,ip_address,mac,user_agent,device_id,password_hash,access_token,auth_code,religion,ethnic_origin,party_membership,
  trade_union,sexual_orientation,fingerprint,diagnosis,conviction,avatar,file_name,website,twitter,status,currency,customer_id,sku,shared_notes,description}'::name[])
  WITH ORDINALITY AS u(n, o);
SELECT string_agg(n || ' ' || t || ' ' || gdpr_internal.guess_kind(n, t::regtype), E'\n' ORDER BY o) FROM unnest(
  '{birth_date,made_on,birth_year,amount,salary,phone,zip,payload,doc,client,photo,scan,seen_at,position,consented,union_member,tags,key,device_id}'::name[],
  '{date,date,int,numeric,numeric,bigint,int,jsonb,xml,inet,bytea,bytea,timestamptz,point,boolean,boolean,text[],uuid,uuid}'::text[]) WITH ORDINALITY AS u(n, t, o);

\pset format aligned
-- everything_held_on_one_person_and_nothing_of_others
SELECT r->>'relation' AS relation, r->>'scope' AS scope, r->'withheld' AS withheld, x.row
FROM jsonb_array_elements(gdpr.subject_data('person', '1')->'relations') WITH ORDINALITY AS u(r, n), jsonb_array_elements(r->'rows') WITH ORDINALITY AS x(row, k) ORDER BY n, k;
SELECT r->>'relation' AS relation, x.row
FROM jsonb_array_elements(gdpr.subject_data('person', '3')->'relations') WITH ORDINALITY AS u(r, n), jsonb_array_elements(r->'rows') WITH ORDINALITY AS x(row, k) ORDER BY n, k;
SELECT gdpr.subject_data('person', '99');
SELECT gdpr.subject_data('person', 'secret');

SET client_min_messages = error;
SELECT gdpr.unregister_subject('person');
DROP SCHEMA mapped CASCADE;
