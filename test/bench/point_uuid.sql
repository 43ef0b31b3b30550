\set n random(1, :rows)
SELECT first_name, last_name, email, phone FROM crm.contact WHERE id = md5((:n)::text)::uuid;
