-- SPDX-License-Identifier: PostgreSQL
-- Policy pack for Northwind, the trader. Its customers are companies with a contact person; its employees
-- are people too. Suppliers and shippers are other companies and no subject of an erasure here.
--
--   psql -v ON_ERROR_STOP=1 -o /dev/null -f rules/northwind/pack.sql      (as the owner of the tables)

BEGIN;

-- ---------------------------------------------------------------------------------------------
-- Customers. The key, ALFKI for Alfreds Futterkiste, comes from the name; it stays, because orders and
-- whoever received a copy of them refer to it.
-- ---------------------------------------------------------------------------------------------

SELECT gdpr.register_subject('customer', 'public.customers');
SELECT gdpr.add_link('customer', 'public.orders',                 '{customer_id}');
SELECT gdpr.add_link('customer', 'public.order_details',          '{order_id}', 'public.orders', '{order_id}');
SELECT gdpr.add_link('customer', 'public.customer_customer_demo', '{customer_id}', on_erase => 'delete');

SELECT gdpr.classify('public.customers', c, r) FROM (VALUES
  ('company_name',  'company'),
  ('contact_name',  'full_name'),
  ('contact_title', 'job_title'),
  ('address',       'address_line'),
  ('city',          'city'),
  ('region',        'region'),
  ('postal_code',   'postal_code'),
  ('country',       'country'),
  ('phone',         'phone'),
  ('fax',           'phone')
) AS t (c, r);

-- Every order repeats name and address of the customer, as they were on that day.
SELECT gdpr.classify('public.orders', c, r) FROM (VALUES
  ('employee_id',      'not_personal'),
  ('order_date',       'not_personal'),
  ('required_date',    'not_personal'),
  ('shipped_date',     'not_personal'),
  ('ship_via',         'not_personal'),
  ('freight',          'not_personal'),          -- money stays
  ('ship_name',        'full_name'),
  ('ship_address',     'address_line'),
  ('ship_city',        'city'),
  ('ship_region',      'region'),
  ('ship_postal_code', 'postal_code'),
  ('ship_country',     'country')
) AS t (c, r);

SELECT gdpr.classify('public.order_details', c, r) FROM (VALUES
  ('unit_price', 'not_personal'),
  ('quantity',   'not_personal'),
  ('discount',   'not_personal')
) AS t (c, r);

-- An order that has not left the house holds its customer back.
CREATE OR REPLACE VIEW public.gdpr_open_order AS
  SELECT customer_id, order_id FROM public.orders WHERE shipped_date IS NULL;
SELECT gdpr.add_blocker('customer', 'order not shipped', 'public.gdpr_open_order', 'customer_id');

-- ---------------------------------------------------------------------------------------------
-- Employees. Orders keep the number of the employee who took them; so does whoever reports to them.
-- ---------------------------------------------------------------------------------------------

SELECT gdpr.register_subject('employee', 'public.employees');
SELECT gdpr.add_link('employee', 'public.employee_territories', '{employee_id}');
SELECT gdpr.add_link('employee', 'public.orders',               '{employee_id}', scope => 'stop');
SELECT gdpr.add_link('employee', 'public.employees',            '{reports_to}',  scope => 'stop');

SELECT gdpr.classify('public.employees', c, r) FROM (VALUES
  ('last_name',         'last_name'),
  ('first_name',        'first_name'),
  ('title',             'job_title'),
  ('title_of_courtesy', 'title'),
  ('birth_date',        'birth_date'),
  ('hire_date',         'not_personal'),
  ('address',           'address_line'),
  ('city',              'city'),
  ('region',            'region'),
  ('postal_code',       'postal_code'),
  ('country',           'country'),
  ('home_phone',        'phone'),
  ('extension',         'phone'),
  ('photo',             'photo'),
  ('notes',             'free_text'),            -- name and career in clear text
  ('reports_to',        'not_personal'),
  ('photo_path',        'photo')
) AS t (c, r);

-- ---------------------------------------------------------------------------------------------
-- What it is used for. Companies order; their contact persons get the catalogue if they want it.
-- ---------------------------------------------------------------------------------------------

SELECT gdpr.add_purpose('ordering', 'contract', 'Orders, shipping and invoices');
SELECT gdpr.add_purpose('employment', 'contract', 'Working hours and wages');
SELECT gdpr.add_purpose('catalogue', 'consent', 'The catalogue, by post', interval '2 years',
                        kinds => '{full_name,company,address_line,city,region,postal_code,country}', marketing => true);

COMMIT;
