\set n random(1, :rows)
SELECT id, first_name, last_name, email FROM crm.contact WHERE id >= :n ORDER BY id LIMIT 50;
