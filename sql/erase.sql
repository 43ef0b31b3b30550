-- A person leaves: the erasure itself, on a schema that has one of everything.
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET datestyle = iso;
CREATE SCHEMA shop;
SET search_path = shop, public;
CREATE TABLE address (address_id int PRIMARY KEY, street text NOT NULL, city text);
CREATE TABLE customer (
  customer_id int PRIMARY KEY, email varchar(60) NOT NULL UNIQUE, first_name text, last_name text,
  born date, address_id int REFERENCES address, last_change timestamptz);
CREATE TABLE account (account_id uuid PRIMARY KEY, customer_id int NOT NULL REFERENCES customer, iban text);
CREATE TABLE invoice (invoice_no int PRIMARY KEY, account_id uuid NOT NULL REFERENCES account, amount numeric, note text);
CREATE TABLE ticket (ticket_id int PRIMARY KEY, reporter text, subject text, body text);          -- by e-mail
CREATE TABLE session (session_id int PRIMARY KEY, customer_id int REFERENCES customer, ip inet);   -- goes
CREATE TABLE survey (answer_id int PRIMARY KEY, customer_id int REFERENCES customer, stars int);   -- is cut loose
CREATE TABLE history (id int GENERATED ALWAYS AS IDENTITY, customer_id int, old jsonb);
CREATE TABLE open_order (customer_id int);
CREATE FUNCTION keep_history() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO shop.history (customer_id, old) VALUES (OLD.customer_id, to_jsonb(OLD));
  NEW.last_change := '2026-01-01';
  RETURN NEW;
END $$;
CREATE TRIGGER keep_history BEFORE UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION keep_history();

INSERT INTO address VALUES (1, '1 Long Lane', 'Leeds'), (2, '2 Short Street', 'York');
INSERT INTO customer VALUES
  (1, 'ann@example.org', 'Ann', 'Archer', '1980-02-03', 1), (2, 'bob@example.org', 'Bob', 'Archer', '1982-04-05', 1),
  (3, 'cy@example.org', 'Cy', 'Cole', NULL, 2), (4, 'dee@example.org', 'Dee', NULL, NULL, NULL);
INSERT INTO account SELECT format('00000000-0000-0000-0000-00000000000%s', i)::uuid, i, 'GB00 ' || i FROM generate_series(1, 4) i;
INSERT INTO invoice SELECT i * 10 + j, format('00000000-0000-0000-0000-00000000000%s', i)::uuid, 5 * i, 'for customer ' || i
FROM generate_series(1, 4) i, generate_series(1, 2) j;
INSERT INTO ticket VALUES (1, 'ann@example.org', 'help', 'I am Ann Archer, call +44 20 7946 0018'), (2, 'bob@example.org', 'hi', 'text');
INSERT INTO session VALUES (1, 1, '10.0.0.1'), (2, 2, '10.0.0.2');
INSERT INTO survey VALUES (1, 1, 5), (2, 2, 4);
INSERT INTO open_order VALUES (3);

SELECT gdpr.classify(('shop.' || t)::regclass, c, r) IS NULL AS classified FROM (VALUES
  ('customer', 'email', 'email'), ('customer', 'first_name', 'first_name'), ('customer', 'last_name', 'last_name'),
  ('customer', 'born', 'birth_date'), ('customer', 'last_change', 'not_personal'),
  ('address', 'street', 'street'), ('address', 'city', 'city'), ('account', 'iban', 'iban'),
  ('invoice', 'invoice_no', 'not_personal'), ('invoice', 'amount', 'not_personal'), ('invoice', 'note', 'free_text'),
  ('ticket', 'ticket_id', 'not_personal'), ('ticket', 'reporter', 'email'), ('ticket', 'subject', 'free_text'),
  ('ticket', 'body', 'free_text erase=redact'), ('session', 'ip', 'ip'), ('survey', 'stars', 'not_personal'),
  ('history', 'id', 'not_personal'), ('history', 'old', 'profile_json')) AS v(t, c, r) GROUP BY 1;
SELECT gdpr.register_subject('customer', 'shop.customer') \g /dev/null
SELECT gdpr.add_link('customer', 'shop.account', '{customer_id}') \g /dev/null
SELECT gdpr.add_link('customer', 'shop.invoice', '{account_id}', 'shop.account') \g /dev/null
SELECT gdpr.add_link('customer', 'shop.address', '{address_id}', 'shop.customer', '{address_id}', scope => 'shared') \g /dev/null
SELECT gdpr.add_link('customer', 'shop.ticket', '{reporter}', 'shop.customer', '{email}') \g /dev/null
SELECT gdpr.add_link('customer', 'shop.session', '{customer_id}', on_erase => 'delete') \g /dev/null
SELECT gdpr.add_link('customer', 'shop.survey', '{customer_id}', on_erase => 'unlink') \g /dev/null
SELECT gdpr.add_link('customer', 'shop.history', '{customer_id}') \g /dev/null
SELECT gdpr.add_blocker('customer', 'open_order', 'shop.open_order', 'customer_id') \g /dev/null

-- nothing_is_left_of_the_person_and_the_sums_stay
SELECT gdpr.anonymize_subject('customer', '1', 'left') AS certificate;
SELECT customer_id, regexp_replace(email, '-[a-z0-9]+@', '-…@') AS email, first_name, last_name, born, address_id FROM customer ORDER BY 1;
SELECT * FROM account ORDER BY 1;
SELECT * FROM invoice ORDER BY 1;
SELECT sum(amount) FROM invoice;
SELECT ticket_id, regexp_replace(reporter, '-[a-z0-9]+@', '-…@') AS reporter, subject, body FROM ticket ORDER BY 1;
SELECT * FROM session ORDER BY 1;
SELECT * FROM survey ORDER BY 1;
-- history_that_a_trigger_wrote_meanwhile_is_found
SELECT customer_id, old->>'first_name' AS first_name, old->>'email' AS email FROM history ORDER BY id;
-- a_shared_address_stays_while_somebody_lives_there
SELECT * FROM address ORDER BY 1;
SELECT * FROM gdpr.anonymize_subjects('customer', '{2}', 'left');
SELECT * FROM address ORDER BY 1;

-- a_frozen_person_stays_frozen
SELECT gdpr.is_frozen('customer', '1'), gdpr.is_frozen('customer', '4');
UPDATE customer SET first_name = 'Ann' WHERE customer_id = 1;
INSERT INTO account VALUES (gen_random_uuid(), 1, 'GB');
INSERT INTO invoice VALUES (99, '00000000-0000-0000-0000-000000000001', 1, 'x');
SELECT gdpr.anonymize_subject('customer', '1', 'again');

-- people_who_cannot_go_are_refused_and_nobody_is_touched
SELECT gdpr.anonymize_subject('customer', '3', 'left');
SELECT * FROM gdpr.anonymize_subjects('customer', '{4,3}', 'left');
SELECT gdpr.anonymize_subject('customer', '77', 'left');
SELECT first_name FROM customer WHERE customer_id = 4;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT gdpr.anonymize_subject('customer', '4', 'left');
ROLLBACK;

-- a_new_column_stops_the_next_erasure
ALTER TABLE customer ADD COLUMN nickname text DEFAULT 'Dee-Dee';
SELECT gdpr.anonymize_subject('customer', '4', 'left');
SELECT gdpr.anonymize_subject('customer', '4', 'left', unclassified => 'keep') AS certificate;
SELECT erasure, subject_key, reason, rows_changed, unclassified_kept FROM gdpr.certificates ORDER BY erasure;

-- a_trigger_that_keeps_old_values_is_an_error
INSERT INTO customer VALUES (5, 'eve@example.org', 'Eve', 'Evans');
SELECT gdpr.classify('shop.customer', 'nickname', 'username') \g /dev/null
CREATE FUNCTION stubborn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.last_name := OLD.last_name; RETURN NEW; END $$;
CREATE TRIGGER stubborn BEFORE UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION stubborn();
SELECT gdpr.anonymize_subject('customer', '5', 'left');
SELECT severity, relation, finding FROM gdpr.preflight('customer') WHERE severity = 'error';
CREATE OR REPLACE FUNCTION stubborn() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
SELECT gdpr.anonymize_subject('customer', '5', 'left');
DROP TRIGGER stubborn ON customer;
SELECT gdpr.anonymize_subject('customer', '5', 'left') IS NOT NULL AS went;

-- a_column_that_only_an_inheritance_child_has_goes_too
CREATE TABLE vip_ticket (badge text) INHERITS (ticket);
INSERT INTO customer VALUES (6, 'flo@example.org', 'Flo', 'Ford');
INSERT INTO vip_ticket VALUES (9, 'flo@example.org', 'hello', 'Flo wrote this', 'V-77');
SELECT gdpr.anonymize_subject('customer', '6', 'left');
SELECT gdpr.classify('shop.vip_ticket', 'badge', 'external_id') \g /dev/null
SELECT gdpr.anonymize_subject('customer', '6', 'left') IS NOT NULL AS went;
SELECT subject, body, badge FROM vip_ticket;

SELECT gdpr.unregister_subject('customer', forget_frozen => true) \g /dev/null
DROP SCHEMA shop CASCADE;
