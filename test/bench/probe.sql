\set person random(1, :rows)
\set row random(1, 1000)
BEGIN;
SELECT email, status FROM crm.contact WHERE id = :person;
UPDATE crm.probe SET hits = hits + 1 WHERE id = :row;
COMMIT;
