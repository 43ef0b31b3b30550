-- SPDX-License-Identifier: PostgreSQL
-- Policy pack for Pagila, the DVD rental shop. Two kinds of people: customers and staff.
--
--   psql -v ON_ERROR_STOP=1 -o /dev/null -f rules/pagila/pack.sql      (as the owner of the tables)

BEGIN;

-- ---------------------------------------------------------------------------------------------
-- Customers
-- ---------------------------------------------------------------------------------------------

SELECT gdpr.register_subject('customer', 'public.customer');
SELECT gdpr.add_link('customer', 'public.rental',  '{customer_id}');
-- The rows of payment lie in its inheritance children, one for each month; the link reaches them too.
SELECT gdpr.add_link('customer', 'public.payment', '{customer_id}');
-- The address is the parent here, and staff and shops have theirs in the same table: it is erased only
-- if nobody else lives or works there. City and country are a gazetteer and are not followed.
SELECT gdpr.add_link('customer', 'public.address', '{address_id}', 'public.customer', '{address_id}',
                     scope => 'shared');

SELECT gdpr.classify('public.customer', c, r) FROM (VALUES
  ('store_id',    'not_personal'),
  ('first_name',  'first_name'),
  ('last_name',   'last_name'),
  ('email',       'email'),
  ('activebool',  'not_personal'),
  ('create_date', 'not_personal'),
  ('last_update', 'not_personal'),
  ('active',      'not_personal')
) AS t (c, r);

SELECT gdpr.classify('public.address', c, r) FROM (VALUES
  ('address',     'address_line'),
  ('address2',    'address_line'),
  ('district',    'region'),
  ('city_id',     'not_personal'),               -- a key into the gazetteer: which city, not which house
  ('postal_code', 'postal_code'),
  ('phone',       'phone'),
  ('last_update', 'not_personal')
) AS t (c, r);

SELECT gdpr.classify('public.rental', c, r) FROM (VALUES
  ('rental_date',  'not_personal'),              -- what was rented and when stays: the shop's own books
  ('inventory_id', 'not_personal'),
  ('return_date',  'not_personal'),
  ('staff_id',     'not_personal'),
  ('last_update',  'not_personal')
) AS t (c, r);

SELECT gdpr.classify(relation, c, r)
FROM (VALUES
  ('public.payment'::regclass), ('public.payment_p2007_01'), ('public.payment_p2007_02'),
  ('public.payment_p2007_03'), ('public.payment_p2007_04'), ('public.payment_p2007_05'), ('public.payment_p2007_06')
) AS part (relation), (VALUES
  ('staff_id',     'not_personal'),
  ('rental_id',    'not_personal'),
  ('amount',       'not_personal'),              -- money stays
  ('payment_date', 'not_personal')
) AS t (c, r);

-- A film that is still out holds its customer back.
CREATE OR REPLACE VIEW public.gdpr_open_rental AS
  SELECT customer_id, rental_id FROM public.rental WHERE return_date IS NULL;
SELECT gdpr.add_blocker('customer', 'film not returned', 'public.gdpr_open_rental', 'customer_id');

-- ---------------------------------------------------------------------------------------------
-- Staff: the same address table, and a login. What they did for customers stays as it is.
-- ---------------------------------------------------------------------------------------------

SELECT gdpr.register_subject('staff', 'public.staff');
SELECT gdpr.add_link('staff', 'public.address', '{address_id}', 'public.staff', '{address_id}', scope => 'shared');
SELECT gdpr.add_link('staff', 'public.rental',  '{staff_id}', scope => 'stop');
SELECT gdpr.add_link('staff', 'public.payment', '{staff_id}', scope => 'stop');
SELECT gdpr.add_link('staff', 'public.store',   '{manager_staff_id}', 'public.staff', '{staff_id}', scope => 'stop');

SELECT gdpr.classify('public.staff', c, r) FROM (VALUES
  ('first_name',  'first_name'),
  ('last_name',   'last_name'),
  ('email',       'email'),
  ('store_id',    'not_personal'),
  ('active',      'not_personal'),
  ('username',    'username'),
  ('password',    'password'),
  ('last_update', 'not_personal'),
  ('picture',     'photo')
) AS t (c, r);

-- Who still works here is held back.
CREATE OR REPLACE VIEW public.gdpr_active_staff AS
  SELECT staff_id FROM public.staff WHERE active;
SELECT gdpr.add_blocker('staff', 'still employed', 'public.gdpr_active_staff', 'staff_id');

-- ---------------------------------------------------------------------------------------------
-- What it is used for. Renting is a contract; the shop writes about new films to those who said yes.
-- ---------------------------------------------------------------------------------------------

SELECT gdpr.add_purpose('rental', 'contract', 'Renting films, and getting them back');
SELECT gdpr.add_purpose('employment', 'contract', 'Working hours and wages');
SELECT gdpr.add_purpose('new_films', 'consent', 'E-mails about new films', interval '2 years',
                        kinds => '{first_name,last_name,email}', marketing => true);

COMMIT;
